"""Announcements that the broker refused: they are listed, sent again or withheld."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.database.postgres import Connection
from shared.events.answers import EventWithheld, contract_of_service

# a row that follows a held one waits behind it without being held itself
LIST = """
SELECT head.event_id, head.topic, head.key, head.sequence, head.type, octet_length(head.payload) AS bytes,
       head.held_for, head.held_at,
       (SELECT count(*) FROM outbox AS o
        WHERE o.topic = head.topic AND o.key = head.key AND o.sequence > head.sequence) AS behind
FROM outbox AS head
WHERE head.held_at IS NOT NULL
ORDER BY head.seq
LIMIT 200
"""
SEND = """
UPDATE outbox SET held_at = NULL, held_for = NULL
WHERE event_id = $1 AND held_at IS NOT NULL
RETURNING event_id
"""
KEEP = """
INSERT INTO withheld (event_id, topic, key, sequence, type, at, after, cause, correlation, trace, payload, reason_code)
SELECT event_id, topic, key, sequence, type, at, after, cause, correlation, trace, payload, $2 FROM outbox
WHERE event_id = $1 AND held_at IS NOT NULL
RETURNING key, type
"""
# the id stays, for ids of a key rise with its places; cause and trace may be what could not be sent
REPLACE = """
UPDATE outbox
SET type = $2, payload = $3, cause = event_id::text, correlation = event_id::text, after = '', trace = '',
    held_at = NULL, held_for = NULL
WHERE event_id = $1
"""
COUNT = """
SELECT count(*) FROM outbox WHERE held_at IS NOT NULL
"""


class Unsendable(Exception):  # noqa: N818 - a fact about the row
    """The row breaks the limits of an announcement; it can be withheld, but never sent."""


async def held_rows(conn: Connection) -> Sequence[asyncpg.Record]:
    """Return the held rows, oldest first, each with the number of rows that wait behind it."""
    return await conn.fetch(LIST)


async def send_again(conn: Connection, event_id: UUID) -> bool:
    """Let the relay try a held row again; return False when no such row is held. Raises `Unsendable`."""
    try:
        return bool(await conn.fetch(SEND, event_id))
    except asyncpg.CheckViolationError as problem:
        raise Unsendable from problem


async def withhold(conn: Connection, service: str, event_id: UUID, reason_code: str) -> bool:
    """Set a held row apart and send a notice in its place; return False when no such row is held.

    Raises `Unsendable` when the row's key is itself no valid key.
    """
    async with conn.transaction():
        row = await conn.fetchrow(KEEP, event_id, reason_code)
        if row is None:
            return False
        event = contract_of_service(service, EventWithheld)(
            record_key=row["key"], was_type=row["type"], reason_code=reason_code
        )
        try:
            await conn.execute(REPLACE, event_id, event.type_name, event.to_bytes().decode())
        except asyncpg.CheckViolationError as problem:
            raise Unsendable from problem
    return True
