"""What every call stands on: who asks, the read side under row-level security, and taking an action."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import orjson
from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.portal.api.problems import Problem, answer, error
from services.portal.store.accounts import Caller, find_caller
from services.portal.store.operations import Asked, Operation, find_operation, get_operation, open_operation
from shared import clock, outbox, postgres
from shared.decision import Event, Occasion
from shared.office import Office
from shared.postgres import Connection

_BEARER = HTTPBearer(auto_error=False)
_SCOPE = """
SELECT set_config('app.organisation', $1, true), set_config('app.account', $2, true)
"""


@dataclass
class Portal:
    """The portal's side of every call."""

    office: Office
    _readers: asyncpg.Pool | None = None

    @asynccontextmanager
    async def reading(self, caller: Caller) -> AsyncIterator[Connection]:
        """A transaction in which only the caller's own rows exist."""
        if self._readers is None:
            url = self.office.settings.postgres
            self._readers = await postgres.open_pool(url, "portal_reader", "portal", size=8)
        async with self._readers.acquire() as conn, conn.transaction(readonly=True):
            await conn.execute(_SCOPE, caller.organisation_id or "", caller.account_id)
            yield conn


def portal_of(request: Request) -> Portal:
    """The one of this process."""
    portal: Portal = request.app.state.portal
    return portal


async def caller_of(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Caller:
    """Whose key it is; 401 without a good one."""
    if bearer is not None:
        async with portal_of(request).office.pool.acquire() as conn:
            caller = await find_caller(conn, sha256(bearer.credentials.encode()).digest())
        if caller is not None:
            return caller
    raise Problem(401, "A key is needed: Authorization: Bearer …", headers={"WWW-Authenticate": "Bearer"})


Who = Annotated[Caller, Depends(caller_of)]
Here = Annotated[Portal, Depends(portal_of)]


@dataclass(frozen=True)
class Action:
    """An action on its way: what is asked, on which key, and the fact it becomes."""

    caller: Caller
    key: UUID
    about: str
    record_key: str
    body: bytes
    fact: Callable[[Connection, Any], Any]


async def take(portal: Portal, action: Action, prefer: str | None) -> Response:
    """The same request is answered once; a new one is announced, and its answer is awaited as long as is preferred."""
    digest = sha256(action.about.encode() + b"\0" + action.body).digest()
    replayed, operation = True, await _before(portal, action, digest)
    if operation is None:
        replayed, operation = await _announce(portal, action, digest)
    wait = _patience(prefer)
    if wait and operation.status == "received":
        operation = await _await_answer(portal, action.caller, operation, wait)
    response = shown(operation)
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    if wait:
        response.headers["Preference-Applied"] = f"wait={wait}"
    return response


async def _before(portal: Portal, action: Action, digest: bytes) -> Operation | None:
    """The same key before; another request under it is refused."""
    async with portal.office.pool.acquire() as conn:
        found = await find_operation(conn, action.caller.account_id, action.key)
    if found and found.request_sha256 != digest:
        fix = "use a new key for a new request"
        reason = error("/Idempotency-Key", "IDEMPOTENCY_MISMATCH", "a key belongs to one request", fix)
        raise Problem(422, "This key was used for another request.", [reason])
    return found


async def _announce(portal: Portal, action: Action, digest: bytes) -> tuple[bool, Operation]:
    """The fact, its place in the record's key, and the instant that counts, taken under the lock of that key."""
    caller = action.caller
    asked = Asked(caller.account_id, caller.organisation_id, action.key, digest, action.about)
    try:
        async with portal.office.pool.acquire() as conn, conn.transaction():
            await outbox.hold(conn, [("rehab-portal", action.record_key)])
            received_at = clock.now()
            fact: Event = await action.fact(conn, received_at)
            occasion = Occasion(str(action.key), str(action.key), action.record_key, received_at, received_at)
            event_id = await outbox.say(conn, outbox.said(fact, occasion))
            operation_id = await open_operation(conn, event_id, asked, received_at)
    except asyncpg.UniqueViolationError:
        found = await _before(portal, action, digest)
        if found is None:
            raise
        return True, found
    portal.office.wake()
    operation = Operation(operation_id, UUID(event_id), digest, action.about, "received", None, received_at)
    return False, operation


def _patience(prefer: str | None) -> int:
    """Seconds from `Prefer: wait=N`, at most ten."""
    for part in (prefer or "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "wait" and value.isdigit() and len(value) <= 2:  # noqa: PLR2004 - two digits
            return min(int(value), 10)
    return 0


async def _await_answer(portal: Portal, caller: Caller, operation: Operation, wait: int) -> Operation:
    """The owner's answer, or what is known when patience ends."""
    ends = time.monotonic() + wait
    while operation.status == "received" and (left := ends - time.monotonic()) > 0:
        await portal.office.changed(min(left, 0.25))
        async with portal.office.pool.acquire() as conn:
            operation = await get_operation(conn, caller.account_id, operation.operation_id) or operation
    return operation


def shown(operation: Operation) -> JSONResponse:
    """An operation as an answer: taken, refused by its reasons, or being checked."""
    place = f"/api/v1/operations/{operation.operation_id}"
    body = described(operation)
    if operation.status == "received":
        return JSONResponse(body, 202, {"Location": place, "Retry-After": "1"})
    if operation.status == "accepted":
        revision = (operation.answer or {}).get("revision")
        headers = {"Location": place, **({"ETag": f'"{revision}"'} if revision else {})}
        return JSONResponse(body, 200, headers)
    return answer(refusal(operation), place)


def refusal(operation: Operation) -> Problem:
    """Not there, stale, wrong state, or wrong words."""
    said = operation.answer or {}
    reasons, allowed = said.get("reasons", []), list(said.get("allowed", []))
    codes = {reason["code"] for reason in reasons}
    errors = [error(_field(r), r["code"], r["rule"], r["fix"]) for r in reasons]
    if "NOT-FOUND" in codes:
        return Problem(404, "There is nothing here for you.")
    if "STALE" in codes:
        return Problem(412, "It changed since you read it.", errors)
    if allowed:
        named = [name for name in allowed if name != "none"]
        return Problem(409, reasons[0]["rule"] if reasons else "", errors, {"allowed": named})
    return Problem(422, "It was not taken.", errors)


def _field(reason: dict[str, Any]) -> str | None:
    """A field as a pointer."""
    return f"/{reason['field']}" if reason.get("field") else None


def described(operation: Operation) -> dict[str, Any]:
    """An operation as a resource."""
    return {
        "id": str(operation.operation_id),
        "about": operation.about,
        "status": {"received": "checking"}.get(operation.status, operation.status),
        "received_at": operation.received_at.isoformat(),
        "result": operation.answer if operation.status == "accepted" else None,
        "problem": orjson.loads(bytes(answer(refusal(operation)).body)) if operation.status == "refused" else None,
    }
