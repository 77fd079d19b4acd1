"""The leader: the one process of a service that relays, sweeps parked records and fires timers."""

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar

from aiokafka import AIOKafkaConsumer

from shared.config import clock, metrics
from shared.config.log import logger
from shared.database import postgres
from shared.database.postgres import Connection
from shared.domain.decision import EventContext
from shared.events.answers import JournalHeadAnnounced, contract_of_service
from shared.messaging import held, kafka, outbox, parked, relay, timers, unparkable
from shared.messaging.envelope import Record
from shared.runtime.consumer import Consumer

T = TypeVar("T")
log = logger(__name__)
_IDLE = 0.1  # seconds between looks when nothing wakes the relay
_TEND = 0.1
_READING = 0.004  # seconds between looks at how far the reading is, while due timers wait for it
_SLOW_SWEEP = 2.0
_LOCK = """
SELECT pg_try_advisory_lock(hashtext($1))
"""
_STOPPED = """
SELECT count(*) FROM marks WHERE stopped
"""
_HEAD_SAID = """
SELECT max(at) FROM (
    SELECT at FROM outbox WHERE type = $1
    UNION ALL
    (SELECT at FROM journal WHERE type = $1 ORDER BY seq DESC LIMIT 1)
) AS said
"""
_PARKED = """
SELECT reason, count(*), extract(epoch FROM clock_timestamp() - min(parked_at))::float AS age FROM parked
GROUP BY reason
"""


class Leader:
    """The loops that only the leading process of a service runs."""

    def __init__(self, consumer: Consumer) -> None:
        """Start without the lock; `lead` acquires it."""
        self.consumer = consumer
        self.leads = asyncio.Event()
        self._ends: kafka.Offsets | None = None
        self._sampled_at: datetime | None = None
        self._swept_to = ""
        self._step = -1
        self._head_said: date | None = None
        self._look = consumer.timers_moved
        self._look.set()

    def look(self, step: int) -> None:
        """Look at the timers at once if the stepped clock moved."""
        if step != self._step:
            self._look.set()

    async def lead(self) -> None:
        """Wait for the lock, then relay and sweep until either fails; the end of the session releases the lock."""
        running = self.consumer
        name = running.service.name
        conn = await postgres.open_session(
            running.settings.postgres,
            name,
            name,
            idle_session_timeout="10s",
            statement_timeout="10s",
            synchronous_commit="off",
            enable_seqscan="off",  # a plan that was made for an empty outbox must do for a full one
        )
        try:
            while not await conn.fetchval(_LOCK, name):
                running.watch.worked("wave")  # from now on another process tries
                running.watch.worked("sweep")
                await asyncio.sleep(0.2)
            self.leads.set()
            metrics.LEADER.labels(name).set(1)
            async with kafka.metadata_consumer(running.settings.kafka) as asking, asyncio.TaskGroup() as group:
                group.create_task(self._watched("wave", self._relay(conn)))
                group.create_task(self._watched("sweep", self._serve(asking)))
        finally:
            self.leads.clear()
            metrics.LEADER.labels(name).set(0)
            with contextlib.suppress(Exception):
                await conn.close(timeout=1)

    async def _relay(self, conn: Connection) -> None:
        """Send the outbox; hold a row that is refused for its content, and let any other error release the lock."""
        halving = relay.Halving()
        while True:
            try:
                await self._send(conn, halving)
            except relay.WaveRefused as refused:
                if halving.refused(len(refused.seqs)):
                    await self._hold(conn, refused)

    async def _send(self, conn: Connection, halving: relay.Halving) -> NoReturn:
        """Send batch after batch with one producer."""
        running, wake = self.consumer, self.consumer.context.relay_wake
        source = f"/rehab/{running.service.name}".encode()
        _, head = await relay.journal_head(conn)
        async with kafka.started_producer(running.settings.kafka) as producer:
            while True:
                wake.clear()
                most = halving.most
                head, sent = await _unbroken(relay.relay_once(conn, producer, source, head, most))
                halving.sent(sent)
                running.watch.worked("wave")
                metrics.SENT.labels(running.service.name).inc(sent)
                if sent < most:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(wake.wait(), _IDLE)

    async def _hold(self, conn: Connection, refused: relay.WaveRefused) -> None:
        """Hold the refused row, so that all others are sent."""
        event = await relay.hold(conn, self.consumer.service.name, refused.seqs[0], refused.why)
        if event:
            log.critical("a row is held: the broker refuses it", event_id=event.held_id, event_type=event.was_type)

    async def _watched(self, what: str, loop: Coroutine[Any, Any, None]) -> None:
        """Note the failure of a loop that is started again."""
        try:
            await loop
        except Exception:
            self.consumer.watch.failed(what)
            raise

    async def _serve(self, asking: AIOKafkaConsumer) -> None:
        """Fire timers, and sweep parked records every two seconds."""
        loop = asyncio.get_running_loop()
        slow_at = 0.0
        while True:
            asked = await self._pause()
            tick = clock.tick()
            if asked or tick.step != self._step:
                await self._wake_timers(tick, asking)
            if loop.time() >= slow_at:
                await self._sweep()
                self.consumer.watch.worked("sweep")
                slow_at = loop.time() + _SLOW_SWEEP

    async def _pause(self) -> bool:
        """Wait for the next look; return whether to look at timers even if the stepped clock has not moved."""
        if not clock.is_stepped():
            await asyncio.sleep(_TEND)
            return True
        if self._ends is not None:
            await asyncio.sleep(_READING)
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._look.wait(), _TEND)
        asked = self._look.is_set()
        self._look.clear()
        return asked

    async def _wake_timers(self, tick: clock.Tick, asking: AIOKafkaConsumer) -> None:
        """Apply due timers; a step of the stepped clock is done when none is left."""
        while records := await self._due_timers(tick, asking):
            with self.consumer.at_work():
                await self.consumer.persist(records)
                await self.consumer.follow([r.key for r in records if r.key])
            self.consumer.context.notify_applied()
        if self._ends is None:
            self._step = tick.step

    async def _due_timers(self, tick: clock.Tick, asking: AIOKafkaConsumer) -> list[Record]:
        """Return due timers, once everything that was produced before they were due has been read."""
        running, consumer = self.consumer, self.consumer.feed.consumer
        if consumer is None:
            return []
        async with running.pool.acquire() as conn:
            if not await timers.is_due(conn, tick.due):
                self._ends = None
                return []
            if self._ends is None:
                self._ends, self._sampled_at = await kafka.ends_of(asking, running.feed.places), tick.due
            if not await kafka.reached(consumer, self._ends, running.applied):
                return []
            self._ends = None
            return await timers.due(conn, self._sampled_at or tick.due, running.reader.types, tick.now)

    async def _sweep(self) -> None:
        """Apply parked records whose back-off is over, look at a page of keys, and measure."""
        running, now = self.consumer, clock.now()
        async with running.pool.acquire() as conn:
            due = await running.parked_records.due(conn, now) if running.may_be_parked else []
            keys = await parked.keys_after(conn, self._swept_to) if running.may_be_parked else []
            await self._measure(conn)
            await self._announce_head(conn, now)
        if due and await running.persist(due):
            running.context.notify_applied()
        self._swept_to = keys[-1] if keys else ""
        await running.follow(keys)

    async def _measure(self, conn: Connection) -> None:
        """Set the gauges of parked records, stopped keys and held rows."""
        name = self.consumer.service.name
        rows = await conn.fetch(_PARKED)
        found = {reason: (count, age) for reason, count, age in rows}
        for reason in ("early", "raised", "unreadable", "forked"):
            metrics.PARKED.labels(name, reason).set(found.get(reason, (0, 0))[0])
        ages = [age for reason, (_, age) in found.items() if reason != "early"]
        metrics.PARKED_OLDEST.labels(name).set(max(ages, default=0))
        metrics.STOPPED.labels(name).set(await conn.fetchval(_STOPPED))
        metrics.HELD.labels(name).set(await conn.fetchval(held.COUNT))
        metrics.UNPARKABLE.labels(name).set(await conn.fetchval(unparkable.COUNT))
        self.consumer.may_be_parked = bool(rows)

    async def _announce_head(self, conn: Connection, now: datetime) -> None:
        """Announce the head of the journal once a day, so that somebody outside can verify it."""
        name, today = self.consumer.service.name, now.date()
        kind = contract_of_service(name, JournalHeadAnnounced)
        if self._head_said is None and (at := await conn.fetchval(_HEAD_SAID, kind.type_name)):
            self._head_said = datetime.fromisoformat(at).date()
        if self._head_said == today:
            return
        seq, head = await relay.journal_head(conn)
        if head:
            event_context = EventContext(f"journal/{seq}", f"journal/{seq}", name, now, now)
            event = kind(service=name, seq=seq, sha256=head.hex())
            async with conn.transaction():
                await outbox.announce(conn, [outbox.message_of(event, event_context)])
            self.consumer.context.wake_relay()
        self._head_said = today


async def _unbroken(wave: Coroutine[Any, Any, T]) -> T:
    """Finish a batch before the task is cancelled: what was sent and not moved would be sent again."""
    task = asyncio.ensure_future(wave)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
