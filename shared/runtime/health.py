"""The HTTP side of a service: live, ready, quiet and metrics, and behind them the service's own pages."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

import orjson
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import override

from shared.config import clock, metrics
from shared.database.postgres import session_within
from shared.messaging import kafka, timers
from shared.runtime import connections
from shared.runtime.asgi import App, Receive, Scope, Send
from shared.runtime.consumer import Consumer
from shared.runtime.leader import Leader

Answer: TypeAlias = tuple[int, dict[str, object]]

_LOOK_EVERY = 5.0
_PATIENCE = 2.0


class Server:
    """The HTTP server of one process."""

    def __init__(self, consumer: Consumer, leader: Leader) -> None:
        """Prepare the server; the service's own pages answer everything that is not about health."""
        self.consumer, self.leader = consumer, leader
        self._pages: App | None = consumer.service.web(consumer.context) if consumer.service.web else None
        self._positions = dict(consumer.applied)
        self._answers = {"/health/live": self._live, "/health/ready": self._ready, "/health/quiet": self._quiet}

    async def serve(self) -> None:
        """Serve until the service ends; without an address nothing is served."""
        if not self.consumer.settings.http:
            await asyncio.Event().wait()
        host, _, port = self.consumer.settings.http.rpartition(":")
        connections.raise_file_limit()
        config = connections.configured(self.app, host, int(port))
        await _Quietly(config).serve()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer requests about health, and pass others to the service's own pages."""
        path = scope.get("path", "")
        if answer := self._answers.get(path):
            status, body = await answer()
            await _reply(send, status, orjson.dumps(body), b"application/json")
        elif path == "/metrics":
            await self._measure()
            await _reply(send, 200, generate_latest(), CONTENT_TYPE_LATEST.encode())
        elif self._pages and scope["type"] == "http":
            await self._pages(scope, receive, send)
        elif scope["type"] == "http":
            await _reply(send, 404, b'{"title":"Not found","status":404}', b"application/problem+json")

    async def _live(self) -> Answer:
        """Return whether the consuming task runs and nothing was tried for more than a minute."""
        running = self.consumer
        stuck = await self._look()
        alive = running.feed.alive or running.feed.consumer is None
        said: dict[str, object] = {"consuming": alive, "stuck": bool(stuck), "lag": await self._lag(), "tried": stuck}
        return (200 if alive and not stuck else 503), said

    async def watch(self) -> None:
        """Look regularly, so that an outage between two requests does not count as tries."""
        while True:
            await asyncio.sleep(min(_LOOK_EVERY, self.consumer.watch.patience / 4))
            await self._look()

    async def _look(self) -> list[str]:
        """Return what is tried for too long; broker and database are asked only when something takes long."""
        running, watch = self.consumer, self.consumer.watch
        if running.applied != self._positions or not await self._lag():
            watch.worked("reading")
            self._positions = dict(running.applied)
        else:
            watch.failed("reading")
        if watch.longest() > watch.patience / 2 and not await self._both_answer():
            watch.away()
        stuck = watch.stuck()
        for what, is_stuck in stuck.items():
            metrics.STUCK.labels(running.service.name, what).set(is_stuck)
        return [what for what, is_stuck in stuck.items() if is_stuck]

    async def _both_answer(self) -> bool:
        """Return whether neither broker nor database is away."""
        return all(await asyncio.gather(self._broker_answers(), self._database_answers()))

    async def _lag(self) -> int | None:
        """Return the records of this replica's partitions that are not applied yet, None when it is not known.

        An open transaction ends a partition for now: what waits behind its first record is no lag of this service.
        """
        consumer = self.consumer.feed.consumer
        if consumer is None:
            return None
        mine = consumer.assignment()
        marks = {p: consumer.last_stable_offset(p) for p in mine}
        return sum(max(0, (end or 0) - self.consumer.applied.get(p, end or 0)) for p, end in marks.items())

    async def _ready(self) -> Answer:
        """Return whether broker and database answer."""
        broker, database = await asyncio.gather(self._broker_answers(), self._database_answers())
        leads = self.leader.leads.is_set()
        return (200 if broker and database else 503), {"broker": broker, "database": database, "leader": leads}

    async def _broker_answers(self) -> bool:
        consumer = self.consumer.feed.consumer
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_PATIENCE):
                return consumer is not None and bool(await kafka.ends_of(consumer, self.consumer.feed.places[:1]))
        return False

    async def _database_answers(self) -> bool:
        with contextlib.suppress(Exception):
            async with session_within(self.consumer.pool, _PATIENCE) as conn:
                return bool(await conn.fetchval("SELECT 1") == 1)
        return False

    async def _quiet(self) -> Answer:
        """Return everything that is still in flight, which a simulator must know before it moves the clock."""
        running, tick = self.consumer, clock.tick()
        self.leader.look(tick.step)
        applied: dict[str, dict[str, int]] = {topic: {} for topic in running.service.listens}
        for partition, offset in running.applied.items():
            applied[partition.topic][str(partition.partition)] = offset
        busy = running.in_flight + running.context.busy
        pending, due, soon, outbox = (0, 0, None, 0) if busy else await self._ahead(tick)
        return 200, {
            "service": running.service.name,
            "step": tick.step,
            "applied": applied,
            "outbox": outbox,
            "due": due,
            "busy": busy + pending,
            "next": soon.isoformat() if soon else None,
        }

    async def _ahead(self, tick: clock.Tick) -> tuple[int, int, datetime | None, int]:
        """Return the work that waits in the database: pending, due timers, the next timer, and the outbox.

        Applied offsets are read before it, and pending work before the outbox into which it turns, so that nothing is
        missed.
        """
        running = self.consumer
        async with running.pool.acquire() as conn:
            pending = await running.service.pending(conn, tick.now) if running.service.pending else 0
            ((due, soon, outbox),) = await conn.fetch(timers.SOON, tick.due)
        return pending, due, soon, outbox

    async def _measure(self) -> None:
        """Set the gauges that are read instead of counted."""
        name = self.consumer.service.name
        metrics.LAG.labels(name).set(await self._lag() or 0)
        await self._look()
        with contextlib.suppress(Exception):
            async with session_within(self.consumer.pool, _PATIENCE) as conn:
                metrics.OUTBOX.labels(name).set(await conn.fetchval("SELECT count(*) FROM outbox"))
                if unanswered := self.consumer.service.unanswered:
                    metrics.UNANSWERED.labels(name).set(await unanswered(conn, clock.now()))


class _Quietly(uvicorn.Server):
    """A server that leaves signals to the service."""

    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


async def _reply(send: Send, status: int, body: bytes, kind: bytes) -> None:
    """Send a complete answer."""
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
