"""A referral follows its claim: held, resumed or withdrawn by what holds today, and the worker who moves."""

from services.referral.domain.claim import Claim, holding_on
from services.referral.domain.holding import Followed, go_on, stand_still
from services.referral.domain.placement import RETRY, Ground, again, withdraw_offer
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
from shared.decision import Arm, Outcome
from shared.events.referral import ClaimStandingChanged, WorkerFarAway
from shared.events.values import Interval
from shared.rules.geo import kilometres

_HOLDS = frozenset({"suspended", "pended"})
_ENDS = frozenset({"disallowed", "closed"})


def follow(referral: Referral | None, claim: Claim | None, ground: Ground, *, changed: bool) -> Outcome:
    """The whole history is told again on the referral's key; what holds today holds, resumes or withdraws."""
    if referral is None or claim is None:
        return Outcome()
    told = (standing(claim, referral.id),) if changed else ()
    holding = holding_on(claim, ground.today)
    if not referral.is_open or holding is None:
        return Outcome(events=told)
    found = _act(referral, holding, ground)
    if found is None:
        return Outcome(events=told)
    timers = (Arm(referral.id, RETRY),) if not found.referral.is_open else ()
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


def _act(referral: Referral, holding: Interval, ground: Ground) -> Followed | None:
    """Only a change of what holds today acts: from one holding standing to another nothing is held anew."""
    held = referral.held_by("claim")
    if holding.standing in _ENDS:
        return end(referral, "claim", holding.from_on, holding.reason_code, ground)
    if holding.standing in _HOLDS and not held:
        return stand_still(referral, Hold("claim", holding.from_on, holding.reason_code), ground)
    if holding.standing == "accepted" and held:
        return go_on(referral, "claim", holding.from_on, ground)
    return None


def relocate(referral: Referral | None, community: str, ground: Ground) -> Outcome:
    """The worker moved: an open offer is taken back and matched again; from the acceptance on the officer is told."""
    if referral is None or not referral.is_open or referral.community == community:
        return Outcome()
    moved = referral._replace(community=community)
    match referral.state:
        case Offered() | Acknowledged():
            left, seat, said = withdraw_offer(moved, "worker-moved", ground)
            return Outcome((left, seat), (said,), then=(again(left),))
        case Matched() | Unplaced():
            return Outcome((moved._replace(state=Matched()),), then=(again(moved),))
        case Accepted(offer=offer) | Scheduled(offer=offer) | Active(offer=offer):
            return _far_away(moved, offer.site_id, ground)
    return Outcome()


def _far_away(referral: Referral, site_id: str, ground: Ground) -> Outcome:
    """Nothing moves by itself; the officer is told the kilometres."""
    site = ground.register.sites.get(site_id)
    told = referral._replace(revision=referral.revision + 1)
    said = WorkerFarAway(
        referral_id=told.id,
        revision=told.revision,
        community=told.community,
        site_id=site_id,
        kilometres=round(kilometres(told.community, site.community)) if site else 0,
    )
    return Outcome((told,), (said,))
