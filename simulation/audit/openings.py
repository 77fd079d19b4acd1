"""First appointments: nothing is taken that was not declared, and nothing twice."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import NamedTuple, TypeAlias

from simulation.audit.observations import Books
from simulation.clients.published_register import Data
from simulation.clients.topics import Announced

Week: TypeAlias = tuple[str, str, str]  # site, program and Monday
Place: TypeAlias = tuple[str, str, str, int]  # and the number of the opening

_MOST_REFUSALS = 3
_EVER = datetime.max.replace(tzinfo=UTC)
_BOOKED = {"appointment-booked", "appointment-moved"}
_TAKES = {"referral-offered", *_BOOKED}
_GIVES_BACK = {
    "referral-declined", "referral-lapsed", "referral-offer-withdrawn", "referral-withdrawn", "program-started",
}  # fmt: skip


class _Holding(NamedTuple):
    """An opening that a referral held, and from when to when; booked ones need not have been declared."""

    place: Place
    since: datetime
    until: datetime
    referral_id: str
    is_booked: bool


def openings(books: Books) -> Iterator[str]:
    """Yield what is offered was declared, and nobody else holds it at the time."""
    declared = _Declared(books)
    held: dict[Place, list[_Holding]] = {}
    for one in _all(books):
        most = declared.at(one.place[:3], one.since)
        if not one.is_booked and not 1 <= one.place[3] <= most:
            yield f"the referral {one.referral_id} takes opening {one.place[3]} of {most} at {_name(one.place)}"
        held.setdefault(one.place, []).append(one)
    for holdings in held.values():
        for one, other in pairwise(sorted(holdings, key=lambda one: (one.since, one.until))):
            if other.since < one.until and other.referral_id != one.referral_id:
                yield f"the opening {_name(one.place)} is held by {one.referral_id} and by {other.referral_id}"


def unplaced_rightly(books: Books) -> Iterator[str]:
    """Find referrals without a site while a site that may be asked has an opening in the weeks to come."""
    taken: dict[Week, list[_Holding]] = {}
    for one in _all(books):
        taken.setdefault(one.place[:3], []).append(one)
    declared = _Declared(books)
    for unplaced in books.words.get("referral-unplaced", ()):
        for week in _weeks(books, unplaced):
            busy = [one for one in taken.get(week, ()) if one.since <= unplaced.at <= one.until]
            if declared.at(week, unplaced.at) > len(busy):
                yield f"the referral {unplaced.key} is unplaced while {_name(week)} has an opening"
                break


def _refused(said: Sequence[Announced], unplaced: Announced) -> set[str]:
    """Return who declined or lapsed since the program was selected."""
    refused: set[str] = set()
    for one in said:
        if one.sequence < unplaced.sequence and one.event_name == "program-selected":
            refused = set()
        elif one.sequence < unplaced.sequence and one.event_name in {"referral-declined", "referral-lapsed"}:
            refused.add(one.data["site_id"])
    return refused


def _weeks(books: Books, unplaced: Announced) -> Iterator[Week]:
    """Of each site that may be asked, whole weeks that are surely within eight from the second business day."""
    said, days = books.referrals[unplaced.key], books.register.calendar()
    history = books.expected.histories.get(str(said[0].data.get("claim_number")))
    refused = _refused(said, unplaced)
    if days is None or history is None or len(refused) >= _MOST_REFUSALS:
        return
    on, first = days.day_of(unplaced.at), days.day_of(days.end_after(unplaced.at, 2))
    program, lives_in = unplaced.data["program"], history.communities_on(on, unplaced.at)
    for contract in books.register.contracts(on, unplaced.at):
        if contract["program"] == program and lives_in <= set(contract["communities"]):
            for site_id, n in product(set(contract["sites"]) - refused, range(1, 7)):
                monday = first - timedelta(days=first.weekday()) + timedelta(weeks=n)
                yield site_id, program, monday.isoformat()


class _Declared:
    """How many openings a site has in a week, as it said last."""

    def __init__(self, books: Books) -> None:
        self._said: dict[Week, list[tuple[datetime, int]]] = {}
        for one in books.words.get("site-capacity-declared", ()):
            for week in one.data["weeks"]:
                place = one.data["site_id"], one.data["program"], week["week_on"]
                self._said.setdefault(place, []).append((one.at, int(week["openings"])))

    def at(self, week: Week, at: datetime) -> int:
        """As known at an instant."""
        return next((count for said_at, count in reversed(self._said.get(week, ())) if said_at <= at), 0)


def _all(books: Books) -> Iterator[_Holding]:
    for said in books.referrals.values():
        yield from _holdings(said)


def _name(place: Sequence[object]) -> str:
    return "/".join(map(str, place))


def _place(opening: Data) -> Place:
    return opening["site_id"], opening["program"], opening["week_on"], int(opening["n"])


def _holdings(said: Sequence[Announced]) -> Iterator[_Holding]:
    """Each opening from the word that takes it to the word that gives it back."""
    taken: Announced | None = None
    for one in said:
        takes = one.event_name in _TAKES and one.data.get("opening")
        moves = taken and takes and one.data["opening"] != taken.data["opening"]
        if taken and (moves or one.event_name in _GIVES_BACK):
            yield _Holding(_place(taken.data["opening"]), taken.at, one.at, one.key, taken.event_name in _BOOKED)
            taken = None
        if takes and taken is None:
            taken = one
    if taken:
        yield _Holding(_place(taken.data["opening"]), taken.at, _EVER, taken.key, taken.event_name in _BOOKED)
