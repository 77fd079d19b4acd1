"""The copy of the register, cached in memory until it changes."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from services.referral.domain.officers import Member, Pools
from shared.database.postgres import Connection
from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    ContractEnded,
    SiteCapacityDeclared,
    SiteClosed,
    SiteOpened,
)
from shared.events.program import ProgramPublished, ReferralTermsPublished
from shared.events.published import Published
from shared.events.values import Program
from shared.messaging.handlers import ReceivedEvent
from shared.placement.register import Register
from shared.registers import cached_table
from shared.registers.replicated_register import ReplicatedRegister

_OFFICERS = Path(__file__).parents[1] / "officers.csv"
REPLICA = ReplicatedRegister(
    "register",
    (
        ProgramPublished,
        ReferralTermsPublished,
        ContractActivated,
        ContractEnded,
        SiteOpened,
        SiteClosed,
        CalendarPublished,
    ),
)
KEEP_CAPACITY = """
INSERT INTO capacity (site_id, program, week_on, openings)
SELECT DISTINCT ON (site_id, program, week_on) site_id, program, week_on, openings
FROM unnest($1::text[], $2::text[], $3::date[], $4::int[]) WITH ORDINALITY
    AS u (site_id, program, week_on, openings, place)
ORDER BY site_id, program, week_on, place DESC
ON CONFLICT (site_id, program, week_on) DO UPDATE SET openings = excluded.openings
"""
LOAD_CAPACITY = """
SELECT site_id, program, week_on, openings FROM capacity
"""


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
        await cached_table.changed(conn, REPLICA.cache)


async def load_register(conn: Connection) -> Register:
    """Load the whole copy."""
    published = await REPLICA.load(conn)
    capacity: dict[tuple[str, Program], dict[date, int]] = defaultdict(dict)
    for site_id, program, week_on, openings in await conn.fetch(LOAD_CAPACITY):
        capacity[site_id, program][week_on] = openings
    return assemble(published, capacity)


def assemble(published: Published, capacity: Mapping[tuple[str, Program], Mapping[date, int]]) -> Register:
    """Return the register that was published, with the openings declared by site and program."""
    return Register(
        programs={versions[0].program: versions for versions in published.versions(ProgramPublished).values()},
        terms=published.all(ReferralTermsPublished),
        contracts=published.versions(ContractActivated),
        ended=published.newest(ContractEnded),
        sites=published.newest(SiteOpened),
        closed={site_id: site.last_on for site_id, site in published.newest(SiteClosed).items()},
        capacity=capacity,
        calendars=published.calendars,
        default_calendar=published.default_calendar,
    )


def load_pools() -> Pools:
    """Return the pools of officers by health authority, read from the dated file."""
    pools: dict[str, list[Member]] = defaultdict(list)
    with _OFFICERS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            last = date.fromisoformat(row["to_on"]) if row["to_on"] else date.max
            pools[row["health_authority"]].append(Member(row["officer_id"], date.fromisoformat(row["from_on"]), last))
    return pools


REGISTER = cached_table.Reference(REPLICA.cache, load_register)
POOLS = load_pools()
