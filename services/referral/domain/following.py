"""A referral follows its claim, whose standing holds, resumes or withdraws it, and its worker, who may move."""

from typing import assert_never

from services.referral.domain.claim import Claim, holding_on
from services.referral.domain.holding import end_hold, start_hold
from services.referral.domain.placement import PlacementContext, placement_due, withdraw_offer
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Closed,
    Discharged,
    Hold,
    Matched,
    NotAdmitted,
    Offered,
    Referral,
    Scheduled,
    Unplaced,
    Withdrawn,
)
from services.referral.domain.steps import StandingFollowed, WorkerRelocated
from services.referral.domain.withdrawing import end_referral
from shared.domain.decision import Outcome
from shared.domain.transition import Transition
from shared.events.referral import ClaimStandingChanged, WorkerFarAway
from shared.events.values import Interval
from shared.placement.geo import kilometres

_HOLDS = frozenset({"suspended", "pended"})
_ENDS = frozenset({"disallowed", "closed"})


def follow(referral: Referral, claim: Claim, step: StandingFollowed, context: PlacementContext) -> Outcome:
    """Announce the claim's history on the referral's key if it changed, and act on the standing that holds today."""
    announced = (standing(claim, referral.id),) if step.changed else ()
    interval = holding_on(claim, context.today)
    if not referral.is_open or interval is None:
        return Outcome(events=announced)
    outcome = _follow_standing(Transition.of(referral), interval, context).outcome()
    return outcome._replace(events=(*announced, *outcome.events))


def standing(claim: Claim, referral_id: str) -> ClaimStandingChanged:
    """Return the claim's intervals as they are announced on the key of a referral."""
    return ClaimStandingChanged(
        claim_number=claim.id,
        claim_revision=claim.revision,
        person_id=claim.person_id,
        intervals=claim.intervals,
        referral_id=referral_id,
    )


def _follow_standing(
    transition: Transition[Referral], interval: Interval, context: PlacementContext
) -> Transition[Referral]:
    """Hold, resume or withdraw; a change from one standing that holds to another changes nothing."""
    is_held = transition.document.held_by("claim")
    if interval.standing in _ENDS:
        return end_referral(transition, "claim", interval.from_on, interval.reason_code, context)
    if interval.standing in _HOLDS and not is_held:
        return start_hold(transition, Hold("claim", interval.from_on, interval.reason_code), context)
    if interval.standing == "accepted" and is_held:
        return end_hold(transition, "claim", interval.from_on, context)
    return transition


def relocate(referral: Referral, step: WorkerRelocated, context: PlacementContext) -> Outcome:
    """Match an open offer again from the worker's new community; after the acceptance only tell the officer."""
    if not referral.is_open or referral.community == step.community:
        return Outcome()
    moved, state = Transition.of(referral).to(community=step.community), referral.state
    match state:
        case Offered() | Acknowledged():
            return withdraw_offer(moved, "worker-moved", context).then(placement_due(referral.id)).outcome()
        case Matched() | Unplaced():
            return moved.to(state=Matched()).then(placement_due(referral.id)).outcome()
        case Accepted(offer=offer) | Scheduled(offer=offer) | Active(offer=offer):
            return _announce_distance(moved, offer.site_id, context).outcome()
        case NotAdmitted() | Discharged() | Withdrawn() | Closed():
            return Outcome()
        case _:
            assert_never(state)


def _announce_distance(
    transition: Transition[Referral], site_id: str, context: PlacementContext
) -> Transition[Referral]:
    """Announce how many kilometres the worker now lives from the site; 0 where the site is not known."""
    site, community = context.register.sites.get(site_id), transition.document.community
    distance = round(kilometres(community, site.community)) if site else 0
    return transition.announce(WorkerFarAway, community=community, site_id=site_id, kilometres=distance)
