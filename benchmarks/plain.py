"""The peer: a plain FastStream handler, one message, one transaction, one commit, publishing as it goes."""

import asyncio

import asyncpg
import orjson
from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from benchmarks.contender import Task
from shared.database.postgres import as_role

_TABLES = """
CREATE TABLE plain_inbox (id uuid PRIMARY KEY);
CREATE TABLE plain_counters (id text PRIMARY KEY, ticks int NOT NULL);
"""
_NEW = """
INSERT INTO plain_inbox VALUES ($1) ON CONFLICT DO NOTHING RETURNING 1
"""
_STATE = """
INSERT INTO plain_counters VALUES ($1, 1)
ON CONFLICT (id) DO UPDATE SET ticks = plain_counters.ticks + 1
"""


async def run(task: Task) -> float:
    """Events per second of as many as it manages; `total` is kept small for it."""
    pool = await asyncpg.create_pool(
        as_role(task.postgres, "toy_owner"), min_size=1, max_size=2, server_settings={"search_path": "toy"}
    )
    await pool.execute(_TABLES)
    broker = KafkaBroker(task.kafka, logger=None, enable_idempotence=True, acks="all", apply_types=False)
    finished = asyncio.Event()
    seen = 0

    @broker.subscriber(
        "toy-in",
        group_id=task.group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        parser=_parse,
        decoder=_decode,
    )
    async def on_tick(record: ConsumerRecord) -> None:
        nonlocal seen
        if not seen:
            task.start()
        event = orjson.loads(record.value)
        async with pool.acquire() as conn, conn.transaction():
            if await conn.fetchval(_NEW, dict(record.headers)["ce_id"].decode()):
                await conn.execute(_STATE, event["counter_id"])
        await broker.publish(event, "rehab-toy", key=event["counter_id"].encode())
        seen += 1
        if seen == task.total:
            finished.set()

    task.prepare()
    await broker.start()
    await finished.wait()
    rate = task.rate(task.total - 1)
    await broker.stop()
    await pool.close()
    return rate


async def _parse(record: ConsumerRecord) -> KafkaMessage:
    """The record as it came."""
    from faststream.kafka.message import FAKE_CONSUMER  # noqa: PLC0415 - private to this peer

    return KafkaMessage(raw_message=record, body=record.value, headers={}, consumer=FAKE_CONSUMER)


async def _decode(message: KafkaMessage) -> object:
    """Itself."""
    return message.raw_message
