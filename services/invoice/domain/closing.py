"""The last window of a case, after which it can cost no more."""

from datetime import date, timedelta

from services.invoice.domain.case import Billing
from services.invoice.domain.judging import BillingContext, CaseAdjudication
from services.invoice.domain.steps import WindowsClosed
from shared.billing.windows import submit_until
from shared.domain.decision import SetTimer
from shared.events.invoice import CaseBillingFinal

FINAL = "final"
_DAY = timedelta(days=1)


def watch(adjudication: CaseAdjudication) -> CaseAdjudication:
    """Set the timer of the day on which the last window closes, or disarm it while the case is open."""
    billing, before = adjudication.billing, adjudication.before
    if billing == before or billing.final_on:
        return adjudication
    closes_on = last_window(billing, adjudication.context)
    if closes_on == billing.closes_on:
        return adjudication
    adjudication = adjudication.to(closes_on=closes_on)
    if closes_on is None:
        return adjudication.set(SetTimer(billing.id, FINAL))
    due_at = adjudication.context.calendar.start_of(closes_on + _DAY)
    return adjudication.set(SetTimer(billing.id, FINAL, due_at, WindowsClosed(referral_id=billing.id)))


def last_window(billing: Billing, context: BillingContext) -> date | None:
    """Return the last day on which an ended case may be billed, put right or disputed; None while it is open."""
    ended_on, contract_id = billing.case.ended_on, billing.case.contract_id
    if ended_on is None or not context.terms.knows(contract_id):
        return None
    if not _is_settled(billing, context.terms.reports_of(contract_id)):
        return None
    contract = context.terms.contract_on(contract_id, ended_on)
    submit = submit_until(contract, context.terms.calendar_of(contract), ended_on)
    return max([submit, *(i.closes_on for i in billing.invoices if i.closes_on)])


def _is_settled(billing: Billing, paid_for: frozenset[str]) -> bool:
    """Return whether nothing is unanswered, pended or scheduled, and no report is owed that a fee pays for."""
    case, is_open = billing.case, any(i.is_open for i in billing.invoices)
    return case.is_over and not (case.owes_reports(paid_for) or case.unanswered or is_open)


def finish(adjudication: CaseAdjudication) -> CaseAdjudication:
    """Announce what the case has cost, once all its windows have closed."""
    billing, today = adjudication.billing, adjudication.context.today
    if billing.final_on or billing.closes_on is None or today <= billing.closes_on:
        return adjudication
    final = adjudication.transition.to(final_on=today)
    return adjudication._replace(
        transition=final.announce(CaseBillingFinal, paid_cents=billing.paid_cents, final_on=today)
    )
