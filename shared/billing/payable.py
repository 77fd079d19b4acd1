"""The rules that deny a billed service, or let it wait for a fact."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias

from shared.billing.case import Case, HeldLine, Report, Stretch
from shared.billing.fees import Priced, Terms, steps
from shared.billing.windows import rectify_until, submit_until, week_of
from shared.codes import code_list
from shared.domain import wording
from shared.domain.calendar import Calendar
from shared.domain.decision import Violation
from shared.events.portal import BilledLine
from shared.events.procurement import ContractActivated, FeeLine
from shared.events.values import Standing

_DENIED: dict[Standing, tuple[str, str]] = {
    "suspended": ("CLM-SUSPENDED", "suspended"),
    "disallowed": ("CLM-DISALLOWED", "disallowed"),
    "closed": ("CLM-CLOSED", "closed"),
}
_ACCEPTED = "accepted"
_DISCIPLINES, _REPORTS = code_list("disciplines"), code_list("report-kinds")
_ATTENDANCE = code_list("attendance")


class TakenUnits(NamedTuple):
    """A line that stands before the one judged, of the same invoice or of another."""

    invoice_id: str
    number: str
    held: HeldLine


class PendingFact(NamedTuple):
    """Something another service may still say, and why the line is denied if it never does."""

    name: str
    flaw: Violation
    is_limited: bool = True


class BilledService(NamedTuple):
    """A billed line with all that it is judged by; `rejected_on` is there when it puts right a line once denied."""

    at: str
    line: BilledLine
    invoice_id: str
    received_on: date
    rejected_on: date | None
    case: Case
    terms: Terms
    contract: ContractActivated
    calendar: Calendar
    priced: Priced | None
    taken: Sequence[TakenUnits]

    @property
    def day(self) -> date:
        """The date of service."""
        return self.line.service_on

    @property
    def report(self) -> Report | None:
        """The accepted report that the fee needs; of several, the one accepted last."""
        fitting = [r for r in self.reports if r.standing == _ACCEPTED and self.fits(r)]
        return fitting[-1] if fitting else None

    @property
    def reports(self) -> Sequence[Report]:
        """Reports of the kind that the fee needs."""
        kind = self.priced and self.priced.fee.needs_report
        return [r for r in self.case.reports if r.kind == kind]

    def fits(self, report: Report) -> bool:
        """Return whether the date of service is the report's, where it must be."""
        return not (self.priced and self.priced.fee.dos_is_report_date) or report.service_on == self.day

    def flaw(self, code: str, field: str, rule: str, fix: str) -> Violation:
        """A reason that names the field of this line."""
        return Violation(code=code, field=f"{self.at}.{field}", rule=rule, fix=fix)


RuleResult: TypeAlias = Iterator[Violation | PendingFact]


def contract_in_force(s: BilledService) -> RuleResult:
    """On the date of service the contract is in force or runs off."""
    first, last = s.contract.effective_from, s.terms.last_day(s.contract)
    if s.day < first:
        rule = f"the day is before the contract began, on {wording.day(first)}"
        yield s.flaw("CONTRACT-DOS", "service_on", rule, f"bill services from {wording.day(first)} on")
    elif s.day > last:
        rule = f"the day is after the contract ended, on {wording.day(last)}"
        yield s.flaw("CONTRACT-DOS", "service_on", rule, f"bill services up to {wording.day(last)}")


def has_fee(s: BilledService) -> RuleResult:
    """The code stands in the fee schedule of that day."""
    if s.priced is None:
        rule = f"the contract's fee schedule has no such service on {wording.day(s.day)}"
        yield s.flaw("FEE-CODE", "code", rule, "bill a service of the schedule")


def in_steps(s: BilledService) -> RuleResult:
    """Units are whole steps of the fee."""
    if s.priced and steps(s.line.units, s.priced.fee.step) != s.line.units:
        whole = f"a multiple of {wording.number(s.priced.fee.step)}"
        yield s.flaw("FEE-UNITS", "units", f"the units are not {whole}", f"round to {whole}")


def after_injury(s: BilledService) -> RuleResult:
    """Nothing is treated before it was injured."""
    injured_on = s.case.injured_on
    if injured_on and s.day < injured_on:
        rule = f"the day is before the injury, on {wording.day(injured_on)}"
        yield s.flaw("DOS-BEFORE-INJURY", "service_on", rule, f"give a day from {wording.day(injured_on)} on")


def in_program(s: BilledService) -> RuleResult:
    """From the initial visit to the last day."""
    first, last = s.case.started_on, s.case.bounded_by
    if first is None:
        yield s.flaw(
            "DOS-PROGRAM", "service_on", "the program has not begun", "bill what is done from its first day on"
        )
    elif s.day < first:
        rule = f"the day is before the program began, on {wording.day(first)}"
        yield s.flaw("DOS-PROGRAM", "service_on", rule, f"give a day from {wording.day(first)} on")
    elif last and s.day > last:
        rule = f"the day is after treatment ended, on {wording.day(last)}"
        yield s.flaw("DOS-PROGRAM", "service_on", rule, f"give a day up to {wording.day(last)}")


def claim_stands(s: BilledService) -> RuleResult:
    """Yield a denial where the claim does not stand on the date of service, a wait while it is undecided."""
    standing = _standing_on(s.case.claim, s.day)
    if standing in _DENIED:
        code, words = _DENIED[standing]
        rule = f"the claim is {words} on {wording.day(s.day)}"
        yield s.flaw(code, "service_on", rule, "bill services of days on which the claim is accepted")
    elif standing != _ACCEPTED:
        rule = f"the claim is not decided for {wording.day(s.day)}"
        yield PendingFact(
            "claim", s.flaw("CLM-PEND", "service_on", rule, "wait: it is judged once the claim is"), is_limited=False
        )


def _standing_on(claim: Sequence[Stretch], day: date) -> Standing:
    """A day before the first counts as the first; what nobody ever said is not decided."""
    held = [stretch for stretch in claim if stretch.from_on <= day] or list(claim[:1])
    return held[-1].standing if held else "pended"


def in_time(s: BilledService) -> RuleResult:
    """Billed, or put right, in its window."""
    if s.rejected_on:
        last = rectify_until(s.contract, s.calendar, s.day, s.rejected_on)
        words = "a refused line can be put right"
    else:
        last = submit_until(s.contract, s.calendar, s.day)
        words = "this service could be billed"
    if s.received_on > last:
        rule = f"it came too late: {words} up to {wording.day(last)}"
        yield s.flaw("TIME-BAR", "service_on", rule, "nothing can be done; the window has closed")


def billed_once(s: BilledService) -> RuleResult:
    """A code is billed once for a day; in one invoice as often as its daily limit allows."""
    has_daily_limit = s.priced is not None and s.priced.fee.max_per_day is not None
    for taken in s.taken:
        if (taken.held.code, taken.held.service_on) != (s.line.code, s.day):
            continue
        if taken.invoice_id != s.invoice_id or not has_daily_limit:
            where = f"with invoice {taken.number}, line {taken.held.line}"
            yield s.flaw("DUP", "code", f"the service was billed already, {where}", "leave the line out")
            return


def apart(s: BilledService) -> RuleResult:
    """Some codes exclude each other: in a week where either is paid by the week, else on a day."""
    for taken in s.taken:
        if s.priced and _exclude(s, s.priced.fee, taken.held):
            other = f"{_named(s, taken.held)} of {wording.day(taken.held.service_on)}, invoice {taken.number}"
            rule = f"the service is not paid together with {other}"
            yield s.flaw("NOT-WITH", "code", rule, "bill one of the two")
            return


def _named(s: BilledService, held: HeldLine) -> str:
    """A service in the words of its fee schedule, with its billing code."""
    found = s.terms.fee_on(s.contract, held.code, held.service_on)
    return f"{found.fee.description} ({held.code})" if found else held.code


def _exclude(s: BilledService, fee: FeeLine, held: HeldLine) -> bool:
    """Return whether a line that stands before excludes this one; either fee may say so."""
    if held.code == fee.code or week_of(held.service_on) != week_of(s.day):
        return False
    found = s.terms.fee_on(s.contract, held.code, held.service_on)
    other = found.fee if found else None
    if held.code not in fee.not_with and not (other and fee.code in other.not_with):
        return False
    by_week = fee.unit == "week" or (other is not None and other.unit == "week")
    return by_week or held.service_on == s.day


def by_discipline(s: BilledService) -> RuleResult:
    """Done by somebody whom the fee pays; a report says who wrote it."""
    taken = s.priced.fee.disciplines if s.priced else ()
    who = s.line.discipline or (s.report.author if s.report else None)
    if taken and who and who not in taken:
        paid = wording.either(wording.with_article(_DISCIPLINES.sentence(d)) for d in taken)
        rule = f"the fee pays {paid} only"
        yield s.flaw("DISCIPLINE", "discipline", rule, "bill the service of the discipline that did it")


def report_accepted(s: BilledService) -> RuleResult:
    """The report that the fee needs is accepted, and of the date of service."""
    kind = s.priced and s.priced.fee.needs_report
    if not kind or s.report:
        return
    accepted = [r for r in s.reports if r.standing == _ACCEPTED]
    if accepted:
        flaw = _of_another_day(s, kind, accepted)
    else:
        name = _REPORTS.sentence(kind)
        may_come = _may_come(s)
        rule = f"the {name} of this service is not accepted{'' if may_come else ', and none is due any more'}"
        fix = f"send in the {name}" if may_come else "leave the line out"
        flaw = s.flaw("RPT-MISSING", "service_on", rule, fix)
    yield PendingFact("report", flaw) if _may_come(s) else flaw


def _of_another_day(s: BilledService, kind: str, accepted: Sequence[Report]) -> Violation:
    """The date of service is not a report's; a day that is billed already is not offered as the right one."""
    billed = {t.held.service_on for t in s.taken if t.held.code == s.line.code}
    days = sorted({r.service_on for r in accepted if r.service_on and r.service_on not in billed})
    rule = f"the day is not that of the {_REPORTS.sentence(kind)}"
    fix = f"give {wording.either(map(wording.day, days))}" if days else "leave the line out; the report's day is billed"
    return s.flaw("RPT-DOS", "service_on", rule, fix)


def _may_come(s: BilledService) -> bool:
    """Return whether such a report may still be accepted: it is due, came, or is not due yet on a case that goes on."""
    if not s.reports:
        return not s.case.is_over
    return any(r.is_awaited for r in s.reports)


def attended(s: BilledService) -> RuleResult:
    """The worker was there on the day; for a week, on enough of its days."""
    if s.priced is None or s.priced.fee.attendance == "none":
        return
    fee, status = s.priced.fee, s.case.attendance.get(s.day)
    came, open_days = _week(s) if fee.attendance == "week" else (fee.min_days, 0)
    if status is not None and status != "attended":
        said = _ATTENDANCE.sentence(status)
        yield s.flaw("ATT-MISSED", "service_on", f"the day is recorded as {said}", "bill days that were attended")
    elif came + open_days < fee.min_days:
        rule = f"the week has {wording.counted(came, 'attended day')}; it needs {fee.min_days}"
        yield s.flaw("ATT-MIN", "service_on", rule, "bill the days by themselves")
    elif status is None or came < fee.min_days:
        yield PendingFact(
            "attendance", s.flaw("ATT-MISSING", "service_on", "attendance is not recorded", "record the days")
        )


def _week(s: BilledService) -> tuple[int, int]:
    """Days attended in the week, and those up to the date of service of which nothing was said."""
    monday = week_of(s.day)
    days = [monday + timedelta(days=n) for n in range(7)]
    came = sum(s.case.attendance.get(day) == "attended" for day in days)
    first = max(monday, s.case.started_on or monday)
    unsaid = [d for d in days if first <= d <= s.day and d not in s.case.attendance]
    return came, sum(d == s.day or s.calendar.is_business_day(d) for d in unsaid)


RULES: tuple[Callable[[BilledService], RuleResult], ...] = (
    contract_in_force,
    has_fee,
    in_steps,
    after_injury,
    claim_stands,
    in_program,
    by_discipline,
    in_time,
    billed_once,
    apart,
    report_accepted,
    attended,
)
