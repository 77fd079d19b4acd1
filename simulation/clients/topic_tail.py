"""A reader of announcements as they are made."""

from collections.abc import Mapping, Sequence
from typing import Self

from aiokafka import TopicPartition

from shared.messaging.position import read_up_to, reading
from simulation.clients.topics import Announced, StoredRecord, announced, stored_record

TOPICS = ("rehab-referral", "rehab-program", "rehab-invoice", "rehab-procurement", "rehab-notification")


class Tail:
    """Reads on from where it stood."""

    def __init__(self, servers: str, topics: Sequence[str] = TOPICS) -> None:
        """Not connected yet."""
        self._topics = topics
        self._consumer = reading(servers, fetch_max_wait_ms=20)
        self._places: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        """From the beginning."""
        await self._consumer.start()
        for topic in self._topics:
            await self._consumer._client.add_topic(topic)  # noqa: SLF001 - a topic that nobody subscribed is not known otherwise
            self._places += [TopicPartition(topic, n) for n in self._consumer.partitions_for_topic(topic) or ()]
        self._consumer.assign(self._places)
        await self._consumer.seek_to_beginning(*self._places)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await self._consumer.stop()

    async def news(self, ends: Mapping[str, Mapping[str, int]]) -> list[Announced]:
        """Return what was announced up to these ends and was not read before."""
        found: list[StoredRecord] = []
        async for more in read_up_to(self._consumer, {p: ends[p.topic][str(p.partition)] for p in self._places}):
            found += (stored_record(record) for records in more.values() for record in records)
        return [announced(lying) for lying in found]
