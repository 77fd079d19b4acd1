"""When runs are, and from which sum on people release one: numbers by date, each with its basis."""

from datetime import date, time
from typing import NamedTuple


class Limit(NamedTuple):
    """A run above `cents` is released by so many people, from a day on."""

    from_on: date
    cents: int
    people: int
    basis: str


class Rhythm(NamedTuple):
    """From a day on, the weekday of runs (0 is Monday), and when one is cut off the day before and paid, local time."""

    from_on: date
    weekday: int
    cut_off: time
    release: time
    basis: str


LIMITS = (Limit(date(2021, 11, 1), 250_000_000, 2, "invented: about three times the largest run of an autumn"),)
RHYTHMS = (Rhythm(date(2021, 11, 1), 2, time(16), time(9), "the insurer pays on Wednesdays; the times are invented"),)


def approvals_needed(cents: int, run_on: date) -> int:
    """How many people must release a run of this sum; none, and it releases itself."""
    held = [limit for limit in LIMITS if limit.from_on <= run_on]
    limit = max(held, default=LIMITS[0])
    return limit.people if cents > limit.cents else 0


def rhythm_on(day: date) -> Rhythm:
    """The rhythm that holds on a day; before the first, the first."""
    held = [rhythm for rhythm in RHYTHMS if rhythm.from_on <= day]
    return max(held, default=RHYTHMS[0])
