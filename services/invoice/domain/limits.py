"""From which sum on a run is released by people, by date."""

from datetime import date
from typing import NamedTuple


class Limit(NamedTuple):
    """A run above `cents` is released by so many people, from a day on."""

    from_on: date
    cents: int
    people: int
    basis: str


LIMITS = (Limit(date(2021, 11, 1), 250_000_000, 2, "invented: about three times the largest run of an autumn"),)


def approvals_needed(cents: int, run_on: date) -> int:
    """How many people must release a run of this sum; none, and it releases itself."""
    held = [limit for limit in LIMITS if limit.from_on <= run_on]
    limit = max(held, default=LIMITS[0])
    return limit.people if cents > limit.cents else 0
