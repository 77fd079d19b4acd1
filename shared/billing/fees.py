"""The price of a service on its day: contract, fee line and calendar, the units left, and cents."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple, Self

from shared.billing.case import Case, Granted, GrantUse, HeldLine, RequestedLine
from shared.billing.windows import week_of
from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.versions import version_on
from shared.events.procurement import (
    ContractActivated,
    ContractEnded,
    FeeLine,
    FeeSchedulePublished,
)
from shared.events.published import Published

NOTHING = Decimal(0)


class Priced(NamedTuple):
    """A fee line and the revision of the schedule it stands in."""

    fee: FeeLine
    revision: int


class _Schedule(NamedTuple):
    """A version of a fee schedule, by code."""

    valid_from: date
    revision: int
    lines: Mapping[str, FeeLine]


@dataclass(frozen=True)
class Terms:
    """Contracts, fee schedules and calendars, every version of each; a day of service finds its own."""

    contracts: Mapping[str, Sequence[ContractActivated]] = field(default_factory=dict)
    ended: Mapping[str, ContractEnded] = field(default_factory=dict)
    fees: Mapping[str, Sequence[_Schedule]] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    default_calendar: Calendar = UNPUBLISHED

    @classmethod
    def of(cls, published: Published) -> Self:
        """Return the terms that procurement published."""
        return cls(
            published.versions(ContractActivated),
            published.newest(ContractEnded),
            {id_: _schedules(versions) for id_, versions in published.versions(FeeSchedulePublished).items()},
            published.calendars,
            published.default_calendar,
        )

    def knows(self, contract_id: str) -> bool:
        """Return whether the contract is loaded with fees and calendar; before that nothing can be judged."""
        versions = self.contracts.get(contract_id, ())
        return bool(versions) and all(
            v.fee_schedule_id in self.fees and self.calendar_of(v) is not UNPUBLISHED for v in versions
        )

    def contract_on(self, contract_id: str, day: date) -> ContractActivated:
        """Return the contract as it holds on a day of service; before its first version, the first."""
        versions = self.contracts[contract_id]
        return version_on(versions, day) or versions[0]

    def last_day(self, contract: ContractActivated) -> date:
        """Return the last day of service, run-off included, cut short where the contract was ended."""
        last = contract.effective_to or date.max
        ended = self.ended.get(contract.contract_id)
        if ended and ended.effective_to < last:
            return ended.run_off_to or ended.effective_to
        return contract.run_off_to or last

    def calendar_of(self, contract: ContractActivated) -> Calendar:
        """Return the calendar that the contract names, else the default one."""
        return self.calendars.get(contract.calendar_id, self.default_calendar)

    def reports_of(self, contract_id: str) -> frozenset[str]:
        """Return the kinds of report that any of the contract's fees needs."""
        schedules = {v.fee_schedule_id for v in self.contracts.get(contract_id, ())}
        lines = (line for id_ in schedules for version in self.fees.get(id_, ()) for line in version.lines.values())
        return frozenset(line.needs_report for line in lines if line.needs_report)

    def fee_on(self, contract: ContractActivated, code: str, day: date) -> Priced | None:
        """Return the fee of a code on a day of service, or None where the schedule of that day has none."""
        schedule = self._schedule_on(contract, day)
        fee = schedule and schedule.lines.get(code)
        return Priced(fee, schedule.revision) if schedule and fee else None

    def fees_on(self, contract: ContractActivated, day: date) -> Mapping[str, FeeLine]:
        """Return all fees on a day of service by code; none before the first version of the schedule."""
        schedule = self._schedule_on(contract, day)
        return schedule.lines if schedule else {}

    def _schedule_on(self, contract: ContractActivated, day: date) -> _Schedule | None:
        """Return the version of the contract'"'"'s schedule that is in force on a day."""
        return version_on(self.fees.get(contract.fee_schedule_id, ()), day)


def _schedules(versions: Iterable[FeeSchedulePublished]) -> tuple[_Schedule, ...]:
    """Return the versions of a schedule with their lines by code."""
    return tuple(_Schedule(v.valid_from, v.revision, {line.code: line for line in v.lines}) for v in versions)


def cents_of(fee: FeeLine, units: Decimal, percent: int = 100) -> int:
    """Return the cents for units of a fee at a percentage, rounded once; half a cent goes up."""
    return int((fee.cents * units * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


def percent_of(fee: FeeLine, business_days_late: int) -> int:
    """Return the percentage that the fee's tiers pay: 100 without tiers, 0 where none fits."""
    if not fee.tiers:
        return 100
    fitting = (t.percent for t in fee.tiers if t.late_to is None or business_days_late <= t.late_to)
    return next(fitting, 0)


class Limit(NamedTuple):
    """The most units of a code in a span of days."""

    code: str
    span: str
    most: Decimal
    used: Decimal

    def cut(self, units: Decimal, step: Decimal) -> Decimal:
        """Return what the limit leaves of so many units, in whole steps."""
        return min(units, steps(max(self.most - self.used, NOTHING), step))


def steps(units: Decimal, step: Decimal) -> Decimal:
    """Return units rounded down to a multiple of the step."""
    return (units / step).to_integral_value(ROUND_FLOOR) * step


def limits(fee: FeeLine, day: date, taken: Sequence[HeldLine]) -> Iterator[Limit]:
    """Yield the limits of a fee, with the units used on the day, in its week and on the referral."""
    same = [held for held in taken if held.code == fee.code]
    if fee.max_per_day is not None:
        used = sum((h.units for h in same if h.service_on == day), NOTHING)
        yield Limit("ONE-PER-DAY", "day", fee.max_per_day, used)
    if fee.max_per_week is not None:
        used = sum((h.units for h in same if week_of(h.service_on) == week_of(day)), NOTHING)
        yield Limit("LIMIT", "week", fee.max_per_week, used)
    if fee.max_per_referral is not None:
        yield Limit("LIMIT", "referral", fee.max_per_referral, sum((h.units for h in same), NOTHING))


class Cover(NamedTuple):
    """The approved units of a line by what approves them, and the units that may still be approved."""

    drawn: tuple[GrantUse, ...] = ()
    asked: tuple[GrantUse, ...] = ()

    @property
    def approved(self) -> Decimal:
        """Units that may be paid."""
        return sum((draw.units for draw in self.drawn), NOTHING)

    @property
    def undecided(self) -> Decimal:
        """Units that wait for a decision."""
        return sum((draw.units for draw in self.asked), NOTHING)


def cover(case: Case, fee: FeeLine, day: date, units: Decimal, taken: Sequence[HeldLine]) -> Cover:
    """Cover units by the referral itself, then by grants of the day, those that end first, then by what is asked."""
    if fee.before_plan is None:
        return Cover((GrantUse(None, units),))
    used: dict[str | None, Decimal] = defaultdict(Decimal)
    for draw in (draw for held in taken if held.code == fee.code for draw in held.drawn):
        used[draw.grant] += draw.units
    drawn, rest = _draw(units, [GrantUse(None, Decimal(fee.before_plan)), *_granted(case, fee.code, day)], used)
    asked, _ = _draw(rest, _asked(case, fee.code, day), used)
    return Cover(drawn, asked)


def _draw(
    units: Decimal, sources: Iterable[GrantUse], used: Mapping[str | None, Decimal]
) -> tuple[tuple[GrantUse, ...], Decimal]:
    """Return what each source gives, and the units that are left over."""
    drawn = []
    for source in sources:
        given = min(units, max(source.units - used.get(source.grant, NOTHING), NOTHING))
        if given:
            drawn.append(GrantUse(source.grant, given))
            units -= given
    return tuple(drawn), units


def _granted(case: Case, code: str, day: date) -> list[GrantUse]:
    """Return the grants of a code valid on a day, those that end first standing first."""

    def ends(grant: Granted) -> tuple[date, str]:
        return grant.last_on, grant.grant

    valid = (g for g in case.grants if g.code == code and g.from_on <= day <= g.last_on)
    return [GrantUse(g.grant, g.units) for g in sorted(valid, key=ends)]


def _asked(case: Case, code: str, day: date) -> list[GrantUse]:
    """Return what an undecided plan may still give, by names that no grant has."""
    return [GrantUse(_name(a), a.units) for a in case.asked if a.code == code and a.from_on <= day <= a.last_on]


def _name(asked: RequestedLine) -> str:
    return f"asked/{asked.plan}/{asked.line}"
