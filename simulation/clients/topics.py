"""The topics, as anybody may read them from the first record to the last, and write `claims`."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from zlib import crc32

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from typing_extensions import override

from shared.events.limits import FIRST_INSTANT, LAST_INSTANT
from shared.messaging import lenient_decoding
from shared.messaging.envelope import after_of
from shared.messaging.position import read_up_to, reading
from simulation.claims_system.capture import Captured, Headers

CLAIMS = "claims"
OWNERS = ("referral", "program", "procurement", "invoice", "notification", "portal")
ANNOUNCED = tuple(f"rehab-{owner}" for owner in OWNERS)
PEOPLE = "rehab-person"
_FIRST, _LAST = FIRST_INSTANT.timestamp(), LAST_INSTANT.timestamp()
_FETCH = 16 * 1024 * 1024
_MOST = 900_000  # bytes in one batch


class StoredRecord(NamedTuple):
    """A record where it lies."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: bytes | None
    headers: Headers
    value: bytes | None

    @property
    def captured(self) -> Captured:
        """As the claims system sent it, at the time it was read."""
        return Captured(self.at, self.key, self.headers, self.value)


class Announced(NamedTuple):
    """A record of one of the project's own topics."""

    topic: str
    key: str
    sequence: int
    id: str
    type: str
    at: datetime
    causation: str
    data: Mapping[str, Any]
    lying: StoredRecord

    @property
    def event_name(self) -> str:
        """The name of the type without owner and version."""
        return self.type.split(".")[2] if self.type.count(".") > 1 else self.type

    @property
    def owner(self) -> str:
        """Whose topic it is."""
        return self.topic.removeprefix("rehab-")

    @property
    def seen(self) -> Mapping[str, int]:
        """How far its owner had read this key, by topic, when it was said."""
        after = dict(self.lying.headers).get("ce_after")
        return dict(after_of(after.decode())) if after else {}


@asynccontextmanager
async def _reader(servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = reading(servers, max_partition_fetch_bytes=_FETCH, fetch_max_wait_ms=50)
    lenient_decoding.switch(on=True)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
        lenient_decoding.switch(on=False)


async def read(servers: str, topics: Sequence[str]) -> list[StoredRecord]:
    """Everything that lies there now, each partition in its order."""
    async with _reader(servers) as consumer:
        places = [TopicPartition(topic, n) for topic in topics for n in await _partitions(consumer, topic)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        found: list[StoredRecord] = []
        async for more in read_up_to(consumer, ends):
            found += (stored_record(record) for records in more.values() for record in records)
    return sorted(found, key=lambda lying: lying[:3])


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    await consumer._client.add_topic(topic)  # noqa: SLF001 - a topic that nobody subscribed is not known otherwise
    return sorted(consumer.partitions_for_topic(topic) or ())


def stored_record(record: Any) -> StoredRecord:  # noqa: ANN401 - aiokafka has no types
    """As it was read; a time that no calendar has, which any producer may name, stops at the edge of the contracts."""
    at = datetime.fromtimestamp(min(max(record.timestamp / 1000, _FIRST), _LAST), UTC)
    return StoredRecord(
        record.topic, record.partition, record.offset, at, record.key, tuple(record.headers), record.value
    )


def announced(lying: StoredRecord) -> Announced:
    """Envelope and body; a record of ours that cannot be read is a fault of ours, and raises."""
    said = {name: (value or b"").decode() for name, value in lying.headers}
    return Announced(
        lying.topic,
        (lying.key or b"").decode(),
        int(said["ce_sequence"]),
        said["ce_id"],
        said["ce_type"],
        datetime.fromisoformat(said["ce_time"]),
        said.get("ce_causationid", ""),
        json.loads(lying.value) if lying.value and lying.topic != PEOPLE else {},
        lying,
    )


class Publisher:
    """The claims system's way to its topic: idempotent, in order, and each record stamped with the simulated time."""

    def __init__(self, servers: str, topic: str = CLAIMS) -> None:
        """Not connected yet."""
        self._topic = topic
        self._producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, linger_ms=0)
        self._count = 0

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._producer.start()
        self._count = len(await self._producer.partitions_for(self._topic))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Everything was acknowledged already."""
        await self._producer.stop()

    async def send(self, records: Iterable[Captured], at: datetime) -> None:
        """In their order within each claim; returns when the broker has them all."""
        piles: dict[int, list[Captured]] = {}
        for record in records:
            piles.setdefault(crc32(record.key or b"") % self._count, []).append(record)
        await asyncio.gather(*(self._send(partition, pile, at) for partition, pile in piles.items()))

    async def _send(self, partition: int, pile: Sequence[Captured], at: datetime) -> None:
        batch = _Batch()
        for record in pile:
            if not batch.take(record, at):
                await self._place(batch, partition)
                batch = _Batch()
                batch.take(record, at)
        await self._place(batch, partition)

    async def _place(self, batch: "_Batch", partition: int) -> None:
        await (await self._producer.send_batch(batch, self._topic, partition=partition))


class _Batch(BatchBuilder):  # type: ignore[misc]  # aiokafka has no types
    """A batch that takes header names that are no UTF-8, too."""

    def __init__(self) -> None:
        """Written by the slower of aiokafka's two builders; the quicker one takes UTF-8 alone."""
        super().__init__(_MOST, 0)
        self._builder = _DefaultRecordBatchBuilderPy(
            2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=_MOST
        )

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        """Write the producer's state that makes the batch idempotent."""
        self._builder.set_producer_state(producer_id, producer_epoch, base_sequence)

    def take(self, record: Captured, at: datetime) -> bool:
        """Return whether there was room."""
        headers = [(_Name(name), value) for name, value in record.headers]
        stamp = int(at.timestamp() * 1000)
        return self.append(timestamp=stamp, key=record.key, value=record.value, headers=headers) is not None


class _Name(str):
    """A header's name that is written as the bytes it stands for."""

    __slots__ = ()

    @override
    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Surrogates are bytes."""
        return super().encode("utf-8", "surrogateescape")
