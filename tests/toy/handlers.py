"""What the toy reacts to."""

from shared.decision import Decision, Event, Occasion, Outcome
from shared.handlers import Desk, Handlers, Touched, no_facts
from tests.toy.domain import Counter, count, grant, ponder, tick
from tests.toy.events import Asked, Heard, Labelled, Looked, Nudged, Pondered, Ticked
from tests.toy.store import COUNTERS, keep_labels

handlers = Handlers()
handlers.keep(Labelled, by=keep_labels)


def the_counter(event: Event, _: None) -> Touched:
    """Its own."""
    return ((COUNTERS, event.key),)


def nothing(_event: Event, _: None) -> Touched:
    """No aggregate."""
    return ()


def counter_of(event: Event, desk: Desk[None]) -> Counter:
    """As it is, or new."""
    return desk.find(COUNTERS, event.key) or Counter(event.key)


@handlers.on(Ticked, the_counter, no_facts)
def on_ticked(event: Ticked, desk: Desk[None], _: Occasion) -> Decision:
    """Once more."""
    return tick(counter_of(event, desk), mood=event.mood, note=event.note, wake_at=event.wake_at)


@handlers.on(Nudged, the_counter, no_facts)
def on_nudged(event: Nudged, desk: Desk[None], _: Occasion) -> Decision:
    """Once more, from the side."""
    return count(counter_of(event, desk), why="nudged")


@handlers.on(Heard, the_counter, no_facts)
def on_heard(event: Heard, desk: Desk[None], _: Occasion) -> Decision:
    """Once more, from afar."""
    return count(counter_of(event, desk), why="heard")


@handlers.on(Asked, the_counter, no_facts)
def on_asked(event: Asked, desk: Desk[None], _: Occasion) -> Decision:
    """What is granted."""
    return grant(counter_of(event, desk), by=event.by)


@handlers.on(Pondered, the_counter, no_facts)
def on_pondered(event: Pondered, desk: Desk[None], _: Occasion) -> Decision:
    """A second thought, or a timer."""
    return ponder(counter_of(event, desk), by=event.by)


@handlers.on(Looked, nothing, no_facts)
def on_looked(_event: Looked, _desk: Desk[None], _: Occasion) -> Decision:
    """Nothing."""
    return Outcome()
