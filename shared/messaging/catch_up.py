"""Reference data is read to its high-water mark before anything else."""

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
    """Hand over, from the group's place to the end as it is now, the records whose types are in `names`.

    Marks make this safe: what is handed over here comes again with the subscription and is dropped as known.
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
    """As its header says."""
    return dict(record.headers).get("ce_type") or b""


async def _assign(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Every partition of the topics, and where it ends now."""
    partitions = []
    for topic in topics:
        await consumer._client.add_topic(topic)  # noqa: SLF001 - known once it is awaited, beside the topics before it
        found = consumer.partitions_for_topic(topic) or set()
        partitions += [TopicPartition(topic, p) for p in sorted(found)]
    consumer.assign(partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return ends


async def _places(servers: str, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Where the group stands, the beginning where it has not read yet."""
    asking = reading(servers, group_id=group)
    await asking.start()
    try:
        asking.assign(partitions)
        return await kafka.places_of(asking, partitions)
    finally:
        with suppress(Exception):
            await asking.stop()
