"""Actions of people, and deadlines that passed; all events but those on accounts name the service that answers."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from shared.domain.decision import Event, Scope, Value
from shared.events.program import AttendanceDay, Fault
from shared.events.values import Actor, Day, FewLines, Instant

# in which roles people act, by what they do
TREATING = frozenset({"clinician", "administrator"})
BILLING = frozenset({"biller", "administrator"})
DECIDING = frozenset({"claims_officer"})
PAYING = frozenset({"payment_officer"})
OPERATING = frozenset({"operations"})
STAFF = frozenset({"program_officer", "procurement_officer", "contact_centre"}).union(
    TREATING, BILLING, DECIDING, PAYING, OPERATING
)


class Action(Event):
    """Something a person did: who, when the portal took it, the revision they saw, and their idempotency key."""

    by: Actor
    received_at: Instant
    seen: int
    idempotency_key: str

    @override
    def __init_subclass__(cls, *, roles: frozenset[str], scope: Scope, **kwargs: Any) -> None:
        """Require of every action the roles in which it may be done, and what of the record must be the actor's own."""
        super().__init_subclass__(roles=roles, scope=scope, **kwargs)


class ClinicAction(Action, roles=TREATING, scope="site"):
    """An action of a clinic on a referral that its site holds."""

    referral_id: str
    site_id: str

    @override
    def __init_subclass__(
        cls, *, roles: frozenset[str] = TREATING, scope: Scope = "site", key: str = "referral_id", **kwargs: Any
    ) -> None:
        """Give the roles and the scope that most actions of a clinic have."""
        super().__init_subclass__(roles=roles, scope=scope, key=key, **kwargs)


class OfficerAction(Action, roles=DECIDING, scope="insurer"):
    """An action of a claims officer on a referral."""

    referral_id: str

    @override
    def __init_subclass__(
        cls, *, roles: frozenset[str] = DECIDING, scope: Scope = "insurer", key: str = "referral_id", **kwargs: Any
    ) -> None:
        """Give the roles and the scope that the actions of a claims officer have."""
        super().__init_subclass__(roles=roles, scope=scope, key=key, **kwargs)


class ProviderAcknowledgedReferral(
    ClinicAction, type="rehab.portal.provider-acknowledged-referral.v1", owner="referral"
):
    """A clinic opened its offer."""


class ProviderAcceptedReferral(ClinicAction, type="rehab.portal.provider-accepted-referral.v1", owner="referral"):
    """A clinic takes the referral it was offered."""


class ProviderDeclinedReferral(ClinicAction, type="rehab.portal.provider-declined-referral.v1", owner="referral"):
    """A clinic does not take the referral: a code, a comment in the document store, and a next step."""

    reason_code: str | None = None
    comment_id: str | None = None
    comment_sha256: str | None = None
    next_step: str | None = None


class ProviderBookedAppointment(ClinicAction, type="rehab.portal.provider-booked-appointment.v1", owner="referral"):
    """A clinic agreed the first visit with the worker."""

    starts_at: Instant
    confirmed_with_worker: bool
    late_reason_code: str | None = None


class ProviderMovedAppointment(ClinicAction, type="rehab.portal.provider-moved-appointment.v1", owner="referral"):
    """A clinic and the worker agreed another instant for the first visit."""

    starts_at: Instant
    confirmed_with_worker: bool
    reason_code: str | None = None


class ProviderReportedMissed(ClinicAction, type="rehab.portal.provider-reported-missed.v1", owner="referral"):
    """The worker did not come to the first visit."""


class ProviderStartedReferral(ClinicAction, type="rehab.portal.provider-started-referral.v1", owner="referral"):
    """The initial visit took place."""

    initial_visit_on: Day


class ProviderHeldReferral(ClinicAction, type="rehab.portal.provider-held-referral.v1", owner="referral"):
    """A clinic lets the referral stand still for a coded reason, until a day of review."""

    reason_code: str | None = None
    review_on: Day | None = None


class ProviderResumedReferral(ClinicAction, type="rehab.portal.provider-resumed-referral.v1", owner="referral"):
    """A clinic lifts its own hold."""


class ProviderEndedProgram(ClinicAction, type="rehab.portal.provider-ended-program.v1", owner="referral"):
    """Treatment is over: its last day, and why it ends."""

    last_on: Day
    exit_reason: str | None = None


class ProviderRecordedAttendance(ClinicAction, type="rehab.portal.provider-recorded-attendance.v1", owner="program"):
    """Days on which the worker came or did not."""

    days: tuple[AttendanceDay, ...]


class ProviderSubmittedReport(ClinicAction, type="rehab.portal.provider-submitted-report.v1", owner="program"):
    """A report: its coded parts here, its narrative in the document store."""

    report: str
    service_on: Day | None = None
    author_discipline: str | None = None
    measures: dict[str, int] = Field(default_factory=dict)
    sections: tuple[str, ...] = ()
    document_id: str | None = None
    document_sha256: str | None = None


class PlannedLine(Value):
    """What a clinic asks for in a plan."""

    line: str
    code: str | None = None
    units: Decimal | None = None
    from_on: Day | None = None
    to_on: Day | None = None
    discipline: str | None = None
    goal: str | None = None
    replaces: str | None = None


class ProviderSubmittedPlan(ClinicAction, type="rehab.portal.provider-submitted-plan.v1", owner="program"):
    """A plan for the insurer's decision."""

    lines: Annotated[tuple[PlannedLine, ...], FewLines]


class ProviderSubmittedPlanAmendment(
    ClinicAction, type="rehab.portal.provider-submitted-plan-amendment.v1", owner="program"
):
    """A change or an extension of a plan that was decided."""

    amends: int
    lines: Annotated[tuple[PlannedLine, ...], FewLines]


class ProviderRepliedPlan(ClinicAction, type="rehab.portal.provider-replied-plan.v1", owner="program"):
    """The answer to what the officer asked about a plan."""

    plan: int
    document_id: str | None = None
    document_sha256: str | None = None


class BilledLine(Value):
    """A line of an invoice as the clinic wrote it."""

    line: str
    code: str
    service_on: Day
    units: Decimal
    cents: int
    discipline: str | None = None


class ProviderSubmittedInvoice(
    ClinicAction, type="rehab.portal.provider-submitted-invoice.v1", owner="invoice", roles=BILLING
):
    """An invoice for one worker's services."""

    payee_id: str
    number: str
    invoiced_on: Day
    lines: Annotated[tuple[BilledLine, ...], FewLines]
    cents: int


class ProviderRectifiedInvoice(
    ClinicAction, type="rehab.portal.provider-rectified-invoice.v1", owner="invoice", roles=BILLING, scope="invoice"
):
    """A new invoice that puts right lines which an older one was denied."""

    payee_id: str
    number: str
    invoiced_on: Day
    lines: Annotated[tuple[BilledLine, ...], FewLines]
    cents: int
    rectifies: str


class ProviderVoidedInvoice(
    ClinicAction, type="rehab.portal.provider-voided-invoice.v1", owner="invoice", roles=BILLING, scope="invoice"
):
    """A clinic takes an invoice back."""

    invoice_id: str


class OfficerHeldReferral(OfficerAction, type="rehab.portal.officer-held-referral.v1", owner="referral"):
    """A claims officer lets the referral stand still for a coded reason."""

    reason_code: str | None = None
    review_on: Day | None = None


class OfficerResumedReferral(OfficerAction, type="rehab.portal.officer-resumed-referral.v1", owner="referral"):
    """A claims officer lifts the insurer's hold."""


class OfficerWithdrewReferral(OfficerAction, type="rehab.portal.officer-withdrew-referral.v1", owner="referral"):
    """A claims officer ends the referral before its purpose is reached."""

    reason_code: str | None = None


class DecidedLine(Value):
    """What an officer says of a planned line: units granted, with a reason where they are fewer than asked for."""

    line: str
    units: Decimal
    reason_code: str | None = None


class OfficerDecidedPlan(OfficerAction, type="rehab.portal.officer-decided-plan.v1", owner="program"):
    """A claims officer decides a plan, line by line."""

    plan: int
    lines: Annotated[tuple[DecidedLine, ...], FewLines]


class OfficerRequestedInformation(OfficerAction, type="rehab.portal.officer-requested-information.v1", owner="program"):
    """A claims officer asks the clinic about a plan."""

    plan: int
    question_id: str | None = None
    question_sha256: str | None = None


class OfficerAcceptedReport(OfficerAction, type="rehab.portal.officer-accepted-report.v1", owner="program"):
    """A report that the contract lets be reviewed is accepted."""

    report: str


class ReturnedField(Value):
    """A field of a report and what is wrong with it."""

    field: str
    reason_code: str


class OfficerReturnedReport(OfficerAction, type="rehab.portal.officer-returned-report.v1", owner="program"):
    """A report goes back to the clinic, field by field."""

    report: str
    fields: tuple[ReturnedField, ...]
    fault: Fault = "clinic"


class OfficerWaivedReport(OfficerAction, type="rehab.portal.officer-waived-report.v1", owner="program"):
    """A claims officer does without a report."""

    report: str
    reason_code: str | None = None


class PaymentOfficerReleasedRun(
    Action,
    type="rehab.portal.payment-officer-released-run.v1",
    key="run_id",
    owner="invoice",
    roles=PAYING,
    scope="insurer",
):
    """A payment officer releases a run that is over the limit."""

    run_id: str


class NoticeOpened(
    Action, type="rehab.portal.notice-opened.v1", key="notice_id", owner="notification", roles=STAFF, scope="recipient"
):
    """A notice was seen in the portal."""

    notice_id: str


class OperatorReplayedParked(
    Action, type="rehab.portal.operator-replayed-parked.v1", key="parked_id", roles=OPERATING, scope="insurer"
):
    """An operator asks a service to try a parked record again."""

    parked_id: str
    service: str

    @property
    @override
    def owner(self) -> str:
        """The service named in the fact."""
        return self.service


class OperatorDiscardedParked(
    Action, type="rehab.portal.operator-discarded-parked.v1", key="parked_id", roles=OPERATING, scope="insurer"
):
    """An operator gives a parked record up, with a reason code."""

    parked_id: str
    service: str
    reason_code: str

    @property
    @override
    def owner(self) -> str:
        """The service named in the fact."""
        return self.service


class AccountOpened(Event, type="rehab.portal.account-opened.v1", key="account_id"):
    """Somebody may sign in; who it is stands on rehab-person."""

    account_id: str
    kind: str
    organisation_id: str | None = None
    received_at: Instant


class AccountClosed(Event, type="rehab.portal.account-closed.v1", key="account_id"):
    """The account signs in no more."""

    account_id: str
    received_at: Instant


class RoleGranted(Event, type="rehab.portal.role-granted.v1", key="account_id"):
    """An account holds a role at a site, or for the insurer where no site is named."""

    account_id: str
    role: str
    site_id: str | None = None
    organisation_id: str | None = None
    received_at: Instant


class RoleRevoked(Event, type="rehab.portal.role-revoked.v1", key="account_id"):
    """The account no longer holds the role there."""

    account_id: str
    role: str
    site_id: str | None = None
    received_at: Instant


class DeadlineReached(Event, type="rehab.portal.deadline-reached.v1", key="record_key"):
    """The door through which people act has closed: the name and instant of the deadline that was opened."""

    record_key: str
    service: str
    name: str
    due_at: Instant

    @property
    @override
    def owner(self) -> str:
        """The service named in the fact."""
        return self.service

    @property
    @override
    def key(self) -> str:
        """The record the deadline belongs to."""
        return self.record_key
