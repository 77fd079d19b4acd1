"""A worker's treatment as the clinic that gives it knows it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from simulation.claims_system.claim_histories import PACIFIC
from simulation.clients.published_register import Data

_DAY = timedelta(days=1)


class Line(NamedTuple):
    """A line of an invoice that is going to be written."""

    code: str
    service_on: date
    units: Decimal
    cents: int
    discipline: str | None

    def as_body(self, line: str) -> dict[str, Any]:
        """As the portal takes it."""
        said: dict[str, Any] = {
            "line": line, "code": self.code, "service_on": self.service_on.isoformat(), "units": str(self.units),
            "cents": self.cents,
        }  # fmt: skip
        return said | ({"discipline": self.discipline} if self.discipline else {})


class Unanswered(NamedTuple):
    """Something that was done and is being checked: what it was, and by whose key its answer can be read."""

    what: str
    about: str
    token: str


@dataclass(slots=True)
class Case:
    """What has happened so far, and what was billed of it.

    Reports `until_end` are owed if they are due by the last day. People speak of an invoice by its number, which is the
    same in every play; `numbers` has it by the invoice's id.
    """

    number: str
    referral_id: str
    site_id: str = ""
    contract_id: str = ""
    payee_id: str = ""
    program: str = ""
    program_revision: int = 0
    barriers: Sequence[str] = ()
    starts_at: datetime | None = None
    started_on: date | None = None
    last_on: date | None = None
    planned_end: date | None = None
    is_planned: bool = False
    is_over: bool = False
    holds: set[str] = field(default_factory=set)
    due: dict[str, datetime] = field(default_factory=dict)
    until_end: set[str] = field(default_factory=set)
    accepted: dict[str, Data] = field(default_factory=dict)
    days: dict[date, str] = field(default_factory=dict)
    grants: list[Data] = field(default_factory=list)
    plans: dict[int, str] = field(default_factory=dict)
    lines: dict[int, Sequence[Data]] = field(default_factory=dict)
    postponed: set[tuple[str, str]] = field(default_factory=set)
    unanswered: dict[str, Unanswered] = field(default_factory=dict)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    recorded_to: date = date.min
    billed: set[tuple[str, date]] = field(default_factory=set)
    units: Counter[str] = field(default_factory=Counter)
    invoices: int = 0
    returned: set[str] = field(default_factory=set)
    filings: Counter[str] = field(default_factory=Counter)
    asked: set[int] = field(default_factory=set)
    under_way: list[tuple[str, Sequence[Line]]] = field(default_factory=list)
    meant: dict[str, Mapping[str, Line]] = field(default_factory=dict)
    sent: dict[str, Data] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    denied: dict[str, Sequence[Data]] = field(default_factory=dict)
    denials: Counter[str] = field(default_factory=Counter)

    def service(self, code: str, on: date) -> str:
        """A service by its place in the treatment, which is the same whatever the week in which it began."""
        return f"{code} {(on - self.started_on).days if self.started_on else on}"

    def unbill(self, lines: Iterable[Line]) -> None:
        """Note that a bill came to nothing, so that its services are billed anew."""
        for line in lines:
            self.billed.discard((line.code, line.service_on))
            self.units[line.code] -= 1

    def answered(self, number: str) -> Sequence[Line]:
        """The lines of the first invoice under way by this number; it is so no more."""
        found = next((one for one in self.under_way if one[0] == number), None)
        if found is None:
            return ()
        self.under_way.remove(found)
        return found[1]

    def owes(self, report: str) -> bool:
        """Return whether a report is to be written still, as far as the clinic's own days say."""
        if report in self.until_end and self.last_on and self.due[report].astimezone(PACIFIC).date() > self.last_on:
            return False
        return report not in self.accepted

    def attended(self) -> list[date]:
        """Days on which the worker came."""
        return sorted(on for on, status in self.days.items() if status == "attended")


def unbilled(case: Case, fees: Mapping[str, Data], until: date) -> Iterator[Line]:
    """Yield what was done and not billed yet: reports, then days and weeks that are over."""
    for fee in fees.values():
        kind = fee.get("needs_report")
        if kind and fee["unit"] == "report":
            reports = [one for one in case.accepted.values() if one["kind"] == kind]
            yield from (line for one in reports if (line := _report(case, fee, one)))
    by_week: dict[date, list[date]] = {}
    for on in case.attended():
        by_week.setdefault(on - on.weekday() * _DAY, []).append(on)
    for monday, days in sorted(by_week.items()):
        if case.last_on or monday + 7 * _DAY <= until:
            yield from _week(case, fees, days)
    yield from _sessions(case, fees)


def _report(case: Case, fee: Data, report: Data) -> Line | None:
    """A report at its fee, less what it is late."""
    late = report["business_days_late"]
    tiers = fee.get("tiers") or [{"percent": 100}]
    percent = next(tier["percent"] for tier in tiers if tier.get("late_to") is None or late <= tier["late_to"])
    on = date.fromisoformat(report["service_on"])
    if not percent or not _may(case, fee, on):
        return None
    cents = (Decimal(fee["cents"]) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return _line(case, fee, on, int(cents))


def _week(case: Case, fees: Mapping[str, Data], days: Sequence[date]) -> Iterator[Line]:
    """By the week where enough days were attended, else by the day."""
    weekly = next((f for f in fees.values() if f["attendance"] == "week" and not f["extension"]), None)
    daily = next((f for f in fees.values() if f["attendance"] == "day"), None)
    if weekly and len(days) >= weekly["min_days"] and _may(case, weekly, days[-1]):
        yield _line(case, weekly, days[-1], weekly["cents"])
        return
    if daily and not (weekly and (weekly["code"], days[-1]) in case.billed):
        most = int(Decimal(str(daily["max_per_week"]))) if daily.get("max_per_week") else len(days)
        for on in days[:most]:
            if _may(case, daily, on):
                yield _line(case, daily, on, daily["cents"])


def _sessions(case: Case, fees: Mapping[str, Data]) -> Iterator[Line]:
    """Single sessions that a plan granted, one on each day on which the worker came."""
    for grant in case.grants:
        fee = fees.get(grant["code"])
        if fee is None or fee["attendance"] != "none" or fee.get("needs_report"):
            continue
        first, last = date.fromisoformat(grant["from_on"]), date.fromisoformat(grant["to_on"])
        for on in case.attended():
            if (
                first <= on <= last
                and case.units[fee["code"]] + 1 <= Decimal(str(grant["units"]))
                and _may(case, fee, on)
            ):
                yield _line(case, fee, on, fee["cents"], grant["discipline"])


def _may(case: Case, fee: Data, on: date) -> bool:
    """Not billed yet, and no more than a referral may have."""
    most = fee.get("max_per_referral")
    has_room = most is None or case.units[fee["code"]] + 1 <= Decimal(str(most))
    return has_room and (fee["code"], on) not in case.billed


def _line(case: Case, fee: Data, on: date, cents: int, discipline: str | None = None) -> Line:
    """One unit."""
    case.billed.add((fee["code"], on))
    case.units[fee["code"]] += 1
    return Line(fee["code"], on, Decimal(1), cents, discipline or next(iter(fee.get("disciplines", ())), None))


def planned(case: Case, fees: Mapping[str, Data], goal: str) -> list[dict[str, Any]]:
    """Return what a clinic asks for: more of what the referral covers only at first, and what the barriers call for."""
    if case.started_on is None or case.planned_end is None:
        return []
    wanted = [
        (fee, Decimal(str(fee["max_per_referral"])) - fee["before_plan"])
        for fee in fees.values()
        if fee["attendance"] in {"day", "week"} and not fee["extension"] and fee.get("before_plan")
    ]
    if "psychosocial" in case.barriers:
        wanted += [(fee, Decimal(4)) for fee in fees.values() if "psychologist" in fee.get("disciplines", ())]
    if "no_modified_work" in case.barriers:
        visits = (fee for fee in fees.values() if fee.get("needs_report") == "job-site-visit" and fee["unit"] == "hour")
        wanted += [(fee, Decimal(2)) for fee in visits]
    return [
        {
            "line": str(n), "code": fee["code"], "units": str(units), "from_on": case.started_on.isoformat(),
            "to_on": case.planned_end.isoformat(), "discipline": fee["disciplines"][0], "goal": goal,
        }
        for n, (fee, units) in enumerate(wanted, 1)
        if units > 0 and fee.get("disciplines")
    ]  # fmt: skip
