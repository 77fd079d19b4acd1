"""A referral ends before its purpose is reached: its claim, or an officer, ends it."""

from datetime import date

from services.referral.domain.acting import of_officer, stale
from services.referral.domain.holding import Followed
from services.referral.domain.placement import RETRY, Ground, lose, withdraw_offer
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
from shared.decision import Aggregate, Arm, Decision, Event, Refusal, refuse
from shared.events.portal import OfficerWithdrewReferral
from shared.events.referral import HoldCause, ReferralWithdrawn

_REASONS = code_list("withdrawal-reasons")


def withdraw(referral: Referral | None, act: OfficerWithdrewReferral, ground: Ground) -> Decision:
    """An officer ends it, wherever it stands and whoever holds it; what was treated may be billed."""
    found = of_officer(referral)
    if isinstance(found, Refusal):
        return found
    if refusal := stale(found, act):
        return refusal
    if not _REASONS.allows(act.reason_code, ground.today, "officer"):
        rule, fix = "no reason from the list is given", "choose why the referral is withdrawn"
        return refuse("REASON-MISSING", rule, fix, "reason_code")
    outcome = end(found, "officer", ground.today, act.reason_code, ground).outcome
    return outcome._replace(timers=(Arm(found.id, RETRY),))


def end(referral: Referral, cause: HoldCause, from_on: date, reason_code: str | None, ground: Ground) -> Followed:
    """An open offer is taken back, and an opening that was not used is free again."""
    revision = referral.revision + 1
    left, events, seats = _leave(referral, cause, ground)
    ended = left._replace(revision=revision, state=Withdrawn(), holds=(), held_at=None, stopped=None)
    withdrawn = ReferralWithdrawn(
        referral_id=referral.id, revision=revision, cause=cause, from_on=from_on, reason_code=reason_code
    )
    return Followed(ended, (*events, withdrawn), seats)


def _leave(
    referral: Referral, cause: HoldCause, ground: Ground
) -> tuple[Referral, tuple[Event, ...], tuple[Aggregate, ...]]:
    """The clinic has it no more, and is told so when it acts."""
    match referral.state:
        case Offered() | Acknowledged():
            left, seat, said = withdraw_offer(referral, cause, ground)
            return left, (said,), (seat,)
        case Accepted() | Scheduled():
            left, seat = lose(referral, "withdrawn", counts=False, ground=ground)
            return left, (), (seat,)
        case Active(offer=offer):
            refused = Refused(offer.site_id, offer.rank, "withdrawn", counts=False)
            return referral._replace(refused=(*referral.refused, refused)), (), ()
    return referral, (), ()
