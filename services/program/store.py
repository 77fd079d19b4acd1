"""Cases as program knows them."""

from collections.abc import Sequence

from shared.handlers import Kept
from shared.postgres import Connection

KEEP_CASES = """
INSERT INTO cases (referral_id, status, revision)
SELECT DISTINCT ON (referral_id) referral_id, status, revision
FROM unnest($1::text[], $2::text[], $3::int[]) WITH ORDINALITY AS u (referral_id, status, revision, place)
ORDER BY referral_id, place DESC
ON CONFLICT (referral_id) DO UPDATE SET status = excluded.status, revision = excluded.revision
"""


async def keep_cases(conn: Connection, kept: Sequence[Kept]) -> None:
    """The last thing said of each case."""
    rows = [(k.key, k.event.type_name.split(".")[2], k.sequence) for k in kept]
    await conn.execute(KEEP_CASES, *zip(*rows, strict=True))
