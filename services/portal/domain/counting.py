"""Why a deadline is when it is: each day between its beginning and its end, counted or not."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from shared.calendar import Calendar

_DAY = timedelta(days=1)
_MOST = 400  # days that are listed


class CountedDay(NamedTuple):
    """A day; `n` is its number, or why it is not counted stands in `why`."""

    on: date
    n: int | None
    why: str


def count_days(calendar: Calendar, first: date, last: date) -> Sequence[CountedDay]:
    """Every day from the first, which is not counted, to the last; business days have numbers."""
    days, n = [CountedDay(first, None, "start")], 0
    for ahead in range(1, min((last - first).days, _MOST) + 1):
        on = first + ahead * _DAY
        is_counted = calendar.is_business_day(on)
        n += is_counted
        weekend = "weekend" if on.weekday() in calendar.weekend else "holiday"
        days.append(CountedDay(on, n if is_counted else None, "" if is_counted else weekend))
    return days
