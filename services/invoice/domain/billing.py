"""Actions of clinics on invoices, steps of a case that are due, and what every record of a case means for them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from services.invoice.domain.case import Billing, Invoice
from services.invoice.domain.closing import finish, watch
from services.invoice.domain.judging import (
    BillingContext,
    CaseAdjudication,
    adjudicate_open,
    begin,
    bill_of,
    expire,
    judge_one,
)
from services.invoice.domain.number import Number, is_readable, number_id, use
from services.invoice.domain.steps import ShareReleased, WaitEnded, WindowsClosed
from shared.billing.adjudication import faults
from shared.billing.entitlement import EMPTY, Case, fold
from shared.domain.decision import (
    Decision,
    Event,
    EventContext,
    Outcome,
    Refusal,
    SetTimer,
    Violation,
    not_yours,
    refuse,
)
from shared.events.invoice import ClaimedLine, InvoicePaid, InvoiceReceived, InvoiceReturned, InvoiceVoided
from shared.events.portal import ClinicAction, ProviderRectifiedInvoice, ProviderSubmittedInvoice, ProviderVoidedInvoice
from shared.events.referral import ClaimStandingChanged

Submitted: TypeAlias = ProviderSubmittedInvoice | ProviderRectifiedInvoice


def apply(billing: Billing | None, event: Event, context: BillingContext, event_context: EventContext) -> Outcome:
    """Fold a record into its case; where that changes what may be billed, judge again what waits."""
    adjudication = expire(begin(billing or Billing(event.key, EMPTY), context, event_context))
    case = fold(adjudication.billing.case, event, event_context)
    if case != adjudication.billing.case:
        adjudication = adjudicate_open(adjudication.to(case=case), standing=isinstance(event, ClaimStandingChanged))
    return watch(adjudication).outcome()


def act(
    billing: Billing | None, action: ClinicAction, context: BillingContext, event_context: EventContext
) -> Decision:
    """Decide an action of a clinic by its row of CLINIC_ACTIONS, after the waits that ended before it."""
    if billing is None:
        return refuse(
            "NOT-FOUND", "there is no such referral that you may bill", "check referral and site", "referral_id"
        )
    decided = CLINIC_ACTIONS[type(action)](expire(begin(billing, context, event_context)), action)
    return watch(decided).outcome() if isinstance(decided, CaseAdjudication) else decided


def step(billing: Billing | None, due: Event, context: BillingContext, event_context: EventContext) -> Outcome:
    """Take a step of a case that is due by its row of CASE_STEPS; nothing follows where no case is kept."""
    if billing is None:
        return Outcome()
    return watch(CASE_STEPS[type(due)](begin(billing, context, event_context), due)).outcome()


def submit(adjudication: CaseAdjudication, action: Submitted) -> CaseAdjudication | Decision:
    """Receive an invoice and judge it at once; one that is not whole is returned, and nothing of it is kept."""
    billing, context = adjudication.billing, adjudication.context
    if refusal := _not_billable(billing, action):
        return refusal
    invoice = _received(action, adjudication.before.case, adjudication.event_context)
    taken = context.numbers.get(number_id(action.payee_id, action.number))
    whole = faults(bill_of(invoice), action.cents, context.today, adjudication.before.case, context.terms)
    if flaws := (*_number_flaws(action, taken, billing.case), *whole):
        returned = InvoiceReturned(referral_id=billing.id, invoice_id=invoice.id, number=action.number, fields=flaws)
        return Outcome(events=(returned,))
    received = _announce_received(adjudication.to(invoices=(*billing.invoices, invoice)), invoice)
    judged = judge_one(received, received.billing.invoices[-1])
    return judged.change(use(action.payee_id, action.number, invoice.id))


def _not_billable(billing: Billing, action: Submitted) -> Refusal | None:
    """Return why the site cannot send the invoice; None when it can.

    The site that has the case bills it; the site that sent an invoice puts it right, once it was judged.
    """
    if isinstance(action, ProviderSubmittedInvoice):
        return None if action.site_id == billing.case.site_id else not_yours("site_id")
    old = billing.invoice(action.rectifies)
    if old is None:
        return refuse("NOT-FOUND", "there is no such invoice of yours", "check the invoice", "rectifies")
    if action.site_id != billing.site_of(old):
        return not_yours("rectifies")
    if old.status in {"pended", "voided"}:
        waits = old.status == "pended"
        rule = "the invoice is not decided yet" if waits else "the invoice was taken back"
        fix = "take it back instead" if waits else "send in a new invoice instead"
        return Refusal(refuse("INV-STATE", rule, fix, "rectifies").flaws, ("void",) if waits else ("submit",))
    return None


def _received(action: Submitted, case: Case, event_context: EventContext) -> Invoice:
    """Return the invoice as it is kept; it waits for the answers to actions that stand before it."""
    return Invoice(
        id=str(event_context.new_id()),
        revision=0,
        number=action.number,
        payee_id=action.payee_id,
        invoiced_on=action.invoiced_on,
        received_at=action.received_at,
        lines=action.lines,
        rectifies=action.rectifies if isinstance(action, ProviderRectifiedInvoice) else None,
        after=tuple(case.unanswered),
        site_id=action.site_id,
    )


def _number_flaws(action: Submitted, taken: Number | None, case: Case) -> tuple[Violation, ...]:
    """Return what is wrong with an invoice number; of another payee's numbers nothing is told."""
    if not is_readable(action.payee_id, action.number):
        rule, fix = "the invoice has no number that can be read", "give it a number of up to 64 printable characters"
        return (Violation(code="FIELD-MISSING", rule=rule, fix=fix, field="number"),)
    if taken and action.payee_id == case.payee_id:
        return (
            Violation(
                code="DUP",
                rule="the payee has used this invoice number before",
                fix="take a new number",
                field="number",
            ),
        )
    return ()


def _announce_received(adjudication: CaseAdjudication, invoice: Invoice) -> CaseAdjudication:
    return adjudication.announce(
        invoice,
        InvoiceReceived,
        number=invoice.number,
        payee_id=invoice.payee_id,
        invoiced_on=invoice.invoiced_on,
        lines=tuple(
            ClaimedLine(line=x.line, code=x.code, service_on=x.service_on, units=x.units, cents=x.cents)
            for x in invoice.lines
        ),
        cents=invoice.claimed_cents,
        rectifies=invoice.rectifies,
        site_id=invoice.site_id,
    )


def void(adjudication: CaseAdjudication, action: ProviderVoidedInvoice) -> CaseAdjudication | Refusal:
    """Take an invoice back before its run is fixed; the units that it held are free for others."""
    billing, invoice = adjudication.billing, adjudication.billing.invoice(action.invoice_id)
    if invoice is None:
        return refuse("NOT-FOUND", "there is no such invoice of yours", "check the invoice", "invoice_id")
    if action.site_id != billing.site_of(invoice):
        return not_yours("invoice_id")
    if refusal := _not_voidable(invoice, action, adjudication.context):
        return refusal
    voided = invoice._replace(status="voided", slot=None, until=None, waits_for=(), closes_on=None)
    disarmed = (SetTimer(billing.id, f"wait/{invoice.id}"),) if invoice.until else ()
    return adjudicate_open(adjudication.announce(voided, InvoiceVoided, number=voided.number).set(*disarmed))


def _not_voidable(invoice: Invoice, action: ProviderVoidedInvoice, context: BillingContext) -> Refusal | None:
    """Return why an invoice cannot be taken back; None when it can."""
    if invoice.status == "paid" or (invoice.status == "scheduled" and invoice.is_frozen(context.frozen_until)):
        rule = "the cut-off of the run that pays it has passed"
        return Refusal(refuse("RUN-FROZEN", rule, "put it right once it is paid", "invoice_id").flaws, ("rectify",))
    if invoice.status in {"rejected", "voided"}:
        allowed = "rectify" if invoice.status == "rejected" else "submit"
        refused = invoice.status == "rejected"
        rule = "the invoice was refused, and nothing of it is paid" if refused else "the invoice was taken back already"
        fix = "put its lines right instead" if refused else "send in a new invoice instead"
        return Refusal(refuse("INV-STATE", rule, fix, "invoice_id").flaws, (allowed,))
    if action.seen != invoice.revision:
        rule = f"the invoice has changed since you opened it; it is at revision {invoice.revision}"
        return refuse("STALE", rule, "open it again and act on what it shows", "seen")
    return None


def end_wait(adjudication: CaseAdjudication, _due: WaitEnded) -> CaseAdjudication:
    """Judge invoices that have waited as long as they may by what is there."""
    return adjudicate_open(expire(adjudication))


def pay(adjudication: CaseAdjudication, due: ShareReleased) -> CaseAdjudication:
    """Note the invoices of the case that a run paid."""
    for invoice_id in due.invoices:
        invoice = adjudication.billing.invoice(invoice_id)
        if invoice and invoice.status == "scheduled":
            closes_on = max(due.dispute_until, invoice.closes_on or due.dispute_until)
            adjudication = adjudication.announce(
                invoice._replace(status="paid", remittance_id=due.remittance_id, closes_on=closes_on),
                InvoicePaid,
                remittance_id=due.remittance_id,
                run_on=due.run_on,
                cents=invoice.allowed_cents,
            )
    return adjudication


def close(adjudication: CaseAdjudication, _due: WindowsClosed) -> CaseAdjudication:
    """Close the books of a case whose last window has closed."""
    return finish(adjudication)


CLINIC_ACTIONS: Mapping[type[ClinicAction], Callable[[CaseAdjudication, Any], CaseAdjudication | Decision]] = {
    ProviderSubmittedInvoice: submit,
    ProviderRectifiedInvoice: submit,
    ProviderVoidedInvoice: void,
}
CASE_STEPS: Mapping[type[Event], Callable[[CaseAdjudication, Any], CaseAdjudication]] = {
    WaitEnded: end_wait,
    ShareReleased: pay,
    WindowsClosed: close,
}
