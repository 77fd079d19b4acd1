"""What the toy reacts to."""

from shared.domain.decision import Decision, Event, EventContext, Outcome
from shared.messaging.handlers import AggregateKeys, BatchState, Handlers, no_facts
from tests.toy.domain import Counter, count, grant, ponder, tick
from tests.toy.events import Asked, Heard, Labelled, Looked, Nudged, Pondered, Ticked
from tests.toy.store import COUNTERS, keep_labels

handlers = Handlers()
handlers.project(Labelled, by=keep_labels)


def the_counter(event: Event, _: None) -> AggregateKeys:
    """Its own."""
    return ((COUNTERS, event.key),)


def nothing(_event: Event, _: None) -> AggregateKeys:
    """No aggregate."""
    return ()


def counter_of(event: Event, state: BatchState[None]) -> Counter:
    """As it is, or new."""
    return state.find(COUNTERS, event.key) or Counter(event.key)


@handlers.on(Ticked, the_counter, no_facts)
def on_ticked(event: Ticked, state: BatchState[None], _: EventContext) -> Decision:
    """Once more."""
    return tick(counter_of(event, state), mood=event.mood, note=event.note, wake_at=event.wake_at)


@handlers.on(Nudged, the_counter, no_facts)
def on_nudged(event: Nudged, state: BatchState[None], _: EventContext) -> Decision:
    """Once more, from the side."""
    return count(counter_of(event, state), why="nudged")


@handlers.on(Heard, the_counter, no_facts)
def on_heard(event: Heard, state: BatchState[None], _: EventContext) -> Decision:
    """Once more, from afar."""
    return count(counter_of(event, state), why="heard")


@handlers.on(Asked, the_counter, no_facts)
def on_asked(event: Asked, state: BatchState[None], _: EventContext) -> Decision:
    """Return what is granted."""
    return grant(counter_of(event, state), by=event.by)


@handlers.on(Pondered, the_counter, no_facts)
def on_pondered(event: Pondered, state: BatchState[None], _: EventContext) -> Decision:
    """A second thought, or a timer."""
    return ponder(counter_of(event, state), by=event.by)


@handlers.on(Looked, nothing, no_facts)
def on_looked(_event: Looked, _desk: BatchState[None], _: EventContext) -> Decision:
    """Nothing."""
    return Outcome()
