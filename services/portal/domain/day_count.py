"""Why a deadline is when it is: each day between its beginning and its end, counted or not."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from shared.domain.calendar import Calendar

_DAY = timedelta(days=1)
_MOST = 400  # days that are listed


class CountedDay(NamedTuple):
    """A day; `n` is its number, or why it is not counted stands in `why`."""

    on: date
    n: int | None
    why: str


class Pause(NamedTuple):
    """A stretch in which a clock stood still: from the day it stopped, which was counted, to the day it ran again."""

    stopped_on: date
    ran_on: date

    def holds(self, on: date) -> bool:
        """Return whether the clock stood still on that day."""
        return self.stopped_on < on <= self.ran_on


def count_days(calendar: Calendar, first: date, last: date, pauses: Sequence[Pause] = ()) -> Sequence[CountedDay]:
    """Every day from the first, which is not counted, to the last; business days on which a clock ran have numbers."""
    days, n = [CountedDay(first, None, "start")], 0
    for ahead in range(1, min((last - first).days, _MOST) + 1):
        on = first + ahead * _DAY
        why = _why_not(calendar, on, pauses)
        n += not why
        days.append(CountedDay(on, None if why else n, why))
    return days


def _why_not(calendar: Calendar, on: date, pauses: Sequence[Pause]) -> str:
    """Why a day is not counted; nothing for one that is."""
    if not calendar.is_business_day(on):
        return "weekend" if on.weekday() in calendar.weekend else "holiday"
    return "on hold" if any(pause.holds(on) for pause in pauses) else ""
