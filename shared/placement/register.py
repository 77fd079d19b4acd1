"""The register that rules evaluate: programs, terms, contracts, sites, capacity and calendars, by their dates."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple, TypeVar

from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.versions import version_on
from shared.events.procurement import ContractActivated, ContractEnded, SiteOpened
from shared.events.program import ProgramPublished, ReferralTermsPublished
from shared.events.values import Program

_R = TypeVar("_R")
_MOST_REMEMBERED = 2000


class Term(NamedTuple):
    """The first and last day of a contract, and the day until which it runs off."""

    first: date
    last: date
    run_off_to: date | None

    def serves(self, day: date, requested_on: date) -> bool:
        """Return whether it is in force on a day, or in run-off for a request made while it was in force."""
        if self.first <= day <= self.last:
            return True
        runs_off = self.run_off_to is not None and self.last < day <= self.run_off_to
        return runs_off and self.first <= requested_on <= self.last


@dataclass(frozen=True)
class Register:
    """The documents by id; derived values are cached because a register never changes."""

    programs: Mapping[Program, tuple[ProgramPublished, ...]] = field(default_factory=dict)
    terms: tuple[ReferralTermsPublished, ...] = ()
    contracts: Mapping[str, tuple[ContractActivated, ...]] = field(default_factory=dict)
    ended: Mapping[str, ContractEnded] = field(default_factory=dict)
    sites: Mapping[str, SiteOpened] = field(default_factory=dict)
    closed: Mapping[str, date] = field(default_factory=dict)
    capacity: Mapping[tuple[str, Program], Mapping[date, int]] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    default_calendar: Calendar = UNPUBLISHED
    _derived: dict[tuple[object, ...], Any] = field(default_factory=dict)

    @property
    def is_loaded(self) -> bool:
        """Return whether a program, terms, a contract and a calendar are known; before that no request is refused."""
        return bool(self.programs and self.terms and self.contracts and self.calendars)

    def program_on(self, program: Program, day: date) -> ProgramPublished | None:
        """Return the version in force on a day, or None."""
        version = version_on(self.programs.get(program, ()), day)
        ended = version is not None and version.effective_to is not None and day > version.effective_to
        return None if ended else version

    def programs_on(self, day: date) -> list[ProgramPublished]:
        """Return all programs in force on a day, in their order of precedence."""
        return self.remember(("programs", day), lambda: self._programs_on(day))

    def _programs_on(self, day: date) -> list[ProgramPublished]:
        found = (self.program_on(program, day) for program in self.programs)
        return sorted((p for p in found if p), key=lambda p: p.precedence)

    def terms_on(self, day: date) -> ReferralTermsPublished:
        """Return the terms in force on a day; before the first, the first."""
        return version_on(self.terms, day) or min(self.terms, key=lambda t: (t.effective_from, -t.revision))

    def calendar(self, calendar_id: str) -> Calendar:
        """Return a named calendar, else the default one."""
        return self.calendars.get(calendar_id, self.default_calendar)

    def contract_on(self, contract_id: str, day: date) -> ContractActivated:
        """Return the newest revision of a contract that holds on a day; before the first, the first."""
        versions = self.contracts[contract_id]
        return version_on(versions, day) or versions[0]

    def term_of(self, contract: ContractActivated) -> Term:
        """Return the days of a contract, cut short when it was ended."""
        ended = self.ended.get(contract.contract_id)
        last = contract.effective_to or date.max
        if ended and ended.effective_to < last:
            return Term(contract.effective_from, ended.effective_to, ended.run_off_to)
        return Term(contract.effective_from, last, contract.run_off_to)

    def covered(self, program: Program, day: date) -> frozenset[str]:
        """Return the communities covered by a program's contracts in force on a day; run-off does not count."""
        return self.remember(("covered", program, day), lambda: self._covered(program, day))

    def _covered(self, program: Program, day: date) -> frozenset[str]:
        found = (self.contract_on(id_, day) for id_ in self.contracts)
        in_force = (c for c in found if c.program == program and self._in_force(c, day))
        return frozenset(community for c in in_force for community in c.communities)

    def remember(self, asked: tuple[object, ...], derive: Callable[[], _R]) -> _R:
        """Return a value derived from the register alone, computed once; older days are dropped from the cache."""
        if asked not in self._derived:
            if len(self._derived) >= _MOST_REMEMBERED:
                self._derived.clear()
            self._derived[asked] = derive()
        found: _R = self._derived[asked]
        return found

    def _in_force(self, contract: ContractActivated, day: date) -> bool:
        term = self.term_of(contract)
        return term.first <= day <= term.last

    def serving(self, program: Program, community: str, day: date, requested_on: date) -> list[ContractActivated]:
        """Contracts that serve a community on a day; one in run-off only what was requested while it was in force."""
        known = self.contracts_of(program, community, day)
        return [c for c in known if self.term_of(c).serves(day, requested_on)]

    def contracts_of(self, program: Program, community: str, day: date) -> tuple[ContractActivated, ...]:
        """Return the contracts of a program that cover a community, whatever their days."""
        return self.remember(("areas", program, community, day), lambda: self._contracts_of(program, community, day))

    def _contracts_of(self, program: Program, community: str, day: date) -> tuple[ContractActivated, ...]:
        found = (self.contract_on(id_, day) for id_ in sorted(self.contracts))
        return tuple(c for c in found if c.program == program and community in c.communities)

    def open_sites(self, contracts: Iterable[ContractActivated], day: date) -> dict[str, ContractActivated]:
        """Return the sites of these contracts that are open on a day, each with its first contract."""
        found: dict[str, ContractActivated] = {}
        for contract in contracts:
            for site_id in contract.sites:
                if site_id in self.sites and self._is_open(site_id, day):
                    found.setdefault(site_id, contract)
        return found

    def _is_open(self, site_id: str, day: date) -> bool:
        return self.sites[site_id].opened_on <= day <= self.closed.get(site_id, date.max)

    def turning_days(self, after: date, until: date) -> list[date]:
        """Return the days after `after` until `until` on which a program or a contract begins, ends or changes."""
        days = self.remember(("turning",), self._turning)
        return days[bisect_right(days, after) : bisect_right(days, until)]

    def _turning(self) -> list[date]:
        days: set[date] = set()
        for versions in self.programs.values():
            for program in versions:
                days |= {program.effective_from, *_day_after(program.effective_to)}
        for contracts in self.contracts.values():
            for contract in contracts:
                term = self.term_of(contract)
                days |= {term.first, contract.holds_from, *_day_after(term.last), *_day_after(term.run_off_to)}
        return sorted(days)


def _day_after(day: date | None) -> tuple[date, ...]:
    """Return the next day, if there is one."""
    return (day + timedelta(days=1),) if day is not None and day < date.max else ()
