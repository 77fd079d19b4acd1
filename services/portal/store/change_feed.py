"""Hints of changes for open streams: numbers and versions only."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.database.postgres import Connection

NEWEST = """
SELECT greatest(
    (SELECT max(changed) FROM views), (SELECT max(changed) FROM notices), (SELECT max(changed) FROM cases),
    (SELECT max(changed) FROM papers), (SELECT max(changed) FROM papers_left), (SELECT max(changed) FROM remittances), 0
)
"""
# a clinic hears of what is its sites', a claims officer of every referral, a worker of their own, a payee of its money
HINTS = """
SELECT changed, recipient, topic, number, version
FROM (
    SELECT changed, site_id AS recipient, 'referral' AS topic, number, revision AS version FROM views
    WHERE changed > $1
    UNION ALL
    SELECT changed, recipient_id, 'notice', notice_id, 0 FROM notices
    WHERE changed > $1
    UNION ALL
    SELECT changed, unnest(ARRAY['claims_officer', 'worker/' || (body ->> 'person_id')]), 'referral', number, revision
    FROM cases
    WHERE changed > $1 AND number <> ''
    UNION ALL
    SELECT p.changed, unnest(ARRAY['claims_officer', p.site_id]), p.kind, c.number, p.revision
    FROM papers_seen AS p
    JOIN cases AS c USING (referral_id)
    WHERE p.changed > $1
    UNION ALL
    SELECT r.changed, p.organisation_id, 'payment', r.remittance_id, 0
    FROM remittances AS r
    JOIN payees AS p USING (payee_id)
    WHERE r.changed > $1
) AS hints
WHERE recipient IS NOT NULL AND NOT changed = ANY($2)
ORDER BY changed
LIMIT 4000
"""


class Hint(NamedTuple):
    """A record of somebody's changed; version 0 where it has none."""

    changed: int
    recipient: str
    topic: str
    number: str
    version: int


async def newest_change(conn: Connection) -> int:
    """Where everything stands now."""
    newest: int = await conn.fetchval(NEWEST)
    return newest


async def list_hints(conn: Connection, after: int, seen: Sequence[int]) -> list[Hint]:
    """Return what changed since, in order, but what was told already."""
    return [Hint(*row) for row in await conn.fetch(HINTS, after, seen)]
