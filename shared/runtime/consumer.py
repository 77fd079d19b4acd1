"""The consumer of a service: it applies batches, parks records, and commits offsets after the database."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from uuid import NAMESPACE_OID, uuid5

import asyncpg
from aiokafka import ConsumerRecord

from shared.config import clock, fault_injection, metrics
from shared.config.log import Repeats, described, logger
from shared.config.settings import Settings
from shared.database import postgres
from shared.domain.decision import Event
from shared.events.answers import is_withheld, public_type
from shared.messaging import batch, kafka, parked, timers
from shared.messaging.context import ServiceContext
from shared.messaging.envelope import Record
from shared.messaging.timers import own_record
from shared.runtime.service import Service
from shared.runtime.stuck import Watch

log = logger(__name__)
_COMMIT_EVERY = 0.1
_LONGEST_PAUSE = 5.0
_MOST_LINES = 10  # of what one batch put aside; the rest is counted
_again = Repeats()


class OwnFaults(SystemExit):
    """Too many own decisions raised in a row: the fault is the service's, which would park everything."""


@dataclass
class Consumer:
    """The consumer of a service, which applies what the broker delivers, each batch in one transaction."""

    service: Service
    pool: asyncpg.Pool
    settings: Settings
    stop: Callable[[], None]
    applied: kafka.Offsets = field(default_factory=dict)
    committed: kafka.Offsets = field(default_factory=dict)
    batch_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    own_faults: int = 0
    may_be_parked: bool = True
    in_flight: int = 0
    failed: bool = False
    timers_moved: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Derive what every batch uses."""
        service = self.service
        self.definition, self.reader, self.parked_records = service.definition, service.reader, service.parked_records
        self.context = ServiceContext(service.name, self.pool, self.settings, self.tell)
        self.watch = Watch(self.settings.stuck_after)
        group = self.settings.group or f"rehab-{service.name}"
        instance, listens = self.settings.instance, service.listens
        self.feed = kafka.Feed(self.settings.kafka, group, instance, listens, self.receive, self.advance)

    async def receive(self, records: Sequence[ConsumerRecord]) -> None:
        """Apply a poll; it returns when the result is durable and never raises, as FastStream would read on."""
        with self.at_work():
            found = self._read(records)
            done = await self.persist(found)
            self.advance()
            self._count(found)
            await fault_injection.failpoint("after-commit")
            try:
                # what another replica applied meanwhile may be what a record was just put aside for
                await self.follow([r.key for r in (done if self.feed.reads_all else found) if r.key])
            except Exception as problem:  # noqa: BLE001 - nothing may escape; the sweep comes back to them
                log.warning("parked records wait for the sweep", problem=described(problem))
        self.context.notify_applied()

    def advance(self) -> None:
        """Note that everything before the last poll's position is applied."""
        self.applied = self.feed.position

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Count the block as work in flight, so that the service is not reported quiet."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    async def take(self, records: Sequence[ConsumerRecord]) -> list[Record]:
        """Decode records and apply them; they are durable when this returns."""
        return await self.persist(self._read(records))

    def _read(self, records: Sequence[ConsumerRecord]) -> list[Record]:
        now = clock.now()
        return [parked.read_safely(self.reader.read, kafka.raw(r), now) for r in records]

    def _count(self, records: Sequence[Record]) -> None:
        metrics.APPLIED.labels(self.service.name).inc(len(records))
        if unknown := [r for r in records if r.event is None and r.fault is None]:
            metrics.UNKNOWN.labels(self.service.name).inc(len(unknown))
            metrics.WITHHELD.labels(self.service.name).inc(sum(is_withheld(r.type_name) for r in unknown))
        if left_out := sum(r.trace_left_out for r in records):
            metrics.TRACES_LEFT_OUT.labels(self.service.name).inc(left_out)

    async def follow(self, keys: Sequence[str]) -> None:
        """Apply parked records of keys that have just advanced, as long as one of them moves."""
        while self.may_be_parked and keys:
            async with self.pool.acquire() as conn:
                records = await self.parked_records.next_in_turn(conn, keys, clock.now())
            done = await self.persist(records) if records else []
            if not done:
                return
            if len(records) < parked.MOST:
                keys = [r.key for r in done if r.key]

    async def tell(self, events: Sequence[Event]) -> None:
        """Decide own internal events now; their ids derive from their content."""
        now = clock.now()
        said = [(e, str(uuid5(NAMESPACE_OID, f"{e.type_name}/{e.to_bytes()!r}/{now.isoformat()}"))) for e in events]
        await self.persist([own_record(event, cause, cause, now) for event, cause in said])
        self.context.notify_applied()

    async def persist(self, records: Sequence[Record]) -> list[Record]:
        """Try until the records are durable and return those that were applied; offsets do not move meanwhile."""
        pause = 0.01
        with self.at_work(), self.watch.trying("batch"):
            while True:
                try:
                    async with self.batch_lock:
                        done = await self._work(records)
                except Exception as problem:  # noqa: BLE001 - nothing may escape
                    self._give_up_if_ours(problem)
                    if postgres.is_away(problem):
                        self.watch.away()
                    metrics.RETRIED.labels(self.service.name).inc()
                    if times := _again.due(f"batch {described(problem)}"):
                        log.warning("batch retried", problem=described(problem), count=len(records), attempts=times)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                else:
                    return done

    def _give_up_if_ours(self, problem: BaseException) -> None:
        """Stop the service for a wrong statement or a missing right, which do not pass by themselves."""
        if postgres.is_our_bug(problem):
            log.critical("service stops: a statement or a right is wrong", problem=described(problem))
            self._give_up()

    def _give_up(self) -> NoReturn:
        """End the process with status 3; the offsets stay, so that nothing is lost."""
        self.failed = True
        self.stop()
        raise OwnFaults(3)

    async def _work(self, records: Sequence[Record]) -> list[Record]:
        """Apply records together; halve a batch that breaks, and park a record that breaks alone."""
        try:
            return await self._transact(records)
        except Exception as problem:
            if postgres.passes(problem) or postgres.is_our_bug(problem):
                raise
            if len(records) == 1:
                await self._park(records[0], problem)
                return []
            middle = len(records) // 2
            return await self._work(records[:middle]) + await self._work(records[middle:])

    async def _transact(self, records: Sequence[Record]) -> list[Record]:
        """Apply one batch in one transaction."""
        with metrics.BATCH_SECONDS.labels(self.service.name).time():
            async with self.pool.acquire() as conn, conn.transaction():
                applied = await batch.apply(conn, self.definition, await timers.standing(conn, records), clock.now())
                await fault_injection.failpoint("before-commit")
        self._note(applied)
        return applied.done

    def _note(self, applied: batch.Batch) -> None:
        """Update metrics, logs and wake-ups after a batch."""
        self.may_be_parked = self.may_be_parked or bool(applied.parkings)
        if applied.timers or any(r.parked_id for r in applied.done):  # a parked record holds the timers of its key back
            self.timers_moved.set()
        if applied.messages:
            self.context.wake_relay()
        if applied.raised:
            metrics.RAISED.labels(self.service.name).inc(applied.raised)
        aside = [p for p in applied.parkings if p.reason != "early"]
        stuck = Counter((p.reason, public_type(p.record.type_name), p.detail) for p in aside)
        for (reason, type_name, detail), times in stuck.most_common(_MOST_LINES):
            log.warning("parked", outcome=reason, event_type=type_name, problem=detail, count=times)
        if len(stuck) > _MOST_LINES:
            log.warning("parked for other reasons, too", count=len(aside))
        self.own_faults = self.own_faults + applied.raised if not applied.decided else applied.raised
        if self.own_faults > self.settings.own_faults_allowed:
            log.critical("service stops: too many of its own decisions raised in a row", count=self.own_faults)
            self._give_up()

    async def _park(self, record: Record, problem: Exception) -> None:
        """Park a record that breaks alone: as it is, else with its texts made safe, else as a digest."""
        for park in (batch.park_alone, batch.park_safely):
            try:
                async with self.pool.acquire() as conn, conn.transaction():
                    await park(conn, self.definition, record, problem, clock.now())
            except Exception as failed:
                if postgres.passes(failed) or postgres.is_our_bug(failed):
                    raise
                self._say("parking failed", record, failed)
            else:
                self.may_be_parked = True
                self._say("parked alone", record, problem)
                self.context.wake_relay()
                return
        async with self.pool.acquire() as conn, conn.transaction():
            await batch.note_unparkable(conn, record)
        self._say("only the digest of a record could be kept", record, problem)

    def _say(self, what: str, record: Record, problem: Exception) -> None:
        """Log the first of a kind, and one a minute of those that follow."""
        kind, raw = public_type(record.type_name), record.raw
        if times := _again.due(f"{what} {kind} {described(problem)}"):
            where: dict[str, Any] = {"topic": raw.topic, "partition": raw.partition, "offset": raw.offset}
            log.warning(what, event_type=kind, problem=described(problem), count=times, **where)

    async def commit_soon(self) -> None:
        """Commit offsets every tenth of a second."""
        while True:
            await asyncio.sleep(_COMMIT_EVERY)
            await self.commit_now()

    async def commit_now(self) -> None:
        """Commit the offsets of partitions that moved."""
        moved = {place: end for place, end in self.applied.items() if self.committed.get(place) != end}
        if moved:
            await fault_injection.failpoint("before-offsets")
            self.committed |= await kafka.commit(self.feed.consumer, moved)
