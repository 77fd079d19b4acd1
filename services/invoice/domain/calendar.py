"""The days of payment runs."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.invoice.domain.limits import rhythm_on
from shared.billing.windows import week_of
from shared.domain.calendar import Calendar

_WEEK = timedelta(days=7)


class Planned(NamedTuple):
    """A run to come: its day, and the instant until which an invoice still gets into it."""

    run_id: str
    run_on: date
    cut_off_at: datetime


def first_run(calendar: Calendar, after: datetime) -> Planned:
    """Return the first run whose cut-off lies after an instant."""
    week = week_of(calendar.day_of(after))
    while (run := _run_of(calendar, week)).cut_off_at <= after:
        week += _WEEK
    return run


def _run_of(calendar: Calendar, week: date) -> Planned:
    """Return the run of a week: on its day or, on a holiday, the business day before."""
    rhythm = rhythm_on(week)
    day = week + timedelta(days=rhythm.weekday)
    run_on = day if calendar.is_business_day(day) else calendar.add_business_days(day, -1)
    cut_off_on = calendar.add_business_days(run_on, -1)
    return Planned(f"run-{run_on}", run_on, _instant(calendar.zone, cut_off_on, rhythm.cut_off))


def release_at(calendar: Calendar, run_on: date) -> datetime:
    """Return the instant at which a run is paid."""
    return _instant(calendar.zone, run_on, rhythm_on(run_on).release)


@lru_cache(maxsize=512)
def _instant(zone: str, day: date, at: time) -> datetime:
    """Return a time of day in a zone as UTC."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
