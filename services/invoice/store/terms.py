"""The copy of contracts, fee schedules and calendars, kept in memory until it changes."""

from collections.abc import Sequence

from shared.billing.fees import Terms
from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.procurement import CalendarPublished, ContractActivated, ContractEnded, FeeSchedulePublished
from shared.messaging.handlers import ReceivedEvent
from shared.registers import cached_table

NAME = "terms"
KINDS: tuple[type[Event], ...] = (ContractActivated, ContractEnded, FeeSchedulePublished, CalendarPublished)
KEEP = """
INSERT INTO terms (kind, id, revision, payload)
SELECT DISTINCT ON (kind, id, revision) kind, id, revision, payload
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) WITH ORDINALITY AS u (kind, id, revision, payload, place)
ORDER BY kind, id, revision, place DESC
ON CONFLICT (kind, id, revision) DO UPDATE SET payload = excluded.payload
"""
LOAD = """
SELECT kind, payload FROM terms
ORDER BY kind, id, revision
"""


async def project_terms(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Save what procurement announced, each revision once."""
    rows = [(k.event.type_name, k.key, getattr(k.event, "revision", 1), k.event.to_bytes().decode()) for k in received]
    await conn.execute(KEEP, *zip(*rows, strict=True))
    await cached_table.changed(conn, NAME)


async def load_terms(conn: Connection) -> Terms:
    """Load the whole copy."""
    types = {kind.type_name: kind for kind in KINDS}
    return Terms.of([types[kind].from_bytes(payload.encode()) for kind, payload in await conn.fetch(LOAD)])


TERMS = cached_table.Reference(NAME, load_terms)
