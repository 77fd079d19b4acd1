"""How a case follows its referral: it is opened, started, held, resumed and ended."""

from services.program.domain import obligations, plan_clock, plan_ending
from services.program.domain.case import Case
from services.program.domain.context import CaseContext
from shared.domain.decision import Outcome
from shared.domain.transition import Transition
from shared.events.invoice import CaseBillingFinal
from shared.events.referral import (
    ProgramEnded,
    ProgramStarted,
    ReferralAccepted,
    ReferralDischarged,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
)


def open_case(case: Case | None, event: ReferralAccepted) -> Outcome:
    """Open the case of a referral that a clinic accepted, once."""
    if case is not None:
        return Outcome()
    opened = Case(
        id=event.referral_id,
        version=0,
        revision=0,
        program=event.program,
        program_revision=event.program_revision,
        contract_id=event.contract_id,
        site_id=event.site_id,
        payee_id=event.payee_id,
        accepted_on=event.accepted_on,
    )
    return Outcome((opened,))


def start(case: Case, event: ProgramStarted, context: CaseContext) -> Outcome:
    """Note the initial visit and schedule the reports that count from it; a second start changes nothing."""
    if case.initial_visit_on is not None or case.ended:
        return Outcome()
    started = Transition.of(case).to(initial_visit_on=event.initial_visit_on)
    return obligations.schedule(started, "initial-visit", event.initial_visit_on, context).outcome()


def hold(case: Case, event: ReferralHeld, context: CaseContext) -> Outcome:
    """Note a cause of the hold; the first one stops the clocks of reports and plan."""
    held = Transition.of(case).to(holds=(*(c for c in case.holds if c != event.cause), event.cause))
    if not case.holds:
        held = obligations.pause(held.to(held_at=context.at), event.cause, context)
    return plan_clock.stop(held, context).outcome()


def resume(case: Case, event: ReferralResumed, context: CaseContext) -> Outcome:
    """Remove a cause of the hold; the clocks of reports and plan run again when none is left."""
    resumed = Transition.of(case).to(holds=event.still_held)
    if event.still_held:
        return resumed.outcome()
    if case.holds:
        resumed = obligations.resume(resumed.to(held_at=None), context)
    return plan_clock.run(resumed, context).outcome()


def withdraw(case: Case, _: ReferralWithdrawn, context: CaseContext) -> Outcome:
    """End the case, its reports and its plans; attendance stays open up to today, or up to the hold that this ends."""
    last_on = case.held_on(context.calendar) or context.today
    withdrawn = Transition.of(case).to(ended="withdrawn", withdrawn_on=last_on, holds=(), held_at=None)
    return plan_ending.discontinue(obligations.withdraw(withdrawn), "withdrawal", context.today).outcome()


def end(case: Case, event: ProgramEnded, context: CaseContext) -> Outcome:
    """Note the last day of treatment, cancel reports that were due later, and schedule the discharge report."""
    ended = obligations.end_program(Transition.of(case).to(last_on=event.last_on), event.last_on, context)
    return obligations.schedule(ended, "last-day", event.last_on, context).outcome()


def discharge(case: Case, _: ReferralDischarged, __: CaseContext) -> Outcome:
    """End the case; of its reports only the follow-up stays due."""
    return obligations.discharge(Transition.of(case).to(ended="discharged")).outcome()


def close_billing(case: Case, _: CaseBillingFinal, __: CaseContext) -> Outcome:
    """Close attendance and plans for good, now that nothing more can be billed."""
    return Transition.of(case).to(billing_final=True).outcome()
