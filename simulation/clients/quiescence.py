"""The question whether anything is in flight: every service is asked, then the ends of every topic."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeAlias

from aiokafka import TopicPartition

from shared.messaging.position import reading

Offsets: TypeAlias = Mapping[str, Mapping[str, int]]

_PAUSE = 0.006  # seconds between two looks
_STUCK_AFTER = 120.0
_GET = b"GET /health/quiet HTTP/1.1\r\nHost: service\r\n\r\n"


class NotQuiet(TimeoutError):  # noqa: N818 - says what the system is not
    """Something has been in flight for too long; the message says what."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The state that one service reports."""

    service: str
    step: int
    applied: Offsets
    outbox: int
    due: int
    busy: int
    next: datetime | None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """From its answer."""
        following = datetime.fromisoformat(said["next"]) if said["next"] else None
        return cls(said["service"], said["step"], said["applied"], said["outbox"], said["due"], said["busy"], following)

    def waits_for(self, step: int, ends: Offsets) -> str:
        """Why it is not at rest; empty when it is."""
        if self.step < step:
            return f"{self.service} has seen step {self.step} of {step}"
        if self.outbox or self.due or self.busy:
            return f"{self.service} has {self.outbox} to send, {self.due} timers due, {self.busy} in work"
        for topic, places in self.applied.items():
            for partition, end in ends[topic].items():
                if places.get(partition, 0) < end:
                    return f"{self.service} has applied {places.get(partition, 0)} of {end} in {topic}/{partition}"
        return ""


class _Asking:
    """One service, over one connection that stays open."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> ServiceState:
        """Its answer; a connection that broke, or a service that starts again, is tried again."""
        while True:
            try:
                return ServiceState.of(await self._get())
            except (OSError, ValueError, asyncio.IncompleteReadError):
                await self.close()
                await asyncio.sleep(0.05)

    async def _get(self) -> dict[str, Any]:
        if self._streams is None:
            host, _, port = self._address.rpartition(":")
            self._streams = await asyncio.open_connection(host, int(port))
        reader, writer = self._streams
        writer.write(_GET)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body: dict[str, Any] = json.loads(await reader.readexactly(length))
        return body

    async def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Watch:
    """All services and the broker."""

    def __init__(self, servers: str, addresses: Sequence[str]) -> None:
        """`addresses` are those of the services' health."""
        self._everybody = {address: _Asking(address) for address in addresses}
        self._away: set[str] = set()
        self._consumer = reading(servers)
        self._places: list[TopicPartition] = []
        self._why = ""
        self.ends: Offsets = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await asyncio.gather(self._consumer.stop(), *(service.close() for service in self._everybody.values()))

    def leave_out(self, address: str) -> None:
        """A service that is away on purpose is not asked, and its timers are nobody's."""
        self._away.add(address)

    def take_in(self, address: str) -> None:
        """It is there again."""
        self._away.discard(address)

    @property
    def _services(self) -> list[_Asking]:
        return [service for address, service in self._everybody.items() if address not in self._away]

    async def rest(self, step: int) -> datetime | None:
        """Return when nothing is in flight; then: the earliest timer ahead."""
        self._why = "a service does not answer"
        try:
            async with asyncio.timeout(_STUCK_AFTER):
                return await self._rest(step)
        except TimeoutError:
            raise NotQuiet(self._why) from None

    async def _rest(self, step: int) -> datetime | None:
        """When every service had nothing to do and had applied all that lay on the topics just afterwards.

        Nobody who was at rest is asked again: whoever starts to work after that has read something that did not lie
        there when the ends were asked, so the ends tell of it; and so on, and nobody can have been first. Whoever is at
        work is asked again alone, and no broker, so that asking takes no time from working.
        """
        if not self._places:
            await self._find_topics()
        services = self._services
        sayings = dict(zip(services, await asyncio.gather(*(service.ask() for service in services)), strict=True))
        ends = await self._ends()
        while True:
            await self._calm(step, sayings, ends)
            seen, ends = ends, await self._ends()
            if ends == seen:
                self.ends = ends
                return min((one.next for one in sayings.values() if one.next), default=None)

    async def _calm(self, step: int, sayings: dict["_Asking", ServiceState], ends: Offsets) -> None:
        """Until each of those who were at work has once been at rest, as far as the topics went then."""
        while waiting := {one: why for one, said in sayings.items() if (why := said.waits_for(step, ends))}:
            self._why = next(iter(waiting.values()))
            await asyncio.sleep(_PAUSE)
            sayings |= zip(waiting, await asyncio.gather(*(service.ask() for service in waiting)), strict=True)

    async def _find_topics(self) -> None:
        said = await asyncio.gather(*(service.ask() for service in self._services))
        for topic in sorted({topic for one in said for topic in one.applied}):
            await self._consumer._client.add_topic(topic)  # noqa: SLF001 - a topic that nobody subscribed is not known otherwise
            self._places += [TopicPartition(topic, n) for n in self._consumer.partitions_for_topic(topic) or ()]

    async def _ends(self) -> Offsets:
        found: dict[str, dict[str, int]] = {}
        for place, end in (await self._consumer.end_offsets(self._places)).items():
            found.setdefault(place.topic, {})[str(place.partition)] = end
        return found
