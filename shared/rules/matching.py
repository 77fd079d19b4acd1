"""Ranking the sites that could take a referral, by kilometres and what is added to them."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from shared.events.procurement import ContractActivated
from shared.events.program import Matching
from shared.events.values import Barrier, Discipline, Fired, Opening, Program, Receipt
from shared.rules.geo import kilometres
from shared.rules.register import Register


class Taken(Protocol):
    """The numbers of the openings that are taken."""

    def get(self, place: tuple[str, Program, date], default: Collection[int] = (), /) -> Collection[int]:
        """Of a site, program and week."""


_SHOWN = 5
_DAY = timedelta(days=1)


class Wanted(NamedTuple):
    """What a worker needs of a site; `language` never leaves the ranking."""

    program: Program
    community: str
    requested_on: date
    barriers: Sequence[Barrier] = ()
    urgent: bool = False
    language: str | None = None
    site_chosen: str | None = None
    refused: Collection[str] = ()


class Candidate(NamedTuple):
    """A site with its first opening and its sum of kilometres; compares by what ranks it."""

    points: float
    share: float
    site_id: str
    contract: ContractActivated
    opening: Opening
    km: float
    weeks: int
    lacking: int
    other_language: bool


def rank(register: Register, wanted: Wanted, taken: Taken, day: date) -> list[Candidate]:
    """Best first: the worker's choice, then the smallest sum, the smallest share of openings taken, the site id."""
    terms = register.terms_on(day).matching
    weeks = _weeks(register, terms, day)
    serving = register.serving(wanted.program, wanted.community, day, wanted.requested_on)
    sites = register.open_sites(serving, day)
    needed = {d for barrier in wanted.barriers for d in terms.disciplines.get(barrier, ())}
    found = []
    for site_id, contract in sites.items():
        if site_id not in wanted.refused and (seat := _first_opening(register, site_id, wanted.program, taken, weeks)):
            found.append(_candidate(register, wanted, terms, contract, seat, needed))
    return sorted(found, key=lambda c: (c.site_id != wanted.site_chosen, c.points, c.share, c.site_id))


class _Seat(NamedTuple):
    """The first free opening of a site, and the share of all that is taken."""

    opening: Opening
    weeks: int
    share: float


def _weeks(register: Register, terms: Matching, day: date) -> list[date]:
    """Mondays of the weeks looked at, from that of the first possible day."""
    first = register.default_calendar.add_business_days(day, terms.first_business_day)
    monday = first - timedelta(days=first.weekday())
    return [monday + timedelta(weeks=n) for n in range(terms.weeks_ahead)]


def next_week_in_sight(register: Register, day: date) -> date:
    """The first day on which the weeks looked at begin and end later than on `day`."""
    first = _weeks(register, register.terms_on(day).matching, day)[0]
    later = day + _DAY
    while _weeks(register, register.terms_on(later).matching, later)[0] == first:
        later += _DAY
    return later


def _first_opening(
    register: Register, site_id: str, program: Program, taken: Taken, weeks: Sequence[date]
) -> _Seat | None:
    """The smallest free number of the earliest week."""
    declared = register.capacity.get((site_id, program), {})
    found: Opening | None = None
    waited = used = total = 0
    for n, week_on in enumerate(weeks):
        openings = declared.get(week_on, 0)
        gone = taken.get((site_id, program, week_on), ())
        used, total = used + len(gone), total + openings
        if found is None and len(gone) < openings:
            free = next(n for n in range(1, openings + 1) if n not in gone) if gone else 1
            found, waited = Opening(site_id=site_id, program=program, week_on=week_on, n=free), n
    return _Seat(found, waited, used / total) if found else None


def _candidate(  # noqa: PLR0913, PLR0917 - what the sum is made of
    register: Register,
    wanted: Wanted,
    terms: Matching,
    contract: ContractActivated,
    seat: _Seat,
    needed: Collection[Discipline],
) -> Candidate:
    """The sum of one site: kilometres, waiting, language, disciplines."""
    site = register.sites[seat.opening.site_id]
    km = kilometres(wanted.community, site.community)
    lacking = sum(discipline not in site.disciplines for discipline in needed)
    other = wanted.language is not None and wanted.language not in site.languages
    waiting = seat.weeks * (terms.per_week_urgent if wanted.urgent else terms.per_week)
    points = km + waiting + lacking * terms.discipline + (terms.language if other else 0)
    return Candidate(points, seat.share, site.site_id, contract, seat.opening, km, seat.weeks, lacking, other)


def receipt(candidates: Sequence[Candidate], terms_revision: int, override_by: tuple[str, ...]) -> Receipt:
    """The first five sums with their parts; that a language weighed is shown as part of the sum alone."""
    shown = candidates[:_SHOWN]
    rules = tuple(
        Fired(
            rule=f"rank/{n}",
            said=f"{c.site_id}: {c.points:.0f} = {c.km:.0f} km, {c.weeks} weeks, {c.lacking} disciplines lacking and "
            f"other weights; {c.share:.0%} of its openings are taken",
        )
        for n, c in enumerate(shown, 1)
    )
    return Receipt(
        rules=rules,
        inputs={"candidates": len(candidates)},
        versions={"terms": terms_revision},
        override_by=override_by,
    )
