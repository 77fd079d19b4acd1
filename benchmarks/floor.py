"""The floor: bare aiokafka, one set-based transaction for inbox, state and outbox, and an idempotent relay.

It has no order, no loss detection, no parking, no journal: what any correct design at least has to do.
"""

import asyncio
from collections import Counter

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.contender import Task
from shared.database.postgres import as_role
from shared.messaging.kafka import OutgoingRecord, new_producer, send_batch

_TABLES = """
CREATE TABLE inbox (id uuid PRIMARY KEY);
CREATE TABLE floor_counters (id text PRIMARY KEY, ticks int NOT NULL);
CREATE TABLE floor_outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL DEFAULT uuidv7(),
    key text NOT NULL, payload text NOT NULL
);
"""
_NEW = """
INSERT INTO inbox SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING id::text
"""
_STATE = """
INSERT INTO floor_counters SELECT * FROM unnest($1::text[], $2::int[])
ON CONFLICT (id) DO UPDATE SET ticks = floor_counters.ticks + excluded.ticks
"""
_SAY = """
INSERT INTO floor_outbox (key, payload) SELECT * FROM unnest($1::text[], $2::text[])
"""
_UNSENT = """
SELECT seq, id::text, key, payload FROM floor_outbox ORDER BY seq LIMIT 500
"""
_GONE = """
DELETE FROM floor_outbox WHERE seq = ANY($1)
"""


class Floor:
    """Consumer and relay in one process, as ours."""

    def __init__(self, task: Task, pool: asyncpg.Pool, consumer: AIOKafkaConsumer) -> None:
        """Keep the parts that both halves share."""
        self.task, self.pool, self.consumer = task, pool, consumer
        self.wake = asyncio.Event()
        self.sent = 0

    async def take(self) -> int:
        """One batch, one transaction."""
        found = await self.consumer.getmany(timeout_ms=10, max_records=500)
        records = [r for rs in found.values() for r in rs]
        if not records:
            return 0
        async with self.pool.acquire() as conn, conn.transaction():
            ids = [dict(r.headers)["ce_id"].decode() for r in records]
            new = {i for (i,) in await conn.fetch(_NEW, ids)}
            events = [orjson.loads(r.value) for r, i in zip(records, ids, strict=True) if i in new]
            ticks = Counter(e["counter_id"] for e in events)
            await conn.execute(_STATE, *zip(*sorted(ticks.items()), strict=True))
            await conn.execute(_SAY, [e["counter_id"] for e in events], [orjson.dumps(e).decode() for e in events])
        self.wake.set()
        await self.consumer.commit({TopicPartition(r.topic, r.partition): r.offset + 1 for r in records})
        return len(records)

    async def relay(self, producer: AIOKafkaProducer) -> None:
        """Read, send, delete."""
        async with self.pool.acquire() as conn:
            while True:
                self.wake.clear()
                rows = await conn.fetch(_UNSENT)
                if not rows:
                    await self.wake.wait()
                    continue
                wave = [
                    OutgoingRecord(
                        "rehab-toy",
                        key.encode(),
                        payload.encode(),
                        [
                            ("ce_id", event_id.encode()),
                            ("ce_type", b"rehab.toy.counted.v1"),
                            ("ce_source", b"/floor"),
                            ("ce_specversion", b"1.0"),
                        ],
                    )
                    for _, event_id, key, payload in rows
                ]
                await send_batch(producer, wave)
                await conn.execute(_GONE, [row["seq"] for row in rows])
                self.sent += len(rows)


async def run(task: Task) -> float:
    """Events per second, from the first batch to the last announcement that was acknowledged."""
    pool = await asyncpg.create_pool(
        as_role(task.postgres, "toy_owner"),
        min_size=2,
        max_size=4,
        server_settings={"search_path": "toy", "jit": "off"},
    )
    await pool.execute(_TABLES)
    consumer = AIOKafkaConsumer(
        "toy-in",
        bootstrap_servers=task.kafka,
        group_id=task.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
    )
    producer = new_producer(task.kafka)
    await consumer.start()
    await producer.start()
    floor = Floor(task, pool, consumer)
    relay = asyncio.create_task(floor.relay(producer))
    task.prepare()
    while not (taken := await floor.take()):
        pass
    task.start()
    first = taken
    while taken < task.total:
        taken += await floor.take()
    while floor.sent < task.total:
        await asyncio.sleep(0.002)
    rate = task.rate(task.total - first)
    relay.cancel()
    await consumer.stop()
    await producer.stop()
    await pool.close()
    return rate
