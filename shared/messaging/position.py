"""The position of a consumer, which may lie behind its last record.

The end of a partition may hold no record: transaction markers, aborted records, what compaction removed. A consumer
steps over all of that and returns nothing, so the offset of the last record says too little.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.messaging import lenient_decoding

Offsets: TypeAlias = dict[TopicPartition, int]
Found: TypeAlias = dict[TopicPartition, list[ConsumerRecord]]

COMMITTED: Final = "read_committed"  # every consumer: nothing of an open or aborted transaction is seen
_POLL_MS, _ANSWER_MS = 200, 100  # an empty poll is longer than an empty answer takes
_MOST = 500


class Position:
    """The offsets of a consumer after each of its polls; they count once what was returned is applied."""

    def __init__(self) -> None:
        """Start before the first poll."""
        self.offsets: Offsets = {}
        self._answered: dict[TopicPartition, int | None] = {}
        self._empty_to: Offsets = {}

    def begin(self, found: Found) -> bool:
        """Note where partitions begin and return whether one was read from for the first time."""
        starts = {place: records[0].offset for place, records in found.items() if place not in self.offsets}
        self.offsets = starts | self.offsets
        return bool(starts)

    def stand(self, consumer: AIOKafkaConsumer) -> None:
        """Take the offsets anew after the consumer was put back to where everything is applied."""
        self.offsets = _offsets_of(consumer)
        self.forget()

    def note(self, consumer: AIOKafkaConsumer, found: Mapping[TopicPartition, object]) -> None:
        """Take the offsets after a poll that returned `found`; nothing may be awaited in between."""
        before, self.offsets = self.offsets, _offsets_of(consumer)
        if found or self.offsets != before:
            self.forget()
        else:
            self._step_over(consumer)

    def forget(self) -> None:
        """Forget empty answers: records were found, or the last poll lost some that are read again."""
        self._answered, self._empty_to = {}, {}

    def _step_over(self, consumer: AIOKafkaConsumer) -> None:
        """Seek to the end of a partition in which nothing is left to be read, not even an empty batch.

        An answer without records proves that nothing lies between the position and the stable end it names, unless
        another partition had used up its room: that one would have moved by the end of the next poll. So the end is
        the one that was answered during an empty poll, and counts after another one.
        """
        for place, end in self._empty_to.items():
            if self.offsets.get(place, end) < end:
                consumer.seek(place, end)
                self.offsets[place] = end
        before, self._answered = self._answered, {p: consumer.last_poll_timestamp(p) for p in self.offsets}
        self._empty_to = {
            place: end
            for place, at in self._answered.items()
            if before.get(place) not in {None, at} and (end := consumer.last_stable_offset(place)) is not None
        }


def _offsets_of(consumer: AIOKafkaConsumer) -> Offsets:
    """Return the offsets that are known now; `consumer.position` would wait for the others."""
    subscription = consumer._subscription.subscription  # noqa: SLF001 - there is no public way that does not wait
    assignment = subscription and subscription.assignment
    return {place: at.offset for place, at in assignment.all_consumed_offsets().items()} if assignment else {}


async def read_up_to(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Found]:
    """Yield the records of each poll until an assigned consumer has reached `ends`; there may be more.

    Odd headers are read leniently. A consumer that answers sooner than an empty poll ends (`reading`) also gets past
    what compaction removed.
    """
    position = Position()
    for place in ends:
        await consumer.position(place)
    position.note(consumer, {})
    with _perhaps_leniently():
        while any(position.offsets.get(place, 0) < end for place, end in ends.items()):
            try:
                found: Found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_MOST)
            except Exception as problem:
                if not lenient_decoding.helps(problem):
                    raise
                lenient_decoding.switch(on=True)
                position.forget()
                for place, offset in position.offsets.items():
                    consumer.seek(place, offset)
                continue
            position.note(consumer, found)
            if found:
                yield found


def reading(servers: str, **settings: object) -> AIOKafkaConsumer:
    """Return a consumer without a group that reads committed records from the first one on."""
    usual = {
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": COMMITTED,
        "fetch_max_wait_ms": _ANSWER_MS,
    }
    return AIOKafkaConsumer(bootstrap_servers=servers, **{**usual, **settings})


@contextmanager
def _perhaps_leniently() -> Iterator[None]:
    """Restore the strictness of fetches afterwards."""
    before = lenient_decoding.is_on()
    try:
        yield
    finally:
        lenient_decoding.switch(on=before)
