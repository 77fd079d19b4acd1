"""The table of cases: the number of each referral and those who are concerned with it."""

from collections.abc import Sequence

from services.notification.domain.case import Case
from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT referral_id, version, number, officer_id, site_id, contract_id FROM cases
WHERE referral_id = ANY($1)
ORDER BY referral_id
FOR UPDATE
"""
SAVE = """
INSERT INTO cases (referral_id, version, number, officer_id, site_id, contract_id)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (referral_id) DO UPDATE
SET version = excluded.version, number = excluded.number, officer_id = excluded.officer_id,
    site_id = excluded.site_id, contract_id = excluded.contract_id
WHERE cases.version = excluded.version - 1
"""


async def load_cases(conn: Connection, ids: Sequence[str]) -> Sequence[Case]:
    """Return the cases of these referrals that exist, locked until the transaction ends."""
    return [Case(*row) for row in map(tuple, await conn.fetch(LOAD, ids))]


async def save_cases(conn: Connection, cases: Sequence[Case]) -> int:
    """Write changed cases; return how many rows still had the version that was loaded."""
    rows = [(c.id, c.version + 1, *c[2:]) for c in cases]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


CASES = AggregateStore(Case, load_cases, save_cases)
