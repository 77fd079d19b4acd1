"""Operations: one request of a person, its fact and its answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from shared.events.answers import ActionRefused
from shared.handlers import Kept
from shared.postgres import Connection

FIND = """
SELECT operation_id, event_id, request_sha256, about, status, answer, received_at FROM operations
WHERE account_id = $1 AND idempotency_key = $2
"""
GET = """
SELECT operation_id, event_id, request_sha256, about, status, answer, received_at FROM operations
WHERE operation_id = $1 AND account_id = $2
"""
OPEN = """
INSERT INTO operations
    (event_id, account_id, organisation_id, idempotency_key, request_sha256, about, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING operation_id
"""
ANSWER = """
UPDATE operations SET status = u.status, answer = u.answer
FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS u (event_id, status, answer)
WHERE operations.event_id = u.event_id AND operations.status = 'received'
"""


class Operation(NamedTuple):
    """A request as it stands."""

    operation_id: UUID
    event_id: UUID
    request_sha256: bytes
    about: str
    status: str
    answer: dict[str, Any] | None
    received_at: datetime


class Asked(NamedTuple):
    """A request as it came: who, by which key, what."""

    account_id: str
    organisation_id: str | None
    idempotency_key: UUID
    request_sha256: bytes
    about: str


async def find_operation(conn: Connection, account_id: str, key: UUID) -> Operation | None:
    """The same request before."""
    return _operation(await conn.fetchrow(FIND, account_id, key))


async def get_operation(conn: Connection, account_id: str, operation_id: UUID) -> Operation | None:
    """One of the account's own."""
    return _operation(await conn.fetchrow(GET, operation_id, account_id))


async def open_operation(conn: Connection, event_id: str, asked: Asked, at: datetime) -> UUID:
    """The fact was announced; its answer is awaited."""
    operation_id: UUID = await conn.fetchval(OPEN, UUID(event_id), *asked, at)
    return operation_id


async def keep_answers(conn: Connection, kept: Sequence[Kept]) -> None:
    """The first thing that says it was caused by an action is its answer."""
    found: dict[str, tuple[str, str]] = {}
    for one in kept:
        if len(one.causation) == len(one.event_id) and one.causation not in found:
            found[one.causation] = _answer(one)
    if found:
        rows = [(UUID(event_id), *answer) for event_id, answer in sorted(found.items()) if _is_uuid(event_id)]
        if rows:
            await conn.execute(ANSWER, *zip(*rows, strict=True))


def _is_uuid(text: str) -> bool:
    """Whether it may name an action."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _answer(one: Kept) -> tuple[str, str]:
    """Refused with reasons, or taken."""
    event = one.event
    if isinstance(event, ActionRefused):
        reasons = [flaw.model_dump() for flaw in event.reasons]
        return "refused", orjson.dumps({"reasons": reasons, "allowed": event.allowed}).decode()
    said = {"event": event.type_name.split(".")[2], "revision": getattr(event, "revision", None)}
    return "accepted", orjson.dumps(said).decode()


def _operation(row: asyncpg.Record | None) -> Operation | None:
    """A row."""
    if row is None:
        return None
    answer = orjson.loads(row["answer"]) if row["answer"] else None
    return Operation(
        row["operation_id"],
        row["event_id"],
        row["request_sha256"],
        row["about"],
        row["status"],
        answer,
        row["received_at"],
    )
