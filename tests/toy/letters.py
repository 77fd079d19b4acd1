"""Records as other services send them: dense sequences per key, ids that rise."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from uuid_utils import uuid7

from shared.domain.decision import Event
from shared.messaging.attributes import Headers
from shared.messaging.envelope import Raw

NOON = datetime(2024, 11, 1, 12, tzinfo=UTC)


class Letter(NamedTuple):
    """One record before it lies on a topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers

    def at(self, partition: int, offset: int) -> Raw:
        """As it lies there."""
        return Raw(self.topic, partition, offset, self.key, self.value, self.headers)

    def without(self, *names: str) -> "Letter":
        """Attributes taken away."""
        return self._replace(headers=[(n, v) for n, v in self.headers if n not in names])

    def saying(self, **changed: bytes | None) -> "Letter":
        """Attributes changed or added."""
        received = [(n, v) for n, v in self.headers if n not in changed]
        return self._replace(headers=[*received, *changed.items()])

    @property
    def sequence(self) -> int:
        """Its place in its key."""
        return int(dict(self.headers).get("ce_sequence") or 0)

    @property
    def event_id(self) -> str:
        """Whose place it is."""
        return (dict(self.headers).get("ce_id") or b"").decode()


class Desk:
    """Somebody who announces: counts the places of each key."""

    def __init__(self, suffix: str = "") -> None:
        """`suffix` sets the topics of one test apart from those of another."""
        self.suffix = suffix
        self._places: Counter[tuple[str, str]] = Counter()

    def write(self, event: Event, *, after: str = "") -> Letter:
        """The next record of the event's key."""
        topic = event.topic + self.suffix
        self._places[topic, event.key] += 1
        headers = envelope(event.type_name, self._places[topic, event.key])
        if after:
            headers.append(("ce_after", after.encode()))
        return Letter(topic, event.key.encode(), event.to_bytes(), headers)

    def write_foreign(self, event: Event, *, event_id: str = "", source: str = "/afar") -> Letter:
        """Without any place; the id is new unless it is given."""
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", (event_id or str(uuid7())).encode()),
            ("ce_source", source.encode()),
            ("ce_type", event.type_name.encode()),
            ("ce_time", b"2024-11-01T12:00:00Z"),
        ]
        return Letter(event.topic + self.suffix, event.key.encode(), event.to_bytes(), headers)


def envelope(type_name: str, sequence: int) -> list[tuple[str, bytes | None]]:
    """The attributes that every record of ours has."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid7()).encode()),
        ("ce_source", b"/rehab/somebody"),
        ("ce_type", type_name.encode()),
        ("ce_time", NOON.isoformat().encode()),
        ("ce_sequence", b"%d" % sequence),
    ]


_offsets = count(1)


def laid(letters: Sequence[Letter], partition: int = 0) -> list[Raw]:
    """On one partition, each at an offset of its own."""
    return [letter.at(partition, next(_offsets)) for letter in letters]


async def post(servers: str, letters: Sequence[Letter], partition: int | None = None) -> None:
    """Onto the topics, in this order."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, linger_ms=5, max_request_size=1_250_000
    )
    await producer.start()
    try:
        for letter in letters:
            if (letter.key is None and letter.value is None) or any(
                type(name) is not str for name, _ in letter.headers
            ):
                await producer.flush()
                await _post_batch(producer, [letter], partition or 0)
            else:
                where = partition if partition is not None or letter.key is not None else 0
                await producer.send(letter.topic, letter.value, letter.key, partition=where, headers=letter.headers)
    finally:
        await producer.stop()


async def post_together(servers: str, letters: Sequence[Letter], partition: int) -> None:
    """In one batch, as one sender would who had them all at once."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, max_batch_size=1_000_000)
    await producer.start()
    try:
        await _post_batch(producer, letters, partition)
    finally:
        await producer.stop()


async def _post_batch(producer: AIOKafkaProducer, letters: Sequence[Letter], partition: int) -> None:
    """What the producer refuses record by record it takes in a batch."""
    batch = producer.create_batch()
    for letter in letters:
        batch.append(timestamp=None, key=letter.key, value=letter.value, headers=list(letter.headers))
    await (await producer.send_batch(batch, letters[0].topic, partition=partition))
