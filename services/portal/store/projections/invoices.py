"""The projection of invoices from their receipt to their payment, line by line."""

from decimal import Decimal
from typing import Any

from services.portal.store.case_documents import CaseDocument, DocumentProjection
from shared.domain.decision import Event
from shared.events.invoice import (
    InvoiceAdjudicated,
    InvoiceApproved,
    InvoicePaid,
    InvoicePartiallyApproved,
    InvoicePended,
    InvoiceReceived,
    InvoiceRejected,
    InvoiceVoided,
    PaymentScheduled,
)

_STATES: dict[type[Event], str] = {
    InvoiceReceived: "received",
    InvoicePended: "pended",
    InvoiceAdjudicated: "adjudicated",
    InvoiceApproved: "approved",
    InvoicePartiallyApproved: "partially-approved",
    InvoiceRejected: "rejected",
    PaymentScheduled: "scheduled",
    InvoicePaid: "paid",
    InvoiceVoided: "voided",
}
_SHOWN = (
    "number",
    "payee_id",
    "invoiced_on",
    "rectifies",
    "claimed_cents",
    "allowed_cents",
    "rectify_until",
    "dispute_until",
    "run_id",
    "run_on",
    "cut_off_at",
    "remittance_id",
)


def _apply(document: CaseDocument, event: Event) -> None:
    """Write what an event says of an invoice into its document, with its lines as they were judged last."""
    document.state = _STATES[type(event)]
    document.body |= {name: value for name in _SHOWN if (value := getattr(event, name, None)) is not None}
    document.body |= {"waits_for": [], "until": None}
    match event:
        case InvoiceReceived(cents=cents, lines=lines):
            document.body |= {"claimed_cents": cents, "lines": [_as_json(line) for line in lines]}
        case InvoicePended(lines=lines, waits_for=waits_for, until=until):
            # one that waits for answers or terms is not judged line by line yet: what it claims stays shown and taken
            document.body |= {"lines": [_as_json(line) for line in lines]} if lines else {}
            document.body |= {"waits_for": waits_for, "until": until}
        case InvoiceAdjudicated(lines=lines):
            document.body["lines"] = [_as_json(line) for line in lines]
        case InvoicePaid(cents=cents):
            document.body["paid_cents"] = cents


def _as_json(line: Any) -> dict[str, Any]:  # noqa: ANN401 - a line as billed or as judged
    """Return a line with its decimals as the texts that were announced."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in line.model_dump().items()}


def _name_of(event: Any) -> tuple[str, str]:  # noqa: ANN401 - any of an invoice's events
    return "invoice", event.invoice_id


INVOICES = DocumentProjection(tuple(_STATES), _name_of, _apply)
