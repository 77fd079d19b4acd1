"""A case in CRRTW at one clinic, told by its records, with the fees as shipped and a calendar with holidays."""

import tomllib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from shared.billing.adjudication import AdjudicationResult, Bill, Terms, judge
from shared.billing.entitlement import EMPTY, Case, RecordIds, fold
from shared.domain.decision import Event
from shared.events.invoice import ClaimedLine, InvoiceAdjudicated, InvoicePended, InvoiceReceived, JudgedLine
from shared.events.portal import BilledLine
from shared.events.procurement import CalendarPublished, ContractActivated, FeeSchedulePublished
from shared.events.program import (
    AttendanceDay,
    AttendanceRecorded,
    Ended,
    Grant,
    ObligationScheduled,
    PlanApproved,
    PlanLine,
    PlanSubmitted,
    ReportAccepted,
    ReportSubmitted,
)
from shared.events.published import Published
from shared.events.referral import (
    ClaimStandingChanged,
    ProgramEnded,
    ProgramStarted,
    ReferralAccepted,
    ReferralCreated,
)
from shared.events.values import Deadline, Injury, Interval, Standing

ID = "7b0c2a4e-5d1f-5a3c-9e8b-1f2d3c4b5a69"
VISIT_ON = date(2024, 11, 4)  # a Monday
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
NOON = datetime.fromisoformat("2024-11-04T12:00:00-08:00")
FEES = Path(__file__).parents[2] / "data" / "network" / "fees.toml"
HOLIDAYS = (date(2024, 11, 11), date(2024, 12, 25), date(2025, 1, 1), date(2025, 2, 17), date(2025, 4, 18))


def day(n: int) -> date:
    """The n-th day after the initial visit, weekends included."""
    return VISIT_ON + timedelta(days=n)


def contract(**given: Any) -> ContractActivated:
    said = {
        "contract_id": "c-crrtw", "revision": 1, "holds_from": date(2024, 11, 1), "payee_id": "p-1",
        "organisation_id": "o-1", "program": "crrtw", "sites": ("van-1",), "communities": ("Vancouver",),
        "effective_from": date(2024, 11, 1), "fee_schedule_id": "fees-crrtw", "calendar_id": "bc", **given,
    }  # fmt: skip
    return ContractActivated.model_validate(said)


@cache
def schedules() -> tuple[FeeSchedulePublished, ...]:
    return tuple(map(FeeSchedulePublished.model_validate, tomllib.loads(FEES.read_text())["schedule"]))


CALENDAR = CalendarPublished(
    calendar_id="bc", revision=1, name="British Columbia", zone="America/Vancouver", holidays=HOLIDAYS,
    from_on=date(2021, 1, 1), to_on=date(2027, 12, 31), is_default=True, basis="invented",
)  # fmt: skip


def terms(*published: Event) -> Terms:
    """The contract, unless others are given, with all fees and the calendar."""
    return Terms.of(Published((*(published or (contract(),)), *schedules(), CALENDAR)))


TERMS = terms()


def told(*events: Event, case: Case = EMPTY) -> Case:
    """A case after these records."""
    for n, event in enumerate(events):
        case = fold(case, event, RecordIds(f"r-{n}"))
    return case


def claim(*stretches: tuple[date, Standing]) -> ClaimStandingChanged:
    intervals = tuple(Interval(from_on=on, standing=standing) for on, standing in stretches)
    return ClaimStandingChanged(
        claim_number="12345678", claim_revision=1, person_id="w-1", intervals=intervals, referral_id=ID
    )


def opened() -> tuple[Event, ...]:
    injured_on = date(2024, 9, 2)
    created = ReferralCreated(
        referral_id=ID, revision=1, number="R-1", claim_number="12345678", person_id="w-1", request_id="q-1",
        requested_on=date(2024, 10, 28), injured_on=injured_on,
        injury=Injury(body_part="23100", nature="02100", side="N", occurred_on=injured_on), areas=(),
        community="Vancouver",
    )  # fmt: skip
    accepted = ReferralAccepted(
        referral_id=ID, revision=5, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
        program_revision=1, accepted_on=date(2024, 11, 1),
    )  # fmt: skip
    return created, claim((date(2024, 9, 2), "accepted")), accepted


def started() -> ProgramStarted:
    return ProgramStarted(
        referral_id=ID, revision=7, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
        program_revision=1, initial_visit_on=VISIT_ON,
    )  # fmt: skip


def active(*events: Event) -> Case:
    """A case whose program has begun, and what happened since."""
    return told(*opened(), started(), *events)


def came(*days: int, status: str = "attended") -> AttendanceRecorded:
    said = tuple(AttendanceDay.model_validate({"on": day(n), "status": status}) for n in days)
    return AttendanceRecorded(referral_id=ID, revision=8, days=said)


def due(kind: str, report: str = "") -> ObligationScheduled:
    return ObligationScheduled(
        referral_id=ID, revision=8, report=report or kind, kind=kind, anchor="initial-visit", anchor_on=VISIT_ON,
        days=5, unit="business-days", due_at=NOON,
    )  # fmt: skip


def submitted(kind: str, on: int, report: str = "") -> ReportSubmitted:
    return ReportSubmitted(
        referral_id=ID, revision=9, report=report or kind, report_revision=1, kind=kind, service_on=day(on),
        author_discipline="physical_therapist", due_at=NOON, counts_at=NOON, business_days_late=0, document_id="d-1",
        document_sha256=SHA256,
    )  # fmt: skip


def accepted(kind: str, on: int, late: int = 0, report: str = "", **given: Any) -> ReportAccepted:
    said = {
        "referral_id": ID, "revision": 9, "report": report or kind, "report_revision": 1, "kind": kind,
        "service_on": day(on), "author_discipline": "physical_therapist", "counts_at": NOON, "due_at": NOON,
        "business_days_late": late, **given,
    }  # fmt: skip
    return ReportAccepted.model_validate(said)


def ended(on: int) -> ProgramEnded:
    return ProgramEnded(referral_id=ID, revision=20, last_on=day(on), exit_reason="goal-achieved")


def asked(code: str, units: str, first: int = 0, last: int = 60, plan: int = 1) -> PlanSubmitted:
    line = PlanLine(
        line="1", code=code, units=Decimal(units), from_on=day(first), to_on=day(last), goal="rtw", cents=0,
        discipline="physical_therapist",
    )  # fmt: skip
    deadline = Deadline(name=f"plan-decision/{plan}", due_at=NOON)
    return PlanSubmitted(referral_id=ID, revision=10, plan=plan, lines=(line,), deadline=deadline)


def grant(name: str, code: str, units: str, first: int = 0, last: int = 60) -> Grant:
    return Grant(
        grant=name, line="1", code=code, units=Decimal(units), from_on=day(first), to_on=day(last), cents=0,
        discipline="physical_therapist",
    )  # fmt: skip


def approved(*grants: Grant, plan: int = 1, ended: Iterable[tuple[str, int]] = ()) -> PlanApproved:
    over = tuple(Ended(grant=name, last_on=day(n)) for name, n in ended)
    return PlanApproved(referral_id=ID, revision=11, plan=plan, lines=grants, ended=over, notified_on=VISIT_ON)


def line(code: str, on: int, cents: int, units: str = "1", **given: Any) -> BilledLine:
    said = {"line": f"{code}/{on}", "code": code, "service_on": day(on), "units": units, "cents": cents, **given}
    return BilledLine.model_validate(said)


def bill(*lines: BilledLine, received: int = 14, invoice_id: str = "i-1", **given: Any) -> Bill:
    """An invoice received at noon, two weeks after the initial visit unless said otherwise."""
    said = {
        "number": f"N-{invoice_id}", "payee_id": "p-1", "invoiced_on": day(received),
        "received_at": NOON + timedelta(days=received), "cents": sum(x.cents for x in lines), **given,
    }  # fmt: skip
    return Bill(invoice_id=invoice_id, lines=lines, **said)


def received(sent: Bill) -> InvoiceReceived:
    return InvoiceReceived(
        referral_id=ID, revision=1, invoice_id=sent.invoice_id, number=sent.number, payee_id=sent.payee_id,
        invoiced_on=sent.invoiced_on, cents=sent.cents, rectifies=sent.rectifies,
        lines=tuple(
            ClaimedLine(line=x.line, code=x.code, service_on=x.service_on, units=x.units, cents=x.cents)
            for x in sent.lines
        ),
    )  # fmt: skip


def announced(sent: Bill, found: AdjudicationResult, on: date) -> InvoiceAdjudicated | InvoicePended:
    """Return what invoice says of a judgement."""
    if found.waits_for:
        return InvoicePended(
            referral_id=ID, revision=2, invoice_id=sent.invoice_id, number=sent.number, lines=found.lines,
            waits_for=found.waits_for, until=found.until,
        )  # fmt: skip
    return InvoiceAdjudicated(
        referral_id=ID, revision=2, invoice_id=sent.invoice_id, number=sent.number, payee_id=sent.payee_id,
        lines=found.lines, claimed_cents=sent.cents, allowed_cents=sum(x.allowed_cents for x in found.lines),
        rectify_until=found.rectify_until, judged_on=on,
    )  # fmt: skip


def billed(case: Case, sent: Bill, on: int | None = None, by: Terms = TERMS) -> Case:
    """The case after an invoice was received and judged."""
    today = sent.received_at.date() if on is None else day(on)
    case = told(received(sent), case=case)
    return told(announced(sent, judge(case, sent, by, today), today), case=case)


def judged(case: Case, *lines: BilledLine, on: int = 14, by: Terms = TERMS) -> tuple[JudgedLine, ...]:
    """The lines of one invoice, judged the day it is received."""
    return judge(case, bill(*lines, received=on), by, day(on)).lines


def codes(found: JudgedLine) -> list[str]:
    return [reason.code for reason in found.reasons]
