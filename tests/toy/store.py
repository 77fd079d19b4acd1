"""Every statement of the toy."""

from collections.abc import Sequence

from shared.database.json_aggregate import AggregateTable, ColumnAggregate
from shared.database.postgres import Connection
from shared.messaging.handlers import AggregateStore, ReceivedEvent
from tests.toy.domain import Counter
from tests.toy.events import Labelled

KEEP = """
INSERT INTO labels (counter_id, label)
SELECT DISTINCT ON (counter_id) counter_id, label
FROM unnest($1::text[], $2::text[], $3::int[]) AS u (counter_id, label, n)
ORDER BY counter_id, n DESC
ON CONFLICT (counter_id) DO UPDATE SET label = excluded.label
"""


async def keep_labels(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """The newest label of each."""
    rows = [(k.key, k.event.label, n) for n, k in enumerate(received) if isinstance(k.event, Labelled)]
    await conn.execute(KEEP, *zip(*rows, strict=True))


_STORED = ColumnAggregate(Counter, AggregateTable("counters", "counter_id", {"ticks": "int"}))
COUNTERS = AggregateStore(Counter, _STORED.load, _STORED.save)
