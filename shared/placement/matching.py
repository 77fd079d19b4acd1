"""The ranking of the sites that could take a referral, by kilometres and the weights added to them."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol, TypeAlias

from shared.events.procurement import ContractActivated, SiteOpened
from shared.events.program import Matching
from shared.events.values import Barrier, Discipline, Fired, Opening, Program, Receipt
from shared.placement.geo import kilometres
from shared.placement.register import Register, Term

OpeningWeek: TypeAlias = tuple[str, Program, date]


class TakenOpenings(Protocol):
    """The numbers of the openings that are taken."""

    def get(self, week: OpeningWeek, default: Collection[int] = (), /) -> Collection[int]:
        """Return the numbers taken of a site, program and week."""


_SHOWN = 5
_DAY = timedelta(days=1)


class MatchRequest(NamedTuple):
    """The needs of a worker; `language` is never shown outside the ranking."""

    program: Program
    community: str
    requested_on: date
    barriers: Sequence[Barrier] = ()
    urgent: bool = False
    language: str | None = None
    site_chosen: str | None = None
    refused: Collection[str] = ()


class Candidate(NamedTuple):
    """A site with its first free opening and its points, which are kilometres and weights."""

    points: float
    share: float
    site_id: str
    contract: ContractActivated
    program: Program
    week_on: date
    n: int
    km: float
    weeks: int
    lacking: int

    @property
    def opening(self) -> Opening:
        """Return the opening that would be reserved."""
        return Opening(site_id=self.site_id, program=self.program, week_on=self.week_on, n=self.n)


class _Site(NamedTuple):
    """A site whose contract covers a community, with all that is the same for every referral of a day."""

    site: SiteOpened
    contract: ContractActivated
    term: Term
    km: float
    declared: tuple[tuple[OpeningWeek, int], ...]
    openings: int


def rank(register: Register, wanted: MatchRequest, taken: TakenOpenings, day: date) -> list[Candidate]:
    """Rank the sites by the worker's choice, then points, share of openings taken, and site id; the best is first."""
    program, community = wanted.program, wanted.community
    near = register.remember(("near", program, community, day), lambda: _near(register, program, community, day))
    terms = register.terms_on(day).matching
    needed = {d for barrier in wanted.barriers for d in terms.disciplines.get(barrier, ())}
    seen = set(wanted.refused)
    found = []
    for nearby in near:
        if nearby.site.site_id in seen or not nearby.term.serves(day, wanted.requested_on):
            continue
        seen.add(nearby.site.site_id)
        if candidate := _candidate(nearby, wanted, taken, terms, needed):
            found.append(candidate)
    return sorted(found, key=lambda c: (c.site_id != wanted.site_chosen, c.points, c.share, c.site_id))


def _near(register: Register, program: Program, community: str, day: date) -> tuple[_Site, ...]:
    """Return the open sites of contracts that cover a community, in force or not, with their openings by week."""
    weeks = _weeks(register, register.terms_on(day).matching, day)
    return tuple(
        _site(
            register, contract, register.sites[site_id], kilometres(community, register.sites[site_id].community), weeks
        )
        for contract in register.contracts_of(program, community, day)
        for site_id in register.open_sites((contract,), day)
    )


def _site(register: Register, contract: ContractActivated, site: SiteOpened, km: float, weeks: Sequence[date]) -> _Site:
    """Return a site with the openings declared in these weeks."""
    declared = register.capacity.get((site.site_id, contract.program), {})
    by_week = tuple(((site.site_id, contract.program, week_on), declared.get(week_on, 0)) for week_on in weeks)
    return _Site(site, contract, register.term_of(contract), km, by_week, sum(n for _, n in by_week))


def _weeks(register: Register, terms: Matching, day: date) -> list[date]:
    """Return the Mondays of the weeks looked at, from that of the first possible day."""
    first = register.default_calendar.add_business_days(day, terms.first_business_day)
    monday = first - timedelta(days=first.weekday())
    return [monday + timedelta(weeks=n) for n in range(terms.weeks_ahead)]


def next_week_in_sight(register: Register, day: date) -> date:
    """Return the first day on which the weeks looked at begin later than on `day`."""
    return register.remember(("next week", day), lambda: _next_week(register, day))


def _next_week(register: Register, day: date) -> date:
    first = _weeks(register, register.terms_on(day).matching, day)[0]
    later = day + _DAY
    while _weeks(register, register.terms_on(later).matching, later)[0] == first:
        later += _DAY
    return later


def _candidate(
    nearby: _Site, wanted: MatchRequest, taken: TakenOpenings, terms: Matching, needed: Collection[Discipline]
) -> Candidate | None:
    """Return a site with its points for kilometres, waiting, language and disciplines; None without a free opening."""
    found, used = _first_opening(nearby, taken)
    if found is None:
        return None
    weeks, n = found
    lacking = sum(discipline not in nearby.site.disciplines for discipline in needed) if needed else 0
    per_week = terms.per_week_urgent if wanted.urgent else terms.per_week
    points = nearby.km + weeks * per_week + lacking * terms.discipline
    if wanted.language is not None and wanted.language not in nearby.site.languages:
        points += terms.language
    (site_id, program, week_on), _ = nearby.declared[weeks]
    share = used / nearby.openings
    return Candidate(points, share, site_id, nearby.contract, program, week_on, n, nearby.km, weeks, lacking)


def _first_opening(nearby: _Site, taken: TakenOpenings) -> tuple[tuple[int, int] | None, int]:
    """Return the first week with a free opening and its smallest free number, and how many are taken in all weeks."""
    found: tuple[int, int] | None = None
    used = 0
    for waited, (week, openings) in enumerate(nearby.declared):
        gone = taken.get(week, ())
        used += len(gone)
        if found is None and len(gone) < openings:
            found = waited, next(n for n in range(1, openings + 1) if n not in gone) if gone else 1
    return found, used


def receipt(candidates: Sequence[Candidate], terms_revision: int, override_by: tuple[str, ...]) -> Receipt:
    """Return the first five candidates with the parts of their points, of which the language is not shown apart."""
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
