"""Days of payment runs, and the sum above which people release one: numbers by date, each with its basis."""

from datetime import date, time
from typing import NamedTuple


class Limit(NamedTuple):
    """The number of people who release a run above `cents`, from a day on."""

    from_on: date
    cents: int
    people: int
    basis: str


class Rhythm(NamedTuple):
    """The weekday of runs from a day on (0 is Monday), and the local times of cut-off, the day before, and payment."""

    from_on: date
    weekday: int
    cut_off: time
    release: time
    basis: str


LIMITS = (Limit(date(2021, 11, 1), 250_000_000, 2, "invented: about three times the largest run of an autumn"),)
RHYTHMS = (Rhythm(date(2021, 11, 1), 2, time(16), time(9), "the insurer pays on Wednesdays; the times are invented"),)


def approvals_needed(cents: int, run_on: date) -> int:
    """Return how many people must release a run of this sum; with 0 it releases itself."""
    begun = [limit for limit in LIMITS if limit.from_on <= run_on]
    limit = max(begun, default=LIMITS[0])
    return limit.people if cents > limit.cents else 0


def rhythm_on(day: date) -> Rhythm:
    """Return the rhythm that holds on a day; before the first one begins, the first."""
    begun = [rhythm for rhythm in RHYTHMS if rhythm.from_on <= day]
    return max(begun, default=RHYTHMS[0])
