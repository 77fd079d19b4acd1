"""A process of a service: consumer, leader, health, pages and own loops, until SIGTERM."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import asyncpg
import stamina
from aiokafka.admin import AIOKafkaAdminClient
from faststream import FastStream

import zonetables
from shared.config.log import Repeats, described, logger
from shared.config.settings import Settings
from shared.database import postgres
from shared.events.answers import EventWithheld, contracts_of_services
from shared.messaging import catch_up
from shared.messaging.context import ServiceContext
from shared.runtime import health
from shared.runtime.consumer import Consumer
from shared.runtime.leader import Leader
from shared.runtime.service import Service

log = logger(__name__)
_SECONDS_TO_CLOSE = 5
_again = Repeats()


class Process:
    """A service with its pool and settings; `run` ends on SIGTERM, or when a fault of our own stops the consumer."""

    def __init__(self, service: Service, pool: asyncpg.Pool, settings: Settings) -> None:
        """Compose the parts; nothing is connected before `run`."""
        self.service, self.pool = service, pool
        self.consumer = Consumer(service, pool, settings, stop=self.stop)
        self.leader = Leader(self.consumer)
        self.app = FastStream(
            self.consumer.feed.broker, lifespan=self._lifespan, on_shutdown=[self.consumer.commit_now], logger=None
        )

    def stop(self) -> None:
        """Ask the process to end."""
        self.app.exit()

    async def run(self) -> None:
        """Read the reference topics to their ends, then consume until the process is asked to end."""
        if self.service.reference:
            await self._read_reference()
        quiet_collector(makes_cycles=self.service.makes_cycles)
        await self.app.run()
        await asyncio.wait_for(self.pool.close(), _SECONDS_TO_CLOSE)
        if self.consumer.failed:
            raise SystemExit(3)

    async def _read_reference(self) -> None:
        """Read the reference topics; withheld events are read, too, as those behind them have their turn."""
        settings, service = self.consumer.settings, self.service
        received = {e.type_name: e for kinds in service.handlers.projections.values() for e in kinds}
        received |= {e.type_name: e for e in contracts_of_services(EventWithheld)}
        group = settings.group or f"rehab-{service.name}"
        await catch_up.read_reference(settings.kafka, group, service.reference, received, self.consumer.take)

    @contextlib.asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        """Run the loops while the consumer runs."""
        server = health.Server(self.consumer, self.leader)
        loops = [self.leader.lead, self.consumer.commit_soon, server.serve, server.watch, *self._own_loops()]
        tasks = [asyncio.create_task(forever(loop)) for loop in loops]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _own_loops(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """Return the service's own loops, which the leader alone runs."""

        def led(loop: Callable[[ServiceContext], Coroutine[Any, Any, None]]) -> Callable[[], Coroutine[Any, Any, None]]:
            async def run() -> None:
                await self.leader.leads.wait()
                await loop(self.consumer.context)

            run.__name__ = loop.__name__
            return run

        return [led(loop) for loop in self.service.loops]


async def run(service: Service, settings: Settings) -> None:
    """Run one process on a migrated schema until SIGTERM."""
    log.info("started", tzdata=zonetables.VERSION)
    pool = await postgres.open_pool(settings.postgres, service.name, service.name, warm=service.web is not None)
    await Process(service, pool, settings).run()


async def await_dependencies(service: Service, settings: Settings) -> None:
    """Return once broker and database answer; FastStream itself gives up on an absent broker."""
    forever: dict[str, Any] = {"attempts": None, "timeout": None, "wait_initial": 0.1, "wait_max": 2.0}
    async for attempt in stamina.retry_context(on=Exception, **forever):
        with attempt:
            await _broker_answers(settings.kafka)
    async for attempt in stamina.retry_context(on=postgres.passes, **forever):
        with attempt:
            conn = await postgres.open_session(settings.postgres, service.name, service.name)
            await conn.close()


async def _broker_answers(servers: str) -> None:
    """Raise unless a broker is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=2000)
    try:
        await admin.start()
        await admin.list_topics()
    finally:
        await admin.close()


def quiet_collector(*, makes_cycles: bool) -> None:
    """Let the collector of reference cycles run rarely.

    A batch makes tens of thousands of short-lived tuples and no cycles: looking often finds nothing. Pages and mails
    leave cycles behind, and a hundred thousand objects of those at once hold the loop for half a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000 if makes_cycles else 100_000, 50, 100)


async def forever(loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start a loop again whenever it ends."""
    while True:
        try:
            await loop()
        except Exception as problem:  # noqa: BLE001 - whatever it was
            name = getattr(loop, "__name__", "")
            if times := _again.due(f"loop {name} {described(problem)}"):
                log.warning("loop started again", verb=name, problem=described(problem), attempts=times)
            await asyncio.sleep(0.2)
