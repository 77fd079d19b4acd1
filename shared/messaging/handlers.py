"""The list of what a service reacts to, and the desk on which a decision finds what it needs."""

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
    """A kind of aggregate: its type and two set-based statements; `save` returns how many rows it wrote."""

    type: type[A]
    load: Callable[[Connection, Sequence[str]], Awaitable[Sequence[A]]]
    save: Callable[[Connection, Sequence[A]], Awaitable[int]]


Held: TypeAlias = dict[type[Any], dict[str, Any]]


class BatchState(Generic[F]):
    """What lies before one decision: aggregates as the batch's earlier decisions left them, and frozen facts."""

    __slots__ = ("_held", "facts", "takebacks")

    def __init__(self, held: Held, facts: F, takebacks: Sequence[str] = ()) -> None:
        """Lay out the aggregates of the batch and the facts for all who asked the same.

        `takebacks` grows whenever a decision of the batch was taken back: what was derived from `held` is then stale.
        """
        self._held, self.facts, self.takebacks = held, facts, takebacks

    def find(self, kind: AggregateStore[A], key: str) -> A | None:
        """None when there is none; LookupError when no handler of the batch named it."""
        found: A | None = self._held[kind.type][key]
        return found

    def among(self, kind: AggregateStore[A], keys: Iterable[str]) -> tuple[A, ...]:
        """Those of `keys` that exist, in their order."""
        return tuple(a for k in keys if (a := self.find(kind, k)) is not None)

    def held(self, kind: AggregateStore[A]) -> Mapping[str, A | None]:
        """All of a kind that the batch has loaded or left so far, such as rows that earlier decisions added."""
        found: Mapping[str, A | None] = self._held[kind.type]
        return found


class ReceivedEvent(NamedTuple):
    """A fact of another service on its way into a copy, with what its envelope says."""

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
    """For a decision that needs nothing but its own state."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[E, F]):
    """One line of the list: what is loaded for an event type and what decides it."""

    aggregates: FindAggregates[E, F]
    facts: FactLoader[E, F]
    decide: Handler[E, F]


def _by_role(handler: Handler[Any, F]) -> Handler[Any, F]:
    """The same decision, for those alone who act in a role that the act's contract names."""

    def decide(event: Any, state: BatchState[F], event_context: EventContext) -> Decision:  # noqa: ANN401 - any act
        acts_for_another = event.scope == "insurer" and event.by.organisation_id is not None
        if event.by.role not in event.roles or acts_for_another:
            return not_yours()
        return handler(event, state, event_context)

    return decide


@dataclass(frozen=True, slots=True)
class Handlers:
    """Event type to decision or copy; types not listed advance the mark and are counted.

    `owner` is the service whose list it is: acts that it answers are refused, before any decision, to whoever does
    them in a role that their contract does not name.
    """

    rules: dict[type[Event], Rule[Any, Any]] = field(default_factory=dict)
    projections: dict[Projection, frozenset[type[Event]]] = field(default_factory=dict)
    owner: str = ""

    def on(
        self, event: type[E], touches: FindAggregates[E, F], facts: FactLoader[E, F]
    ) -> Callable[[Handler[E, F]], Handler[E, F]]:
        """One decision per event, due timer or own next step; `touches` names every aggregate it may read or change.

        Facts are loaded once a batch for all events that ask for the same. A next step (`Outcome.then`) is decided on
        the desk of the event that led to it, so both must ask for the same facts and the first must name all
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
        """Set-based copy of others' facts, in the order of the batch, applied before the batch's decisions."""
        self.projections[by] = frozenset(events)

    @property
    def types(self) -> Mapping[str, type[Event]]:
        """Contracts this service reads, by type string."""
        received = (e for kinds in self.projections.values() for e in kinds)
        return {e.type_name: e for e in (*self.rules, *received)}
