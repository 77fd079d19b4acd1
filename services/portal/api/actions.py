"""Taking an action: its fact is announced once, in its place in the record's history, and the owner's answer awaited.

The answer is a value. A call of the API renders it as JSON, a page as HTML.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from hashlib import sha256
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import JSONResponse
from uuid_utils import uuid7

from services.portal.api.dependencies import Portal
from services.portal.api.problems import Problem, answer, error, not_found, problem_document
from services.portal.domain.allowed_actions import calls_for
from services.portal.store.accounts import Caller
from services.portal.store.operations import Asked, Operation, find_operation, note_first_answer, open_operation
from shared.config import clock
from shared.database.postgres import Connection
from shared.domain.decision import Event, EventContext
from shared.events.values import Actor
from shared.messaging import outbox

Key = Annotated[UUID, Header(alias="Idempotency-Key")]
CurrentView: TypeAlias = Mapping[str, Any]
_LONGEST_WAIT = 10  # seconds
_NOT_THERE = frozenset({"NOT-FOUND", "NOT-YOURS"})


@dataclass(frozen=True)
class ActionContext:
    """The members that every fact of an action has; the fact stores what else it needs through `conn`."""

    conn: Connection
    by: Actor
    received_at: datetime
    idempotency_key: str

    @property
    def members(self) -> dict[str, Any]:
        """The members by their names in the contracts."""
        return {"by": self.by, "received_at": self.received_at, "idempotency_key": self.idempotency_key}


@dataclass(frozen=True)
class Action:
    """An action under its idempotency key.

    `check` raises a Problem for what the portal can refuse by itself; `current_view` returns the record as it is now.
    """

    caller: Caller
    role: str
    key: UUID
    about: str
    record_key: str
    body: Mapping[str, Any]
    fact: Callable[[ActionContext], Awaitable[Event]]
    current_view: Callable[[], Awaitable[CurrentView]]
    check: Callable[[], None] = lambda: None

    @property
    def asked(self) -> Asked:
        """The request as the operations table keeps it, with a hash in the place of its body."""
        content = orjson.dumps([self.about, self.body], option=orjson.OPT_SORT_KEYS, default=str)
        caller = self.caller
        return Asked(caller.account_id, caller.organisation_id, self.key, sha256(content).digest(), self.about)


@dataclass(frozen=True)
class ActionResult:
    """The answer to an action: its operation as its maker was told of it first, and the problem that refuses it.

    `is_repeated` says that the same request was made before; `waited` is for how many seconds an answer was awaited.
    """

    operation: Operation
    problem: Problem | None = None
    is_repeated: bool = False
    waited: int = 0

    @property
    def status(self) -> int:
        """The HTTP status of the answer: 200 accepted, 202 being checked, else that of the problem."""
        if self.problem:
            return self.problem.status
        return 202 if self.operation.status == "received" else 200


Command = TypeVar("Command", bound=Callable[..., Awaitable[ActionResult]])


def command(router: APIRouter, path: str) -> Callable[[Command], Command]:
    """Serves a function by POST at a path of the API; the function itself stays what it was, and pages call it."""

    def serve(function: Command) -> Command:
        @wraps(function)
        async def respond(*args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - whatever the function takes
            return action_response(await function(*args, **kwargs))

        router.post(path, response_model=None)(respond)
        return function

    return serve


async def submit(portal: Portal, action: Action, wait: int = 0) -> ActionResult:
    """Announces an action, or finds the one that was announced under its key, and waits so many seconds for its answer.

    A repeated request gets the answer that it got first. Raises a Problem where the portal refuses the action itself.
    """
    portal.context.busy += 1
    try:
        operation, is_new = await _announce(portal, action)
    finally:
        portal.context.busy -= 1
    if operation.first_answer is None:
        operation = await _await_answer(portal, operation, wait)
    if operation.first_answer == "checking":
        operation = operation._replace(status="received", answer=None)
    problem = await _problem_of(operation, action) if operation.status == "refused" else None
    return ActionResult(operation, problem, is_repeated=not is_new, waited=wait)


class _RepeatedRequest(Exception):  # noqa: N818 - rolls the transaction back
    """The same request was made before: nothing is announced, and the position taken in the outbox is given back."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation


async def _announce(portal: Portal, action: Action) -> tuple[Operation, bool]:
    """Returns the operation of an action, and whether it is new.

    Two requests with one key and different records meet at the row of the key.
    """
    try:
        async with portal.context.pool.acquire() as conn, conn.transaction():
            operation = await _write_fact(conn, action)
    except _RepeatedRequest as repeated:
        return repeated.operation, False
    except asyncpg.UniqueViolationError:
        async with portal.context.pool.acquire() as conn:
            before = await _find_before(conn, action.asked, clock.now())
        if before is None:
            raise
        return before, False
    portal.context.wake_relay()
    return operation, True


async def _write_fact(conn: Connection, action: Action) -> Operation:
    """Take the next position of the record's key, then read the clock, so that positions and instants agree.

    A fact that stands before the end of a deadline in its record's history is in time.
    """
    position = await outbox.next_position(conn, "rehab-portal", action.record_key)
    received_at = clock.now()
    asked = action.asked
    if before := await _find_before(conn, asked, received_at):
        raise _RepeatedRequest(before)
    action.check()
    caller = action.caller
    by = Actor(account_id=caller.account_id, role=action.role, organisation_id=caller.organisation_id)
    fact = await action.fact(ActionContext(conn, by, received_at, str(action.key)))
    if action.role not in fact.roles:
        raise not_found()
    operation_id = UUID(bytes=uuid7().bytes)
    event_context = EventContext(str(operation_id), str(operation_id), action.record_key, received_at, received_at)
    event_id = await outbox.announce_at(conn, outbox.message_of(fact, event_context), position)
    return await open_operation(conn, operation_id, event_id, asked, received_at)


async def _find_before(conn: Connection, asked: Asked, at: datetime) -> Operation | None:
    """Return the operation of the same request; raise a Problem when its key was used for another one."""
    before = await find_operation(conn, asked, at)
    if before and before.request_sha256 != asked.request_sha256:
        reason = error(
            "/header/idempotency-key", "IDEMPOTENCY_MISMATCH", "a key belongs to one request", "use a new key"
        )
        raise Problem(422, "This key was used for another request.", [reason])
    return before


async def wait_of(prefer: Annotated[str | None, Header(alias="Prefer")] = None) -> int:
    """Returns the seconds of `Prefer: wait=N`, at most ten; none where the header is missing or cannot be read."""
    for part in (prefer or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "wait" and value.isascii() and value.isdigit() and len(value) < _LONGEST_WAIT:
            return min(int(value), _LONGEST_WAIT)
    return 0


Wait = Annotated[int, Depends(wait_of)]


async def _await_answer(portal: Portal, operation: Operation, wait: int) -> Operation:
    """Return the operation with the owner's answer, or as it is when the wait is over."""
    if operation.status == "received" and wait:
        await portal.answers.wait(operation.operation_id, wait)
    async with portal.context.pool.acquire() as conn:
        return await note_first_answer(conn, operation.operation_id)


async def _problem_of(operation: Operation, action: Action) -> Problem:
    """Return why an operation is refused, with the record as it is now where it has changed."""
    problem = refusal(operation)
    if problem.status == 412:  # noqa: PLR2004 - stale
        problem.extra["current"] = await action.current_view()
    elif problem.status == 409:  # noqa: PLR2004 - not in this state
        problem.extra["state"] = (await action.current_view()).get("state")
    return problem


def path_of(operation: Operation) -> str:
    """Returns the path at which the API shows the operation."""
    return f"/api/v1/operations/{operation.operation_id}"


def action_response(result: ActionResult) -> JSONResponse:
    """Renders the answer to an action as the API sends it."""
    path, problem = path_of(result.operation), result.problem
    if problem:
        response = answer(problem, None if problem.status == 404 else path)  # noqa: PLR2004 - says no more
    else:
        is_checking = result.operation.status == "received"
        headers = {"Location": path, "Retry-After": "1"} if is_checking else {"Content-Location": path}
        response = JSONResponse(described(result.operation), result.status, headers)
    if result.is_repeated:
        response.headers["Idempotency-Replayed"] = "true"
    if result.waited:
        response.headers["Preference-Applied"] = f"wait={result.waited}"
    return response


def refusal(operation: Operation) -> Problem:
    """Returns a refused operation as a problem: not there, stale, not in this state, or to be corrected."""
    refused = operation.answer or {}
    reasons, allowed = refused.get("reasons", []), refused.get("allowed", [])
    codes = {reason["code"] for reason in reasons}
    errors = [error(_pointer_to(r["field"]), r["code"], r["rule"], r["fix"]) for r in reasons]
    if codes & _NOT_THERE:
        return not_found()
    if "STALE" in codes:
        return Problem(412, "It changed since you read it.", errors)
    if allowed:
        return Problem(409, "Its state does not allow this.", errors, {"allowed": calls_for(allowed, operation.about)})
    return Problem(422, "It was not taken.", errors)


def _pointer_to(field: str | None) -> str | None:
    """Return a field of the body as a JSON pointer; the revision that was seen stands in a header."""
    return None if field is None else "/header/if-match" if field == "seen" else f"/{field.replace('.', '/')}"


def described(operation: Operation) -> dict[str, Any]:
    """Returns an operation as the API shows it."""
    return {
        "id": str(operation.operation_id),
        "about": operation.about,
        "status": {"received": "checking"}.get(operation.status, operation.status),
        "received_at": operation.received_at.isoformat(),
        "result": operation.answer if operation.status == "accepted" else None,
        "problem": problem_document(refusal(operation)) if operation.status == "refused" else None,
    }
