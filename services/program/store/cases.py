"""The table of cases: one row for each referral that a clinic accepted."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from services.program.domain.case import Case
from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT version, state::text FROM cases
WHERE referral_id = ANY($1)
ORDER BY referral_id
FOR UPDATE
"""
SAVE = """
INSERT INTO cases (referral_id, version, revision, state)
SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::jsonb[])
ON CONFLICT (referral_id) DO UPDATE
SET version = excluded.version, revision = excluded.revision, state = excluded.state
WHERE cases.version = excluded.version - 1
"""
_STATE = TypeAdapter(Case)


async def load_cases(conn: Connection, ids: Sequence[str]) -> Sequence[Case]:
    """Return the cases of these referrals that exist, locked until the transaction ends."""
    rows = await conn.fetch(LOAD, ids)
    return [_STATE.validate_json(state)._replace(version=version) for version, state in rows]


async def save_cases(conn: Connection, cases: Sequence[Case]) -> int:
    """Write changed cases; return how many rows still had the version that was loaded."""
    rows = [(c.id, c.version + 1, c.revision, _STATE.dump_json(c).decode()) for c in cases]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


CASES = AggregateStore(Case, load_cases, save_cases)
