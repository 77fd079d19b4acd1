"""Business days of a published calendar: counting them, and the day and instants in the calendar's zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

PACIFIC = "America/Vancouver"  # the zone of the default calendar, and of every day judged before one is published
_DAY = timedelta(days=1)
_LAST_SECOND = time(23, 59, 59)


@lru_cache(maxsize=4096)
def _instant(zone: str, day: date, at: time) -> datetime:
    """Return a time of day in a zone as UTC; of a time that summer time skips or repeats, the first reading."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar of business days; outside `from_on` to `to_on` only its weekends are known."""

    calendar_id: str
    zone: str = PACIFIC
    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()
    from_on: date = date.min
    to_on: date = date.max

    def covers(self, day: date) -> bool:
        """Return whether the holidays of a day are known."""
        return self.from_on <= day <= self.to_on

    def is_business_day(self, day: date) -> bool:
        """Return whether a day is neither on a weekend nor a holiday."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def add_business_days(self, day: date, n: int) -> date:
        """Return the n-th business day after `day`, before it for a negative n, and `day` itself for 0."""
        step = _DAY if n > 0 else -_DAY
        left = abs(n)
        while left:
            day += step
            left -= self.is_business_day(day)
        return day

    def business_days_between(self, first: date, last: date) -> int:
        """Count the business days after `first` up to and including `last`; negative when `last` is earlier."""
        if last < first:
            return -sum(map(self.is_business_day, _days(last, first - _DAY)))
        return sum(map(self.is_business_day, _days(first + _DAY, last)))

    def roll(self, day: date) -> date:
        """Return the day itself if it is a business day, else the next business day."""
        while not self.is_business_day(day):
            day += _DAY
        return day

    def day_of(self, instant: datetime) -> date:
        """Return the day of an instant in the calendar's zone."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def start_of(self, day: date) -> datetime:
        """Return 00:00 of the day in the calendar's zone, as UTC."""
        return _instant(self.zone, day, time.min)

    def end_of(self, day: date) -> datetime:
        """Return 23:59:59 of the day in the calendar's zone, as UTC."""
        return _instant(self.zone, day, _LAST_SECOND)


# by what days are judged while no calendar is known: its zone; nothing is counted by it
UNPUBLISHED = Calendar("unpublished")


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
