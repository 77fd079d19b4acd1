"""Reading of reference topics up to their high-water marks, before anything else is consumed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import chain

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.messaging import kafka
from shared.messaging.position import read_up_to, reading

Take = Callable[[Sequence[ConsumerRecord]], Awaitable[object]]


async def read_reference(
    servers: str, group: str, topics: Sequence[str], names: Mapping[str, object], take: Take
) -> None:
    """Hand over the records of the named types from the group's offsets to the current ends.

    The same records come again with the subscription and are dropped as duplicates by the marks.
    """
    wanted = {name.encode() for name in names}
    consumer = reading(servers)
    await consumer.start()
    try:
        ends = await _assign(consumer, topics)
        for partition, place in (await _places(servers, group, list(ends))).items():
            consumer.seek(partition, place)
        async for found in read_up_to(consumer, ends):
            if some := [r for r in chain.from_iterable(found.values()) if _type_of(r) in wanted]:
                await take(some)
    finally:
        await consumer.stop()


def _type_of(record: ConsumerRecord) -> bytes:
    return dict(record.headers).get("ce_type") or b""


async def _assign(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Assign every partition of the topics and return where each ends now."""
    partitions = []
    for topic in topics:
        await consumer._client.add_topic(topic)  # noqa: SLF001 - known once it is awaited, beside the topics before it
        found = consumer.partitions_for_topic(topic) or set()
        partitions += [TopicPartition(topic, p) for p in sorted(found)]
    consumer.assign(partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return ends


async def _places(servers: str, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the group's committed offsets, the beginning where it has none."""
    asking = reading(servers, group_id=group)
    await asking.start()
    try:
        asking.assign(partitions)
        return await kafka.places_of(asking, partitions)
    finally:
        with suppress(Exception):
            await asking.stop()
