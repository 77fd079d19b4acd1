"""A service assembled: what it listens to, what it decides, and the operator's verbs."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import stamina
import uvloop
from aiokafka.admin import AIOKafkaAdminClient

import zonetables
from shared import catchup, health, log, migrate, operate, postgres
from shared.events.answers import EventWithheld, contracts_of_services
from shared.handlers import AggregateStore, Handlers
from shared.office import ServiceContext
from shared.parked import Guard, ParkedRecords
from shared.postgres import Connection
from shared.reader import Reader
from shared.running import Running, quiet_collector
from shared.settings import Settings
from shared.work import Seal, ServiceDefinition

Verb: TypeAlias = Callable[[ServiceContext, Sequence[str]], Awaitable[None]]
VAULT = migrate.MECHANISM / "vault"


@dataclass(frozen=True)
class Service:
    """Assembly; `main` offers run, migrate, the operator's verbs (shared.operate) and the service's own."""

    name: str
    listens: tuple[str, ...]
    kinds: tuple[AggregateStore[Any], ...]
    handlers: Handlers
    folder: Path
    foreign: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    compacted: tuple[str, ...] = ()
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    loops: tuple[Callable[[ServiceContext], Coroutine[Any, Any, None]], ...] = ()
    web: Callable[[ServiceContext], health.App] | None = None
    pending: Callable[[Connection, datetime], Awaitable[int]] | None = None
    unanswered: Callable[[Connection, datetime], Awaitable[int]] | None = None
    seal: Seal | None = None
    guard: Guard | None = None
    rings: bool = False  # writes pages or mails, which leave rings of objects behind

    @property
    def duty(self) -> ServiceDefinition:
        """What a batch must know."""
        return ServiceDefinition(
            self.name,
            frozenset(self.listens),
            frozenset(self.compacted),
            self.kinds,
            self.handlers,
            self.seal,
            self.guard,
        )

    @property
    def reader(self) -> Reader:
        """How its records are read."""
        return Reader(self.handlers.types, frozenset(self.listens), frozenset(self.foreign))

    @property
    def shelf(self) -> ParkedRecords:
        """How its parked records are read again."""
        return ParkedRecords(self.reader.read, self.guard)

    async def migrate(self, settings: Settings) -> None:
        """Bring the service's schema up to date, and the vault's where the service uses it."""
        folders = [migrate.MECHANISM, self.folder / "migrations"]
        await migrate.migrate(settings.postgres, f"{self.name}_owner", self.name, folders)
        if self.seal or self.guard:
            await migrate.migrate(settings.postgres, "vault_owner", "vault", [VAULT])

    async def run(self, settings: Settings) -> None:
        """Until SIGTERM: wait for broker and database, migrate, read reference data, then everything else."""
        await self._await_dependencies(settings)
        await self.migrate(settings)
        log.logger(__name__).info("started", tzdata=zonetables.VERSION)
        pool = await postgres.open_pool(settings.postgres, self.name, self.name, warm=self.web is not None)
        running = Running(self, pool, settings)
        if self.reference:
            received = {e.type_name: e for kinds in self.handlers.projections.values() for e in kinds}
            received |= {
                e.type_name: e for e in contracts_of_services(EventWithheld)
            }  # what stands behind one has its turn
            group = settings.group or f"rehab-{self.name}"
            await catchup.read_reference(settings.kafka, group, self.reference, received, running.take)
        quiet_collector(rings=self.rings)
        await running.app.run()
        await asyncio.wait_for(pool.close(), 5)
        if running.failed:
            raise SystemExit(3)

    async def _await_dependencies(self, settings: Settings) -> None:
        """FastStream gives up at once when the broker is away: ask first, as long as it takes."""
        forever: dict[str, Any] = {"attempts": None, "timeout": None, "wait_initial": 0.1, "wait_max": 2.0}
        async for attempt in stamina.retry_context(on=Exception, **forever):
            with attempt:
                await _broker_answers(settings.kafka)
        async for attempt in stamina.retry_context(on=postgres.passes, **forever):
            with attempt:
                conn = await postgres.open_session(settings.postgres, self.name, self.name)
                await conn.close()

    async def at_desk(self, settings: Settings, verb: Verb, arguments: Sequence[str]) -> None:
        """A verb beside the running service: same database, same rules, no topics."""
        await self.migrate(settings)
        pool = await postgres.open_pool(settings.postgres, self.name, self.name, size=2)
        try:
            await verb(Running(self, pool, settings).office, arguments)
        finally:
            await pool.close()

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """The command line."""
        verb, *rest = arguments or sys.argv[1:] or ["run"]
        settings = Settings()
        log.set_up(self.name, settings.instance, settings.log_level)
        own: dict[str, Verb] = {**operate.verbs(self), **self.verbs}
        actions: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "run": lambda: self.run(settings),
            "migrate": lambda: self.migrate(settings),
            **{name: lambda name=name: self.at_desk(settings, own[name], rest) for name in own},  # type: ignore[misc]  # a default of a lambda has no annotation
        }
        if verb not in actions:
            raise SystemExit(f"{self.name}: no verb {verb!r}; there are: {', '.join(actions)}")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(actions[verb]())


async def _broker_answers(servers: str) -> None:
    """Raises unless a broker is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=2000)
    try:
        await admin.start()
        await admin.list_topics()
    finally:
        await admin.close()
