"""Reference data is read to its high-water mark before anything else."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import chain

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared import kafka

Take = Callable[[Sequence[ConsumerRecord]], Awaitable[object]]


async def read_reference(
    servers: str, group: str, topics: Sequence[str], names: Mapping[str, object], take: Take
) -> None:
    """Hand over, from the group's place to the end as it is now, the records whose types are in `names`.

    Marks make this safe: what is handed over here comes again with the subscription and is dropped as known.
    """
    wanted = {name.encode() for name in names}
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    await consumer.start()
    try:
        ends = await _assign(consumer, topics)
        places = await _places(servers, group, list(ends))
        for partition, place in places.items():
            consumer.seek(partition, place)
        while any(places[p] < end for p, end in ends.items()):
            found = await consumer.getmany(timeout_ms=200, max_records=kafka.BATCH)
            for partition, records in found.items():
                places[partition] = records[-1].offset + 1
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
    asking = AIOKafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
    await asking.start()
    try:
        asking.assign(partitions)
        return await kafka.places_of(asking, partitions)
    finally:
        with suppress(Exception):
            await asking.stop()
