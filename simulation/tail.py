"""What is announced, as it is announced."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from simulation.topics import Announced, Lying, announced, lying_of

TOPICS = ("rehab-referral", "rehab-program", "rehab-invoice", "rehab-procurement", "rehab-notification")


class Tail:
    """Reads on from where it stood."""

    def __init__(self, servers: str, topics: Sequence[str] = TOPICS) -> None:
        """Not connected yet."""
        self._topics = topics
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=20
        )
        self._read: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        """From the beginning."""
        await self._consumer.start()
        for topic in self._topics:
            await self._consumer._client.add_topic(topic)  # noqa: SLF001 - a topic that nobody subscribed is not known otherwise
            self._read |= {TopicPartition(topic, n): 0 for n in self._consumer.partitions_for_topic(topic) or ()}
        self._consumer.assign(list(self._read))
        await self._consumer.seek_to_beginning(*self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await self._consumer.stop()

    async def news(self, ends: Mapping[str, Mapping[str, int]]) -> list[Announced]:
        """What was announced up to these ends and was not read before."""
        found: list[Lying] = []
        while any(read < ends[place.topic][str(place.partition)] for place, read in self._read.items()):
            for place, records in (await self._consumer.getmany(timeout_ms=100)).items():
                found += map(lying_of, records)
                self._read[place] = _after(records)
        return [announced(lying) for lying in found]


def _after(records: Sequence[Any]) -> int:
    return int(records[-1].offset) + 1
