"""What changed, for those who listen: numbers and versions only."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.postgres import Connection

NEWEST = """
SELECT greatest((SELECT max(changed) FROM views), (SELECT max(changed) FROM notices), 0)
"""
HINTS = """
SELECT changed, recipient, topic, number, version
FROM (
    SELECT changed, site_id AS recipient, 'referral' AS topic, number, revision AS version FROM views
    WHERE changed > $1
    UNION ALL
    SELECT changed, recipient_id, 'notice', notice_id, 0 FROM notices
    WHERE changed > $1
) AS hints
WHERE NOT changed = ANY($2)
ORDER BY changed
LIMIT 2000
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
    """What changed since, in order, but what was told already."""
    return [Hint(*row) for row in await conn.fetch(HINTS, after, seen)]
