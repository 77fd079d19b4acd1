"""The statements of opening reservations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import TypeAlias

from services.referral.domain.opening import OpeningReservation
from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore
from shared.placement.matching import OpeningWeek

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
GIVE_ON = """
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


Rows: TypeAlias = Mapping[OpeningWeek, frozenset[int]]
_ALL = range(1, 100_001)


async def list_reserved(conn: Connection, since: date) -> Rows:
    """Return the numbers taken of each site, program and week from a week on."""
    return {(site, program, week): frozenset(ns) for site, program, week, ns in await conn.fetch(TAKEN, since)}


class ReservedOpenings:
    """The openings taken as a batch sees them: rows of the database and reservations of its earlier decisions.

    An opening freed within the batch counts as taken until the batch ends, so that none is promised twice. In weeks
    before `since`, which were not read, every opening counts as taken.
    """

    def __init__(
        self,
        rows: Rows,
        reservations: Mapping[str, OpeningReservation | None],
        takebacks: Sequence[str],
        since: date = date.min,
    ) -> None:
        """Keep references to `reservations` and `takebacks`, which grow while the batch is decided."""
        self._rows, self._reservations, self._takebacks, self._since = rows, reservations, takebacks, since
        self._added: dict[OpeningWeek, set[int]] = {}
        self._read = self._seen = 0

    def get(self, week: OpeningWeek, default: Collection[int] = (), /) -> Collection[int]:
        """Return the numbers taken of a site, program and week; all numbers of a week that was not read."""
        if week[2] < self._since:
            return _ALL
        self._catch_up()
        rows, added = self._rows.get(week), self._added.get(week)
        return rows | added if rows and added else rows or added or default

    def _catch_up(self) -> None:
        """Add the reservations made since the last call; read all of them again after a rollback of a decision."""
        if len(self._reservations) == self._read and len(self._takebacks) == self._seen:
            return
        if len(self._takebacks) != self._seen:
            self._added, self._read, self._seen = {}, 0, len(self._takebacks)
        for reservation in islice(self._reservations.values(), self._read, None):
            if reservation and reservation.referral_id:
                opening = reservation.opening
                self._added.setdefault((opening.site_id, opening.program, opening.week_on), set()).add(opening.n)
        self._read = len(self._reservations)


async def load_reservations(_conn: Connection, _ids: Sequence[str]) -> Sequence[OpeningReservation]:
    """Return none: openings are read as facts, so that no site is locked."""
    return []


async def save_reservations(conn: Connection, reservations: Sequence[OpeningReservation]) -> int:
    """Write reservations and return how many rows fit; a row that another writer took is missing from the count."""
    taken = [(*_key(s), s.referral_id) for s in reservations if s.referral_id and not s.was]
    passed = [
        (*_key(s), s.referral_id, s.was) for s in reservations if s.referral_id and s.was and s.was != s.referral_id
    ]
    given = [(*_key(s), s.was) for s in reservations if not s.referral_id and s.was]
    written = len(reservations) - len(taken) - len(passed) - len(given)
    for statement, rows in ((GIVE_BACK, given), (GIVE_ON, passed), (TAKE, taken)):
        if rows:
            written += count(await conn.execute(statement, *zip(*rows, strict=True)))
    return written


RESERVATIONS = AggregateStore(OpeningReservation, load_reservations, save_reservations)


def _key(reservation: OpeningReservation) -> tuple[str, str, date, int]:
    """Return the primary key."""
    opening = reservation.opening
    return opening.site_id, opening.program, opening.week_on, opening.n
