"""Taking an action: announced once, in its place, with the instant that counts; then the owner's answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from fastapi import Header, Response
from fastapi.responses import JSONResponse
from uuid_utils import uuid7

from services.portal.api.dependencies import Portal
from services.portal.api.problems import Problem, answer, error, not_found
from services.portal.store.accounts import Caller
from services.portal.store.operations import Asked, Operation, find_operation, tell_operation
from services.portal.store.operations import open_operation as opened
from shared.config import clock
from shared.database.postgres import Connection
from shared.domain.decision import Event, EventContext
from shared.events.values import Actor
from shared.messaging import outbox

Key = Annotated[UUID, Header(alias="Idempotency-Key")]
Prefer = Annotated[str | None, Header(alias="Prefer")]
Shown: TypeAlias = Mapping[str, Any]
_MOST_PATIENT = 10
_OFFICERS = {
    "hold": "hold",
    "resume": "resume",
    "withdraw": "withdraw",
    "decide": "decide-plan",
    "request-information": "request-information",
    "accept": "accept-report",
    "return": "return-report",
    "waive": "waive-report",
}
_NOT_THERE = frozenset({"NOT-FOUND", "NOT-YOURS"})
_NO_CALLS = frozenset({"none", "wait", "look", "decide", "request-information"})  # of those who are no officers


@dataclass(frozen=True)
class ActionContext:
    """What every fact of the action says: the actor and the instant; what else it needs is stored by `conn`."""

    conn: Connection
    by: Actor
    received_at: datetime
    idempotency_key: str


@dataclass(frozen=True)
class Action:
    """What is asked, by whom, under which key; `check` raises what is wrong on sight, `look` shows the record now."""

    caller: Caller
    role: str
    key: UUID
    about: str
    record_key: str
    body: Mapping[str, Any]
    fact: Callable[[ActionContext], Awaitable[Event]]
    look: Callable[[], Awaitable[Shown]]
    check: Callable[[], None] = lambda: None

    @property
    def asked(self) -> Asked:
        """As it is kept: of what was said only a hash."""
        said = orjson.dumps([self.about, self.body], option=orjson.OPT_SORT_KEYS, default=str)
        caller = self.caller
        return Asked(caller.account_id, caller.organisation_id, self.key, sha256(said).digest(), self.about)


async def submit(portal: Portal, action: Action, prefer: str | None) -> Response:
    """A request that was made before gets the answer it got then; a new one is announced, and its answer awaited."""
    portal.context.busy += 1
    try:
        operation, is_new = await _announce(portal, action)
    finally:
        portal.context.busy -= 1
    wait = _patience(prefer)
    if operation.first_answer is None:
        operation = await _told(portal, operation, wait)
    response = await _answered(action, operation)
    if not is_new:
        response.headers["Idempotency-Replayed"] = "true"
    if wait:
        response.headers["Preference-Applied"] = f"wait={wait}"
    return response


class _Known(Exception):  # noqa: N818 - what is so, not what went wrong
    """The same request was made before: nothing is announced, and the place that was taken is given back."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation


async def _announce(portal: Portal, action: Action) -> tuple[Operation, bool]:
    """One transaction; two requests with one key and different records meet at the key's row."""
    try:
        async with portal.context.pool.acquire() as conn, conn.transaction():
            found = await _say(conn, action)
    except _Known as known:
        return known.operation, False
    except asyncpg.UniqueViolationError:
        async with portal.context.pool.acquire() as conn:
            before = await _before(conn, action.asked, clock.now())
        if before is None:
            raise
        return before, False
    portal.context.wake_relay()
    return found, True


async def _say(conn: Connection, action: Action) -> Operation:
    """Stand first in line for the record's key, then take the instant: who stands before a closing door is in time."""
    place = await outbox.next_position(conn, "rehab-portal", action.record_key)
    received_at = clock.now()
    asked = action.asked
    if before := await _before(conn, asked, received_at):
        raise _Known(before)
    action.check()
    caller = action.caller
    by = Actor(account_id=caller.account_id, role=action.role, organisation_id=caller.organisation_id)
    fact = await action.fact(ActionContext(conn, by, received_at, str(action.key)))
    if action.role not in fact.roles:
        raise not_found()
    operation_id = UUID(bytes=uuid7().bytes)
    event_context = EventContext(str(operation_id), str(operation_id), action.record_key, received_at, received_at)
    event_id = await outbox.announce_at(conn, outbox.message_of(fact, event_context), place)
    return await opened(conn, operation_id, event_id, asked, received_at)


async def _before(conn: Connection, asked: Asked, at: datetime) -> Operation | None:
    """The same request before; another request under its key is refused."""
    found = await find_operation(conn, asked, at)
    if found and found.request_sha256 != asked.request_sha256:
        reason = error(
            "/header/idempotency-key", "IDEMPOTENCY_MISMATCH", "a key belongs to one request", "use a new key"
        )
        raise Problem(422, "This key was used for another request.", [reason])
    return found


def _patience(prefer: str | None) -> int:
    """Seconds from `Prefer: wait=N`, at most ten; what cannot be read is no preference."""
    for part in (prefer or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "wait" and value.isascii() and value.isdigit() and len(value) < _MOST_PATIENT:
            return min(int(value), _MOST_PATIENT)
    return 0


async def _told(portal: Portal, operation: Operation, wait: int) -> Operation:
    """With the owner's answer, or as it stands when patience ends."""
    if operation.status == "received" and wait:
        await portal.answers.wait(operation.operation_id, wait)
    async with portal.context.pool.acquire() as conn:
        return await tell_operation(conn, operation.operation_id)


async def _answered(action: Action, operation: Operation) -> Response:
    """What its maker was told first, however it stands now."""
    return _checking(operation) if operation.first_answer == "checking" else await _decided(operation, action)


def place_of(operation: Operation) -> str:
    """Where it can be looked up."""
    return f"/api/v1/operations/{operation.operation_id}"


def _checking(operation: Operation) -> Response:
    """Sent, being checked."""
    body = described(operation._replace(status="received", answer=None))
    return JSONResponse(body, 202, {"Location": place_of(operation), "Retry-After": "1"})


async def _decided(operation: Operation, action: Action) -> Response:
    """Taken, or refused with the record as it stands."""
    if operation.status == "accepted":
        return JSONResponse(described(operation), 200, {"Content-Location": place_of(operation)})
    problem = refusal(operation)
    if problem.status == 412:  # noqa: PLR2004 - stale
        problem.extra["current"] = await action.look()
    elif problem.status == 409:  # noqa: PLR2004 - not in this state
        problem.extra["state"] = (await action.look()).get("state")
    return answer(problem, None if problem.status == 404 else place_of(operation))  # noqa: PLR2004 - says no more


def refusal(operation: Operation) -> Problem:
    """Not there, stale, wrong state, or wrong words."""
    said = operation.answer or {}
    reasons, allowed = said.get("reasons", []), said.get("allowed", [])
    codes = {reason["code"] for reason in reasons}
    errors = [error(_field(r["field"]), r["code"], r["rule"], r["fix"]) for r in reasons]
    if codes & _NOT_THERE:
        return not_found()
    if "STALE" in codes:
        return Problem(412, "It changed since you read it.", errors)
    if allowed:
        return Problem(409, "Its state does not allow this.", errors, {"allowed": _callable(allowed, operation.about)})
    return Problem(422, "It was not taken.", errors)


def _callable(allowed: Sequence[str], about: str) -> list[str]:
    """What the owner allows instead, by the names of the calls of the side that asked."""
    if about.startswith("/officer/"):
        return [_OFFICERS[name] for name in allowed if name in _OFFICERS]
    new = "plan" if about.endswith(("/amend", "/reply", "/plan")) else "invoice"
    return [new if name == "submit" else name for name in allowed if name not in _NO_CALLS]


def _field(name: str | None) -> str | None:
    """A field of the body as a pointer; what was seen stands in a header."""
    return None if name is None else "/header/if-match" if name == "seen" else f"/{name.replace('.', '/')}"


def described(operation: Operation) -> dict[str, Any]:
    """An operation as a resource."""
    refused = operation.status == "refused"
    return {
        "id": str(operation.operation_id),
        "about": operation.about,
        "status": {"received": "checking"}.get(operation.status, operation.status),
        "received_at": operation.received_at.isoformat(),
        "result": operation.answer if operation.status == "accepted" else None,
        "problem": orjson.loads(bytes(answer(refusal(operation)).body)) if refused else None,
    }
