"""The toy as processes of their own, on a real broker: started, killed, frozen, asked for their health."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from http.client import HTTPConnection, HTTPException
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deploy.local import ports
from deploy.local.processes import Process
from shared.database.postgres import as_role
from shared.messaging.position import read_up_to, reading
from tests.toy.letters import Desk, Letter, post

TOPICS = ("toy-in", "toy-side", "toy-foreign")


async def until(condition: Callable[[], Awaitable[object]], within: float = 30) -> None:
    """As soon as it holds."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.05)


class Instance(Process):
    """One process of the toy."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        """Its health is at an address of its own."""
        self.address = f"127.0.0.1:{ports.free_port()}"
        everything = {**os.environ, "REHAB_CLOCK": "real", **env, "REHAB_HTTP": self.address}
        super().__init__("toy", [sys.executable, "-m", "tests.toy.app", "run"], log=log, env=everything)

    def _ask(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection(self.address, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    async def ask(self, path: str) -> tuple[int, str]:
        """Status and body; 0 where nobody answers."""
        return await asyncio.to_thread(self._ask, path)

    async def health(self, name: str) -> tuple[int, dict[str, Any]]:
        """Return what it says of itself."""
        status, body = await self.ask(f"/health/{name}")
        return status, json.loads(body or "{}")

    async def metric(self, name: str) -> float:
        """The first sample whose line starts so."""
        _, body = await self.ask("/metrics")
        found = [line.rpartition(" ")[2] for line in body.splitlines() if line.startswith(name)]
        return float(found[0]) if found else 0.0

    async def is_ready(self) -> bool:
        """Broker and database answer."""
        self.expect_alive()
        return (await self.health("ready"))[0] == 200

    async def leads(self) -> bool:
        """Relay, sweep and timers are this process's."""
        self.expect_alive()
        return bool((await self.health("ready"))[1].get("leader"))

    async def ended(self) -> bool:
        """It is gone."""
        return not self.is_alive()


class Place(NamedTuple):
    """Where one test plays: broker, database, topics and a group of its own."""

    kafka: str
    postgres: str
    suffix: str
    folder: Path

    @property
    def topics(self) -> list[str]:
        """Return what the toy listens to here."""
        return [topic + self.suffix for topic in TOPICS]


class Outside:
    """A test's own toy service: any number of processes, and what a watcher from outside sees."""

    def __init__(self, place: Place) -> None:
        """Nothing runs yet."""
        self.place = place
        self.desk = Desk(place.suffix)
        self.instances: list[Instance] = []
        self.group = f"toy-{uuid4()}"

    def new(self, name: str = "0", **env: str) -> Instance:
        """One more process."""
        place = self.place
        base = {
            "REHAB_KAFKA": place.kafka,
            "REHAB_POSTGRES": place.postgres,
            "REHAB_INSTANCE": name,
            "REHAB_GROUP": self.group,
            "TOY_SUFFIX": place.suffix,
        }
        instance = Instance(base | env, place.folder / f"{name}.log")
        self.instances.append(instance)
        instance.start()
        return instance

    async def ready(self, name: str = "0", **env: str) -> Instance:
        """One more process that takes work."""
        instance = self.new(name, **env)
        await until(instance.is_ready)
        return instance

    def close(self) -> None:
        """Nothing is left."""
        for instance in self.instances:
            if instance.is_alive():
                instance.resume()
                instance.kill()

    async def post(self, *letters: Letter, partition: int | None = None) -> None:
        """Onto the topics."""
        await post(self.place.kafka, letters, partition)

    async def query(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Return what the database says."""
        conn = await asyncpg.connect(
            as_role(self.place.postgres, "toy"), server_settings={"search_path": "toy"}, timeout=5
        )
        try:
            return await conn.fetch(statement, *values)
        finally:
            await conn.close()

    async def as_owner(self, statement: str) -> None:
        """Change what the service itself cannot change: its tables."""
        conn = await asyncpg.connect(
            as_role(self.place.postgres, "toy_owner"), server_settings={"search_path": "toy"}, timeout=5
        )
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def value(self, statement: str, *values: object) -> Any:
        """One value of it."""
        rows = await self.query(statement, *values)
        return rows[0][0] if rows else None

    async def ticks(self) -> dict[str, int]:
        """All counters."""
        return {key: ticks for key, ticks in await self.query("SELECT counter_id, ticks FROM counters")}  # noqa: C416 - rows are no pairs to the type checker

    async def counted(self, total: int, within: float = 30) -> None:
        """All counters together have come so far, and everything is sent."""

        async def there() -> bool:
            done = await self.value("SELECT coalesce(sum(ticks), 0) FROM counters")
            return done >= total and not await self.value("SELECT count(*) FROM outbox")

        try:
            await until(there, within)
        except TimeoutError:
            now = await self.query("SELECT sum(ticks), count(*), (SELECT count(*) FROM outbox) FROM counters")
            logs = "\n".join(i.log.read_text()[-1500:] for i in self.instances)
            raise AssertionError(f"counted {now} of {total}\n{logs}") from None

    async def all_sent(self) -> bool:
        """Return whether the relay has passed on everything that was announced."""
        return not await self.value("SELECT count(*) FROM outbox")

    async def said(self) -> list[ConsumerRecord]:
        """Every record that was announced under a key of this database, as an outside reader sees it."""
        rows = await self.query("SELECT DISTINCT key FROM streams WHERE key <> 'toy'")  # each test has a journal
        keys = {key.encode() for (key,) in rows}
        return [r for r in await read_all(self.place.kafka, ["rehab-toy"]) if r.key in keys]


async def read_all(servers: str, topics: list[str]) -> list[ConsumerRecord]:
    """From the beginning to the end as it is now."""
    consumer = reading(servers)
    await consumer.start()
    try:
        found: list[ConsumerRecord] = []
        partitions = [TopicPartition(t, p) for t in topics for p in await _partitions(consumer, t)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        async for more in read_up_to(consumer, ends):
            found += chain.from_iterable(more.values())
        return found
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    found: set[int] = set()
    while not found:
        await consumer._client.force_metadata_update()
        found = await consumer._client._wait_on_metadata(topic) or set()
    return sorted(found)


class Sum(NamedTuple):
    """What a reader of the announcements finds."""

    first: int
    repeats: int
    faults: list[str]


def summed(records: list[ConsumerRecord]) -> Sum:
    """Per key the first occurrences must be 1, 2, 3…; a repeat must be the same event."""
    last: Counter[bytes] = Counter()
    known: dict[tuple[bytes, int], bytes] = {}
    repeats, faults = 0, []
    for record in records:
        headers = dict(record.headers)
        sequence, event_id = int(headers["ce_sequence"]), headers["ce_id"]
        place = record.key, sequence
        if place in known:
            repeats += 1
            if known[place] != event_id:
                faults.append(f"{place} is two events")
            continue
        known[place] = event_id
        if sequence != last[record.key] + 1:
            faults.append(f"{place} follows {last[record.key]}")
        last[record.key] = sequence
    return Sum(len(known), repeats, faults)
