"""Events that every service announces: answers to actions, parked records, moved deadlines, the head of its journal."""

import re
from functools import cache
from types import new_class
from typing import TypeVar

from shared.domain.decision import Event, Violation
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
    reasons: tuple[Violation, ...]
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


class RelayRowHeld(Event):
    """The broker refuses an announcement for its own sake; it and what follows it in its key wait for somebody."""

    held_id: str
    was_topic: str
    was_type: str
    was_key: str | None = None
    was_sequence: int
    sentence: str


class EventWithheld(Event):
    """An announcement could not be sent and was withheld; this stands in its place, and consumers step over it."""

    record_key: str
    was_type: str
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
_PUBLIC_TYPE = re.compile(r"[a-z]+(\.[a-z0-9-]+)+\.v[0-9]+")
_LONGEST_TYPE = 200
_PUBLIC_KEY = re.compile(r"[0-9a-f-]{8,36}")
_KEYS: dict[type[Event], tuple[str, str]] = {
    ActionApplied: ("action-applied", "action_key"),
    ActionRefused: ("action-refused", "action_key"),
    EventParked: ("event-parked", "parked_id"),
    EventReplayed: ("event-replayed", "parked_id"),
    EventDiscarded: ("event-discarded", "parked_id"),
    RelayRowHeld: ("relay-row-held", "held_id"),
    EventWithheld: ("event-withheld", "record_key"),
    DeadlineMoved: ("deadline-moved", "record_key"),
    JournalHeadAnnounced: ("journal-head-announced", "service"),
}


@cache
def contract_of_service(service: str, event: type[E]) -> type[E]:
    """Return the service's own type of an event that every service announces."""
    words, key = _KEYS[event]
    body = {"__doc__": event.__doc__, "__module__": __name__}
    kind: type[E] = new_class(
        event.__name__, (event,), {"type": f"rehab.{service}.{words}.v1", "key": key}, lambda space: space.update(body)
    )
    return kind


def contracts_of_services(event: type[E]) -> tuple[type[E], ...]:
    """Return the types of every service, for those who read all of them."""
    return tuple(contract_of_service(service, event) for service in SERVICES)


def is_withheld(type_name: str) -> bool:
    """Return whether the type says that an event was withheld in the place of this record."""
    return type_name.endswith(f".{_KEYS[EventWithheld][0]}.v1")


def public_type(type_name: str) -> str | None:
    """Return the type if it has the form of ours, else None: any other might be anything."""
    return type_name if len(type_name) <= _LONGEST_TYPE and _PUBLIC_TYPE.fullmatch(type_name) else None


def public_key(key: str | None) -> str | None:
    """Return the key if it is an id of ours, else None: any other might be anything."""
    return key if key and _PUBLIC_KEY.fullmatch(key) else None
