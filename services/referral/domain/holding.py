"""A referral stands still and goes on: for its claim, its clinic or an officer, each lifted by its own side only."""

from datetime import date
from typing import NamedTuple, TypeAlias

from services.referral.domain.acting import (
    ByClinic,
    ByOfficer,
    allowed_to,
    at_clinic,
    held,
    of_clinic,
    of_officer,
    stale,
    wrong,
)
from services.referral.domain.clocks import run_again, stop
from services.referral.domain.placement import PlacementContext, placement_due
from services.referral.domain.referral import Accepted, Active, Hold, Matched, Referral, Scheduled, Unplaced
from services.referral.domain.treating import discharged
from shared.codes import Side, code_list
from shared.domain import wording
from shared.domain.decision import Aggregate, Decision, Event, Outcome, Refusal, Violation
from shared.events.portal import (
    OfficerHeldReferral,
    OfficerResumedReferral,
    ProviderHeldReferral,
    ProviderResumedReferral,
)
from shared.events.referral import HoldCause, ReferralHeld, ReferralResumed

_REASONS, _SIDES = code_list("hold-reasons"), code_list("sides")
Holding: TypeAlias = ProviderHeldReferral | OfficerHeldReferral


class Transition(NamedTuple):
    """What was done with a referral as a part of a decision."""

    referral: Referral
    events: tuple[Event, ...] = ()
    changed: tuple[Aggregate, ...] = ()
    then: tuple[Event, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """A whole decision."""
        return Outcome((self.referral, *self.changed), self.events, then=self.then)


def hold(referral: Referral | None, act: ProviderHeldReferral, context: PlacementContext) -> Decision:
    """The clinic lets what it has taken stand still; an offer is answered, not held."""
    found = at_clinic(referral, act, (Accepted, Scheduled, Active))
    if isinstance(found, Refusal):
        return found
    return _hold(found[0], act, "clinic", context)


def hold_as_officer(referral: Referral | None, act: OfficerHeldReferral, context: PlacementContext) -> Decision:
    """The insurer lets it stand still, wherever it is."""
    found = of_officer(referral)
    if isinstance(found, Refusal):
        return found
    if refusal := held(found, "officer") or stale(found, act):
        return refusal
    return _hold(found, act, "officer", context)


def resume(referral: Referral | None, act: ProviderResumedReferral, context: PlacementContext) -> Decision:
    """The clinic lifts its own hold."""
    found = of_clinic(referral, act)
    return found if isinstance(found, Refusal) else _resume(found[0], act, "clinic", context)


def resume_as_officer(referral: Referral | None, act: OfficerResumedReferral, context: PlacementContext) -> Decision:
    """The officer lifts the insurer's hold."""
    found = of_officer(referral)
    return found if isinstance(found, Refusal) else _resume(found, act, "officer", context)


def start_hold(referral: Referral, hold: Hold, context: PlacementContext, review_on: date | None = None) -> Transition:
    """One more cause; the clocks stop with the first."""
    stopped, moved = (referral, ()) if referral.holds else stop(referral, context.at)
    revision = referral.revision + 1
    said = ReferralHeld(
        referral_id=referral.id,
        revision=revision,
        cause=hold.cause,
        from_on=hold.from_on,
        reason_code=hold.reason_code,
        review_on=review_on,
    )
    return Transition(stopped._replace(revision=revision, holds=(*referral.holds, hold)), (said, *moved))


def end_hold(referral: Referral, cause: HoldCause, from_on: date, context: PlacementContext) -> Transition:
    """A cause is gone; clocks run again, and what came in meanwhile counts, when no other is left."""
    left = tuple(hold for hold in referral.holds if hold.cause != cause)
    revision = referral.revision + 1
    said = ReferralResumed(
        referral_id=referral.id,
        revision=revision,
        cause=cause,
        from_on=from_on,
        still_held=tuple(hold.cause for hold in left),
    )
    resumed = referral._replace(revision=revision, holds=left)
    if left:
        return Transition(resumed, (said,))
    offer = referral.offer
    calendar = context.register.calendar(offer.calendar_id) if offer else context.calendar
    running, moved = run_again(resumed, context.at, calendar)
    settled, done = discharged(running, context)
    then = (placement_due(settled),) if isinstance(settled.state, Matched | Unplaced) else ()
    return Transition(settled, (said, *moved, *done), then=then)


def _hold(referral: Referral, act: Holding, side: HoldCause, context: PlacementContext) -> Decision:
    """A hold by people says why, and when it is looked at again."""
    if flaws := _unfounded(act, "clinic" if side == "clinic" else "officer", context):
        return Refusal(flaws)
    return start_hold(referral, Hold(side, context.today, act.reason_code), context, act.review_on).outcome


def _unfounded(act: Holding, side: Side, context: PlacementContext) -> tuple[Violation, ...]:
    """What a hold lacks, all at once."""
    flaws = []
    if not _REASONS.allows(act.reason_code, context.today, side):
        rule, fix = "no reason from the list is given", "choose why the referral is held"
        flaws.append(Violation(code="REASON-MISSING", rule=rule, fix=fix, field="reason_code"))
    if act.review_on is None:
        rule, fix = "there is no day on which the hold is looked at again", "name a day ahead"
        flaws.append(Violation(code="FIELD-MISSING", rule=rule, fix=fix, field="review_on"))
    elif act.review_on <= context.today:
        rule, fix = "the day of review does not lie ahead", f"choose a day after {wording.day(context.today)}"
        flaws.append(Violation(code="DATE-PAST", rule=rule, fix=fix, field="review_on"))
    return tuple(flaws)


def _resume(referral: Referral, act: ByClinic | ByOfficer, side: HoldCause, context: PlacementContext) -> Decision:
    """Only the side that holds it lets it go on."""
    if not referral.held_by(side):
        allowed = allowed_to(referral, side)
        if referral.holds:
            causes = wording.together(_SIDES.sentence(hold.cause) for hold in referral.holds)
            rule = f"the referral is on hold because of {causes}; a hold is lifted by the side that set it"
            return wrong("REF-HELD", rule, "wait until the hold is lifted", allowed)
        return wrong("REF-STATE", "the referral is not on hold", "open it again and act on what it shows", allowed)
    return stale(referral, act) or end_hold(referral, side, context.today, context).outcome
