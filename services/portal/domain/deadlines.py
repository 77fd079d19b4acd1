"""Doors: the portal arms the deadlines that others open, and says when one has closed."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.decision import INTERNAL, Event, Outcome, SetTimer
from shared.events.portal import DeadlineReached
from shared.events.values import Deadline


class DeadlineDue(Event, type="portal.door-due", key="record_key", topic=INTERNAL):
    """A door closes now."""

    record_key: str
    service: str
    name: str
    due_at: datetime


class OpenDeadline(NamedTuple):
    """A deadline of one service; it is not said before `not_before`, whatever it is moved to."""

    name: str
    service: str
    not_before: datetime


class OpenDeadlines(NamedTuple):
    """The doors of a record that are not closed, those whose clock stands still among them."""

    id: str
    version: int = 0
    open: tuple[OpenDeadline, ...] = ()

    def without(self, names: Iterable[str]) -> "OpenDeadlines":
        """The others."""
        gone = frozenset(names)
        return self._replace(open=tuple(door for door in self.open if door.name not in gone))


def open_deadline(
    deadlines: OpenDeadlines, deadline: Deadline, service: str, *, read_at: datetime, calendar: Calendar
) -> Outcome:
    """A new door takes the place of the service's other doors of the record.

    It closes when it is due, but not before the end of the first business day after it could first be shown.
    """
    shown_for_a_day = calendar.end_of(calendar.add_business_days(calendar.day_of(read_at), 1))
    door = OpenDeadline(deadline.name, service, shown_for_a_day)
    others = [old.name for old in deadlines.open if old.service == service]
    left = deadlines.without(others)
    disarmed = (SetTimer(deadlines.id, name) for name in others if name != door.name)
    return Outcome((left._replace(open=(*left.open, door)),), timers=(*disarmed, _armed(deadlines.id, door, deadline)))


def move_deadline(deadlines: OpenDeadlines, name: str, service: str, due_at: datetime | None) -> Outcome:
    """Its clock stands still, or runs again; the day for which it had to be shown stays that of its opening."""
    known = next((door for door in deadlines.open if door.name == name), None)
    if due_at is None:
        return Outcome(timers=(SetTimer(deadlines.id, name),))
    door = known or OpenDeadline(name, service, due_at)
    armed = _armed(deadlines.id, door, Deadline(name=name, due_at=due_at))
    return Outcome(() if known else (deadlines._replace(open=(*deadlines.open, door)),), timers=(armed,))


def close_deadlines(deadlines: OpenDeadlines | None, service: str, of: str = "") -> Outcome:
    """Whatever the service had open on the record, or on one document of it, is answered."""
    names = [d.name for d in deadlines.open if d.service == service and d.name.endswith(of)] if deadlines else []
    if deadlines is None or not names:
        return Outcome()
    return Outcome((deadlines.without(names),), timers=tuple(SetTimer(deadlines.id, name) for name in names))


def expire(deadlines: OpenDeadlines | None, due: DeadlineDue) -> Outcome:
    """The door has closed: what stands before this in the record's key is in time, what stands after is late."""
    said = DeadlineReached(record_key=due.record_key, service=due.service, name=due.name, due_at=due.due_at)
    return Outcome((deadlines.without((due.name,)),) if deadlines else (), (said,))


def _armed(record_key: str, door: OpenDeadline, deadline: Deadline) -> SetTimer:
    due = DeadlineDue(record_key=record_key, service=door.service, name=door.name, due_at=deadline.due_at)
    return SetTimer(record_key, door.name, max(deadline.due_at, door.not_before), due)
