"""Openings taken."""

from collections.abc import Sequence
from datetime import date

from services.referral.domain.opening import Seat
from shared.events.values import Program
from shared.handlers import Kind
from shared.postgres import Connection, count

TAKEN = """
SELECT site_id, program, week_on, array_agg(n) FROM openings
WHERE week_on >= $1
GROUP BY site_id, program, week_on
"""
TAKE = """
INSERT INTO openings (site_id, program, week_on, n, referral_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::int[], $5::text[])
ON CONFLICT DO NOTHING
"""
PASS_ON = """
UPDATE openings SET referral_id = u.referral_id
FROM unnest($1::text[], $2::text[], $3::date[], $4::int[], $5::text[], $6::text[])
    AS u (site_id, program, week_on, n, referral_id, was)
WHERE openings.site_id = u.site_id AND openings.program = u.program AND openings.week_on = u.week_on
  AND openings.n = u.n AND openings.referral_id = u.was
"""
GIVE_BACK = """
DELETE FROM openings
USING unnest($1::text[], $2::text[], $3::date[], $4::int[], $5::text[]) AS u (site_id, program, week_on, n, was)
WHERE openings.site_id = u.site_id AND openings.program = u.program AND openings.week_on = u.week_on
  AND openings.n = u.n AND openings.referral_id = u.was
"""


async def list_taken(conn: Connection, since: date) -> dict[tuple[str, Program, date], frozenset[int]]:
    """The numbers taken of each site, program and week from a week on."""
    return {(site, program, week): frozenset(ns) for site, program, week, ns in await conn.fetch(TAKEN, since)}


async def load_seats(_conn: Connection, _ids: Sequence[str]) -> Sequence[Seat]:
    """What is taken is read as a fact; no site is locked."""
    return []


async def save_seats(conn: Connection, seats: Sequence[Seat]) -> int:
    """Taken, passed on or given back; a row that another writer took is missed, and the batch decides again."""
    taken = [(*_place(s), s.referral_id) for s in seats if s.referral_id and not s.was]
    passed = [(*_place(s), s.referral_id, s.was) for s in seats if s.referral_id and s.was and s.was != s.referral_id]
    given = [(*_place(s), s.was) for s in seats if not s.referral_id and s.was]
    written = len(seats) - len(taken) - len(passed) - len(given)
    for statement, rows in ((GIVE_BACK, given), (PASS_ON, passed), (TAKE, taken)):
        if rows:
            written += count(await conn.execute(statement, *zip(*rows, strict=True)))
    return written


SEATS = Kind(Seat, load_seats, save_seats)


def _place(seat: Seat) -> tuple[str, str, date, int]:
    """The primary key."""
    opening = seat.opening
    return opening.site_id, opening.program, opening.week_on, opening.n
