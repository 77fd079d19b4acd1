"""What was done and can be billed: accepted reports, days and weeks that were attended, sessions of a plan."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from shared.billing.fees import percent_of
from shared.events.procurement import FeeLine

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY


class Service(NamedTuple):
    """A line that an invoice could have, priced by the fee schedule; `note` says what it is."""

    code: str
    service_on: date
    units: Decimal
    cents: int
    discipline: str
    note: str


@dataclass
class CompletedServices:
    """What is known of one referral: fees by code, accepted reports, days by status, grants, what was billed.

    `fees_on` gives the fees of a date of service by code, by the contract and the schedule of that day.
    """

    fees_on: Callable[[date], Mapping[str, FeeLine]]
    reports: Sequence[Mapping[str, Any]]
    days: Mapping[str, str]
    grants: Sequence[Mapping[str, Any]]
    last_on: date | None = None
    billed: set[tuple[str, date]] = field(default_factory=set)
    units: Counter[str] = field(default_factory=Counter)

    @property
    def attended(self) -> Sequence[date]:
        """In their order."""
        return sorted(date.fromisoformat(on) for on, status in self.days.items() if status == "attended")


def price(cents: int, units: Decimal, percent: int = 100) -> int:
    """Half a cent counts as a whole one."""
    return int((Decimal(cents) * units * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


def services(done: CompletedServices, today: date) -> Sequence[Service]:
    """Everything that can be billed today and was not."""
    return sorted(_services(done, today), key=lambda one: (one.service_on, one.code))


def _services(done: CompletedServices, today: date) -> Iterator[Service]:
    yield from _reports(done)
    weeks: dict[date, list[date]] = {}
    for on in done.attended:
        weeks.setdefault(on - on.weekday() * _DAY, []).append(on)
    for monday, days in weeks.items():
        if done.last_on or monday + _WEEK <= today:
            yield from _week(done, days)
    yield from _sessions(done)


def _reports(done: CompletedServices) -> Iterator[Service]:
    """What the fees of its day pay for each accepted report; one that came too late to be paid is no service."""
    for report in done.reports:
        on = date.fromisoformat(report["service_on"]) if report.get("service_on") else None
        for fee in done.fees_on(on).values() if on else ():
            percent = percent_of(fee, int(report.get("business_days_late") or 0))
            if on and percent and fee.unit == "report" and fee.needs_report == report.get("kind"):
                yield from _take(done, fee, on, percent)


def _week(done: CompletedServices, days: Sequence[date]) -> Iterator[Service]:
    """By the week where enough days were attended, else by the day."""
    fees = done.fees_on(days[-1]).values()
    weekly = next((fee for fee in fees if fee.attendance == "week" and not fee.extension), None)
    if weekly and len(days) >= weekly.min_days:
        yield from _take(done, weekly, days[-1])
        return
    taken: Counter[str] = Counter()
    for on in days:
        for fee in done.fees_on(on).values():
            if fee.attendance == "day" and not fee.extension and taken[fee.code] < (fee.max_per_week or len(days)):
                taken[fee.code] += 1
                yield from _take(done, fee, on)


def _sessions(done: CompletedServices) -> Iterator[Service]:
    """Single sessions that a plan granted, one on each day on which the worker came."""
    for grant in done.grants:
        first, last = date.fromisoformat(grant["from_on"]), date.fromisoformat(grant.get("ended_on") or grant["to_on"])
        for on in (day for day in done.attended if first <= day <= last):
            fee = done.fees_on(on).get(grant["code"])
            if fee is None or fee.attendance != "none" or fee.needs_report:
                continue
            if done.units[fee.code] < Decimal(str(grant["units"])):
                yield from _take(done, fee, on, discipline=grant["discipline"])


def _take(
    done: CompletedServices, fee: FeeLine, on: date, percent: int = 100, discipline: str = ""
) -> Iterator[Service]:
    """One unit, unless it was billed or the referral has had as many as it may."""
    has_room = fee.max_per_referral is None or done.units[fee.code] + 1 <= fee.max_per_referral
    if not has_room or (fee.code, on) in done.billed:
        return
    done.billed.add((fee.code, on))
    done.units[fee.code] += 1
    by = discipline or next(iter(fee.disciplines), "")
    yield Service(fee.code, on, Decimal(1), price(fee.cents, Decimal(1), percent), by, fee.description)
