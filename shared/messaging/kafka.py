"""Kafka: raw batches in through FastStream, batches out through an idempotent producer, offsets by hand."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import Any, NamedTuple, TypeAlias, TypeVar
from zlib import crc32

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    BrokerResponseError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
    kafka_errors,
)
from aiokafka.producer.message_accumulator import BatchBuilder
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaAckableMessage

from shared.messaging import lenient_decoding, position
from shared.messaging.envelope import Raw
from shared.messaging.position import COMMITTED, Found, Position

Offsets: TypeAlias = position.Offsets
Take: TypeAlias = Callable[[tuple[ConsumerRecord, ...]], Awaitable[None]]
Client = TypeVar("Client", AIOKafkaConsumer, AIOKafkaProducer)
log = logging.getLogger(__name__)

BATCH = 500
_POLL_MS = 200  # an empty poll returns after this; records return at once
_MOMENT, _FEW = 0.012, 100  # seconds for which a busy service lets so few records become more
_SLICE = 4  # records of one partition, where several topics are read in the order of time
_METADATA_MS = 5_000  # partitions that are added are read after at most so long
_ACKNOWLEDGED_WITHIN = 10.0  # seconds: an idempotent producer never gives a batch up by itself
_BEGUN_WITHIN = 8.0  # seconds: a leader's session ends after ten in which it says nothing
_ENDED_WITHIN = 1.0
_MAX_REQUEST = 1_200_000


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc]  # the client's classes are untyped
    """The broker's error for an invalid record of the batch, whose code the client does not know."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The record failed the validation of the broker."


class Refused(Exception):  # noqa: N818 - a fact about one record
    """The broker or the producer refuses one of these records for its content; others can be sent."""


kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)
_FOR_ITS_OWN_SAKE: dict[type[Exception], str] = {
    MessageSizeTooLargeError: "the broker takes no record of this size",
    RecordListTooLargeError: "the broker takes no record of this size",
    RecordTooLargeError: "the producer sends no record of this size",
    InvalidRecordError: "the broker finds the record invalid",
}


class OutgoingRecord(NamedTuple):
    """A record to be sent."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


async def _parse(records: tuple[ConsumerRecord, ...]) -> KafkaAckableMessage:
    """Return the records unparsed: FastStream's own parser loses a whole batch on one odd header."""
    return KafkaAckableMessage(raw_message=records, body=b"", headers={}, consumer=FAKE_CONSUMER)


async def _decode(message: KafkaAckableMessage) -> object:
    """Return the records themselves."""
    return message.raw_message


class Feed:
    """The batch subscriber: it hands over raw records, commits nothing, and reads odd headers leniently."""

    def __init__(  # noqa: PLR0913, PLR0917 - who reads what, and whom it tells
        self, servers: str, group: str, instance: str, topics: Sequence[str], take: Take, passed: Callable[[], None]
    ) -> None:
        """Subscribe with a static member id, with which a killed member gets its partitions back at once.

        `take` gets the records of a poll. `passed` is called after a poll without records, whose position may have
        moved all the same, and before the first records of a partition, for what lies before them.
        """
        self.broker = KafkaBroker(
            servers,
            logger=None,
            apply_types=False,
            graceful_timeout=8,
            allow_auto_create_topics=False,
            metadata_max_age_ms=_METADATA_MS,
        )
        subscriber: Any = self.broker.subscriber(
            *topics,
            group_id=group,
            group_instance_id=f"{group}-{instance}",
            batch=True,
            max_records=BATCH,
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=2 * 1024 * 1024,
            auto_offset_reset="earliest",
            isolation_level=COMMITTED,
            ack_policy=AckPolicy.MANUAL,
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
            max_poll_interval_ms=300_000,
            parser=_parse,
            decoder=_decode,
        )
        subscriber(take)
        subscriber.get_msg = self._poll
        self.subscriber = subscriber
        self.topics = tuple(topics)
        self._passed, self._position = passed, Position()
        self._said_at: dict[TopicPartition, int] = {}
        self._lags = self._mixes = self._is_astray = False

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The client, None until the broker has started and after it has stopped."""
        consumer: AIOKafkaConsumer | None = self.subscriber.consumer
        return consumer

    @property
    def position(self) -> Offsets:
        """The offsets after the last poll; once all that it returned is applied, everything before them is."""
        return self._position.offsets

    @property
    def alive(self) -> bool:
        """True while the task that polls runs."""
        tasks: Sequence[asyncio.Task[None]] = self.subscriber.tasks
        return bool(tasks) and not any(task.done() for task in tasks)

    @property
    def places(self) -> list[TopicPartition]:
        """Every partition of the topics, also those that other members read; empty before the start."""
        consumer = self.consumer
        known = {topic: consumer.partitions_for_topic(topic) or () for topic in self.topics} if consumer else {}
        return [TopicPartition(topic, n) for topic, numbers in known.items() for n in numbers]

    @property
    def reads_all(self) -> bool:
        """True when no other member of the group has a partition."""
        consumer = self.consumer
        return consumer is not None and consumer.assignment() >= set(self.places)

    async def _poll(self, consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord, ...]:
        """Return the next records of all partitions; poll again leniently after what the usual reader cannot read."""
        if self._is_astray:
            await self._rewind(consumer)
        self._is_astray = True  # whatever fails now may have taken records that nobody was given
        try:
            found = await self._gather(consumer)
        except Exception as problem:
            if not lenient_decoding.helps(problem):
                raise
            log.warning("records that cannot be read as usual: reading leniently (%s)", type(problem).__name__)
            lenient_decoding.switch(on=True)
            return ()
        self._is_astray = False
        if self._position.begin(found):
            self._passed()
        self._position.note(consumer, found)
        for partition, records in found.items():
            self._said_at[partition] = records[-1].timestamp
            lenient_decoding.switch(on=lenient_decoding.is_on() and not any(map(lenient_decoding.is_odd, records)))
        if not found:
            self._passed()
        return tuple(chain.from_iterable(found.values()))

    async def _gather(self, consumer: AIOKafkaConsumer) -> Found:
        """Return the next records.

        A poll that had to wait for its first record returns at once; otherwise records are gathered for up to 12 ms,
        so that a busy service applies larger batches.
        """
        found: Found = await self._catch_up(consumer) if self._lags else {}
        if found:
            return found
        now = asyncio.get_running_loop().time
        asked_at = now()
        found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_FEW)
        until = now() + _MOMENT if now() - asked_at < _MOMENT else asked_at
        while 0 < (n := _count(found)) < _FEW and (left := until - now()) > 0:
            _add(found, await consumer.getmany(timeout_ms=1000 * left, max_records=_FEW - n))
        self._lags = n == _FEW
        return found

    async def _catch_up(self, consumer: AIOKafkaConsumer) -> Found:
        """Return a full batch in the order of record timestamps while the reader lags.

        Effects would otherwise be read long before their causes and be parked. Records of a single topic need no such
        order, as a key lies in one partition.
        """
        found: Found = {}
        slice_ = _SLICE if self._mixes else _FEW
        ahead = [(self._said_at.get(place, 0), place) for place in consumer.assignment()]
        heapify(ahead)
        while ahead and (n := _count(found)) < BATCH:
            _, place = heappop(ahead)
            if more := await consumer.getmany(place, timeout_ms=0, max_records=min(slice_, BATCH - n)):
                _add(found, more)
                heappush(ahead, (more[place][-1].timestamp, place))
        self._lags, self._mixes = bool(ahead), len({place.topic for place in found}) > 1
        return found

    async def _rewind(self, consumer: AIOKafkaConsumer) -> None:
        """Seek back to what was handed over last: a failed poll may have dropped records that it had read."""
        for partition in consumer.assignment():
            place = self.position.get(partition)
            place = await consumer.committed(partition) if place is None else place
            if place is None:
                await consumer.seek_to_beginning(partition)
            else:
                consumer.seek(partition, place)
        self._position.stand(consumer)
        self._passed()


def _add(found: Found, more: Found) -> None:
    for place, records in more.items():
        found.setdefault(place, []).extend(records)


def _count(found: Found) -> int:
    return sum(map(len, found.values()))


def raw(record: ConsumerRecord) -> Raw:
    """Return a consumed record in our own type."""
    return Raw(record.topic, record.partition, record.offset, record.key, record.value, record.headers)


async def commit(consumer: AIOKafkaConsumer | None, offsets: Mapping[TopicPartition, int]) -> Offsets:
    """Commit offsets and return those that were committed; after a failure they are tried again later."""
    if consumer is None:
        return {}
    mine = consumer.assignment()
    found = {tp: n for tp, n in offsets.items() if tp in mine}
    try:
        if found:
            await consumer.commit(found)
    except (KafkaError, IllegalStateError) as problem:
        log.warning("offsets not committed: %s", type(problem).__name__)
        return {}
    return found


def metadata_consumer(servers: str) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    """Return a consumer that only asks for metadata; a reading one would answer after its fetch has waited."""
    return _talking(
        AIOKafkaConsumer(bootstrap_servers=servers, metadata_max_age_ms=_METADATA_MS, isolation_level=COMMITTED)
    )


def started_producer(servers: str) -> AbstractAsyncContextManager[AIOKafkaProducer]:
    """Return a producer that is thrown away, not flushed, when something fails."""
    return _talking(new_producer(servers))


@asynccontextmanager
async def _talking(client: Client) -> AsyncIterator[Client]:
    """Start a client and stop it, each within its time."""
    try:
        await _within(_BEGUN_WITHIN, client.start())
        yield client
    finally:
        with suppress(Exception):
            await _within(_ENDED_WITHIN, client.stop())


async def _within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    """Await `work` for so many seconds, then leave it behind and raise TimeoutError.

    A frozen broker accepts connections and answers none. A start or stop may then wait for ever, also when it is
    cancelled, which `asyncio.timeout` would wait for.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # nobody else may be there to see it
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
    if not done:
        raise TimeoutError(f"the broker does not answer within {seconds:g} s")
    task.result()


async def ends_of(consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> Offsets:
    """Return the last stable offsets of partitions, whoever reads them."""
    ends: Offsets = await consumer.end_offsets(list(partitions))
    return ends


async def places_of(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Offsets:
    """Return the group's committed offsets, the beginning where it has none."""
    starts = await consumer.beginning_offsets(partitions)
    return {p: max(await consumer.committed(p) or 0, starts[p]) for p in partitions}


async def reached(consumer: AIOKafkaConsumer, ends: Offsets, applied: Offsets) -> bool:
    """Return whether the group has applied everything before `ends`: own partitions as applied, others as committed."""
    mine = consumer.assignment()
    for partition, end in ends.items():
        known = applied.get(partition) if partition in mine else None
        if end and (known if known is not None else await consumer.committed(partition) or 0) < end:
            return False
    return True


def new_producer(servers: str) -> AIOKafkaProducer:
    """Make a producer whose retries the broker recognises, so that a batch is stored once however often it is sent."""
    return AIOKafkaProducer(
        bootstrap_servers=servers,
        enable_idempotence=True,
        acks="all",
        request_timeout_ms=5000,
        linger_ms=0,
        max_batch_size=_MAX_REQUEST,
        max_request_size=_MAX_REQUEST,
    )


async def send_batch(producer: AIOKafkaProducer, wave: Sequence[OutgoingRecord]) -> None:
    """Send records in order per partition and wait for every acknowledgement.

    Raises `Refused` when only the content of a record stands in the way; any other failure is raised first.
    """
    parts: dict[TopicPartition, list[OutgoingRecord]] = defaultdict(list)
    counts: dict[str, int] = {}
    for sent in wave:
        if sent.topic not in counts:
            counts[sent.topic] = len(await producer.partitions_for(sent.topic))
        # crc32, for aiokafka's murmur2 is plain Python; only the owner writes its topic, so any stable choice will do
        parts[TopicPartition(sent.topic, crc32(sent.key) % counts[sent.topic])].append(sent)
    async with asyncio.timeout(_ACKNOWLEDGED_WITHIN):
        sending = (_send_part(producer, partition, part) for partition, part in parts.items())
        ends = await asyncio.gather(*sending, return_exceptions=True)
    if problems := [end for end in ends if end is not None]:
        raise next((p for p in problems if not isinstance(p, Refused)), problems[0])


async def _send_part(producer: AIOKafkaProducer, partition: TopicPartition, part: Sequence[OutgoingRecord]) -> None:
    """Send batch after batch, each once the one before is acknowledged: what follows a refused one may not go first."""
    batch = producer.create_batch()
    for sent in part:
        if not _fits(batch, sent):
            if batch.record_count():
                await _acknowledged(producer, partition, batch)
                batch = producer.create_batch()
            if not _fits(batch, sent):
                raise Refused(_FOR_ITS_OWN_SAKE[RecordTooLargeError])
    await _acknowledged(producer, partition, batch)


def _fits(batch: BatchBuilder, sent: OutgoingRecord) -> bool:
    """Add the record to the batch and return whether it fits; raise `Refused` for one that can never be written."""
    try:
        return batch.append(timestamp=None, key=sent.key, value=sent.value, headers=sent.headers) is not None
    except Exception as problem:
        raise Refused(f"the producer cannot write the record: {type(problem).__name__}") from problem


async def _acknowledged(producer: AIOKafkaProducer, partition: TopicPartition, batch: BatchBuilder) -> None:
    """Send one batch and wait for its acknowledgement."""
    try:
        await (await producer.send_batch(batch, partition.topic, partition=partition.partition))
    except tuple(_FOR_ITS_OWN_SAKE) as problem:
        raise Refused(_FOR_ITS_OWN_SAKE[type(problem)]) from problem
