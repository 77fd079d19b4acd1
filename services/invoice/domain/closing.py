"""When a case can cost no more."""

from datetime import date, timedelta

from services.invoice.domain.case import Billing
from services.invoice.domain.judging import BillingContext, Transition
from services.invoice.domain.steps import WindowsClosed
from shared.billing.windows import submit_until
from shared.domain.decision import SetTimer
from shared.events.invoice import CaseBillingFinal

FINAL = "final"
_DAY = timedelta(days=1)


def watch(course: Transition) -> Transition:
    """The day on which the last window closes is awaited, or not any more."""
    billing, before = course.billing, course.before
    if billing == before or billing.final_on:
        return course
    closes_on = last_window(billing, course.context)
    if closes_on == billing.closes_on:
        return course
    course = course._replace(billing=billing._replace(closes_on=closes_on))
    if closes_on is None:
        return course.arm(SetTimer(billing.id, FINAL))
    due_at = course.context.calendar.start_of(closes_on + _DAY)
    return course.arm(SetTimer(billing.id, FINAL, due_at, WindowsClosed(referral_id=billing.id)))


def last_window(billing: Billing, context: BillingContext) -> date | None:
    """The last day on which anything of an ended case may be billed, put right or disputed; none while it is open."""
    ended_on, contract_id = billing.case.ended_on, billing.case.contract_id
    if ended_on is None or not context.terms.knows(contract_id):
        return None
    if not _is_settled(billing, context.terms.reports_of(contract_id)):
        return None
    contract = context.terms.contract_on(contract_id, ended_on)
    submit = submit_until(contract, context.terms.calendar_of(contract), ended_on)
    return max([submit, *(i.closes_on for i in billing.invoices if i.closes_on)])


def _is_settled(billing: Billing, paid_for: frozenset[str]) -> bool:
    """Nothing is unanswered, pended or scheduled, and no report is owed that a fee pays for."""
    case, is_open = billing.case, any(i.is_open for i in billing.invoices)
    return case.is_over and not (case.owes_reports(paid_for) or case.unanswered or is_open)


def finish(course: Transition) -> Transition:
    """All windows have closed: the case has cost what it cost."""
    billing = course.billing
    if billing.final_on or billing.closes_on is None or course.context.today <= billing.closes_on:
        return course
    final = billing._replace(final_on=course.context.today)
    said = CaseBillingFinal(
        referral_id=billing.id,
        revision=billing.revision + 1,
        paid_cents=billing.paid_cents,
        final_on=course.context.today,
    )
    return course._replace(billing=final, events=(*course.events, said))
