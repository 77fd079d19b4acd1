"""The toy on a real database inside the test: batches are handed to it as the broker would hand them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast

from shared.config import clock
from shared.config.settings import Settings
from shared.database import postgres
from shared.domain.decision import Event
from shared.messaging.envelope import Raw, Record
from shared.runtime import operator_commands
from shared.runtime.process import Process
from shared.runtime.service import Service
from tests.toy.app import service as toy
from tests.toy.letters import Desk, Letter, laid

NOWHERE = "127.0.0.1:1"


class Word(NamedTuple):
    """What the toy announced."""

    topic: str
    key: str
    sequence: int
    type: str
    payload: str
    cause: str
    after: str


class Inside:
    """One process of the toy whose broker is the test."""

    def __init__(self, process: Process) -> None:
        """Nothing was heard yet."""
        self.process, self.running, self.pool = process, process.consumer, process.pool
        self.desk = Desk()

    async def get(self, *letters: Letter) -> list[Raw]:
        """One batch."""
        raws = laid(letters)
        await self.get_again(raws)
        return raws

    async def get_again(self, raws: Sequence[Raw]) -> None:
        """The same records from the same places."""
        await self.running.receive(cast("Any", raws))

    async def hear(self, *events: Event) -> list[Raw]:
        """One batch of what others announce now."""
        return await self.get(*(self.desk.write(e) for e in events))

    def read(self, *raws: Raw) -> list[Record]:
        """As the toy reads them."""
        return [self.running.reader.read(raw, clock.now()) for raw in raws]

    async def ticks(self) -> dict[str, int]:
        """All counters."""
        rows = await self.pool.fetch("SELECT counter_id, ticks FROM counters")
        return {key: ticks for key, ticks in rows}  # noqa: C416 - rows are no pairs to the type checker

    async def tick_of(self, key: str) -> int:
        """One counter."""
        return (await self.ticks()).get(key, 0)

    async def words(self, kind: str = "%") -> list[Word]:
        """Return what was announced, in order."""
        statement = (
            "SELECT topic, key, sequence, type, payload, cause, after FROM outbox WHERE type LIKE $1 ORDER BY seq"
        )
        return [Word(*row) for row in await self.pool.fetch(statement, kind)]

    async def parked(self) -> list[dict[str, Any]]:
        """Return what is put aside, oldest places first."""
        rows = await self.pool.fetch('SELECT * FROM parked ORDER BY topic, key, sequence, "offset"')
        return [dict(row) for row in rows]

    async def reasons(self) -> dict[int, str]:
        """Why, by place in the key."""
        return {row["sequence"]: row["reason"] for row in await self.parked()}

    async def marks(self) -> dict[tuple[str, str], int]:
        """Where every key stands."""
        rows = await self.pool.fetch("SELECT topic, key, sequence FROM marks")
        return {(topic, key): sequence for topic, key, sequence in rows}

    async def as_owner(self, statement: str) -> None:
        """Change what the service itself cannot change: its tables."""
        owner = f"{self.running.service.name}_owner"
        conn = await postgres.open_session(self.running.settings.postgres, owner, self.running.service.name)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def sweep(self) -> None:
        """What the leader does now and then."""
        self.running.may_be_parked = True
        await self.process.leader._sweep()

    async def be_patient(self) -> None:
        """All back-offs are over."""
        await self.pool.execute("UPDATE parked SET retry_at = $1 WHERE retry_at IS NOT NULL", clock.now())

    async def replay(self, parked_id: Any) -> None:
        """The operator's verb, and what the running service then does."""
        await operator_commands.replay(self.running.service, self.running.context, parked_id)
        await self.sweep()

    async def discard(self, parked_id: Any) -> None:
        """The operator's verb, and what the running service then does."""
        await operator_commands.discard(self.running.service, self.running.context, parked_id, "TEST")
        await self.sweep()


@asynccontextmanager
async def inside(url: str, service: Service = toy, kafka: str = NOWHERE, **settings: Any) -> AsyncIterator[Inside]:
    """Signed in as the runtime role; closed afterwards."""
    pool = await postgres.open_pool(url, service.name, service.name)
    try:
        yield Inside(Process(service, pool, Settings(kafka=kafka, postgres=url, http="", **settings)))
    finally:
        pool.terminate()
