"""Adjudication of a case's invoices: each is pended while facts are missing, else judged whole."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from services.invoice.domain.calendar import first_run
from services.invoice.domain.case import Billing, Invoice, Slot
from services.invoice.domain.number import Number
from services.invoice.domain.running import Run, open_run
from services.invoice.domain.steps import WaitEnded
from shared.billing.adjudication import TERMS, AdjudicationResult, Bill, judge
from shared.billing.entitlement import fold
from shared.billing.fees import Terms
from shared.billing.windows import window_end
from shared.domain.calendar import Calendar
from shared.domain.decision import Aggregate, Event, EventContext, Outcome, SetTimer
from shared.domain.transition import Transition
from shared.events.invoice import (
    InvoiceAdjudicated,
    InvoiceApproved,
    InvoicePartiallyApproved,
    InvoicePended,
    InvoiceRejected,
    PaymentScheduled,
)

ANSWER = "answer"
_DAY = timedelta(days=1)


class BillingContext(NamedTuple):
    """Contracts and fees, the newest runs and the numbers used as the batch sees them, and the instant that judges."""

    terms: Terms
    runs: Mapping[str, Run]
    at: datetime
    numbers: Mapping[str, Number | None] = {}

    @property
    def calendar(self) -> Calendar:
        """The default calendar, which says which day it is."""
        return self.terms.default_calendar

    @property
    def today(self) -> date:
        """The day of the decision."""
        return self.calendar.day_of(self.at)

    @property
    def frozen_until(self) -> datetime:
        """The instant up to which the cut-off of a run makes it fixed."""
        return max([self.at, *(run.cut_off_at for run in self.runs.values() if run.status != "open")])


class CaseAdjudication(NamedTuple):
    """A decision on a case under way: its transition, what it is judged by, and the record that causes it."""

    transition: Transition[Billing]
    context: BillingContext
    event_context: EventContext

    @property
    def billing(self) -> Billing:
        """The case as the decision leaves it so far."""
        return self.transition.document

    @property
    def before(self) -> Billing:
        """The case as it was loaded."""
        return self.transition.before

    def to(self, **members: Any) -> "CaseAdjudication":  # noqa: ANN401 - the members of a case
        """Change members of the case."""
        return self._replace(transition=self.transition.to(**members))

    def put(self, invoice: Invoice) -> "CaseAdjudication":
        """Replace an invoice of the case, of which nothing is announced."""
        return self.to(invoices=self.billing.having(invoice).invoices)

    def announce(self, invoice: Invoice, contract: type[Event], **members: Any) -> "CaseAdjudication":  # noqa: ANN401 - the members of any event
        """Announce an event of an invoice as it is now: case, invoice and revision are filled in.

        The decision raises the invoice's revision once. What the case entitles to follows from the event. Raises
        TypeError for a member that the contract does not have.
        """
        if unknown := members.keys() - contract.model_fields.keys():
            raise TypeError(f"{contract.__name__} has no member {', '.join(sorted(unknown))}")
        before = self.before.invoice(invoice.id)
        revised = invoice._replace(revision=before.revision + 1 if before else 1)
        event = contract(referral_id=self.billing.id, invoice_id=revised.id, revision=revised.revision, **members)
        case = fold(self.billing.case, event, self.event_context)
        return self._replace(transition=self.put(revised).transition.to(case=case).also(event))

    def set(self, *timers: SetTimer) -> "CaseAdjudication":
        """Set timers, or disarm them."""
        return self._replace(transition=self.transition.set(*timers))

    def change(self, *aggregates: Aggregate) -> "CaseAdjudication":
        """Change other aggregates with the case."""
        return self._replace(transition=self.transition.change(*aggregates))

    def outcome(self) -> Outcome:
        """Return the whole decision; nothing but timers where nothing changed."""
        return self.transition.outcome()


def begin(billing: Billing, context: BillingContext, event_context: EventContext) -> CaseAdjudication:
    """Begin a decision on a case as it was loaded."""
    return CaseAdjudication(Transition.of(billing), context, event_context)


def adjudicate_open(adjudication: CaseAdjudication, *, standing: bool = False) -> CaseAdjudication:
    """Judge again what waits, in the order of receipt; after a new standing also what no run has fixed yet."""
    for invoice in adjudication.billing.invoices:
        reached = (
            standing and invoice.status == "scheduled" and not invoice.is_frozen(adjudication.context.frozen_until)
        )
        if invoice.status == "pended" or reached:
            adjudication = judge_one(adjudication, invoice)
    return adjudication


def expire(adjudication: CaseAdjudication) -> CaseAdjudication:
    """End the waits that were over before the event, one after the other, as if their timers had fired in time."""
    context = adjudication.context
    while end := min((end for i in adjudication.billing.invoices if (end := wait_end(i, context))), default=None):
        if end > context.at:
            break
        adjudication = adjudicate_open(adjudication._replace(context=context._replace(at=end)))
        adjudication = adjudication._replace(context=context)
    return adjudication


def wait_end(invoice: Invoice, context: BillingContext) -> datetime | None:
    """Return the first instant after the wait of an invoice; None when it does not wait or has no last day."""
    if invoice.status != "pended" or invoice.until is None:
        return None
    return context.calendar.start_of(invoice.until + _DAY)


def judge_one(adjudication: CaseAdjudication, invoice: Invoice) -> CaseAdjudication:
    """Judge an invoice once the actions before it are answered; it waits until then and while facts are missing."""
    unanswered = tuple(action for action in invoice.after if action in adjudication.billing.case.unanswered)
    if unanswered:
        return _pend(adjudication, invoice._replace(after=unanswered), AdjudicationResult(waits_for=(ANSWER,)))
    answered = invoice._replace(after=(), heard_on=adjudication.context.today) if invoice.after else invoice
    result = judge(adjudication.billing.case, bill_of(answered), adjudication.context.terms, adjudication.context.today)
    return _pend(adjudication, answered, result) if result.waits_for else _adjudicate(adjudication, answered, result)


def bill_of(invoice: Invoice) -> Bill:
    """Return an invoice as the rules of adjudication take it."""
    return Bill(
        invoice_id=invoice.id,
        number=invoice.number,
        payee_id=invoice.payee_id,
        invoiced_on=invoice.invoiced_on,
        received_at=invoice.received_at,
        lines=invoice.lines,
        cents=invoice.claimed_cents,
        rectifies=invoice.rectifies,
        heard_on=invoice.heard_on,
    )


def _pend(adjudication: CaseAdjudication, invoice: Invoice, result: AdjudicationResult) -> CaseAdjudication:
    """Let an invoice wait; nothing is announced twice, and for terms one looks again every day."""
    if TERMS in result.waits_for:
        tomorrow = adjudication.context.calendar.start_of(adjudication.context.today + _DAY)
        adjudication = adjudication.set(_wake(adjudication, invoice, tomorrow))
    waiting = invoice._replace(
        status="pended", judged=result.lines, waits_for=result.waits_for, until=result.until, slot=None, closes_on=None
    )
    if waiting == invoice:
        return adjudication.put(waiting)
    announced = adjudication.announce(
        waiting,
        InvoicePended,
        number=waiting.number,
        lines=waiting.judged,
        waits_for=waiting.waits_for,
        until=waiting.until,
    )
    return announced.set(*_wait_of(adjudication, invoice, waiting))


def _wait_of(adjudication: CaseAdjudication, before: Invoice, after: Invoice) -> tuple[SetTimer, ...]:
    """Return the timer of a wait, set, moved or disarmed; nothing where its end stays."""
    end = wait_end(after, adjudication.context)
    return () if end == wait_end(before, adjudication.context) else (_wake(adjudication, after, end),)


def _wake(adjudication: CaseAdjudication, invoice: Invoice, at: datetime | None) -> SetTimer:
    """Return the timer that judges a waiting invoice again; without an instant it disarms it."""
    due = WaitEnded(referral_id=adjudication.billing.id, invoice_id=invoice.id)
    return SetTimer(adjudication.billing.id, f"wait/{invoice.id}", at, due if at else None)


def _adjudicate(adjudication: CaseAdjudication, invoice: Invoice, result: AdjudicationResult) -> CaseAdjudication:
    """Judge an invoice whole: a run pays it, or it is rejected."""
    if invoice.status == "scheduled" and invoice.judged == result.lines:
        return adjudication
    allowed = sum(line.allowed_cents for line in result.lines)
    judged = invoice._replace(
        status="scheduled" if allowed else "rejected",
        judged=result.lines,
        waits_for=(),
        until=None,
        dispute_days=result.dispute_days,
        closes_on=result.rectify_until,
    )
    adjudication = adjudication.set(*_wait_of(adjudication, invoice, judged)).announce(
        judged,
        InvoiceAdjudicated,
        number=judged.number,
        payee_id=judged.payee_id,
        lines=judged.judged,
        claimed_cents=judged.claimed_cents,
        allowed_cents=judged.allowed_cents,
        rectify_until=result.rectify_until,
        judged_on=adjudication.context.today,
    )
    return _schedule(adjudication, judged) if allowed else _reject(adjudication, judged, result.rectify_until)


def _reject(adjudication: CaseAdjudication, invoice: Invoice, rectify_until: date) -> CaseAdjudication:
    """Pay nothing of an invoice, and say until when it may be put right and disputed."""
    context = adjudication.context
    dispute_until = window_end(context.calendar, context.today, invoice.dispute_days)
    return adjudication.announce(
        invoice._replace(slot=None, closes_on=max(rectify_until, dispute_until)),
        InvoiceRejected,
        number=invoice.number,
        claimed_cents=invoice.claimed_cents,
        notice_on=context.today,
        rectify_until=rectify_until,
        dispute_until=dispute_until,
    )


def _schedule(adjudication: CaseAdjudication, invoice: Invoice) -> CaseAdjudication:
    """Let the first run that is not fixed yet pay an invoice; the first invoice of a run opens it."""
    context = adjudication.context
    planned = first_run(context.calendar, context.frozen_until)
    due = invoice._replace(slot=Slot(*planned))
    if planned.run_id not in {*context.runs, *(run.id for run in adjudication.transition.beside)}:
        run, cut_off = open_run(planned)
        adjudication = adjudication.change(run).set(cut_off)
    return _approve(adjudication, due).announce(
        due,
        PaymentScheduled,
        payee_id=due.payee_id,
        cents=due.allowed_cents,
        run_id=planned.run_id,
        run_on=planned.run_on,
        cut_off_at=planned.cut_off_at,
    )


def _approve(adjudication: CaseAdjudication, invoice: Invoice) -> CaseAdjudication:
    """Announce that an invoice is paid as claimed, or in part."""
    number, cents, claimed_cents = invoice.number, invoice.allowed_cents, invoice.claimed_cents
    if cents == claimed_cents:
        return adjudication.announce(invoice, InvoiceApproved, number=number, cents=cents)
    return adjudication.announce(
        invoice, InvoicePartiallyApproved, number=number, cents=cents, claimed_cents=claimed_cents
    )
