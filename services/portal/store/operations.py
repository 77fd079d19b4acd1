"""Operations: one request of a person, its fact and its answer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from shared.database.postgres import Connection
from shared.events.answers import ActionRefused
from shared.events.invoice import InvoiceReturned
from shared.messaging.handlers import ReceivedEvent

_KEPT = timedelta(days=30)
PATIENCE = timedelta(seconds=60)  # then operations sees that a request waits

# a key is known for thirty days; afterwards it may name another request
FIND = """
SELECT operation_id, request_sha256, about, status, answer, received_at, first_answer FROM operations
WHERE account_id = $1 AND idempotency_key = $2
"""
FORGET = """
UPDATE operations SET idempotency_key = operation_id
WHERE account_id = $1 AND idempotency_key = $2 AND received_at <= $3
"""
GET = """
SELECT operation_id, request_sha256, about, status, answer, received_at, first_answer FROM operations
WHERE operation_id = $1 AND account_id = $2
"""
OPEN = """
INSERT INTO operations
    (operation_id, event_id, account_id, organisation_id, idempotency_key, request_sha256, about, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
DECIDED = """
SELECT operation_id FROM operations
WHERE operation_id = ANY($1) AND status <> 'received'
"""
# whoever answers first decides what every repeat is answered
TELL = """
UPDATE operations
SET first_answer = coalesce(first_answer, CASE status WHEN 'received' THEN 'checking' ELSE 'decided' END)
WHERE operation_id = $1
RETURNING operation_id, request_sha256, about, status, answer, received_at, first_answer
"""
UNANSWERED = """
SELECT count(*) FROM operations
WHERE status = 'received' AND received_at <= $1
"""
ANSWER = """
UPDATE operations SET status = u.status, answer = u.answer
FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS u (event_id, status, answer)
WHERE operations.event_id = u.event_id AND operations.status = 'received'
"""


class Operation(NamedTuple):
    """A request as it stands; `first_answer` is what its maker was told."""

    operation_id: UUID
    request_sha256: bytes
    about: str
    status: str
    answer: dict[str, Any] | None
    received_at: datetime
    first_answer: str | None = None


class Asked(NamedTuple):
    """A request as it came: who, by which key, what."""

    account_id: str
    organisation_id: str | None
    idempotency_key: UUID
    request_sha256: bytes
    about: str


async def find_operation(conn: Connection, asked: Asked, at: datetime) -> Operation | None:
    """Returns the operation of the same key, or None; a key older than thirty days is free again."""
    row = await conn.fetchrow(FIND, asked.account_id, asked.idempotency_key)
    found = _operation(row) if row else None
    if found and found.received_at <= at - _KEPT:
        await conn.execute(FORGET, asked.account_id, asked.idempotency_key, at - _KEPT)
        return None
    return found


async def get_operation(conn: Connection, account_id: str, operation_id: UUID) -> Operation | None:
    """Returns an operation of the account, or None."""
    row = await conn.fetchrow(GET, operation_id, account_id)
    return _operation(row) if row else None


async def open_operation(conn: Connection, operation_id: UUID, event_id: str, asked: Asked, at: datetime) -> Operation:
    """Stores an operation whose fact was announced and whose answer is awaited."""
    await conn.execute(OPEN, operation_id, UUID(event_id), *asked, at)
    return Operation(operation_id, asked.request_sha256, asked.about, "received", None, at)


async def list_decided(conn: Connection, operation_ids: Sequence[UUID]) -> list[UUID]:
    """Returns those of these operations that have their answer."""
    return [operation_id for (operation_id,) in await conn.fetch(DECIDED, operation_ids)]


async def count_unanswered(conn: Connection, now: datetime) -> int:
    """Counts the operations that have waited for an answer for more than a minute."""
    waiting: int = await conn.fetchval(UNANSWERED, now - PATIENCE)
    return waiting


async def note_first_answer(conn: Connection, operation_id: UUID) -> Operation:
    """Returns an operation and notes what its maker is told first: `checking` or `decided`."""
    (row,) = await conn.fetch(TELL, operation_id)
    return _operation(row)


async def project_answers(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Keeps the first event that an action caused as its answer."""
    found: dict[str, tuple[str, str]] = {}
    for one in received:
        if len(one.causation) == len(one.event_id) and one.causation not in found:
            found[one.causation] = _answer(one)
    if found:
        rows = [(UUID(event_id), *answer) for event_id, answer in sorted(found.items()) if _is_uuid(event_id)]
        if rows:
            await conn.execute(ANSWER, *zip(*rows, strict=True))


def _is_uuid(text: str) -> bool:
    """Return whether a text may name an action."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _answer(one: ReceivedEvent) -> tuple[str, str]:
    """Return the status and the answer that an event gives to its action."""
    event = one.event
    if isinstance(event, ActionRefused):
        reasons = [flaw.model_dump() for flaw in event.reasons]
        return "refused", orjson.dumps({"reasons": reasons, "allowed": event.allowed}).decode()
    if isinstance(event, InvoiceReturned):
        return "refused", orjson.dumps({"reasons": [flaw.model_dump() for flaw in event.fields]}).decode()
    said = {"event": event.type_name.split(".")[2], "revision": getattr(event, "revision", None)}
    return "accepted", orjson.dumps(said).decode()


def _operation(row: asyncpg.Record) -> Operation:
    operation_id, request_sha256, about, status, answer, received_at, first_answer = row
    said = orjson.loads(answer) if answer else None
    return Operation(operation_id, request_sha256, about, status, said, received_at, first_answer)
