"""What every service announces: answers to actions, parked records, moved deadlines, the head of its journal."""

from functools import cache
from types import new_class
from typing import TypeVar

from shared.decision import Event, Flaw
from shared.events.values import Instant

SERVICES = ("referral", "program", "invoice", "procurement", "notification", "portal")


class ActionApplied(Event):
    """The action had its effect, or had it before; no other event says so."""

    action_key: str
    action_id: str


class ActionRefused(Event):
    """The action was not taken: every reason with its fix, and what the state allows instead."""

    action_key: str
    action_id: str
    reasons: tuple[Flaw, ...]
    allowed: tuple[str, ...] = ()


class EventParked(Event):
    """A record could not be applied and was kept byte for byte; says what it was and why, never what it held."""

    parked_id: str
    was_topic: str
    was_type: str | None = None
    was_key: str | None = None
    was_partition: int
    was_offset: int
    reason: str
    sentence: str


class EventReplayed(Event):
    """A parked record was tried again."""

    parked_id: str
    was_topic: str
    was_type: str | None = None


class EventDiscarded(Event):
    """A parked record was given up; what stood behind it goes on."""

    parked_id: str
    was_topic: str
    was_type: str | None = None
    reason_code: str


class DeadlineMoved(Event):
    """A deadline that was opened moves, or falls away when nothing is due."""

    record_key: str
    name: str
    due_at: Instant | None = None


class JournalHeadAnnounced(Event):
    """The head of the service's hash chain, so that somebody outside knows it too."""

    service: str
    seq: int
    sha256: str


E = TypeVar("E", bound=Event)
_KEYS: dict[type[Event], tuple[str, str]] = {
    ActionApplied: ("action-applied", "action_key"),
    ActionRefused: ("action-refused", "action_key"),
    EventParked: ("event-parked", "parked_id"),
    EventReplayed: ("event-replayed", "parked_id"),
    EventDiscarded: ("event-discarded", "parked_id"),
    DeadlineMoved: ("deadline-moved", "record_key"),
    JournalHeadAnnounced: ("journal-head-announced", "service"),
}


@cache
def said_by(service: str, event: type[E]) -> type[E]:
    """The service's own type of an event that every service announces."""
    words, key = _KEYS[event]
    body = {"__doc__": event.__doc__, "__module__": __name__}
    kind: type[E] = new_class(
        event.__name__, (event,), {"type": f"rehab.{service}.{words}.v1", "key": key}, lambda space: space.update(body)
    )
    return kind


def said_by_all(event: type[E]) -> tuple[type[E], ...]:
    """The types of every service, for those who listen to all."""
    return tuple(said_by(service, event) for service in SERVICES)
