"""What program, invoice and procurement say in these tests: one worker's treatment, billed and paid."""

from datetime import date, timedelta
from decimal import Decimal

from shared.domain.decision import Event, Violation
from shared.events.invoice import (
    ClaimedLine,
    Cut,
    InvoiceAdjudicated,
    InvoicePaid,
    InvoicePartiallyApproved,
    InvoicePended,
    InvoiceReceived,
    InvoiceRejected,
    JudgedLine,
    PayeeShare,
    PaymentScheduled,
    RemittanceIssued,
    RemittanceLine,
    RunFrozen,
)
from shared.events.procurement import PayeeRegistered
from shared.events.program import (
    AttendanceDay,
    AttendanceRecorded,
    Ended,
    Grant,
    ObligationOverdue,
    ObligationScheduled,
    PlanApproved,
    PlanClockResumed,
    PlanInformationRequested,
    PlanLine,
    PlanSubmitted,
    ReportAccepted,
    ReportReturned,
    ReportSubmitted,
)
from shared.events.referral import ProgramStarted
from shared.events.values import Deadline
from tests.portal import story
from tests.portal.story import CASE, NOON

DAY = date(2024, 11, 12)
WEEK = timedelta(days=7)
INVOICE, REMITTANCE, RUN = "i-1", "r-1", "run-1"
LINE = PlanLine(
    line="1",
    code="OR-DAY",
    units=Decimal(20),
    from_on=DAY,
    to_on=DAY + 4 * WEEK,
    discipline="physical_therapist",
    goal="increase-capacity",
    cents=200_000,
)


def started(revision: int = 6) -> ProgramStarted:
    return ProgramStarted(
        referral_id=CASE,
        revision=revision,
        site_id="s-north-1",
        contract_id="c-1",
        payee_id="p-1",
        program="or1",
        program_revision=1,
        initial_visit_on=DAY,
    )


ACTIVE: tuple[Event, ...] = (
    story.created(),
    story.offered(),
    story.acknowledged(),
    story.accepted(),
    story.booked(),
    started(),
)


def due(report: str = "initial", revision: int = 2) -> ObligationScheduled:
    return ObligationScheduled(
        referral_id=CASE,
        revision=revision,
        report=report,
        kind=report.partition("-")[0],
        anchor="start",
        anchor_on=DAY,
        days=5,
        unit="business-days",
        due_at=NOON + timedelta(days=18),
    )


def overdue(revision: int = 3) -> ObligationOverdue:
    return ObligationOverdue(referral_id=CASE, revision=revision, report="initial", due_at=NOON + timedelta(days=18))


def sent_in(document_id: str, revision: int = 3, number: int = 1) -> ReportSubmitted:
    return ReportSubmitted(
        referral_id=CASE,
        revision=revision,
        report="initial",
        report_revision=number,
        kind="initial",
        service_on=DAY,
        author_discipline="physical_therapist",
        measures={"lift_kg": 10},
        due_at=NOON + timedelta(days=18),
        counts_at=NOON + timedelta(days=14),
        business_days_late=-2,
        document_id=document_id,
        document_sha256="0" * 64,
    )


def sent_back(revision: int = 4) -> ReportReturned:
    flaw = Violation(
        code="RPT-UNCLEAR", rule="a reader can tell what was found", fix="say it more clearly", field="sections"
    )
    return ReportReturned(
        referral_id=CASE, revision=revision, report="initial", report_revision=1, fields=(flaw,), fault="clinic"
    )


def taken(revision: int = 5) -> ReportAccepted:
    return ReportAccepted(
        referral_id=CASE,
        revision=revision,
        report="initial",
        report_revision=1,
        kind="initial",
        service_on=DAY,
        author_discipline="physical_therapist",
        counts_at=NOON + timedelta(days=14),
        due_at=NOON + timedelta(days=18),
        business_days_late=-2,
    )


def attended(*days: tuple[date, str], revision: int = 7) -> AttendanceRecorded:
    told = tuple(AttendanceDay.model_validate({"on": on, "status": status}) for on, status in days)
    return AttendanceRecorded(referral_id=CASE, revision=revision, days=told)


def asked_for(plan: int = 1, revision: int = 8, amends: int | None = None) -> PlanSubmitted:
    deadline = Deadline(name=f"plan-decision/{plan}", due_at=NOON + timedelta(days=3650))
    return PlanSubmitted(
        referral_id=CASE, revision=revision, plan=plan, amends=amends, lines=(LINE,), deadline=deadline
    )


def questioned(question_id: str, revision: int = 9) -> PlanInformationRequested:
    deadline = Deadline(name="plan-information/1", due_at=NOON + timedelta(days=3650))
    return PlanInformationRequested(
        referral_id=CASE, revision=revision, plan=1, question_id=question_id, question_sha256="0", deadline=deadline
    )


def replied(reply_id: str, revision: int = 10) -> PlanClockResumed:
    deadline = Deadline(name="plan-decision/1", due_at=NOON + timedelta(days=3660))
    return PlanClockResumed(
        referral_id=CASE, revision=revision, plan=1, replied=True, reply_id=reply_id, deadline=deadline
    )


def granted(plan: int = 1, revision: int = 11, ended: tuple[Ended, ...] = ()) -> PlanApproved:
    grant = Grant(
        grant=f"g-{plan}",
        line="1",
        code="OR-DAY",
        units=Decimal("15.5"),
        from_on=DAY,
        to_on=DAY + 4 * WEEK,
        discipline="physical_therapist",
        cents=155_000,
        reason="fewer-suffice",
    )
    return PlanApproved(
        referral_id=CASE, revision=revision, plan=plan, lines=(grant,), ended=ended, notified_on=DAY + WEEK
    )


def billed(revision: int = 1) -> InvoiceReceived:
    line = ClaimedLine(line="1", code="OR-DAY", service_on=DAY, units=Decimal(1), cents=10_000)
    return InvoiceReceived(
        referral_id=CASE,
        revision=revision,
        invoice_id=INVOICE,
        number="24-1",
        payee_id="p-1",
        invoiced_on=DAY + WEEK,
        lines=(line,),
        cents=10_000,
    )


def judged(status: str = "cut", allowed: int = 7_500) -> JudgedLine:
    cut = Cut(code="FEE-MAX", rule="the fee", fix="bill the fee", cents=10_000 - allowed)
    return JudgedLine.model_validate(
        {
            "line": "1",
            "code": "OR-DAY",
            "service_on": DAY,
            "units_claimed": Decimal(1),
            "units": Decimal(1),
            "claimed_cents": 10_000,
            "allowed_cents": allowed,
            "status": status,
            "reasons": (cut,),
        }
    )


def pended(revision: int = 1) -> InvoicePended:
    return InvoicePended(
        referral_id=CASE,
        revision=revision,
        invoice_id=INVOICE,
        number="24-1",
        lines=(judged("waiting", 0),),
        waits_for=("report",),
        until=DAY + 5 * WEEK,
    )


def decided(revision: int = 2) -> tuple[Event, ...]:
    adjudicated = InvoiceAdjudicated(
        referral_id=CASE,
        revision=revision,
        invoice_id=INVOICE,
        number="24-1",
        payee_id="p-1",
        lines=(judged(),),
        claimed_cents=10_000,
        allowed_cents=7_500,
        rectify_until=DAY + 26 * WEEK,
    )
    partly = InvoicePartiallyApproved(
        referral_id=CASE, revision=revision, invoice_id=INVOICE, number="24-1", cents=7_500, claimed_cents=10_000
    )
    scheduled = PaymentScheduled(
        referral_id=CASE,
        revision=revision,
        invoice_id=INVOICE,
        payee_id="p-1",
        cents=7_500,
        run_id=RUN,
        run_on=DAY + 2 * WEEK,
        cut_off_at=NOON + timedelta(days=24),
    )
    return adjudicated, partly, scheduled


def rejected(revision: int = 2) -> InvoiceRejected:
    return InvoiceRejected(
        referral_id=CASE,
        revision=revision,
        invoice_id=INVOICE,
        number="24-1",
        claimed_cents=10_000,
        notice_on=DAY + WEEK,
        rectify_until=DAY + 26 * WEEK,
        dispute_until=DAY + 13 * WEEK,
    )


def frozen(approvals_needed: int = 2) -> RunFrozen:
    return RunFrozen(
        run_id=RUN,
        run_on=DAY + 2 * WEEK,
        cut_off_at=NOON + timedelta(days=24),
        payees=(PayeeShare(payee_id="p-1", cents=7_500, invoices=(INVOICE,)),),
        cents=7_500,
        approvals_needed=approvals_needed,
    )


def remitted(payee_id: str = "p-1", remittance_id: str = REMITTANCE) -> RemittanceIssued:
    line = RemittanceLine(
        referral_id=CASE,
        invoice_id=INVOICE,
        number="24-1",
        line="1",
        code="OR-DAY",
        service_on=DAY,
        claimed_cents=10_000,
        allowed_cents=7_500,
    )
    return RemittanceIssued(
        payee_id=payee_id,
        remittance_id=remittance_id,
        run_id=RUN,
        run_on=DAY + 2 * WEEK,
        cents=7_500,
        dispute_until=DAY + 15 * WEEK,
        lines=(line,),
    )


def paid(revision: int = 3) -> InvoicePaid:
    return InvoicePaid(
        referral_id=CASE,
        revision=revision,
        invoice_id=INVOICE,
        remittance_id=REMITTANCE,
        run_on=DAY + 2 * WEEK,
        cents=7_500,
    )


def payee(payee_id: str = "p-1", organisation: str = "o-north") -> PayeeRegistered:
    return PayeeRegistered(payee_id=payee_id, organisation_id=organisation, name="Invented")


TREATED: tuple[Event, ...] = (
    *ACTIVE,
    due(),
    attended((DAY, "attended")),
    asked_for(),
    payee(),
    billed(),
    frozen(),
    remitted(),
)
