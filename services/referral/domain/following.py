"""A referral follows its claim: held, resumed or withdrawn by what holds today, and the worker who moves."""

from services.referral.domain.claim import Claim, holding_on
from services.referral.domain.holding import Transition, end_hold, start_hold
from services.referral.domain.placement import RETRY, PlacementContext, placement_due, withdraw_offer
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Hold,
    Matched,
    Offered,
    Referral,
    Scheduled,
    Unplaced,
)
from services.referral.domain.withdrawing import end
from shared.domain.decision import Outcome, SetTimer
from shared.events.referral import ClaimStandingChanged, WorkerFarAway
from shared.events.values import Interval
from shared.placement.geo import kilometres

_HOLDS = frozenset({"suspended", "pended"})
_ENDS = frozenset({"disallowed", "closed"})


def follow(referral: Referral | None, claim: Claim | None, context: PlacementContext, *, changed: bool) -> Outcome:
    """The whole history is told again on the referral's key; what holds today holds, resumes or withdraws."""
    if referral is None or claim is None:
        return Outcome()
    told = (standing(claim, referral.id),) if changed else ()
    holding = holding_on(claim, context.today)
    if not referral.is_open or holding is None:
        return Outcome(events=told)
    found = _act(referral, holding, context)
    if found is None:
        return Outcome(events=told)
    timers = (SetTimer(referral.id, RETRY),) if not found.referral.is_open else ()
    return Outcome((found.referral, *found.changed), (*told, *found.events), timers, found.then)


def standing(claim: Claim, referral_id: str) -> ClaimStandingChanged:
    """The claim's intervals, on the key of a referral."""
    return ClaimStandingChanged(
        claim_number=claim.id,
        claim_revision=claim.revision,
        person_id=claim.person_id,
        intervals=claim.intervals,
        referral_id=referral_id,
    )


def _act(referral: Referral, holding: Interval, context: PlacementContext) -> Transition | None:
    """Only a change of what holds today acts: from one holding standing to another nothing is held anew."""
    held = referral.held_by("claim")
    if holding.standing in _ENDS:
        return end(referral, "claim", holding.from_on, holding.reason_code, context)
    if holding.standing in _HOLDS and not held:
        return start_hold(referral, Hold("claim", holding.from_on, holding.reason_code), context)
    if holding.standing == "accepted" and held:
        return end_hold(referral, "claim", holding.from_on, context)
    return None


def relocate(referral: Referral | None, community: str, context: PlacementContext) -> Outcome:
    """The worker moved: an open offer is taken back and matched again; from the acceptance on the officer is told."""
    if referral is None or not referral.is_open or referral.community == community:
        return Outcome()
    moved = referral._replace(community=community)
    match referral.state:
        case Offered() | Acknowledged():
            left, reservation, said = withdraw_offer(moved, "worker-moved", context)
            return Outcome((left, reservation), (said,), then=(placement_due(left),))
        case Matched() | Unplaced():
            return Outcome((moved._replace(state=Matched()),), then=(placement_due(moved),))
        case Accepted(offer=offer) | Scheduled(offer=offer) | Active(offer=offer):
            return _far_away(moved, offer.site_id, context)
    return Outcome()


def _far_away(referral: Referral, site_id: str, context: PlacementContext) -> Outcome:
    """Nothing moves by itself; the officer is told the kilometres."""
    site = context.register.sites.get(site_id)
    told = referral._replace(revision=referral.revision + 1)
    said = WorkerFarAway(
        referral_id=told.id,
        revision=told.revision,
        community=told.community,
        site_id=site_id,
        kilometres=round(kilometres(told.community, site.community)) if site else 0,
    )
    return Outcome((told,), (said,))
