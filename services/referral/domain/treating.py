"""Treatment: its start, its end, the discharge report, and the end of billing."""

from dataclasses import replace
from datetime import date

from services.referral.domain.actions import refuse_action
from services.referral.domain.placement import PlacementContext, free_opening
from services.referral.domain.referral import Active, Closed, Discharged, Referral, Scheduled, Withdrawn
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Outcome, Refusal, Violation
from shared.domain.transition import Transition
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import ProviderEndedProgram, ProviderStartedReferral
from shared.events.program import ObligationWaived, ReportAccepted
from shared.events.referral import ProgramEnded, ProgramStarted, ReferralClosed, ReferralDischarged

_REASONS = code_list("exit-reasons")
_DISCHARGE = "discharge"  # the kind of the report that ends a case


def start(referral: Referral, state: Scheduled, action: ProviderStartedReferral, context: PlacementContext) -> Decision:
    """Start the program with the initial visit, and free the opening it was booked into."""
    offer = state.offer
    today = context.register.calendar(offer.calendar_id).day_of(context.at)
    if violations := _day_violations(action.initial_visit_on, "initial_visit_on", state.accepted_on, today):
        return Refusal(violations)
    transition = Transition.of(referral).to(state=Active(offer, action.initial_visit_on))
    started = transition.announce(
        ProgramStarted,
        site_id=offer.site_id,
        contract_id=offer.contract_id,
        payee_id=offer.payee_id,
        program=referral.program,
        program_revision=referral.program_revision,
        initial_visit_on=action.initial_visit_on,
    )
    return free_opening(started, offer, context).outcome()


def end(referral: Referral, state: Active, action: ProviderEndedProgram, context: PlacementContext) -> Decision:
    """End treatment on its last day; the referral stays active until its discharge report is in."""
    if state.last_on:
        rule = f"treatment ended already, on {wording.day(state.last_on)}"
        fix = "nothing is left to do here; send in the discharge report"
        return refuse_action("REF-STATE", rule, fix, ("hold",))
    today = context.register.calendar(state.offer.calendar_id).day_of(context.at)
    days = _day_violations(action.last_on, "last_on", state.initial_visit_on, today)
    if violations := (*days, *_reason_violations(action, today)):
        return Refusal(violations)
    transition = Transition.of(referral).to(state=replace(state, last_on=action.last_on))
    ended = transition.announce(ProgramEnded, last_on=action.last_on, exit_reason=action.exit_reason or "")
    return discharge_if_due(ended, context).outcome()


def note_report(referral: Referral, event: ReportAccepted | ObligationWaived, context: PlacementContext) -> Outcome:
    """Note that the discharge report was accepted or waived; other reports and repetitions change nothing."""
    state = referral.state
    if event.kind != _DISCHARGE or not isinstance(state, Active) or state.is_reported:
        return Outcome()
    reported = Transition.of(referral).to(state=replace(state, is_reported=True))
    return discharge_if_due(reported, context).outcome()


def discharge_if_due(transition: Transition[Referral], context: PlacementContext) -> Transition[Referral]:
    """Discharge a referral whose treatment is over, whose discharge report is in, and which is not held."""
    referral = transition.document
    state = referral.state
    if referral.holds or not isinstance(state, Active) or not (state.last_on and state.is_reported):
        return transition
    discharged = transition.to(state=Discharged(state.offer))
    return discharged.announce(ReferralDischarged, discharged_on=context.today)


def close(referral: Referral, final: CaseBillingFinal, _context: PlacementContext) -> Outcome:
    """Close a discharged or withdrawn referral once its billing is final."""
    if not isinstance(referral.state, Discharged | Withdrawn):
        return Outcome()
    closed = Transition.of(referral).to(state=Closed(referral.offer))
    return closed.announce(ReferralClosed, closed_on=final.final_on).outcome()


def _day_violations(day: date, field: str, first: date, last: date) -> tuple[Violation, ...]:
    """Return a violation if a day of treatment is outside `first` to `last`."""
    if day > last:
        rule, fix = "this day has not come yet", f"give a day up to {wording.day(last)}"
        return (Violation(code="DATE-FUTURE", rule=rule, fix=fix, field=field),)
    if day < first:
        rule, fix = f"this day is before {wording.day(first)}", f"give a day from {wording.day(first)} on"
        return (Violation(code="DATE-EARLY", rule=rule, fix=fix, field=field),)
    return ()


def _reason_violations(action: ProviderEndedProgram, today: date) -> tuple[Violation, ...]:
    if _REASONS.allows(action.exit_reason, today, "clinic"):
        return ()
    rule, fix = "no reason from the list is given", "choose why treatment ends"
    return (Violation(code="REASON-MISSING", rule=rule, fix=fix, field="exit_reason"),)
