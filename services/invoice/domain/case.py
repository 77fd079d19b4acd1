"""A case as billing sees it: its entitlement, its invoices in order of receipt, and when it can cost no more."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Literal, NamedTuple

from shared.billing.entitlement import Case
from shared.events.invoice import JudgedLine
from shared.events.portal import BilledLine

Status = Literal["pended", "rejected", "scheduled", "paid", "voided"]


class Slot(NamedTuple):
    """The run that pays an invoice."""

    run_id: str
    run_on: date
    cut_off_at: datetime


class Invoice(NamedTuple):
    """An invoice as received and as judged last.

    `after` are actions that stood before it in its key and have no answer yet, `heard_on` is when the last one had;
    `closes_on` is the last day on which it may be put right or disputed. `site_id` is the site that sent it, whose it
    stays; none where it was sent before that was kept.
    """

    id: str
    revision: int
    number: str
    payee_id: str
    invoiced_on: date
    received_at: datetime
    lines: tuple[BilledLine, ...]
    rectifies: str | None = None
    status: Status = "pended"
    after: tuple[str, ...] = ()
    heard_on: date | None = None
    judged: tuple[JudgedLine, ...] = ()
    waits_for: tuple[str, ...] = ()
    until: date | None = None
    slot: Slot | None = None
    remittance_id: str | None = None
    dispute_days: int = 0
    closes_on: date | None = None
    site_id: str = ""

    @property
    def claimed_cents(self) -> int:
        """The cents that the clinic asks for."""
        return sum(line.cents for line in self.lines)

    @property
    def allowed_cents(self) -> int:
        """The cents that were allowed when it was judged last."""
        return sum(line.allowed_cents for line in self.judged)

    @property
    def is_open(self) -> bool:
        """Return whether it may still be paid."""
        return self.status in {"pended", "scheduled"}

    def is_frozen(self, frozen_until: datetime) -> bool:
        """Return whether its run is frozen or due to be, so that nothing of it may change."""
        return self.slot is not None and self.slot.cut_off_at <= frozen_until


class Billing(NamedTuple):
    """A referral with everything that is billed on it."""

    id: str
    case: Case
    version: int = 0
    revision: int = 0
    invoices: tuple[Invoice, ...] = ()
    closes_on: date | None = None
    final_on: date | None = None

    def invoice(self, invoice_id: str) -> Invoice | None:
        """Return an invoice of the case; None when it has no such invoice."""
        return next((i for i in self.invoices if i.id == invoice_id), None)

    def site_of(self, invoice: Invoice) -> str:
        """Return the site that sent an invoice; of an older one, the site of the case."""
        return invoice.site_id or self.case.site_id

    def having(self, changed: Invoice) -> "Billing":
        """Return the case with an invoice replaced by its changed version."""
        return self._replace(invoices=tuple(changed if i.id == changed.id else i for i in self.invoices))

    @property
    def paid_cents(self) -> int:
        """The cents that were paid on the case."""
        return sum(i.allowed_cents for i in self.invoices if i.status == "paid")


def scheduled(billings: Iterable[Billing]) -> Iterator[tuple[Billing, Invoice, Slot]]:
    """Yield the invoices that runs will pay, each with its case and its run."""
    for billing in billings:
        for invoice in billing.invoices:
            if invoice.status == "scheduled" and invoice.slot:
                yield billing, invoice, invoice.slot
