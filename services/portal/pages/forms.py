"""A button: what was typed becomes a call of the API, and its answer a page, a refusal beside the field, or a wait."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.portal.api.action_requests import ActionRequest
from services.portal.api.actions import ActionResult
from services.portal.api.problems import Problem, error, pointer_to, problem_document, rule_of, sentences_of
from services.portal.api.request_bodies import Body, Nothing
from services.portal.domain.form_fields import readable
from services.portal.domain.text_display import trimmed
from services.portal.domain.typed_values import NEEDED, Reader, Unreadable, read_index
from services.portal.pages.page_request import PageRequest, SignedIn, local_path
from services.portal.store.accounts import Caller

B = TypeVar("B", bound=Body)
Command: TypeAlias = Callable[..., Awaitable[ActionResult]]
Fields: TypeAlias = Mapping[str, str]
_OWN = frozenset({"key", "seen", "then", "version", "page"})  # members of the form that are about the press itself
_WAIT = 2  # seconds for which the page that follows a button waits for the owner's answer
# what cannot be read, by the beginning of its kind: the reason and the fix
_READ: Mapping[str, tuple[str, str]] = {
    "missing": NEEDED,
    "int": ("this is a whole number", "write it as 40"),
    "string_too_short": NEEDED,
    "string_pattern": ("letters, digits, dots and dashes alone are taken", "leave other signs out"),
    "literal": ("nothing from the list is chosen", "choose one"),
    "value_error": ("this is no value that can be taken", "write it as the form shows"),
}
_UNREAD = ("this cannot be read", "write it as the form shows")
_DECIDED, _CHECKING = 200, 202


@dataclass(frozen=True)
class Outcome:
    """The result of a form: the action that it started, or the problem that refuses it; `fields` is what was typed.

    `places` are the fields of the form by the names that the API has for them, where the two differ.
    """

    result: ActionResult | None = None
    problem: Problem | None = None
    fields: Fields = field(default_factory=dict)
    places: Fields = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of the page that shows it."""
        return self.problem.status if self.problem else self.result.status if self.result else _DECIDED

    @property
    def said(self) -> Mapping[str, Any]:
        """The members of the problem, for the templates; none where there is no problem."""
        return problem_document(self.problem) if self.problem else {}

    def at(self, places: Fields) -> "Outcome":
        """Returns the same for a form whose fields have other names than the API has for them."""
        return replace(self, places=places)

    @property
    def is_sent(self) -> bool:
        """Return whether the action was accepted or is being checked."""
        return self.problem is None

    @property
    def is_decided(self) -> bool:
        """Return whether the owner accepted the action."""
        return self.status == _DECIDED

    @property
    def errors(self) -> Sequence[Mapping[str, Any]]:
        """The reasons of a refusal with the field of each; a problem without any is a reason itself."""
        if self.problem is None:
            return []
        reasons = self.problem.errors or [error(None, f"HTTP-{self.status}", self.problem.detail, "try again")]
        return [{**reason, "name": self._place(reason.get("pointer"))} for reason in reasons]

    def _place(self, pointer: str | None) -> str:
        name = name_of(pointer)
        return self.places.get(name, name)


def name_of(pointer: str | None) -> str:
    """The field of the form that a JSON pointer means; nothing for headers and for the whole."""
    text = (pointer or "").lstrip("/")
    return "" if text.startswith("header/") else text.replace("/", ".")


@dataclass(frozen=True)
class FormSubmission:
    """A form that somebody sent by one of its buttons."""

    visit: PageRequest
    fields: Fields

    @property
    def caller(self) -> Caller:
        """With the roles that the button is for."""
        return self.visit.caller

    @property
    def typed(self) -> Fields:
        """Without what is about the press."""
        return {name: value for name, value in self.fields.items() if name not in _OWN}

    def call(self, number: str, *, is_new: bool = False) -> ActionRequest:
        """Returns the action as the API takes it; raises a Problem of status 428 without a key or a revision."""
        seen = 0 if is_new else self.seen
        return ActionRequest(number, self.caller, self.visit.portal, self.key, _WAIT, seen)

    @property
    def key(self) -> UUID:
        """The same however often this very form is sent."""
        try:
            return UUID(self.fields.get("key", ""))
        except ValueError:
            raise _unsaid("/header/idempotency-key") from None

    @property
    def seen(self) -> int:
        """The revision that the page showed."""
        said = read_index(self.fields.get("seen", ""))
        if said is None:
            raise _unsaid("/header/if-match")
        return said

    async def act(
        self, command: Command, number: str, body: Callable[[], Body] = Nothing, *, is_new: bool = False
    ) -> Outcome:
        """Takes an action on a referral by its function in the API; nobody has seen what is new."""
        try:
            result = await command(self.call(number, is_new=is_new), body())
        except Problem as problem:
            return Outcome(problem=problem, fields=self.typed)
        return Outcome(result, result.problem, self.typed)

    def go(self, outcome: Outcome, then: str) -> Response:
        """Redirects to the page that shows what was done, or to the one that waits for the owner's answer."""
        operation_id = outcome.result.operation.operation_id if outcome.result else ""
        if outcome.status == _CHECKING:
            return RedirectResponse(f"/operations/{operation_id}", 303)
        joined = "&" if "?" in then else "?"
        return RedirectResponse(f"{then}{joined}did={operation_id}" if operation_id else then, 303)


async def submission_of(request: Request, visit: SignedIn) -> FormSubmission:
    """The form as it came; a name that came twice keeps its last value."""
    return FormSubmission(visit, await fields_of(request))


Submitted = Annotated[FormSubmission, Depends(submission_of)]


async def fields_of(request: Request) -> Fields:
    """Every field that a form of this portal could have, blank ones too, but none that holds a secret."""
    found = readable(await fields_with_secrets_of(request))
    return {name: local_path(value) if name.endswith("then") else value for name, value in found.items()}


async def fields_with_secrets_of(request: Request) -> Fields:
    """Every field as it was typed; for whoever checks a password or a code, and for nobody who shows or keeps."""
    body = getattr(request.state, "body", None)
    text = (await request.body() if body is None else body).decode("utf-8", "replace")
    return {_typed(name): _typed(value) for name, value in parse_qsl(text, keep_blank_values=True)}


def _typed(text: str) -> str:
    """Line ends as they are kept; a NUL is in no text that anybody typed."""
    return text.replace("\x00", "").replace("\r\n", "\n")


def body_of(kind: type[B], members: Mapping[str, Any]) -> B:
    """Return what was typed, as the call carries it; what was left blank is not said."""
    try:
        return kind.model_validate(_said(members))
    except ValidationError as wrong:
        errors = [_misread(e) for e in wrong.errors()]
        raise Problem(422, "Some of it must be added or corrected.", errors) from None


def _misread(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what somebody typed that cannot be taken as it stands, in the words of a form."""
    kind = found["type"]
    known = next((said for begin, said in _READ.items() if kind.startswith(begin)), _UNREAD)
    return error(pointer_to(("body", *found["loc"])), rule_of(found), *(sentences_of(found) or known))


def _said(value: Any) -> Any:  # noqa: ANN401 - any part of a body
    """A part of a body with its texts trimmed and without what is blank."""
    if isinstance(value, Mapping):
        return {name: part for name, raw in value.items() if (part := _said(raw)) not in ("", None)}
    if isinstance(value, list | tuple):
        return [_said(part) for part in value]
    return trimmed(value) if isinstance(value, str) else value


def read_all(typed: Mapping[str, tuple[Reader[Any], str]]) -> dict[str, Any]:
    """Values by the names of their fields; every field that cannot be read is told at once, beside itself."""
    read = {name: reader(text) for name, (reader, text) in typed.items()}
    if wrong := [(name, value) for name, value in read.items() if isinstance(value, Unreadable)]:
        raise Problem(422, "Some of it must be added or corrected.", [unread(name, value) for name, value in wrong])
    return read


def body_read(
    kind: type[B],
    typed: Mapping[str, tuple[Reader[Any], str]],
    members: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> B:
    """A body some of whose members are read by themselves; whatever cannot be taken is told at once.

    `members` gets 0 for a value that cannot be read: the body is refused then, with all that is wrong in it besides.
    """
    read = {name: reader(text) for name, (reader, text) in typed.items()}
    wrong = [unread(name, value) for name, value in read.items() if isinstance(value, Unreadable)]
    try:
        body = body_of(kind, members({n: 0 if isinstance(value, Unreadable) else value for n, value in read.items()}))
    except Problem as problem:
        raise Problem(422, problem.detail, [*wrong, *problem.errors]) from None
    if wrong:
        raise Problem(422, "Some of it must be added or corrected.", wrong)
    return body


def unread(name: str, found: Unreadable) -> Mapping[str, Any]:
    """A field of a form that cannot be read, with the sentences of its reader."""
    return error(f"/{name.replace('.', '/')}", found.rule, found.reason, found.fix)


def rows_of(fields: Fields, name: str) -> list[dict[str, str]]:
    """`lines.0.code`, `lines.1.code` and so on as rows, in their order; rows that are blank throughout are left out."""
    return list(_rows(fields, name).values())


def row_places(fields: Fields, name: str, members: Sequence[str]) -> Fields:
    """Where the form has each row that was sent, by the place that it has in the call."""
    places = enumerate(_rows(fields, name))
    return {f"{name}.{sent}.{member}": f"{name}.{n}.{member}" for sent, n in places for member in members}


def _rows(fields: Fields, name: str) -> Mapping[int, dict[str, str]]:
    """Rows that hold something, by their number."""
    rows: dict[int, dict[str, str]] = {}
    for place, value in fields.items():
        first, _, rest = place.partition(".")
        number, _, member = rest.partition(".")
        n = read_index(number)
        if first == name and n is not None and member:
            rows.setdefault(n, {})[member] = trimmed(value)
    return {n: row for n, row in sorted(rows.items()) if any(row.values())}


def removed_row(how: str) -> int | None:
    """The place of the row that a button takes away; nothing for any other button."""
    verb, _, place = how.partition(".")
    return read_index(place) if verb == "remove" else None


def _unsaid(pointer: str) -> Problem:
    reason = error(
        pointer, "MISSING", "the page did not say what it showed", "look at it as it stands now, and press again"
    )
    return Problem(428, "This page was left open too long or came from elsewhere.", [reason])
