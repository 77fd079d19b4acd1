"""A case follows its referral: it opens, starts, stands still, goes on and ends."""

from services.program.domain import obligations
from services.program.domain.case import Case, CaseContext, Transition, settled
from shared.domain.decision import Outcome
from shared.events.invoice import CaseBillingFinal
from shared.events.referral import (
    ProgramEnded,
    ProgramStarted,
    ReferralAccepted,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
)


def open_case(case: Case | None, accepted: ReferralAccepted) -> Outcome:
    """A clinic takes the referral."""
    if case is not None:
        return Outcome()
    said = accepted
    opened = Case(
        said.referral_id,
        0,
        0,
        said.program,
        said.program_revision,
        said.contract_id,
        said.site_id,
        said.payee_id,
        said.accepted_on,
    )
    return Outcome((opened,))


def start(case: Case, started: ProgramStarted, context: CaseContext) -> Outcome:
    """The initial visit took place: the reports that count from it are due."""
    if case.initial_visit_on is not None or case.ended:
        return Outcome()
    began = case.next._replace(initial_visit_on=started.initial_visit_on)
    return settled(case, obligations.schedule(began, "initial-visit", started.initial_visit_on, context))


def hold(case: Case, held: ReferralHeld, context: CaseContext) -> Transition:
    """The first cause stops the clocks of reports; another one only stands beside it."""
    raised = case.next._replace(holds=(*(c for c in case.holds if c != held.cause), held.cause))
    if case.holds:
        return Transition(raised)
    return obligations.pause(raised._replace(held_at=context.at), held.cause, context)


def resume(case: Case, resumed: ReferralResumed, context: CaseContext) -> Transition:
    """A cause is gone; clocks run again when none is left."""
    raised = case.next._replace(holds=resumed.still_held)
    if resumed.still_held or not case.holds:
        return Transition(raised)
    return obligations.run_again(raised._replace(held_at=None), context)


def withdraw(case: Case, _: ReferralWithdrawn, context: CaseContext) -> Transition:
    """Nothing is owed any more; days up to this one, or to the hold that it ends, may still be put right."""
    last_on = case.held_on(context.calendar) or context.today
    return obligations.withdraw(case.next._replace(ended="withdrawn", withdrawn_on=last_on, holds=(), held_at=None))


def end(case: Case, ended: ProgramEnded, context: CaseContext) -> Transition:
    """Treatment is over: what was due later falls away, and the discharge report becomes due."""
    over = obligations.end_program(case.next._replace(last_on=ended.last_on), ended.last_on, context)
    return over.then(obligations.schedule(over.case, "last-day", ended.last_on, context))


def discharge(case: Case) -> Transition:
    """The case is treated: nothing but the follow-up is owed."""
    return obligations.discharge(case.next._replace(ended="discharged"))


def close_billing(case: Case, _: CaseBillingFinal) -> Outcome:
    """It has cost what it cost: its days are history."""
    return Outcome() if case.billing_final else Outcome((case._replace(billing_final=True),))
