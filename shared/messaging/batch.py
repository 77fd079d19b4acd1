"""The transaction of a batch: classify, project, load, decide, save, advance the marks, announce and park."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from shared.config.log import described
from shared.database.postgres import Connection, expect
from shared.domain.decision import Decision, Event, EventContext, Outcome, Refusal, SetTimer
from shared.events.answers import EventParked, contract_of_service, public_key, public_type
from shared.messaging import inbox, outbox, parked, timers, unparkable
from shared.messaging.envelope import Record
from shared.messaging.handlers import AggregateStore, BatchState, FactLoader, Handlers, Held, ReceivedEvent
from shared.messaging.inbox import Marks, Verdict
from shared.messaging.outbox import OutboxMessage
from shared.messaging.parked import Guard, ParkedNotice, Parking

Seal: TypeAlias = Callable[[Connection, Sequence[OutboxMessage]], Awaitable[Sequence[OutboxMessage]]]
_REASONS = {Verdict.EARLY: "early", Verdict.DIVERGED: "forked", Verdict.REUSED: "unreadable"}
_DETAILS = {
    Verdict.DIVERGED: "this place of the key belongs to another event",
    Verdict.REUSED: "this id was used for another claim: send it again under an id of its own",
}
_NOTHING = object()
_MOST_STEPS = 10_000  # own next steps of one event: beyond is a loop


class Split(Exception):  # noqa: N818 - what to do, not what went wrong
    """A record was projected whose decision then raised; the batch must be applied in parts."""


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """The parts of a service's declaration that a batch needs."""

    name: str
    listens: frozenset[str]
    compacted: frozenset[str]
    kinds: tuple[AggregateStore[Any], ...]
    handlers: Handlers
    seal: Seal | None = None
    guard: Guard | None = None


@dataclass(slots=True)
class Batch:
    """The state of a batch: loaded aggregates, and what its decisions have changed so far."""

    marks: Marks
    held: Held
    states: dict[type[Event], BatchState[Any]]
    done: list[Record] = field(default_factory=list)
    decided: int = 0
    raised: int = 0
    parkings: list[Parking] = field(default_factory=list)
    messages: list[OutboxMessage] = field(default_factory=list)
    changed: dict[type[Any], dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    timers: dict[tuple[str, str], tuple[SetTimer, EventContext]] = field(default_factory=dict)
    rollbacks: list[str] = field(default_factory=list)


async def apply(conn: Connection, definition: ServiceDefinition, records: Sequence[Record], now: datetime) -> Batch:
    """Apply new records, drop duplicates and park the others, inside the caller's transaction."""
    marks = await inbox.read_marks(conn, records, definition.listens, definition.compacted)
    ordered, fresh = _ordered(records, marks.copy())
    await project(conn, definition.handlers, fresh)
    batch = await _prepare(conn, definition, fresh, marks)
    for record in ordered:
        _apply_record(record, definition, batch)
    _check_projected(fresh, batch, definition.handlers)
    await _write(conn, definition, batch, now)
    return batch


def _ordered(records: Sequence[Record], marks: Marks) -> tuple[list[Record], list[Record]]:
    """Return the records with each behind those it waits for, and those that are applied if none raises."""
    ordered: list[Record] = []
    planned: list[Record] = []
    waiting: Sequence[Record] = records
    while waiting:
        early: list[Record] = []
        for record in waiting:
            if (verdict := marks.classify(record)) is Verdict.EARLY:
                early.append(record)
                continue
            ordered.append(record)
            if verdict is Verdict.FRESH and record.fault is None:
                marks.skip(record)
                planned.append(record)
        if len(early) == len(waiting):
            break
        waiting = early
    return [*ordered, *waiting], [r for r in planned if r.event is not None]


async def project(conn: Connection, handlers: Handlers, fresh: Sequence[Record]) -> None:
    """Apply projections before decisions, so that the batch's decisions see them."""
    for keep_them, kinds in handlers.projections.items():
        if found := [_received(r, r.event) for r in fresh if r.event is not None and type(r.event) in kinds]:
            await keep_them(conn, found)


def _received(record: Record, event: Event) -> ReceivedEvent:
    return ReceivedEvent(
        event,
        record.event_id,
        record.causation_id,
        record.correlation,
        record.topic,
        record.key or "",
        record.sequence,
        record.at,
        record.read_at,
    )


async def _prepare(conn: Connection, definition: ServiceDefinition, fresh: Sequence[Record], marks: Marks) -> Batch:
    """Load the facts, then the aggregates that events and facts name, each type with one statement."""
    rules = definition.handlers.rules
    decided = [r.event for r in fresh if r.event is not None and type(r.event) in rules]
    asking: dict[FactLoader[Event, Any], list[Event]] = defaultdict(list)
    for event in decided:
        asking[rules[type(event)].facts].append(event)
    facts = {ask: await ask(conn, events) for ask, events in asking.items()}
    wanted: dict[AggregateStore[Any], set[str]] = defaultdict(set)
    for event in decided:
        rule = rules[type(event)]
        for touched, key in rule.aggregates(event, facts[rule.facts]):
            wanted[touched].add(key)
    held: Held = {k.type: await _load(conn, k, wanted[k]) for k in definition.kinds}
    batch = Batch(marks, held, {})
    batch.states = {
        kind: BatchState(held, facts[rules[kind].facts], batch.rollbacks) for kind in {type(e) for e in decided}
    }
    return batch


async def _load(conn: Connection, kind: AggregateStore[Any], keys: set[str]) -> dict[str, Any]:
    """Load aggregates by key, with None for those that do not exist."""
    found: dict[str, Any] = dict.fromkeys(keys)
    if keys:
        found |= {a.id: a for a in await kind.load(conn, sorted(keys))}
    return found


def _apply_record(record: Record, definition: ServiceDefinition, batch: Batch) -> None:
    verdict = batch.marks.classify(record)
    if verdict is Verdict.DUPLICATE:
        batch.done.append(record)
    elif verdict is Verdict.FRESH and record.fault is None:
        _decide(record, definition, batch)
    elif verdict is Verdict.FRESH:
        batch.parkings.append(Parking(record, "unreadable", record.fault or "", {}))
    else:
        _park_record(record, verdict, batch)


def _park_record(record: Record, verdict: Verdict, batch: Batch) -> None:
    """Park a record that cannot be applied yet, or never."""
    waits = batch.marks.waits_for(record) if verdict is Verdict.EARLY else {}
    if verdict is Verdict.DIVERGED:
        batch.marks.stop(record)
    batch.parkings.append(Parking(record, _REASONS[verdict], _DETAILS.get(verdict, ""), waits))


class _Attempt:
    """The decisions on one event, which are recorded or rolled back as a whole."""

    __slots__ = ("batch", "before", "event_context", "said")

    def __init__(self, batch: Batch, event_context: EventContext) -> None:
        self.batch, self.event_context, self.said = batch, event_context, len(batch.messages)
        self.before: list[tuple[dict[Any, Any], Any, Any]] = []

    def record(self, outcome: Outcome) -> None:
        """Record an outcome, so that later decisions of the batch see it."""
        batch, event_context = self.batch, self.event_context
        for aggregate in outcome.changed:
            self._set(batch.held[type(aggregate)], aggregate.id, aggregate)
            self._set(batch.changed[type(aggregate)], aggregate.id, aggregate)
        for event in outcome.events:
            batch.messages.append(outbox.message_of(event, event_context))
        for arm in outcome.timers:
            self._set(batch.timers, (arm.key, arm.name), (arm, event_context))

    def _set(self, where: dict[Any, Any], key: object, value: object) -> None:
        """Set a value and remember the one before."""
        self.before.append((where, key, where.get(key, _NOTHING)))
        where[key] = value

    @property
    def is_silent(self) -> bool:
        """True while nothing was announced."""
        return len(self.batch.messages) == self.said

    def roll_back(self) -> None:
        """Undo everything that the attempt recorded."""
        self.batch.rollbacks.append(self.event_context.event_id)
        del self.batch.messages[self.said :]
        for where, key, value in reversed(self.before):
            if value is _NOTHING:
                del where[key]
            else:
                where[key] = value


def _decide(record: Record, definition: ServiceDefinition, batch: Batch) -> None:
    """Decide on an event; if the decision raises, park this event alone and leave its mark where it is."""
    event = record.event
    if event is not None and type(event) in definition.handlers.rules:
        attempt = _Attempt(batch, record.context)
        try:
            _decide_steps(event, definition, attempt)
        except Exception as problem:  # noqa: BLE001 - whatever a decision raises is parked with it
            attempt.roll_back()
            batch.raised += 1
            batch.parkings.append(Parking(record, "raised", described(problem), {}))
            return
        batch.decided += 1
    batch.marks.move(record)
    batch.done.append(record)


def _decide_steps(event: Event, definition: ServiceDefinition, attempt: _Attempt) -> None:
    """Decide on an event and then on the own events that follow from it."""
    state = attempt.batch.states[type(event)]
    steps = [event]
    for step in steps:
        decision: Decision = definition.handlers.rules[type(step)].decide(step, state, attempt.event_context)
        if isinstance(decision, Refusal):
            _refuse(decision, event, definition, attempt)
            continue
        attempt.record(decision)
        steps += decision.then
        if len(steps) > _MOST_STEPS:
            raise AssertionError(f"{type(event).__name__} leads to ever more steps")
    if event.owner == definition.name and attempt.is_silent:
        attempt.batch.messages.append(outbox.applied(attempt.event_context, definition.name))


def _refuse(refusal: Refusal, event: Event, definition: ServiceDefinition, attempt: _Attempt) -> None:
    """Announce a refusal; raise TypeError for an event that is no action of this service."""
    if event.owner != definition.name:
        raise TypeError(f"nobody asked {definition.name} by {type(event).__name__}: {refusal.flaws[0].code}")
    attempt.batch.messages.append(outbox.refused(refusal, attempt.event_context, definition.name))


def _check_projected(fresh: Sequence[Record], batch: Batch, handlers: Handlers) -> None:
    """Raise `Split` when a projected record was parked."""
    kinds = frozenset[type[Event]]().union(*handlers.projections.values())
    received = {id(r) for r in fresh if type(r.event) in kinds}
    for parking in batch.parkings:
        if id(parking.record) in received:
            raise Split(parking.detail)


async def _write(conn: Connection, definition: ServiceDefinition, batch: Batch, now: datetime) -> None:
    """Save everything that the batch changed, each table once."""
    for kind in definition.kinds:
        if changed := batch.changed.get(kind.type):
            rows = [changed[key] for key in sorted(changed)]
            expect(await kind.save(conn, rows), len(rows), kind.type.__name__)
    aside = [p.record for p in batch.parkings]
    await timers.delete_fired(conn, [*batch.done, *aside])
    await timers.save_timers(conn, batch.timers)
    await inbox.advance(conn, batch.marks)
    await parked.release(conn, batch.done)
    if batch.parkings:
        await park(conn, definition, batch, now)
    words = await definition.seal(conn, batch.messages) if definition.seal and batch.messages else batch.messages
    await outbox.announce(conn, words)


async def park(conn: Connection, definition: ServiceDefinition, batch: Batch, now: datetime) -> None:
    """Park records and announce those that operators must know of."""
    told = await parked.park(conn, batch.parkings, now, definition.guard)
    event_contexts = {parked.parked_id_of(p.record.raw): p.record.context for p in batch.parkings}
    for t in told:
        event_context = outbox.sendable(event_contexts[t.parked_id], str(t.parked_id))
        batch.messages.append(outbox.message_of(_parked_event(t, definition.name), event_context))
    await inbox.stop(conn, [p.record for p in batch.parkings if p.reason == "forked"])


async def park_alone(
    conn: Connection, definition: ServiceDefinition, record: Record, problem: Exception, now: datetime
) -> None:
    """Park the one event that breaks its transaction even when it is applied alone."""
    marks = Marks(definition.listens, definition.compacted, {}, {})
    batch = Batch(marks, {}, {}, parkings=[Parking(record, *_why(record, problem), {})])
    await timers.delete_fired(conn, [record])
    await park(conn, definition, batch, now)
    await outbox.announce(conn, batch.messages)


async def park_safely(
    conn: Connection, definition: ServiceDefinition, record: Record, problem: Exception, now: datetime
) -> None:
    """Park a record that cannot be parked as it is, its texts made safe and its id derived from its offset."""
    parking = parked.safe(record, *_why(record, problem))
    await timers.delete_fired(conn, [record])
    told = await parked.park(conn, [parking], now, definition.guard)
    where = str(parked.parked_id_of(record.raw))
    event_context = EventContext(where, where, where, now, now)
    await outbox.announce(conn, [outbox.message_of(_parked_event(t, definition.name), event_context) for t in told])


async def note_unparkable(conn: Connection, record: Record) -> None:
    """Keep offset and digest of a record that cannot be parked at all; nothing is announced."""
    await timers.delete_fired(conn, [record])
    await unparkable.note(conn, record.raw)


def _why(record: Record, problem: Exception) -> tuple[str, str]:
    """Return reason and detail; a record that cannot be read is parked for that, whatever else went wrong."""
    return ("raised", described(problem)) if record.fault is None else ("unreadable", record.fault)


def _parked_event(told: ParkedNotice, service: str) -> Event:
    """Return the announcement of a parked record; a type or key that is not of our form is left out."""
    event: Event = contract_of_service(service, EventParked)(
        parked_id=str(told.parked_id),
        was_topic=told.topic,
        was_type=public_type(told.type_name),
        was_key=public_key(told.key),
        was_partition=told.partition,
        was_offset=told.offset,
        reason=told.reason,
        sentence=told.detail,
    )
    return event
