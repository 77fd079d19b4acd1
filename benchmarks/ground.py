"""The ground that all contenders run on: a durable broker and database of their own, topics filled once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer
from uuid_utils import uuid7

from deploy.local import rights
from deploy.local.kafka import Broker
from deploy.local.postgres import Postgres
from deploy.local.topics import create_topics, delete_topics
from shared.database.migrate import MECHANISM, migrate

TOY = Path(__file__).parent.parent / "tests" / "toy" / "migrations"
SERVICES = Path(__file__).parent.parent / "services"
NOTE = "x" * 120
_numbers = count(1)


@dataclass
class Ground:
    """Broker and database; whoever opens it closes it."""

    broker: Broker
    postgres: Postgres

    @classmethod
    def open(cls, folder: Path) -> "Ground":
        """Start both, durable as in production."""
        ground = cls(Broker(folder / "kafka"), Postgres(folder / "postgres", guests=True))
        ground.broker.start()
        ground.postgres.start()
        return ground

    def close(self) -> None:
        """Nothing is left running."""
        self.broker.stop()
        self.postgres.stop()

    async def database(self) -> str:
        """An empty database with the toy's tables."""
        url = rights.address(self.postgres.url, database=f"bench_{next(_numbers)}")
        await rights.prepare_roles(url, ("toy",))
        await rights.prepare_database(url, ("toy",))
        await migrate(url, "toy_owner", "toy", [MECHANISM, TOY])
        return url

    async def service_database(self, name: str) -> str:
        """An empty database with a service's tables and the vault."""
        url = rights.address(self.postgres.url, database=f"bench_{next(_numbers)}")
        await rights.prepare_roles(url)
        await rights.prepare_database(url)
        await migrate(url, "vault_owner", "vault", [MECHANISM / "vault"])
        await migrate(url, f"{name}_owner", name, [MECHANISM, SERVICES / name / "migrations"])
        return url

    async def drop(self, url: str) -> None:
        """Away with it."""
        name = url.partition("?")[0].rpartition("/")[2]
        conn = await asyncpg.connect(rights.address(url, database="postgres", user="postgres"))
        await conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await conn.close()

    async def fresh_topics(self, names: Sequence[str]) -> None:
        """Empty, four partitions each."""
        await delete_topics(self.broker.servers, names)
        await _retried(lambda: create_topics(self.broker.servers, names, 4))

    async def fill(self, keys: int, total: int) -> None:
        """`total` ticks over so many counters, in the envelope that every contender reads."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.broker.servers, enable_idempotence=True, linger_ms=5, max_batch_size=256 * 1024
        )
        await producer.start()
        for n in range(total):
            key = f"0190c0de-1234-7abc-8def-{n % keys:012d}"
            value = f'{{"counter_id":"{key}","note":"{NOTE}"}}'.encode()
            await producer.send("toy-in", value, key.encode(), headers=_headers(n // keys + 1))
        await producer.stop()


def _headers(sequence: int) -> list[tuple[str, bytes]]:
    """A CloudEvent of the toy."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid7()).encode()),
        ("ce_source", b"/bench"),
        ("ce_type", b"rehab.toyin.ticked.v1"),
        ("ce_time", b"2024-11-01T12:00:00+00:00"),
        ("ce_sequence", str(sequence).encode()),
    ]


async def _retried(attempt: Callable[[], Awaitable[object]]) -> None:
    """A deleted topic takes a moment to be gone."""
    for _ in range(50):
        try:
            await attempt()
        except Exception:  # noqa: BLE001 - whatever the broker says while it deletes
            await asyncio.sleep(0.2)
        else:
            return
    await attempt()
