"""The days of payment runs."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.calendar import Calendar

_WEDNESDAY = 2
_WEEK = timedelta(days=7)
_CUT_OFF = time(16)
_RELEASE = time(9)


class Planned(NamedTuple):
    """A run: its day, and the instant until which an invoice still gets into it."""

    run_id: str
    run_on: date
    cut_off_at: datetime


def first_run(calendar: Calendar, after: datetime) -> Planned:
    """The first run whose cut-off lies after an instant."""
    day = calendar.day_of(after)
    wednesday = day + timedelta(days=(_WEDNESDAY - day.weekday()) % 7)
    while (run := _run_of(calendar, wednesday)).cut_off_at <= after:
        wednesday += _WEEK
    return run


def _run_of(calendar: Calendar, wednesday: date) -> Planned:
    """The run of a week: on its Wednesday or, on a holiday, the business day before."""
    run_on = wednesday if calendar.is_business_day(wednesday) else calendar.add_business_days(wednesday, -1)
    cut_off_on = calendar.add_business_days(run_on, -1)
    return Planned(f"run-{run_on}", run_on, _instant(calendar.zone, cut_off_on, _CUT_OFF))


def release_at(calendar: Calendar, run_on: date) -> datetime:
    """When a run is paid."""
    return _instant(calendar.zone, run_on, _RELEASE)


@lru_cache(maxsize=512)
def _instant(zone: str, day: date, at: time) -> datetime:
    """A time of day in a zone as UTC."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
