"""Holds of a referral: for its claim, its clinic or an officer, each lifted by the side that set it."""

from datetime import date
from typing import TypeAlias

from services.referral.domain.actions import ActingSide
from services.referral.domain.clocks import run_again, stop
from services.referral.domain.placement import PlacementContext, placement_due
from services.referral.domain.referral import Hold, Matched, Referral, State, Unplaced
from services.referral.domain.treating import discharge_if_due
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Refusal, Violation
from shared.domain.transition import Transition
from shared.events.portal import (
    OfficerHeldReferral,
    OfficerResumedReferral,
    ProviderHeldReferral,
    ProviderResumedReferral,
)
from shared.events.referral import HoldCause, ReferralHeld, ReferralResumed

_REASONS = code_list("hold-reasons")
HoldAction: TypeAlias = ProviderHeldReferral | OfficerHeldReferral


def hold(referral: Referral, _state: State, action: HoldAction, context: PlacementContext) -> Decision:
    """Hold a referral for the clinic or the officer who acts, with a reason and a day of review."""
    side: ActingSide = "clinic" if isinstance(action, ProviderHeldReferral) else "officer"
    if violations := _hold_violations(action, side, context):
        return Refusal(violations)
    new_hold = Hold(side, context.today, action.reason_code)
    return start_hold(Transition.of(referral), new_hold, context, action.review_on).outcome()


def resume(
    referral: Referral,
    _state: State,
    action: ProviderResumedReferral | OfficerResumedReferral,
    context: PlacementContext,
) -> Decision:
    """Lift the hold of the clinic or the officer who acts."""
    side: ActingSide = "clinic" if isinstance(action, ProviderResumedReferral) else "officer"
    return end_hold(Transition.of(referral), side, context.today, context).outcome()


def start_hold(
    transition: Transition[Referral], new_hold: Hold, context: PlacementContext, review_on: date | None = None
) -> Transition[Referral]:
    """Add a hold; the first one stops the clock of an open offer."""
    earlier = transition.document.holds
    held = transition.to(holds=(*earlier, new_hold)).announce(
        ReferralHeld,
        cause=new_hold.cause,
        from_on=new_hold.from_on,
        reason_code=new_hold.reason_code,
        review_on=review_on,
    )
    return held if earlier else stop(held, context.at)


def end_hold(
    transition: Transition[Referral], cause: HoldCause, from_on: date, context: PlacementContext
) -> Transition[Referral]:
    """Lift the hold of a cause; without another hold the clock runs again and what is due happens.

    A referral without a site is placed, and one whose discharge report came in meanwhile is discharged.
    """
    remaining = tuple(other for other in transition.document.holds if other.cause != cause)
    resumed = transition.to(holds=remaining).announce(
        ReferralResumed, cause=cause, from_on=from_on, still_held=tuple(other.cause for other in remaining)
    )
    if remaining:
        return resumed
    offer = resumed.document.offer
    calendar = context.register.calendar(offer.calendar_id) if offer else context.calendar
    running = discharge_if_due(run_again(resumed, context.at, calendar), context)
    is_unplaced = isinstance(running.document.state, Matched | Unplaced)
    return running.then(placement_due(running.document.id)) if is_unplaced else running


def _hold_violations(action: HoldAction, side: ActingSide, context: PlacementContext) -> tuple[Violation, ...]:
    violations = []
    if not _REASONS.allows(action.reason_code, context.today, side):
        rule, fix = "no reason from the list is given", "choose why the referral is held"
        violations.append(Violation(code="REASON-MISSING", rule=rule, fix=fix, field="reason_code"))
    if action.review_on is None:
        rule, fix = "there is no day on which the hold is looked at again", "name a day ahead"
        violations.append(Violation(code="FIELD-MISSING", rule=rule, fix=fix, field="review_on"))
    elif action.review_on <= context.today:
        rule, fix = "the day of review does not lie ahead", f"choose a day after {wording.day(context.today)}"
        violations.append(Violation(code="DATE-PAST", rule=rule, fix=fix, field="review_on"))
    return tuple(violations)
