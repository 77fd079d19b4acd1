"""Judging what a case was billed: pended while something may still be said, else adjudicated whole and scheduled."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from services.invoice.domain.calendar import first_run
from services.invoice.domain.case import Billing, Invoice, Slot
from services.invoice.domain.running import Run, open_run
from services.invoice.domain.steps import WaitEnded
from shared.billing.adjudication import TERMS, AdjudicationResult, Bill, judge
from shared.billing.entitlement import fold
from shared.billing.fees import Terms
from shared.billing.windows import window_end
from shared.domain.calendar import Calendar
from shared.domain.decision import Aggregate, Event, EventContext, Outcome, SetTimer
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
    """What billing stands on: contracts and fees, the newest runs as the batch sees them, and the instant."""

    terms: Terms
    runs: Mapping[str, Run]
    at: datetime

    @property
    def calendar(self) -> Calendar:
        """The default one: it says which day it is."""
        return self.terms.default_calendar

    @property
    def today(self) -> date:
        """The day of the decision."""
        return self.calendar.day_of(self.at)

    @property
    def frozen_until(self) -> datetime:
        """Every run whose cut-off is not later than this is fixed."""
        return max([self.at, *(run.cut_off_at for run in self.runs.values() if run.status != "open")])


class Transition(NamedTuple):
    """A decision on a case under way; `before` is the case as it was found."""

    before: Billing | None
    billing: Billing
    context: BillingContext
    event_context: EventContext
    events: tuple[Event, ...] = ()
    timers: tuple[SetTimer, ...] = ()
    opened: tuple[Run, ...] = ()

    def revision_of(self, invoice_id: str) -> int:
        """What an invoice that this decision changes is raised to, once."""
        found = self.before.invoice(invoice_id) if self.before else None
        return found.revision + 1 if found else 1

    def say(self, invoice: Invoice, *events: Event) -> "Transition":
        """The invoice as it is now, and what is announced of it; the case's entitlement hears it too."""
        case = self.billing.case
        for event in events:
            case = fold(case, event, self.event_context)
        return self._replace(billing=self.billing.having(invoice)._replace(case=case), events=(*self.events, *events))

    def arm(self, *timers: SetTimer) -> "Transition":
        """Timers to move."""
        return self._replace(timers=(*self.timers, *timers))

    def outcome(self) -> Outcome:
        """The decision; nothing where nothing changed."""
        if self.billing == self.before:
            return Outcome(timers=self.timers)
        billing = self.billing._replace(revision=self.billing.revision + bool(self.events))
        changed: tuple[Aggregate, ...] = (billing, *self.opened)
        return Outcome(changed, self.events, self.timers)


def adjudicate_open(course: Transition, *, standing: bool = False) -> Transition:
    """Whatever waits is judged again in the order of receipt; a new standing reaches what no run has fixed yet."""
    for invoice in course.billing.invoices:
        reached = standing and invoice.status == "scheduled" and not invoice.is_frozen(course.context.frozen_until)
        if invoice.status == "pended" or reached:
            course = judge_one(course, invoice)
    return course


def expire(course: Transition) -> Transition:
    """Waits that ended before the occasion end first, one after the other, as if their timers had fired in time."""
    context = course.context
    while end := min((end for i in course.billing.invoices if (end := wait_end(i, context))), default=None):
        if end > context.at:
            break
        course = adjudicate_open(course._replace(context=context._replace(at=end)))._replace(context=context)
    return course


def wait_end(invoice: Invoice, context: BillingContext) -> datetime | None:
    """The first instant after a wait."""
    if invoice.status != "pended" or invoice.until is None:
        return None
    return context.calendar.start_of(invoice.until + _DAY)


def judge_one(course: Transition, invoice: Invoice) -> Transition:
    """One invoice: it waits for answers to what stood before it, then for what its lines need, then it is settled."""
    unanswered = tuple(action for action in invoice.after if action in course.billing.case.unanswered)
    if unanswered:
        return _pend(course, invoice._replace(after=unanswered), AdjudicationResult(waits_for=(ANSWER,)))
    heard = invoice._replace(after=(), heard_on=course.context.today) if invoice.after else invoice
    found = judge(course.billing.case, bill_of(heard), course.context.terms, course.context.today)
    return _pend(course, heard, found) if found.waits_for else _adjudicate(course, heard, found)


def bill_of(invoice: Invoice) -> Bill:
    """As the rules of adjudication see it."""
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


def _pend(course: Transition, invoice: Invoice, found: AdjudicationResult) -> Transition:
    """Something may still be said of it; nothing is announced twice, and for terms one looks again every day."""
    if TERMS in found.waits_for:
        course = course.arm(_wake(course, invoice, course.context.calendar.start_of(course.context.today + _DAY)))
    waiting = invoice._replace(
        status="pended", judged=found.lines, waits_for=found.waits_for, until=found.until, slot=None, closes_on=None
    )
    if waiting == invoice:
        return course._replace(billing=course.billing.having(waiting))
    waiting = waiting._replace(revision=course.revision_of(invoice.id))
    said = InvoicePended(
        referral_id=course.billing.id,
        revision=waiting.revision,
        invoice_id=waiting.id,
        number=waiting.number,
        lines=waiting.judged,
        waits_for=waiting.waits_for,
        until=waiting.until,
    )
    return course.say(waiting, said).arm(*_wait_of(course, invoice, waiting))


def _wait_of(course: Transition, before: Invoice, after: Invoice) -> tuple[SetTimer, ...]:
    """The timer of a wait is armed, moved or disarmed."""
    end = wait_end(after, course.context)
    return () if end == wait_end(before, course.context) else (_wake(course, after, end),)


def _wake(course: Transition, invoice: Invoice, at: datetime | None) -> SetTimer:
    """When an invoice that waits is judged again by itself."""
    due = WaitEnded(referral_id=course.billing.id, invoice_id=invoice.id)
    return SetTimer(course.billing.id, f"wait/{invoice.id}", at, due if at else None)


def _adjudicate(course: Transition, invoice: Invoice, found: AdjudicationResult) -> Transition:
    """Every line is judged: it is paid by a run or rejected."""
    if invoice.status == "scheduled" and invoice.judged == found.lines:
        return course
    allowed = sum(line.allowed_cents for line in found.lines)
    judged = invoice._replace(
        status="scheduled" if allowed else "rejected",
        revision=course.revision_of(invoice.id),
        judged=found.lines,
        waits_for=(),
        until=None,
        dispute_days=found.dispute_days,
        closes_on=found.rectify_until,
    )
    course = course.arm(*_wait_of(course, invoice, judged)).say(judged, _adjudicated(course, judged, found))
    return _schedule(course, judged, allowed) if allowed else _reject(course, judged, found.rectify_until)


def _adjudicated(course: Transition, invoice: Invoice, found: AdjudicationResult) -> InvoiceAdjudicated:
    """Every line with its reasons."""
    return InvoiceAdjudicated(
        referral_id=course.billing.id,
        revision=invoice.revision,
        invoice_id=invoice.id,
        number=invoice.number,
        payee_id=invoice.payee_id,
        lines=invoice.judged,
        claimed_cents=invoice.claimed_cents,
        allowed_cents=invoice.allowed_cents,
        rectify_until=found.rectify_until,
        judged_on=course.context.today,
    )


def _reject(course: Transition, invoice: Invoice, rectify_until: date) -> Transition:
    """Nothing of it is paid: until when it may be put right and disputed."""
    context = course.context
    rejected = invoice._replace(slot=None)
    said = InvoiceRejected(
        referral_id=course.billing.id,
        revision=rejected.revision,
        invoice_id=rejected.id,
        number=rejected.number,
        claimed_cents=rejected.claimed_cents,
        notice_on=context.today,
        rectify_until=rectify_until,
        dispute_until=window_end(context.calendar, context.today, rejected.dispute_days),
    )
    return course.say(rejected._replace(closes_on=max(rectify_until, said.dispute_until)), said)


def _schedule(course: Transition, invoice: Invoice, cents: int) -> Transition:
    """The first run that is not fixed yet pays it; the first invoice of a run awaits its cut-off."""
    context = course.context
    planned = first_run(context.calendar, context.frozen_until)
    due = invoice._replace(slot=Slot(*planned))
    if planned.run_id not in {*context.runs, *(run.id for run in course.opened)}:
        run, arm = open_run(planned)
        course = course._replace(opened=(*course.opened, run)).arm(arm)
    scheduled = PaymentScheduled(
        referral_id=course.billing.id,
        revision=due.revision,
        invoice_id=due.id,
        payee_id=due.payee_id,
        cents=cents,
        run_id=planned.run_id,
        run_on=planned.run_on,
        cut_off_at=planned.cut_off_at,
    )
    return course.say(due, _approved(course, due, cents), scheduled)


def _approved(course: Transition, invoice: Invoice, cents: int) -> InvoiceApproved | InvoicePartiallyApproved:
    """As claimed, or in part."""
    referral_id, revision, number = course.billing.id, invoice.revision, invoice.number
    if cents == invoice.claimed_cents:
        return InvoiceApproved(
            referral_id=referral_id, revision=revision, invoice_id=invoice.id, number=number, cents=cents
        )
    return InvoicePartiallyApproved(
        referral_id=referral_id,
        revision=revision,
        invoice_id=invoice.id,
        number=number,
        cents=cents,
        claimed_cents=invoice.claimed_cents,
    )
