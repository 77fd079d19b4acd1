"""First appointments: nothing is taken that was not declared, and nothing twice."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from simulation.books import Books
from simulation.register import Data
from simulation.topics import Announced

_GIVES_BACK = {
    "referral-declined", "referral-lapsed", "referral-offer-withdrawn", "referral-withdrawn", "program-started",
}  # fmt: skip


def openings(books: Books) -> Iterator[str]:
    """An opening is one of those declared, and nobody else holds it at the time."""
    declared = _declared(books)
    held: dict[tuple[str, str, str, int], list[tuple[datetime, datetime, str]]] = {}
    for key, said in books.referrals.items():
        for opening, since, until in _holdings(said):
            *week, n = place = opening["site_id"], opening["program"], opening["week_on"], opening["n"]
            if not 1 <= n <= (most := declared.get(tuple(week), 0)):
                yield f"the referral {key} takes opening {n} of {most} at {', '.join(map(str, week))}"
            held.setdefault(place, []).append((since, until, key))
    for place, holdings in held.items():
        for one, other in pairwise(sorted(holdings)):
            if other[0] < one[1] and other[2] != one[2]:
                yield f"the opening {place} is held by {one[2]} and by {other[2]}"


def _declared(books: Books) -> Mapping[tuple[object, ...], int]:
    """The most that was ever declared for a week."""
    found: dict[tuple[object, ...], int] = {}
    for one in books.words.get("site-capacity-declared", ()):
        for week in one.data["weeks"]:
            place = one.data["site_id"], one.data["program"], week["week_on"]
            found[place] = max(found.get(place, 0), int(week["openings"]))
    return found


def _holdings(said: Sequence[Announced]) -> Iterator[tuple[Data, datetime, datetime]]:
    """Which openings a referral held, and from when to when."""
    opening, since = None, said[0].at
    for one in said:
        moved = one.data.get("opening") if one.words in {"referral-offered", "appointment-booked"} else None
        if opening and (one.words in _GIVES_BACK or (moved and moved != opening)):
            yield opening, since, one.at
            opening = None
        if moved and opening is None:
            opening, since = moved, one.at
    if opening:
        yield opening, since, datetime.max.replace(tzinfo=since.tzinfo)
