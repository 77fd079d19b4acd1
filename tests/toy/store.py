"""Every statement of the toy."""

from collections.abc import Sequence

from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore, ReceivedEvent
from tests.toy.domain import Counter
from tests.toy.events import Labelled

LOAD = """
SELECT counter_id, version, ticks FROM counters
WHERE counter_id = ANY($1)
ORDER BY counter_id
FOR UPDATE
"""
SAVE = """
INSERT INTO counters (counter_id, version, ticks)
SELECT * FROM unnest($1::text[], $2::int[], $3::int[])
ON CONFLICT (counter_id) DO UPDATE SET version = excluded.version, ticks = excluded.ticks
WHERE counters.version = excluded.version - 1
"""
KEEP = """
INSERT INTO labels (counter_id, label)
SELECT DISTINCT ON (counter_id) counter_id, label
FROM unnest($1::text[], $2::text[], $3::int[]) AS u (counter_id, label, n)
ORDER BY counter_id, n DESC
ON CONFLICT (counter_id) DO UPDATE SET label = excluded.label
"""


async def load_counters(conn: Connection, ids: Sequence[str]) -> Sequence[Counter]:
    """By id."""
    return [Counter(*row) for row in await conn.fetch(LOAD, ids)]


async def save_counters(conn: Connection, counters: Sequence[Counter]) -> int:
    """As changed."""
    rows = [(c.id, c.version + 1, c.ticks) for c in counters]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


async def keep_labels(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """The newest label of each."""
    rows = [(k.key, k.event.label, n) for n, k in enumerate(received) if isinstance(k.event, Labelled)]
    await conn.execute(KEEP, *zip(*rows, strict=True))


COUNTERS = AggregateStore(Counter, load_counters, save_counters)
