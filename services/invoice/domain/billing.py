"""What clinics do with invoices, and what every record of a case means for them."""

from services.invoice.domain.case import Billing, Invoice
from services.invoice.domain.closing import finish, watch
from services.invoice.domain.judging import BillingContext, Transition, adjudicate_open, bill_of, expire, judge_one
from services.invoice.domain.number import Number, is_readable, use
from services.invoice.domain.steps import ShareReleased
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
from shared.events.portal import ProviderRectifiedInvoice, ProviderSubmittedInvoice, ProviderVoidedInvoice
from shared.events.referral import ClaimStandingChanged

Submitted = ProviderSubmittedInvoice | ProviderRectifiedInvoice


def apply(billing: Billing | None, event: Event, context: BillingContext, event_context: EventContext) -> Outcome:
    """A record of a case: what may be billed follows from it, and what waits is judged again."""
    found = billing or Billing(event.key, EMPTY)
    course = expire(Transition(billing, found, context, event_context))
    case = fold(course.billing.case, event, event_context)
    if case == course.billing.case:
        return watch(course).outcome() if billing else Outcome()
    course = course._replace(billing=course.billing._replace(case=case))
    return watch(adjudicate_open(course, standing=isinstance(event, ClaimStandingChanged))).outcome()


def wait_ended(billing: Billing | None, context: BillingContext, event_context: EventContext) -> Outcome:
    """A pended invoice has waited as long as it may: it is judged by what is there."""
    if billing is None:
        return Outcome()
    return watch(adjudicate_open(expire(Transition(billing, billing, context, event_context)))).outcome()


def close(billing: Billing | None, context: BillingContext, event_context: EventContext) -> Outcome:
    """The last window of a case has closed."""
    return finish(Transition(billing, billing, context, event_context)).outcome() if billing else Outcome()


def submit(
    billing: Billing | None, act: Submitted, taken: Number | None, context: BillingContext, event_context: EventContext
) -> Decision:
    """An invoice comes in: returned when it is not whole, else received and judged at once."""
    if billing is None:
        return refuse(
            "NOT-FOUND", "there is no such referral that you may bill", "check referral and site", "referral_id"
        )
    course = expire(Transition(billing, billing, context, event_context))
    if refusal := _not_billable(course.billing, act):
        return refusal
    invoice = _received(act, billing.case, event_context)
    whole = faults(bill_of(invoice), act.cents, context.today, billing.case, context.terms)
    if flaws := (*_number_flaws(act, taken, billing.case), *whole):
        return Outcome(events=(_returned(act, invoice, flaws),))
    kept = course.billing._replace(invoices=(*course.billing.invoices, invoice))
    course = course._replace(billing=kept).say(invoice, _announced(act, invoice))
    outcome = watch(judge_one(course, invoice)).outcome()
    return outcome._replace(changed=(*outcome.changed, use(act.payee_id, act.number, invoice.id)))


def _not_billable(billing: Billing, act: Submitted) -> Refusal | None:
    """The site that has the case bills it; the site that sent an invoice puts it right, once it was judged."""
    if isinstance(act, ProviderSubmittedInvoice):
        return None if act.site_id == billing.case.site_id else not_yours("site_id")
    old = billing.invoice(act.rectifies)
    if old is None:
        return refuse("NOT-FOUND", "there is no such invoice of yours", "check the invoice", "rectifies")
    if act.site_id != billing.site_of(old):
        return not_yours("rectifies")
    if old.status in {"pended", "voided"}:
        waits = old.status == "pended"
        rule = "the invoice is not decided yet" if waits else "the invoice was taken back"
        fix = "take it back instead" if waits else "send in a new invoice instead"
        return Refusal(refuse("INV-STATE", rule, fix, "rectifies").flaws, ("void",) if waits else ("submit",))
    return None


def _received(act: Submitted, case: Case, event_context: EventContext) -> Invoice:
    """As it will be kept; what stood before it and has no answer yet is waited for."""
    return Invoice(
        str(event_context.new_id()),
        1,
        act.number,
        act.payee_id,
        act.invoiced_on,
        act.received_at,
        act.lines,
        act.rectifies if isinstance(act, ProviderRectifiedInvoice) else None,
        after=tuple(case.unanswered),
        site_id=act.site_id,
    )


def _number_flaws(act: Submitted, taken: Number | None, case: Case) -> tuple[Violation, ...]:
    """A payee uses a number once, and it can be read out; of another payee's numbers nothing is told."""
    if not is_readable(act.payee_id, act.number):
        rule, fix = "the invoice has no number that can be read", "give it a number of up to 64 printable characters"
        return (Violation(code="FIELD-MISSING", rule=rule, fix=fix, field="number"),)
    if taken and act.payee_id == case.payee_id:
        return (
            Violation(
                code="DUP",
                rule="the payee has used this invoice number before",
                fix="take a new number",
                field="number",
            ),
        )
    return ()


def _returned(act: Submitted, invoice: Invoice, flaws: tuple[Violation, ...]) -> InvoiceReturned:
    """What is wrong with the document; nothing else is kept of it."""
    return InvoiceReturned(referral_id=act.referral_id, invoice_id=invoice.id, number=act.number, fields=flaws)


def _announced(act: Submitted, invoice: Invoice) -> InvoiceReceived:
    """What was billed."""
    return InvoiceReceived(
        referral_id=act.referral_id,
        revision=invoice.revision,
        invoice_id=invoice.id,
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


def void(
    billing: Billing | None, act: ProviderVoidedInvoice, context: BillingContext, event_context: EventContext
) -> Decision:
    """A clinic takes an invoice back before its run is fixed; what it held back is free for others."""
    found = billing.invoice(act.invoice_id) if billing else None
    if billing is None or found is None:
        return refuse("NOT-FOUND", "there is no such invoice of yours", "check the invoice", "invoice_id")
    if act.site_id != billing.site_of(found):
        return not_yours("invoice_id")
    course = expire(Transition(billing, billing, context, event_context))
    invoice = next(i for i in course.billing.invoices if i.id == act.invoice_id)
    if refusal := _not_voidable(invoice, act, context):
        return refusal
    revision = course.revision_of(invoice.id)
    voided = invoice._replace(status="voided", revision=revision, slot=None, until=None, waits_for=(), closes_on=None)
    said = InvoiceVoided(referral_id=billing.id, revision=revision, invoice_id=invoice.id, number=invoice.number)
    return watch(adjudicate_open(course.say(voided, said).arm(*_disarmed(billing, invoice)))).outcome()


def _disarmed(billing: Billing, invoice: Invoice) -> tuple[SetTimer, ...]:
    """Its wait is over."""
    return (SetTimer(billing.id, f"wait/{invoice.id}"),) if invoice.until else ()


def _not_voidable(invoice: Invoice, act: ProviderVoidedInvoice, context: BillingContext) -> Refusal | None:
    """Why it cannot be taken back."""
    if invoice.status == "paid" or (invoice.status == "scheduled" and invoice.is_frozen(context.frozen_until)):
        rule = "the cut-off of the run that pays it has passed"
        return Refusal(refuse("RUN-FROZEN", rule, "put it right once it is paid", "invoice_id").flaws, ("rectify",))
    if invoice.status in {"rejected", "voided"}:
        allowed = "rectify" if invoice.status == "rejected" else "submit"
        refused = invoice.status == "rejected"
        rule = "the invoice was refused, and nothing of it is paid" if refused else "the invoice was taken back already"
        fix = "put its lines right instead" if refused else "send in a new invoice instead"
        return Refusal(refuse("INV-STATE", rule, fix, "invoice_id").flaws, (allowed,))
    if act.seen != invoice.revision:
        rule = f"the invoice has changed since you opened it; it is at revision {invoice.revision}"
        return refuse("STALE", rule, "open it again and act on what it shows", "seen")
    return None


def paid(billing: Billing | None, due: ShareReleased, context: BillingContext, event_context: EventContext) -> Outcome:
    """A run paid invoices of the case."""
    if billing is None:
        return Outcome()
    course = Transition(billing, billing, context, event_context)
    for invoice_id in due.invoices:
        invoice = billing.invoice(invoice_id)
        if invoice and invoice.status == "scheduled":
            course = _pay(course, invoice, due)
    return watch(course).outcome()


def _pay(course: Transition, invoice: Invoice, due: ShareReleased) -> Transition:
    """One invoice."""
    done = invoice._replace(
        status="paid",
        revision=course.revision_of(invoice.id),
        remittance_id=due.remittance_id,
        closes_on=max(due.dispute_until, invoice.closes_on or due.dispute_until),
    )
    said = InvoicePaid(
        referral_id=course.billing.id,
        revision=done.revision,
        invoice_id=done.id,
        remittance_id=due.remittance_id,
        run_on=due.run_on,
        cents=done.allowed_cents,
    )
    return course.say(done, said)
