"""The handlers of a service: the events it reacts to, and the state that its decisions see."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from shared.database.postgres import Connection
from shared.domain.decision import Aggregate, Decision, Event, EventContext, not_yours

E = TypeVar("E", bound=Event)
A = TypeVar("A", bound=Aggregate)
F = TypeVar("F")


@dataclass(frozen=True, eq=False, slots=True)
class AggregateStore(Generic[A]):
    """The storage of an aggregate type; `save` returns how many rows it wrote."""

    type: type[A]
    load: Callable[[Connection, Sequence[str]], Awaitable[Sequence[A]]]
    save: Callable[[Connection, Sequence[A]], Awaitable[int]]


Held: TypeAlias = dict[type[Any], dict[str, Any]]


class BatchState(Generic[F]):
    """The state that a decision sees: aggregates as the batch's earlier decisions left them, and facts."""

    __slots__ = ("_held", "facts", "takebacks")

    def __init__(self, held: Held, facts: F, takebacks: Sequence[str] = ()) -> None:
        """Hold the aggregates of the batch and the facts that were loaded for this event type.

        `takebacks` grows whenever a decision of the batch is rolled back: what was derived from `held` is stale then.
        """
        self._held, self.facts, self.takebacks = held, facts, takebacks

    def find(self, kind: AggregateStore[A], key: str) -> A | None:
        """Return an aggregate, None when it does not exist; raise LookupError when no handler named its key."""
        found: A | None = self._held[kind.type][key]
        return found

    def among(self, kind: AggregateStore[A], keys: Iterable[str]) -> tuple[A, ...]:
        """Return the aggregates of `keys` that exist, in their order."""
        return tuple(a for k in keys if (a := self.find(kind, k)) is not None)

    def held(self, kind: AggregateStore[A]) -> Mapping[str, A | None]:
        """Return all aggregates of a type that the batch has loaded or added so far, by key."""
        found: Mapping[str, A | None] = self._held[kind.type]
        return found


class ReceivedEvent(NamedTuple):
    """An event of another service for a projection, with what its envelope says."""

    event: Event
    event_id: str
    causation: str
    correlation: str
    topic: str
    key: str
    sequence: int
    at: datetime
    read_at: datetime


AggregateKeys: TypeAlias = Iterable[tuple[AggregateStore[Any], str]]
FindAggregates: TypeAlias = Callable[[E, F], AggregateKeys]
FactLoader: TypeAlias = Callable[[Connection, Sequence[E]], Awaitable[F]]
Handler: TypeAlias = Callable[[E, BatchState[F], EventContext], Decision]
Projection: TypeAlias = Callable[[Connection, Sequence[ReceivedEvent]], Awaitable[None]]


async def no_facts(_conn: Connection, _events: Sequence[Event]) -> None:
    """Load nothing, for decisions that need only their own aggregates."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[E, F]):
    """The rule for an event type: what is loaded for it and what decides on it."""

    aggregates: FindAggregates[E, F]
    facts: FactLoader[E, F]
    decide: Handler[E, F]


def _by_role(handler: Handler[Any, F]) -> Handler[Any, F]:
    """Return a handler that refuses actors whose role the action's contract does not name."""

    def decide(event: Any, state: BatchState[F], event_context: EventContext) -> Decision:  # noqa: ANN401 - any act
        acts_for_another = event.scope == "insurer" and event.by.organisation_id is not None
        if event.by.role not in event.roles or acts_for_another:
            return not_yours()
        return handler(event, state, event_context)

    return decide


@dataclass(frozen=True, slots=True)
class Handlers:
    """The decisions and projections of a service by event type; other types advance the mark and are counted.

    `owner` is the name of the service: actions that it answers are refused before any decision when the actor's role
    is none of those in the contract.
    """

    rules: dict[type[Event], Rule[Any, Any]] = field(default_factory=dict)
    projections: dict[Projection, frozenset[type[Event]]] = field(default_factory=dict)
    owner: str = ""

    def on(
        self, event: type[E], touches: FindAggregates[E, F], facts: FactLoader[E, F]
    ) -> Callable[[Handler[E, F]], Handler[E, F]]:
        """Register the decision on an event, due timer or own next step; `touches` names every aggregate it uses.

        Facts are loaded once a batch for all events that name the same loader. A next step (`Outcome.then`) is decided
        on the state of the event that led to it, so both must name the same loader and the first must name all
        aggregates.
        """
        if event.roles and not self.owner:
            raise ValueError(f"a list that names {event.__name__} says whose it is")

        def listed(handler: Handler[E, F]) -> Handler[E, F]:
            is_answered = bool(event.roles) and event.answered_by == self.owner
            self.rules[event] = Rule(touches, facts, _by_role(handler) if is_answered else handler)
            return handler

        return listed

    def project(self, *events: type[Event], by: Projection) -> None:
        """Register a projection of others' events, applied set-based and before the batch's decisions."""
        self.projections[by] = frozenset(events)

    @property
    def types(self) -> Mapping[str, type[Event]]:
        """The contracts that this service reads by type string."""
        received = (e for kinds in self.projections.values() for e in kinds)
        return {e.type_name: e for e in (*self.rules, *received)}
