"""An action on a referral or on a document of it, from the request to the fact that is announced."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Depends, Header

from services.portal.api.access import Who
from services.portal.api.actions import Action, ActionContext, ActionResult, Key, Wait, submit
from services.portal.api.dependencies import Here, Portal
from services.portal.api.problems import Problem
from services.portal.api.referrals import Number
from services.portal.api.request_bodies import Body
from services.portal.store.accounts import Caller
from services.portal.store.documents import put_document
from shared.domain.decision import Event

_TAG = r'^(W/)?"[0-9]{1,9}"$'
Match = Annotated[str, Header(alias="If-Match", pattern=_TAG)]
MaybeMatch = Annotated[str | None, Header(alias="If-Match", pattern=_TAG)]
_STALE = 412


@dataclass(frozen=True)
class ActionRequest:
    """An action as it was asked for: under which key, for how many seconds its answer is awaited, what was seen.

    `seen` is the revision that the caller has seen; 0 where there was nothing to see.
    """

    number: str
    caller: Caller
    portal: Portal
    key: UUID
    wait: int = 0
    seen: int = 0


async def call_of(number: Number, caller: Who, portal: Here, key: Key, wait: Wait) -> ActionRequest:
    """Returns a request for something new, of which there was nothing to see."""
    return ActionRequest(number, caller, portal, key, wait)


async def seen_call_of(  # noqa: PLR0913, PLR0917 - path and headers
    number: Number, caller: Who, portal: Here, key: Key, match: Match, wait: Wait
) -> ActionRequest:
    """Returns a request on what the caller has seen."""
    return ActionRequest(number, caller, portal, key, wait, _revision_in(match))


async def maybe_seen_call_of(  # noqa: PLR0913, PLR0917 - path and headers
    number: Number, caller: Who, portal: Here, key: Key, wait: Wait, match: MaybeMatch = None
) -> ActionRequest:
    """Returns a request on what the caller has seen, if there was anything to see."""
    return ActionRequest(number, caller, portal, key, wait, _revision_in(match) if match else 0)


def _revision_in(match: str) -> int:
    return int(match.removeprefix("W/").strip('"'))


NewCall: TypeAlias = Annotated[ActionRequest, Depends(call_of)]
SeenCall: TypeAlias = Annotated[ActionRequest, Depends(seen_call_of)]
MaybeSeenCall: TypeAlias = Annotated[ActionRequest, Depends(maybe_seen_call_of)]


@dataclass(frozen=True)
class ActionTarget:
    """The record that is acted on.

    `path` is that of the action, `members` go into each fact, and `current_view` returns the record as it is now.
    """

    path: str
    referral_id: str
    role: str
    current_view: Callable[[], Awaitable[Mapping[str, Any]]]
    members: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[], None] = lambda: None


async def act(call: ActionRequest, target: ActionTarget, body: Body, kind: type[Event]) -> ActionResult:
    """Takes an action that announces a fact of a kind; a Problem of status 412 holds the record as it is now."""

    async def fact(context: ActionContext) -> Event:
        members = {"seen": call.seen, "referral_id": target.referral_id, **target.members}
        return kind.model_validate(context.members | members | await _stored(context, target.referral_id, body))

    action = Action(
        caller=call.caller,
        role=target.role,
        key=call.key,
        about=target.path,
        record_key=target.referral_id,
        body=body.model_dump(mode="json", exclude_none=True),
        fact=fact,
        current_view=target.current_view,
        check=target.check,
    )
    try:
        return await submit(call.portal, action, call.wait)
    except Problem as problem:
        if problem.status == _STALE:
            problem.extra["current"] = dict(await target.current_view())
        raise


async def _stored(context: ActionContext, referral_id: str, body: Body) -> dict[str, Any]:
    """Return the members of a body, with its text stored as a document and named by its id and hash."""
    if body.written is None:
        return body.model_dump()
    member, named = body.written
    members = body.model_dump(exclude={member})
    if text := getattr(body, member):
        document = await put_document(context.conn, referral_id, text)
        members |= {f"{named}_id": document.document_id, f"{named}_sha256": document.sha256}
    return members
