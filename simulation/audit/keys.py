"""Every key of every topic: its sequence without a gap, repeats to the byte, revisions step by step."""

from collections.abc import Iterator
from itertools import pairwise

from simulation.audit.observations import Books
from simulation.clients.topics import PEOPLE, Announced


def sequences(books: Books) -> Iterator[str]:
    """Dense from 1 in the order of first occurrence; on the compacted topic only rising."""
    last: dict[tuple[str, str], int] = {}
    for one in books.announced:
        place = one.topic, one.key
        newest = last.get(place, 0)
        if one.topic == PEOPLE:
            last[place] = max(newest, one.sequence)
        elif one.sequence == newest + 1:
            last[place] = one.sequence
        elif one.sequence > newest:
            yield f"{one.topic}: after {newest} the key {one.key} goes on with {one.sequence}"
            last[place] = one.sequence


def repeats(books: Books) -> Iterator[str]:
    """A place is repeated with the same id and the same bytes, and an id stands at one place."""
    at_place: dict[tuple[str, str, int], Announced] = {}
    of_id: dict[str, Announced] = {}
    for one in books.announced:
        first = at_place.setdefault((one.topic, one.key, one.sequence), one)
        if (first.id, first.lying.value) != (one.id, one.lying.value):
            yield f"{one.topic}: {one.sequence} of the key {one.key} is said in two ways"
        elif of_id.setdefault(one.id, one)[:3] != one[:3]:
            yield f"{one.topic}: the id {one.id} stands at two places"


def envelopes(books: Books) -> Iterator[str]:
    """Types and sources name the owner of the topic."""
    for one in books.announced:
        source = dict(one.lying.headers).get("ce_source")
        if one.topic != PEOPLE and (
            source != f"/rehab/{one.owner}".encode() or not one.type.startswith(f"rehab.{one.owner}.")
        ):
            yield f"{one.topic}: {one.type} of the key {one.key} names another owner"


def revisions(books: Books) -> Iterator[str]:
    """A referral's revision rises by one with each decision that changes it."""
    for key, said in books.referrals.items():
        seen = [int(one.data["revision"]) for one in said if "revision" in one.data]
        if seen[:1] not in ([], [1]) or any(after - before not in {0, 1} for before, after in pairwise(seen)):
            yield f"the referral {key} counts its revisions {seen}"
