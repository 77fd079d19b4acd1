"""Business days of a named calendar, counted from its published dates; the day of an instant is the calendar's own."""

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
    """A time of day in a zone as UTC; of a time that summer time skips or repeats, the first meaning."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days of those who keep it; outside its published days it knows weekends alone."""

    calendar_id: str
    zone: str = PACIFIC
    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()
    from_on: date = date.min
    to_on: date = date.max

    def covers(self, day: date) -> bool:
        """Whether its holidays are known for that day."""
        return self.from_on <= day <= self.to_on

    def is_business_day(self, day: date) -> bool:
        """Neither weekend nor holiday."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def add_business_days(self, day: date, n: int) -> date:
        """The n-th business day after `day`, which is not counted; before it when n is negative; n = 0 is `day`."""
        step = _DAY if n > 0 else -_DAY
        left = abs(n)
        while left:
            day += step
            left -= self.is_business_day(day)
        return day

    def business_days_between(self, first: date, last: date) -> int:
        """Business days after `first` up to and with `last`; negative, counted backwards, when `last` is earlier."""
        if last < first:
            return -sum(map(self.is_business_day, _days(last, first - _DAY)))
        return sum(map(self.is_business_day, _days(first + _DAY, last)))

    def roll(self, day: date) -> date:
        """The day itself if it is a business day, else the next one: no window ends while nobody works."""
        while not self.is_business_day(day):
            day += _DAY
        return day

    def day_of(self, instant: datetime) -> date:
        """The day in the calendar's zone, whatever offset the instant came with."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def start_of(self, day: date) -> datetime:
        """00:00 of the day in the calendar's zone, as UTC."""
        return _instant(self.zone, day, time.min)

    def end_of(self, day: date) -> datetime:
        """23:59:59 of the day in the calendar's zone, as UTC: the last second of a business day."""
        return _instant(self.zone, day, _LAST_SECOND)


# by what days are judged while no calendar is known: its zone; nothing is counted by it
UNPUBLISHED = Calendar("unpublished")


def _days(first: date, last: date) -> Iterator[date]:
    """Each day from first to last."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
