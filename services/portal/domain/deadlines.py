"""Deadlines: the portal sets a timer for each that another service opens, and announces when it is reached."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.decision import INTERNAL, Event, Outcome, SetTimer
from shared.events.portal import DeadlineReached
from shared.events.values import Deadline


class DeadlineDue(Event, type="portal.door-due", key="record_key", topic=INTERNAL):
    """A deadline that is reached now."""

    record_key: str
    service: str
    name: str
    due_at: datetime


class OpenDeadline(NamedTuple):
    """A deadline of one service; it is not announced before `not_before`, whatever it is moved to."""

    name: str
    service: str
    not_before: datetime


class OpenDeadlines(NamedTuple):
    """The open deadlines of a record, those whose clock is stopped included."""

    id: str
    version: int = 0
    open: tuple[OpenDeadline, ...] = ()

    def without(self, names: Iterable[str]) -> "OpenDeadlines":
        """Returns the same without the deadlines of these names."""
        gone = frozenset(names)
        return self._replace(open=tuple(deadline for deadline in self.open if deadline.name not in gone))


def open_deadline(
    deadlines: OpenDeadlines, deadline: Deadline, service: str, *, read_at: datetime, calendar: Calendar
) -> Outcome:
    """Opens a deadline, which replaces the service's other deadlines of the record.

    It is reached when it is due, but not before the end of the first business day after it could first be shown.
    """
    shown_for_a_day = calendar.end_of(calendar.add_business_days(calendar.day_of(read_at), 1))
    opened = OpenDeadline(deadline.name, service, shown_for_a_day)
    others = [old.name for old in deadlines.open if old.service == service]
    left = deadlines.without(others)
    disarmed = (SetTimer(deadlines.id, name) for name in others if name != opened.name)
    return Outcome(
        (left._replace(open=(*left.open, opened)),), timers=(*disarmed, _timer_of(deadlines.id, opened, deadline))
    )


def move_deadline(deadlines: OpenDeadlines, name: str, service: str, due_at: datetime | None) -> Outcome:
    """Stops the clock of a deadline where `due_at` is None, else moves it; the day it must be shown for stays."""
    known = next((deadline for deadline in deadlines.open if deadline.name == name), None)
    if due_at is None:
        return Outcome(timers=(SetTimer(deadlines.id, name),))
    moved = known or OpenDeadline(name, service, due_at)
    timer = _timer_of(deadlines.id, moved, Deadline(name=name, due_at=due_at))
    return Outcome(() if known else (deadlines._replace(open=(*deadlines.open, moved)),), timers=(timer,))


def close_deadlines(deadlines: OpenDeadlines | None, service: str, of: str = "") -> Outcome:
    """Closes the deadlines of a service on a record; `of` ends the names of those of one document."""
    names = [d.name for d in deadlines.open if d.service == service and d.name.endswith(of)] if deadlines else []
    if deadlines is None or not names:
        return Outcome()
    return Outcome((deadlines.without(names),), timers=tuple(SetTimer(deadlines.id, name) for name in names))


def expire(deadlines: OpenDeadlines | None, due: DeadlineDue) -> Outcome:
    """Announces that a deadline is reached: what stands before this in the record's history is in time."""
    reached = DeadlineReached(record_key=due.record_key, service=due.service, name=due.name, due_at=due.due_at)
    return Outcome((deadlines.without((due.name,)),) if deadlines else (), (reached,))


def _timer_of(record_key: str, opened: OpenDeadline, deadline: Deadline) -> SetTimer:
    due = DeadlineDue(record_key=record_key, service=opened.service, name=opened.name, due_at=deadline.due_at)
    return SetTimer(record_key, opened.name, max(deadline.due_at, opened.not_before), due)
