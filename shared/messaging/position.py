"""How far a consumer has read: where it stands, whatever its last record was.

The end of a partition may hold no record: the markers of a transaction, one that was aborted, what compaction took
away. A consumer steps over all of that and returns nothing, so the offset of the last record says too little.
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
    """Where a consumer stands after each of its polls; true of what it has read once that is applied."""

    def __init__(self) -> None:
        """No poll has returned yet."""
        self.offsets: Offsets = {}
        self._answered: dict[TopicPartition, int | None] = {}
        self._empty_to: Offsets = {}

    def begin(self, found: Found) -> bool:
        """Whether a partition was read from for the first time: whatever lies before its first record is nobody's."""
        starts = {place: records[0].offset for place, records in found.items() if place not in self.offsets}
        self.offsets = starts | self.offsets
        return bool(starts)

    def stand(self, consumer: AIOKafkaConsumer) -> None:
        """Take the position of every partition once the consumer was put back to where everything is applied."""
        self.offsets = _offsets_of(consumer)
        self.forget()

    def note(self, consumer: AIOKafkaConsumer, found: Mapping[TopicPartition, object]) -> None:
        """Take the position of every partition after a poll that returned `found`, without waiting in between."""
        before, self.offsets = self.offsets, _offsets_of(consumer)
        if found or self.offsets != before:
            self.forget()
        else:
            self._step_over(consumer)

    def forget(self) -> None:
        """What looked empty may not be: records were found, or the last poll lost some that are read again."""
        self._answered, self._empty_to = {}, {}

    def _step_over(self, consumer: AIOKafkaConsumer) -> None:
        """Seek behind an end below which nothing is left, where not even an empty batch remains to be read.

        An answer without records proves that nothing lies between the position and the stable end it names, unless
        another partition had used up its room: that one would have moved by the end of the next poll. So the end is
        the one that was answered during an empty poll, and is believed after another one.
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
    """Where it stands now, in the partitions where that is known; `consumer.position` would wait for the others."""
    subscription = consumer._subscription.subscription  # noqa: SLF001 - there is no public way that does not wait
    assignment = subscription and subscription.assignment
    return {place: at.offset for place, at in assignment.all_consumed_offsets().items()} if assignment else {}


async def read_up_to(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Found]:
    """Poll by poll what lies before `ends`, and perhaps more, from where an assigned consumer stands now.

    What can only be read leniently is read so; a consumer that answers sooner than an empty poll ends (`reading`) can
    get behind what compaction took away.
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
    """A consumer that belongs to no group and reads from the first record, of what was committed alone."""
    usual = {
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": COMMITTED,
        "fetch_max_wait_ms": _ANSWER_MS,
    }
    return AIOKafkaConsumer(bootstrap_servers=servers, **{**usual, **settings})


@contextmanager
def _perhaps_leniently() -> Iterator[None]:
    """Afterwards fetches are read as they were before."""
    before = lenient_decoding.is_on()
    try:
        yield
    finally:
        lenient_decoding.switch(on=before)
