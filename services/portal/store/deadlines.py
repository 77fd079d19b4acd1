"""Open deadlines by record, and the calendar in which they are counted."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from services.portal.domain.deadlines import OpenDeadline, OpenDeadlines
from shared.database.json_aggregate import AggregateTable
from shared.database.postgres import Connection
from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.decision import Event
from shared.events.procurement import CalendarPublished
from shared.messaging.handlers import AggregateStore, ReceivedEvent
from shared.registers import cached_table

_TABLE = AggregateTable("doors", "record_key", {"open": "jsonb"})
KEEP_CALENDARS = """
INSERT INTO calendars (calendar_id, payload)
SELECT DISTINCT ON (calendar_id) calendar_id, payload
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (calendar_id, payload, place)
ORDER BY calendar_id, place DESC
ON CONFLICT (calendar_id) DO UPDATE SET payload = excluded.payload
"""
CALENDARS = """
SELECT payload FROM calendars
"""


async def load_deadlines(conn: Connection, keys: Sequence[str]) -> Sequence[OpenDeadlines]:
    """Returns the open deadlines of these records, locked for the transaction."""
    return [OpenDeadlines(key, version, _read(text)) for key, version, text in await _TABLE.load(conn, keys)]


def _read(text: str) -> tuple[OpenDeadline, ...]:
    rows = ((name, service, datetime.fromisoformat(at)) for name, service, at in orjson.loads(text))
    return tuple(OpenDeadline(name, service, not_before) for name, service, not_before in rows)


async def save_deadlines(conn: Connection, deadlines: Sequence[OpenDeadlines]) -> int:
    """Saves open deadlines and returns how many rows were written; a row of another version is left as it is."""
    rows = [(d.id, d.version, orjson.dumps([tuple(deadline) for deadline in d.open]).decode()) for d in deadlines]
    return await _TABLE.save(conn, rows)


DEADLINES = AggregateStore(OpenDeadlines, load_deadlines, save_deadlines)


async def project_calendars(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Keeps the newest publication of each calendar."""
    rows = [(k.key, k.event.to_bytes().decode()) for k in received]
    await conn.execute(KEEP_CALENDARS, *zip(*rows, strict=True))
    await cached_table.changed(conn, "calendars")


async def _load(conn: Connection) -> Calendar:
    """Return the default calendar, or one without holidays where none is published."""
    rows = [CalendarPublished.from_bytes(payload.encode()) for (payload,) in await conn.fetch(CALENDARS)]
    return next((c.calendar() for c in rows if c.is_default), UNPUBLISHED)


_CALENDAR = cached_table.Reference("calendars", _load)


async def default_calendar(conn: Connection, _events: Sequence[Event]) -> Calendar:
    """Returns the default calendar as a fact of decisions."""
    return await _CALENDAR.current(conn)
