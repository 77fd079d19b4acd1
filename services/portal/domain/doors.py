"""Doors: the portal arms the deadlines that others open, and says when one has closed."""

from datetime import datetime
from typing import NamedTuple

from shared.calendar import Calendar
from shared.decision import INTERNAL, Arm, Event, Outcome
from shared.events.portal import DeadlineReached
from shared.events.values import Deadline


class DoorDue(Event, type="portal.door-due", key="record_key", topic=INTERNAL):
    """A door closes now."""

    record_key: str
    service: str
    name: str
    due_at: datetime


class Doors(NamedTuple):
    """The open doors of a record."""

    id: str
    version: int = 0
    names: tuple[str, ...] = ()


def open_door(doors: Doors, deadline: Deadline, service: str, *, read_at: datetime, calendar: Calendar) -> Outcome:
    """A new door closes all others of the record.

    It closes when it is due, but not before the end of the first business day after it could first be shown.
    """
    shown = calendar.end_of(calendar.add_business_days(calendar.day_of(read_at), 1))
    due = DoorDue(record_key=doors.id, service=service, name=deadline.name, due_at=deadline.due_at)
    others = tuple(Arm(doors.id, name) for name in doors.names if name != deadline.name)
    armed = Arm(doors.id, deadline.name, max(deadline.due_at, shown), due)
    return Outcome((doors._replace(names=(deadline.name,)),), timers=(*others, armed))


def close_all(doors: Doors | None) -> Outcome:
    """Whatever was open is answered."""
    if doors is None or not doors.names:
        return Outcome()
    return Outcome((doors._replace(names=()),), timers=tuple(Arm(doors.id, name) for name in doors.names))


def close_one(doors: Doors | None, name: str) -> Outcome:
    """The clock of a door stands still."""
    if doors is None or name not in doors.names:
        return Outcome()
    left = tuple(open_ for open_ in doors.names if open_ != name)
    return Outcome((doors._replace(names=left),), timers=(Arm(doors.id, name),))


def reach(doors: Doors | None, due: DoorDue) -> Outcome:
    """The door has closed: what stands before this in the record's key is in time, what stands after is late."""
    said = DeadlineReached(record_key=due.record_key, service=due.service, name=due.name, due_at=due.due_at)
    left = doors or Doors(due.record_key)
    return Outcome((left._replace(names=tuple(n for n in left.names if n != due.name)),), (said,))
