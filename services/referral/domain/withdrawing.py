"""A referral ends before its purpose is reached: its claim, or an officer, ends it."""

from datetime import date

from services.referral.domain.acting import of_officer, stale
from services.referral.domain.holding import Transition
from services.referral.domain.placement import RETRY, PlacementContext, release_offer, withdraw_offer
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Offered,
    Referral,
    Refused,
    Scheduled,
    Withdrawn,
)
from shared.codes import code_list
from shared.domain.decision import Aggregate, Decision, Event, Refusal, SetTimer, refuse
from shared.events.portal import OfficerWithdrewReferral
from shared.events.referral import HoldCause, ReferralWithdrawn

_REASONS = code_list("withdrawal-reasons")


def withdraw(referral: Referral | None, act: OfficerWithdrewReferral, context: PlacementContext) -> Decision:
    """An officer ends it, wherever it stands and whoever holds it; what was treated may be billed."""
    found = of_officer(referral)
    if isinstance(found, Refusal):
        return found
    if refusal := stale(found, act):
        return refusal
    if not _REASONS.allows(act.reason_code, context.today, "officer"):
        rule, fix = "no reason from the list is given", "choose why the referral is withdrawn"
        return refuse("REASON-MISSING", rule, fix, "reason_code")
    outcome = end(found, "officer", context.today, act.reason_code, context).outcome
    return outcome._replace(timers=(SetTimer(found.id, RETRY),))


def end(
    referral: Referral, cause: HoldCause, from_on: date, reason_code: str | None, context: PlacementContext
) -> Transition:
    """An open offer is taken back, and an opening that was not used is free again."""
    revision = referral.revision + 1
    left, events, reservations = _leave(referral, cause, context)
    ended = left._replace(revision=revision, state=Withdrawn(), holds=(), held_at=None, stopped=None)
    withdrawn = ReferralWithdrawn(
        referral_id=referral.id, revision=revision, cause=cause, from_on=from_on, reason_code=reason_code
    )
    return Transition(ended, (*events, withdrawn), reservations)


def _leave(
    referral: Referral, cause: HoldCause, context: PlacementContext
) -> tuple[Referral, tuple[Event, ...], tuple[Aggregate, ...]]:
    """The clinic has it no more, and is told so when it acts."""
    match referral.state:
        case Offered() | Acknowledged():
            left, reservation, said = withdraw_offer(referral, cause, context)
            return left, (said,), (reservation,)
        case Accepted() | Scheduled():
            left, reservation = release_offer(referral, "withdrawn", counts=False, context=context)
            return left, (), (reservation,)
        case Active(offer=offer):
            refused = Refused(offer.site_id, offer.rank, "withdrawn", counts=False)
            return referral._replace(refused=(*referral.refused, refused)), (), ()
    return referral, (), ()
