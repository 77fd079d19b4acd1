"""Events that invoice announces: the result of each billed line, payment runs, and remittances."""

from decimal import Decimal
from typing import Literal

from shared.domain.decision import Event, Value, Violation
from shared.events.values import Day, Instant

LineStatus = Literal["ok", "cut", "denied", "waiting"]


class Cut(Violation):
    """Why some cents of a line are not paid."""

    cents: int


class Drawn(Value):
    """Units of a line that a grant covers; without a grant, those that the referral itself does."""

    grant: str | None = None
    units: Decimal


class JudgedLine(Value):
    """A line as judged: claimed cents are the allowed ones and those of its reasons.

    `grant` is the first that the line draws on; `drawn` says how many units each covers.
    """

    line: str
    code: str
    service_on: Day
    units_claimed: Decimal
    units: Decimal
    claimed_cents: int
    allowed_cents: int
    status: LineStatus
    reasons: tuple[Cut, ...] = ()
    fee_revision: int | None = None
    percent: int = 100
    grant: str | None = None
    drawn: tuple[Drawn, ...] = ()


class ClaimedLine(Value):
    """A line as billed."""

    line: str
    code: str
    service_on: Day
    units: Decimal
    cents: int


class InvoiceReceived(Event, type="rehab.invoice.invoice-received.v1", key="referral_id"):
    """An invoice is whole and will be judged; it stays that of the site that sent it, `site_id`."""

    referral_id: str
    revision: int
    invoice_id: str
    number: str
    payee_id: str
    invoiced_on: Day
    lines: tuple[ClaimedLine, ...]
    cents: int
    rectifies: str | None = None
    site_id: str | None = None


class InvoiceReturned(Event, type="rehab.invoice.invoice-returned.v1", key="referral_id"):
    """An invoice cannot be processed: nothing is kept of it, and its number stays free."""

    referral_id: str
    invoice_id: str
    number: str
    fields: tuple[Violation, ...]


class InvoicePended(Event, type="rehab.invoice.invoice-pended.v1", key="referral_id"):
    """An invoice waits for what another service may still say; it releases itself."""

    referral_id: str
    revision: int
    invoice_id: str
    number: str
    lines: tuple[JudgedLine, ...]
    waits_for: tuple[str, ...]
    until: Day | None = None


class InvoiceAdjudicated(Event, type="rehab.invoice.invoice-adjudicated.v1", key="referral_id"):
    """Every line was judged, with its reasons to the cent."""

    referral_id: str
    revision: int
    invoice_id: str
    number: str
    payee_id: str
    lines: tuple[JudgedLine, ...]
    claimed_cents: int
    allowed_cents: int
    rectify_until: Day
    judged_on: Day | None = None


class InvoiceApproved(Event, type="rehab.invoice.invoice-approved.v1", key="referral_id"):
    """An invoice will be paid as claimed."""

    referral_id: str
    revision: int
    invoice_id: str
    number: str
    cents: int


class InvoicePartiallyApproved(Event, type="rehab.invoice.invoice-partially-approved.v1", key="referral_id"):
    """An invoice will be paid in part."""

    referral_id: str
    revision: int
    invoice_id: str
    number: str
    cents: int
    claimed_cents: int


class InvoiceRejected(Event, type="rehab.invoice.invoice-rejected.v1", key="referral_id"):
    """Nothing of an invoice will be paid; until when it may be put right."""

    referral_id: str
    revision: int
    invoice_id: str
    number: str
    claimed_cents: int
    notice_on: Day
    rectify_until: Day
    dispute_until: Day


class InvoiceVoided(Event, type="rehab.invoice.invoice-voided.v1", key="referral_id"):
    """The clinic took an invoice back before its run was frozen."""

    referral_id: str
    revision: int
    invoice_id: str
    number: str


class PaymentScheduled(Event, type="rehab.invoice.payment-scheduled.v1", key="referral_id"):
    """An invoice will be paid by a run."""

    referral_id: str
    revision: int
    invoice_id: str
    payee_id: str
    cents: int
    run_id: str
    run_on: Day
    cut_off_at: Instant


class PayeeShare(Value):
    """What a run pays to a payee."""

    payee_id: str
    cents: int
    invoices: tuple[str, ...]


class RunFrozen(Event, type="rehab.invoice.run-frozen.v1", key="run_id"):
    """The cut-off of a run has passed: what it pays is fixed."""

    run_id: str
    run_on: Day
    cut_off_at: Instant
    payees: tuple[PayeeShare, ...]
    cents: int
    approvals_needed: int = 0


class RunReleased(Event, type="rehab.invoice.run-released.v1", key="run_id"):
    """A run is paid."""

    run_id: str
    run_on: Day
    cents: int
    released_by: tuple[str, ...] = ()


class PaymentReleased(Event, type="rehab.invoice.payment-released.v1", key="payee_id"):
    """A payee's share of a run is on its way."""

    payee_id: str
    run_id: str
    run_on: Day
    remittance_id: str
    cents: int


class InvoicePaid(Event, type="rehab.invoice.invoice-paid.v1", key="referral_id"):
    """An invoice was paid with a run."""

    referral_id: str
    revision: int
    invoice_id: str
    remittance_id: str
    run_on: Day
    cents: int


class RemittanceLine(Value):
    """One line of an invoice as it was paid."""

    referral_id: str
    invoice_id: str
    number: str
    line: str
    code: str
    service_on: Day
    claimed_cents: int
    allowed_cents: int
    reasons: tuple[Cut, ...] = ()


class RemittanceIssued(Event, type="rehab.invoice.remittance-issued.v1", key="payee_id"):
    """What a payee was paid with a run, line by line."""

    payee_id: str
    remittance_id: str
    run_id: str
    run_on: Day
    cents: int
    dispute_until: Day
    lines: tuple[RemittanceLine, ...]


class CaseBillingFinal(Event, type="rehab.invoice.case-billing-final.v1", key="referral_id"):
    """All windows have closed and nothing waits or is scheduled: the case has cost what it cost."""

    referral_id: str
    revision: int
    paid_cents: int
    final_on: Day
