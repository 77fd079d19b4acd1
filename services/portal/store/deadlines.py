"""Open doors, and the calendar they are counted in."""

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


async def load_doors(conn: Connection, keys: Sequence[str]) -> Sequence[OpenDeadlines]:
    """By record."""
    return [OpenDeadlines(key, version, _read(text)) for key, version, text in await _TABLE.load(conn, keys)]


def _read(text: str) -> tuple[OpenDeadline, ...]:
    """Doors of a row."""
    found = ((name, service, datetime.fromisoformat(at)) for name, service, at in orjson.loads(text))
    return tuple(OpenDeadline(name, service, not_before) for name, service, not_before in found)


async def save_doors(conn: Connection, deadlines: Sequence[OpenDeadlines]) -> int:
    """As changed."""
    rows = [(d.id, d.version, orjson.dumps([tuple(deadline) for deadline in d.open]).decode()) for d in deadlines]
    return await _TABLE.save(conn, rows)


DOORS = AggregateStore(OpenDeadlines, load_doors, save_doors)


async def project_calendars(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """The newest of each."""
    rows = [(k.key, k.event.to_bytes().decode()) for k in received]
    await conn.execute(KEEP_CALENDARS, *zip(*rows, strict=True))
    await cached_table.changed(conn, "calendars")


async def _load(conn: Connection) -> Calendar:
    """The default calendar."""
    found = [CalendarPublished.from_bytes(payload.encode()) for (payload,) in await conn.fetch(CALENDARS)]
    return next((c.calendar() for c in found if c.is_default), UNPUBLISHED)


_CALENDAR = cached_table.Reference("calendars", _load)


async def default_calendar(conn: Connection, _events: Sequence[Event]) -> Calendar:
    """As a fact of decisions."""
    return await _CALENDAR.current(conn)
