"""Services that were done and can be billed: the pages propose them, and adjudication's own rules price them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeAlias

from shared.billing.adjudication import Bill, judge
from shared.billing.case import (
    Case,
    Granted,
    HeldLine,
    Report,
    ReportStanding,
    RequestedLine,
    SentInvoice,
    Stretch,
)
from shared.billing.entitlement import held_line
from shared.billing.fees import Terms, cents_of
from shared.billing.windows import week_of
from shared.events.invoice import ClaimedLine, JudgedLine
from shared.events.portal import BilledLine
from shared.events.procurement import FeeLine
from shared.events.program import Grant, PlanLine

_WEEK = timedelta(days=7)
_ONE = Decimal(1)
_UNDECIDED = frozenset({"submitted", "information-requested", "overdue"})
_NOT_JUDGED = frozenset({"received", "pended"})
_STANDINGS: Mapping[str, ReportStanding] = {
    "scheduled": "due",
    "submitted": "submitted",
    "returned": "returned",
    "accepted": "accepted",
    "waived": "waived",
    "cancelled": "cancelled",
}


class StoredDocument(Protocol):
    """A plan, a report, the attendance or an invoice of a referral, as the portal projected it."""

    @property
    def name(self) -> str:
        """The name, unique among the referral's documents of its kind."""

    @property
    def state(self) -> str:
        """The state that the newest event left it in."""

    @property
    def body(self) -> dict[str, Any]:
        """The members, as JSON holds them."""


Documents: TypeAlias = Mapping[str, Sequence[StoredDocument]]  # by kind
FeesOn: TypeAlias = Callable[[date], Mapping[str, FeeLine]]


class BillableService(NamedTuple):
    """A line that an invoice sent now could have; `cents` is what adjudication allows for it."""

    code: str
    service_on: date
    units: Decimal
    cents: int
    discipline: str


def billable_services(
    referral: Mapping[str, Any], documents: Documents, terms: Terms, now: datetime
) -> Sequence[BillableService]:
    """Return every service that an invoice received now would be paid for, by day and code.

    Nothing is billable while contract, fees or calendar are not known.
    """
    case = case_of(referral, documents)
    if not terms.knows(case.contract_id):
        return ()
    today = terms.calendar_of(terms.contracts[case.contract_id][-1]).day_of(now)
    proposed = _distinct(_proposals(case, _grants(documents["plan"]), terms, today))
    # what one line draws another may lack, so that what is left is judged again until all of it is paid in full
    while (paid := _paid(proposed, case, terms, now)) != proposed:
        proposed = paid
    return [BillableService(x.code, x.service_on, x.units, x.cents, x.discipline or "") for x in paid]


def _paid(lines: Sequence[BilledLine], case: Case, terms: Terms, now: datetime) -> Sequence[BilledLine]:
    """Return what adjudication pays of these lines, each at the units and cents that it allows."""
    today = terms.default_calendar.day_of(now)
    result = judge(case, Bill("", "", case.payee_id, today, now, tuple(lines), 0), terms, today)
    paid = [
        line.model_copy(update={"units": judged.units, "cents": judged.allowed_cents})
        for line, judged in zip(lines, result.lines, strict=True)
        if judged.allowed_cents
    ]
    return sorted(paid, key=lambda line: (line.service_on, line.code))


def _distinct(lines: Iterable[BilledLine]) -> Sequence[BilledLine]:
    """Return the first proposal of each code and day, named by its number."""
    first: dict[tuple[str, date], BilledLine] = {}
    for line in lines:
        first.setdefault((line.code, line.service_on), line)
    return [line.model_copy(update={"line": str(n)}) for n, line in enumerate(first.values(), 1)]


def _proposals(case: Case, grants: Iterable[Grant], terms: Terms, today: date) -> Iterator[BilledLine]:
    """Propose a line for all that was done; of lines that exclude each other the preferred one comes first."""

    def fees_on(day: date) -> Mapping[str, FeeLine]:
        return terms.fees_on(terms.contract_on(case.contract_id, day), day)

    attended = sorted(day for day, status in case.attendance.items() if status == "attended")
    for report in case.reports:
        yield from _reports(report, fees_on)
    for monday in sorted({week_of(day) for day in attended}):
        if case.last_on or monday + _WEEK <= today:
            yield from _week([day for day in attended if week_of(day) == monday], fees_on)
    for grant in grants:
        yield from _sessions(grant, attended, fees_on)


def _reports(report: Report, fees_on: FeesOn) -> Iterator[BilledLine]:
    """Propose what the fees of its day pay for a report."""
    if report.service_on:
        for fee in fees_on(report.service_on).values():
            if fee.unit == "report" and fee.needs_report == report.kind:
                yield _line(fee, report.service_on)


def _sessions(grant: Grant, attended: Sequence[date], fees_on: FeesOn) -> Iterator[BilledLine]:
    """Propose a single session of a plan on each day on which the worker came."""
    for day in attended:
        fee = fees_on(day).get(grant.code)
        if fee and fee.attendance == "none" and not fee.needs_report and grant.from_on <= day <= grant.to_on:
            yield _line(fee, day, grant.discipline)


def _week(attended: Sequence[date], fees_on: FeesOn) -> Iterator[BilledLine]:
    """Propose a week that is over as a whole, then as a week of an extension, then by its days."""
    by_week = [fee for fee in fees_on(attended[-1]).values() if fee.attendance == "week"]
    for fee in sorted(by_week, key=lambda fee: fee.extension):
        yield _line(fee, attended[-1])
    for day in attended:
        yield from (_line(fee, day) for fee in fees_on(day).values() if fee.attendance == "day")


def _line(fee: FeeLine, day: date, discipline: str | None = None) -> BilledLine:
    """Return one unit of a fee, done by the discipline that is named or else by the first that the fee pays."""
    by = discipline or next(iter(fee.disciplines), None)
    return BilledLine(line="", code=fee.code, service_on=day, units=_ONE, cents=cents_of(fee, _ONE), discipline=by)


def case_of(referral: Mapping[str, Any], documents: Documents) -> Case:
    """Return the case as adjudication sees it, as far as the portal's documents tell it.

    The claim counts as accepted, because clinics are not shown how it stands.
    """
    return Case(
        injured_on=_day(referral.get("injured_on")),
        claim=(Stretch(date.min, "accepted"),),
        contract_id=referral.get("contract_id") or "",
        payee_id=referral.get("payee_id") or "",
        accepted_on=_day(referral.get("accepted_on")),
        started_on=_day(referral.get("initial_visit_on")),
        last_on=_day(referral.get("last_on")),
        discharged_on=_day(referral.get("discharged_on")),
        reports=tuple(map(_report, documents["report"])),
        attendance={_day_in(on): how for stored in documents["attendance"] for on, how in stored.body["days"].items()},
        grants=tuple(Granted(g.grant, g.code, g.units, g.from_on, g.to_on) for g in _grants(documents["plan"])),
        asked=tuple(line for stored in documents["plan"] for line in _asked(stored)),
        invoices=tuple(map(_invoice, sorted(documents["invoice"], key=_when_sent))),
    )


def _report(stored: StoredDocument) -> Report:
    body = stored.body
    return Report(
        stored.name,
        body.get("kind", stored.name),
        _STANDINGS[stored.state],
        _day(body.get("service_on")),
        body.get("author_discipline"),
        int(body.get("business_days_late") or 0),
    )


def _grants(plans: Iterable[StoredDocument]) -> Sequence[Grant]:
    """Return what the plans grant, each grant as decided last and no longer than until it was ended."""
    found: dict[str, Grant] = {}
    for body in (body for stored in plans for body in stored.body.get("grants", ())):
        grant, ended_on = Grant.model_validate(body), _day(body.get("ended_on"))
        found[grant.grant] = grant.model_copy(update={"to_on": min(grant.to_on, ended_on or grant.to_on)})
    return list(found.values())


def _asked(stored: StoredDocument) -> Iterator[RequestedLine]:
    """Return the lines of a plan on which nobody has decided."""
    if stored.state in _UNDECIDED:
        for line in map(PlanLine.model_validate, stored.body.get("lines", ())):
            yield RequestedLine(int(stored.name), line.line, line.code, line.units, line.from_on, line.to_on)


def _when_sent(stored: StoredDocument) -> tuple[str, str]:
    return str(stored.body.get("invoiced_on")), stored.name


def _invoice(stored: StoredDocument) -> SentInvoice:
    """Return an invoice with the units that it used or keeps back; one that was taken back holds none."""
    lines = () if stored.state == "voided" else stored.body.get("lines", ())
    return SentInvoice(
        stored.name, stored.body.get("number", ""), tuple(map(_held, lines)), stored.state not in _NOT_JUDGED
    )


def _held(body: Mapping[str, Any]) -> HeldLine:
    """Return a line as judged last, or as claimed where it was not judged yet."""
    if "status" in body:
        return held_line(JudgedLine.model_validate(body))
    claimed = ClaimedLine.model_validate(body)
    return HeldLine(claimed.line, claimed.code, claimed.service_on, claimed.units)


def _day(text: str | None) -> date | None:
    return _day_in(text) if text else None


def _day_in(text: str) -> date:
    return date.fromisoformat(text)
