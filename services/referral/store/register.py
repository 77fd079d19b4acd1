"""The copy of the register, cached in memory until it changes."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from services.referral.domain.officers import Member, Pools
from shared.database.postgres import Connection
from shared.domain.calendar import UNPUBLISHED
from shared.domain.decision import Event
from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    ContractEnded,
    SiteCapacityDeclared,
    SiteClosed,
    SiteOpened,
)
from shared.events.program import ProgramPublished, ReferralTermsPublished
from shared.events.values import Program
from shared.messaging.handlers import ReceivedEvent
from shared.placement.register import Register
from shared.registers import cached_table

E = TypeVar("E", bound=Event)
NAME = "register"
_OFFICERS = Path(__file__).parents[1] / "officers.csv"
KINDS: tuple[type[Event], ...] = (
    ProgramPublished,
    ReferralTermsPublished,
    ContractActivated,
    ContractEnded,
    SiteOpened,
    SiteClosed,
    CalendarPublished,
)
KEEP = """
INSERT INTO register (kind, id, revision, payload)
SELECT DISTINCT ON (kind, id, revision) kind, id, revision, payload
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) WITH ORDINALITY AS u (kind, id, revision, payload, place)
ORDER BY kind, id, revision, place DESC
ON CONFLICT (kind, id, revision) DO UPDATE SET payload = excluded.payload
"""
KEEP_CAPACITY = """
INSERT INTO capacity (site_id, program, week_on, openings)
SELECT DISTINCT ON (site_id, program, week_on) site_id, program, week_on, openings
FROM unnest($1::text[], $2::text[], $3::date[], $4::int[]) WITH ORDINALITY
    AS u (site_id, program, week_on, openings, place)
ORDER BY site_id, program, week_on, place DESC
ON CONFLICT (site_id, program, week_on) DO UPDATE SET openings = excluded.openings
"""
LOAD = """
SELECT kind, payload FROM register
ORDER BY kind, id, revision
"""
LOAD_CAPACITY = """
SELECT site_id, program, week_on, openings FROM capacity
"""


async def project_register(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Save the documents that the registers announced, by revision."""
    rows = [(k.event.type_name, k.key, _revision(k.event), k.event.to_bytes().decode()) for k in received]
    await conn.execute(KEEP, *zip(*rows, strict=True))
    await cached_table.changed(conn, NAME)


async def project_capacity(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Save the openings declared; a new declaration replaces the weeks it names."""
    rows = [
        (k.event.site_id, k.event.program, week.week_on, week.openings)
        for k in received
        if isinstance(k.event, SiteCapacityDeclared)
        for week in k.event.weeks
    ]
    if rows:
        await conn.execute(KEEP_CAPACITY, *zip(*rows, strict=True))
        await cached_table.changed(conn, NAME)


def _revision(event: Event) -> int:
    """Return the revision of the event's document, 1 where it has none."""
    revision: int = getattr(event, "revision", 1)
    return revision


async def load_register(conn: Connection) -> Register:
    """Load the whole copy."""
    types = {kind.type_name: kind for kind in KINDS}
    announced: dict[type[Event], list[Event]] = defaultdict(list)
    for kind, payload in await conn.fetch(LOAD):
        announced[types[kind]].append(types[kind].from_bytes(payload.encode()))
    capacity: dict[tuple[str, Program], dict[date, int]] = defaultdict(dict)
    for site_id, program, week_on, openings in await conn.fetch(LOAD_CAPACITY):
        capacity[site_id, program][week_on] = openings
    return assemble(announced, capacity)


def assemble(
    announced: Mapping[type[Event], Sequence[Event]], capacity: Mapping[tuple[str, Program], Mapping[date, int]]
) -> Register:
    """Return the register of the announced documents, which come with earlier revisions first."""
    published = {e.calendar_id: e for e in announced.get(CalendarPublished, ()) if isinstance(e, CalendarPublished)}
    default = next((c for c in published.values() if c.is_default), None)
    return Register(
        programs={p[0].program: p for p in _versions(announced, ProgramPublished).values()},
        terms=tuple(e for e in announced.get(ReferralTermsPublished, ()) if isinstance(e, ReferralTermsPublished)),
        contracts={
            id_: tuple(sorted(versions, key=lambda c: (c.holds_from, c.revision)))
            for id_, versions in _versions(announced, ContractActivated).items()
        },
        ended={e.contract_id: e for e in announced.get(ContractEnded, ()) if isinstance(e, ContractEnded)},
        sites={e.site_id: e for e in announced.get(SiteOpened, ()) if isinstance(e, SiteOpened)},
        closed={e.site_id: e.last_on for e in announced.get(SiteClosed, ()) if isinstance(e, SiteClosed)},
        capacity=capacity,
        calendars={id_: calendar.calendar() for id_, calendar in published.items()},
        default_calendar=default.calendar() if default else UNPUBLISHED,
    )


def _versions(announced: Mapping[type[Event], Sequence[Event]], kind: type[E]) -> dict[str, tuple[E, ...]]:
    """Return every revision of each document, earlier ones first."""
    versions: dict[str, tuple[E, ...]] = {}
    for event in announced.get(kind, ()):
        if isinstance(event, kind):
            versions[event.key] = (*versions.get(event.key, ()), event)
    return versions


def load_pools() -> Pools:
    """Return the pools of officers by health authority, read from the dated file."""
    pools: dict[str, list[Member]] = defaultdict(list)
    with _OFFICERS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            last = date.fromisoformat(row["to_on"]) if row["to_on"] else date.max
            pools[row["health_authority"]].append(Member(row["officer_id"], date.fromisoformat(row["from_on"]), last))
    return pools


REGISTER = cached_table.Reference(NAME, load_register)
POOLS = load_pools()
