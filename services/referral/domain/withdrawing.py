"""The withdrawal of a referral by its claim or an officer."""

from datetime import date
from typing import assert_never

from services.referral.domain.placement import RETRY, PlacementContext, add_former_offer, release_offer, withdraw_offer
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Closed,
    Discharged,
    Matched,
    NotAdmitted,
    Offered,
    Referral,
    Scheduled,
    State,
    Unplaced,
    Withdrawn,
)
from shared.codes import code_list
from shared.domain.decision import Decision, SetTimer, refuse
from shared.domain.transition import Transition
from shared.events.portal import OfficerWithdrewReferral
from shared.events.referral import HoldCause, ReferralWithdrawn

_REASONS = code_list("withdrawal-reasons")


def withdraw(referral: Referral, _state: State, action: OfficerWithdrewReferral, context: PlacementContext) -> Decision:
    """Withdraw a referral for an officer, held or not; services given until now may still be billed."""
    if not _REASONS.allows(action.reason_code, context.today, "officer"):
        rule, fix = "no reason from the list is given", "choose why the referral is withdrawn"
        return refuse("REASON-MISSING", rule, fix, "reason_code")
    return end_referral(Transition.of(referral), "officer", context.today, action.reason_code, context).outcome()


def end_referral(
    transition: Transition[Referral],
    cause: HoldCause,
    from_on: date,
    reason_code: str | None,
    context: PlacementContext,
) -> Transition[Referral]:
    """Withdraw a referral: take an open offer back, free an unused opening, lift all holds, and retry no placement."""
    ended = _leave_clinic(transition, cause, context).to(state=Withdrawn(), holds=(), held_at=None, paused_due_at=None)
    announced = ended.announce(ReferralWithdrawn, cause=cause, from_on=from_on, reason_code=reason_code)
    return announced.set(SetTimer(announced.document.id, RETRY))


def _leave_clinic(
    transition: Transition[Referral], cause: HoldCause, context: PlacementContext
) -> Transition[Referral]:
    """End the clinic's offer; it is kept as a former one so that the clinic is told when it acts."""
    state = transition.document.state
    match state:
        case Offered() | Acknowledged():
            return withdraw_offer(transition, cause, context)
        case Accepted() | Scheduled():
            return release_offer(transition, "withdrawn", counts=False, context=context)
        case Active(offer=offer):
            return add_former_offer(transition, offer, "withdrawn", counts=False)
        case Matched() | Unplaced() | NotAdmitted() | Discharged() | Withdrawn() | Closed():
            return transition
        case _:
            assert_never(state)
