"""Events that program announces: the catalogue of programs and terms, plans, reports and attendance."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from shared.domain.decision import Event, Value, Violation
from shared.events.values import Barrier, Day, Deadline, Discipline, Instant, Program, Span

Attendance = Literal["attended", "missed", "excused"]
Fault = Literal["clinic", "insurer"]


class Choice(Value):
    """When a program is the rule's answer: an area of `areas_of` covers the community, and what is named fits."""

    areas_of: tuple[Program, ...] = ()
    natures: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    barriers: tuple[Barrier, ...] = ()


class Wait(Value):
    """Calendar weeks from injury to request, for the natures named, else for all."""

    weeks: Span
    natures: tuple[str, ...] = ()


class Criteria(Value):
    """What a request must meet to be admitted."""

    accepted_area: bool = True
    waits: tuple[Wait, ...] = ()
    natures_not_taken: tuple[str, ...] = ()
    barriers_not_taken: tuple[Barrier, ...] = ()
    not_judged: tuple[str, ...] = ()


class ReportKind(Value):
    """A report that is due: counted from its anchor in business days, program days or weeks."""

    report: str
    kind: str
    anchor: str
    due: Span
    unit: str
    ended_by: str = ""


class ProgramPublished(Event, type="rehab.program.program-published.v1", key="program"):
    """A version of a program: from when, for whom, with which disciplines, lines and reports.

    `reminder_days` are the business days, from a report's last day on, at which it is reminded of.
    """

    program: Program
    revision: int
    name: str
    effective_from: Day
    effective_to: Day | None = None
    successor: Program | None = None
    precedence: int
    choice: Choice = Choice()
    criteria: Criteria = Criteria()
    core_disciplines: tuple[Discipline, ...] = ()
    supplemental_disciplines: tuple[Discipline, ...] = ()
    plan_lines: tuple[str, ...] = ()
    reports: tuple[ReportKind, ...] = ()
    reminder_days: tuple[Span, ...] = (-3, -1, 0, 1, 5)
    length_days: Span = 30
    basis: str

    @property
    def valid_from(self) -> date:
        """The first day of this version."""
        return self.effective_from


class Matching(Value):
    """Weights of the ranking, in kilometres."""

    weeks_ahead: Span = 8
    first_business_day: Span = 2
    per_week: int = 40
    per_week_urgent: int = 80
    language: int = 30
    discipline: int = 50
    disciplines: dict[Barrier, tuple[Discipline, ...]] = Field(default_factory=dict)


class Travel(Value):
    """Rates of the rural card, per cent for the road factor; illustrative."""

    cents_per_km: int
    lodging_cents_per_night: int
    road_percent: int
    program_days: Span
    hybrid_visits: int


class ReferralTermsPublished(Event, type="rehab.program.referral-terms-published.v1", key="terms_id"):
    """Terms that hold for every program: waits, ranking weights, travel."""

    terms_id: str
    revision: int
    effective_from: Day
    claim_wait_business_days: Span
    refusals_allowed: int
    matching: Matching
    travel: Travel
    basis: str

    @property
    def valid_from(self) -> date:
        """The first day of this version."""
        return self.effective_from


class ObligationScheduled(Event, type="rehab.program.obligation-scheduled.v1", key="referral_id"):
    """A report is due: so many days or weeks, in the contract's calendar, after its anchor."""

    referral_id: str
    revision: int
    report: str
    kind: str
    anchor: str
    anchor_on: Day
    days: int
    unit: str
    due_at: Instant


class ObligationReminded(Event, type="rehab.program.obligation-reminded.v1", key="referral_id"):
    """A report is due soon, today or since a while; `days_late` is signed and in business days."""

    referral_id: str
    revision: int
    report: str
    due_at: Instant
    days_late: int


class ObligationOverdue(Event, type="rehab.program.obligation-overdue.v1", key="referral_id"):
    """A report was not there at the end of its last day."""

    referral_id: str
    revision: int
    report: str
    due_at: Instant


class ObligationPaused(Event, type="rehab.program.obligation-paused.v1", key="referral_id"):
    """The clock of a report stands still while the referral is held."""

    referral_id: str
    revision: int
    report: str
    cause: str


class ObligationRedated(Event, type="rehab.program.obligation-redated.v1", key="referral_id"):
    """A report is due on another day, and why."""

    referral_id: str
    revision: int
    report: str
    due_at: Instant
    cause: str


class ObligationWaived(Event, type="rehab.program.obligation-waived.v1", key="referral_id"):
    """An officer does without a report; its fee is not touched."""

    referral_id: str
    revision: int
    report: str
    kind: str
    reason_code: str


class ObligationCancelled(Event, type="rehab.program.obligation-cancelled.v1", key="referral_id"):
    """A report is not due any more, for what ended it."""

    referral_id: str
    revision: int
    report: str
    kind: str
    cause: str


class AttendanceDay(Value):
    """A day of the program and whether the worker was there."""

    on: Day
    status: Attendance


class AttendanceRecorded(Event, type="rehab.program.attendance-recorded.v1", key="referral_id"):
    """Days on which the worker attended, missed or was excused; each replaces what was said of that day."""

    referral_id: str
    revision: int
    days: tuple[AttendanceDay, ...]


class ReportSubmitted(Event, type="rehab.program.report-submitted.v1", key="referral_id"):
    """A clinic's report arrived whole; `counts_at` is its first complete receipt that counts."""

    referral_id: str
    revision: int
    report: str
    report_revision: int
    kind: str
    service_on: Day
    author_discipline: Discipline
    measures: dict[str, int] = Field(default_factory=dict)
    due_at: Instant
    counts_at: Instant
    business_days_late: int
    document_id: str
    document_sha256: str


class ReportReturned(Event, type="rehab.program.report-returned.v1", key="referral_id"):
    """A reviewer sends a report back: every field with its fix, and by whose fault."""

    referral_id: str
    revision: int
    report: str
    report_revision: int
    fields: tuple[Violation, ...]
    fault: Fault


class ReportAccepted(Event, type="rehab.program.report-accepted.v1", key="referral_id"):
    """A report fulfils its obligation; lines that need it may be paid."""

    referral_id: str
    revision: int
    report: str
    report_revision: int
    kind: str
    service_on: Day
    author_discipline: Discipline
    counts_at: Instant
    due_at: Instant
    business_days_late: int


class PlanLine(Value):
    """What a clinic plans: units of a fee code between two days, by whom, for which coded goal; priced by program."""

    line: str
    code: str
    units: Decimal
    from_on: Day
    to_on: Day
    discipline: Discipline
    goal: str
    cents: int
    replaces: str | None = None


class PlanSubmitted(Event, type="rehab.program.plan-submitted.v1", key="referral_id"):
    """A plan, or an amendment of one, waits for the officer's decision."""

    referral_id: str
    revision: int
    plan: int
    amends: int | None = None
    lines: tuple[PlanLine, ...]
    deadline: Deadline


class PlanInformationRequested(Event, type="rehab.program.plan-information-requested.v1", key="referral_id"):
    """The officer asks the clinic once; the clock of the decision stands still until the reply or the deadline."""

    referral_id: str
    revision: int
    plan: int
    question_id: str
    question_sha256: str
    deadline: Deadline


class PlanClockResumed(Event, type="rehab.program.plan-clock-resumed.v1", key="referral_id"):
    """The clock of the decision runs on, for the reply (a document) came or was not given in time."""

    referral_id: str
    revision: int
    plan: int
    replied: bool
    reply_id: str | None = None
    reply_sha256: str | None = None
    deadline: Deadline


class Grant(Value):
    """Units that may be billed for a plan line between two days; fewer units than asked for carry a reason."""

    grant: str
    line: str
    code: str
    units: Decimal
    from_on: Day
    to_on: Day
    discipline: Discipline
    cents: int
    reason: str | None = None


class Ended(Value):
    """A grant that holds no longer than a day."""

    grant: str
    last_on: Day


class PlanApproved(Event, type="rehab.program.plan-approved.v1", key="referral_id"):
    """An officer grants a plan, line by line; a line that is not granted has its reason among `declined`."""

    referral_id: str
    revision: int
    plan: int
    lines: tuple[Grant, ...]
    declined: tuple[Violation, ...] = ()
    ended: tuple[Ended, ...] = ()
    notified_on: Day


class PlanDeclined(Event, type="rehab.program.plan-declined.v1", key="referral_id"):
    """An officer grants nothing of a plan: every line with its reason."""

    referral_id: str
    revision: int
    plan: int
    reasons: tuple[Violation, ...]
    ended: tuple[Ended, ...] = ()
    notified_on: Day


class PlanDeemedApproved(Event, type="rehab.program.plan-deemed-approved.v1", key="referral_id"):
    """Nobody decided in time and the contract says what follows: granted as submitted until a decision is notified."""

    referral_id: str
    revision: int
    plan: int
    certificate: str
    lines: tuple[Grant, ...]
    ended: tuple[Ended, ...] = ()
    from_on: Day


class PlanDecisionOverdue(Event, type="rehab.program.plan-decision-overdue.v1", key="referral_id"):
    """Nobody decided in time; the officer still may."""

    referral_id: str
    revision: int
    plan: int
    due_at: Instant


class PlanDiscontinued(Event, type="rehab.program.plan-discontinued.v1", key="referral_id"):
    """Nothing more may be done under a plan; what was done stays payable."""

    referral_id: str
    revision: int
    plan: int
    ended: tuple[Ended, ...]
    cause: str
