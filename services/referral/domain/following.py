"""A referral follows its claim: held, resumed or withdrawn by what holds today, and the worker who moves."""

from datetime import date
from typing import NamedTuple

from services.referral.domain.claim import Claim, holding_on
from services.referral.domain.clocks import run_again, stop
from services.referral.domain.placement import RETRY, Ground, again, lose, withdraw_offer
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Hold,
    Matched,
    Offered,
    Referral,
    Scheduled,
    Unplaced,
    Withdrawn,
)
from shared.decision import Aggregate, Arm, Event, Outcome
from shared.events.referral import (
    ClaimStandingChanged,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
    WorkerFarAway,
)
from shared.events.values import Interval
from shared.rules.geo import kilometres

_HOLDS = frozenset({"suspended", "pended"})
_ENDS = frozenset({"disallowed", "closed"})


class Followed(NamedTuple):
    """What following left."""

    referral: Referral
    events: tuple[Event, ...] = ()
    changed: tuple[Aggregate, ...] = ()
    then: tuple[Event, ...] = ()


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
        return _withdraw(referral, holding, ground)
    if holding.standing in _HOLDS and not held:
        return _hold(referral, holding, ground)
    if holding.standing == "accepted" and held:
        return _resume(referral, holding.from_on, ground)
    return None


def _hold(referral: Referral, holding: Interval, ground: Ground) -> Followed:
    """The claim makes it stand still; its clocks stop with the first cause."""
    stopped, moved = (referral, ()) if referral.holds else stop(referral, ground.at)
    hold = Hold("claim", holding.from_on, holding.reason_code)
    revision = referral.revision + 1
    said = ReferralHeld(
        referral_id=referral.id,
        revision=revision,
        cause="claim",
        from_on=holding.from_on,
        reason_code=holding.reason_code,
    )
    return Followed(stopped._replace(revision=revision, holds=(*referral.holds, hold)), (said, *moved))


def _resume(referral: Referral, from_on: date, ground: Ground) -> Followed:
    """The claim's cause is gone; clocks run again when no other is left."""
    left = tuple(hold for hold in referral.holds if hold.cause != "claim")
    revision = referral.revision + 1
    said = ReferralResumed(
        referral_id=referral.id,
        revision=revision,
        cause="claim",
        from_on=from_on,
        still_held=tuple(hold.cause for hold in left),
    )
    resumed = referral._replace(revision=revision, holds=left)
    if left:
        return Followed(resumed, (said,))
    offer = referral.offer
    calendar = ground.register.calendar(offer.calendar_id) if offer else ground.calendar
    running, moved = run_again(resumed, ground.at, calendar)
    then = (again(running),) if isinstance(running.state, Matched | Unplaced) else ()
    return Followed(running, (said, *moved), then=then)


def _withdraw(referral: Referral, holding: Interval, ground: Ground) -> Followed:
    """The claim ends it: an open offer is taken back, and an opening that was not used is free again."""
    revision = referral.revision + 1
    seats: tuple[Aggregate, ...] = ()
    events: tuple[Event, ...] = ()
    current = referral
    if isinstance(referral.state, Offered | Acknowledged):
        current, seat, said = withdraw_offer(referral, "claim", ground)
        seats, events, revision = (seat,), (said,), said.revision
    elif isinstance(referral.state, Accepted | Scheduled):
        current, seat = lose(referral, "withdrawn", counts=False, ground=ground)
        seats = (seat,)
    ended = current._replace(revision=revision, state=Withdrawn(), holds=(), held_at=None, stopped=None)
    withdrawn = ReferralWithdrawn(
        referral_id=referral.id,
        revision=revision,
        cause="claim",
        from_on=holding.from_on,
        reason_code=holding.reason_code,
    )
    return Followed(ended, (*events, withdrawn), seats)


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
        case Accepted(offer=offer) | Scheduled(offer=offer):
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
