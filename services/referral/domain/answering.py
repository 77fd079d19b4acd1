"""A clinic's answer to an offer, and the lapse of an offer that nobody answered."""

from datetime import date

from services.referral.domain.actions import refuse_action
from services.referral.domain.clocks import answer_by
from services.referral.domain.placement import PlacementContext, placement_due, release_offer
from services.referral.domain.referral import Accepted, Acknowledged, Offer, Offered, Referral, deadline
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Outcome, Refusal, Violation
from shared.domain.transition import Transition
from shared.events.portal import (
    DeadlineReached,
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderDeclinedReferral,
)
from shared.events.referral import ReferralAccepted, ReferralAcknowledged, ReferralDeclined, ReferralLapsed

_REASONS, _NEXT_STEPS = code_list("decline-reasons"), code_list("next-steps")


def acknowledge(
    referral: Referral, state: Offered, _action: ProviderAcknowledgedReferral, context: PlacementContext
) -> Decision:
    """Note that the clinic opened its offer, and set the deadline for its answer by the contract."""
    offer = state.offer
    contract = context.register.contract_on(offer.contract_id, context.today)
    seen = Acknowledged(offer, answer_by(contract, context.register.calendar(offer.calendar_id), context.at))
    transition = Transition.of(referral).to(state=seen)
    return transition.announce(ReferralAcknowledged, site_id=offer.site_id, deadline=deadline(seen)).outcome()


def accept(
    referral: Referral, state: Acknowledged, _action: ProviderAcceptedReferral, context: PlacementContext
) -> Decision:
    """Accept the referral for the clinic, if its contract serves it today."""
    offer = state.offer
    if refusal := _refuse_contract(referral, offer, context):
        return refusal
    transition = Transition.of(referral).to(state=Accepted(offer, context.today))
    return transition.announce(
        ReferralAccepted,
        site_id=offer.site_id,
        contract_id=offer.contract_id,
        payee_id=offer.payee_id,
        program=referral.program,
        program_revision=referral.program_revision,
        accepted_on=context.today,
    ).outcome()


def _refuse_contract(referral: Referral, offer: Offer, context: PlacementContext) -> Refusal | None:
    """Return a refusal if the contract does not serve the referral on the day of its acceptance."""
    term = context.register.term_of(context.register.contract_on(offer.contract_id, context.today))
    if term.serves(context.today, referral.requested_on):
        return None
    last = wording.day(term.run_off_to or term.last)
    rule = f"the contract serves what was requested on {wording.day(referral.requested_on)} up to {last} only"
    return refuse_action("CONTRACT-DOS", rule, "decline it: it goes to a site whose contract serves it", ("decline",))


def decline(
    referral: Referral, state: Offered | Acknowledged, action: ProviderDeclinedReferral, context: PlacementContext
) -> Decision:
    """Decline the offer with reason, comment and next step; the next site is found in the same transaction."""
    if violations := _missing_parts(action, context.today):
        return Refusal(violations)
    transition = release_offer(Transition.of(referral), "declined", counts=True, context=context).announce(
        ReferralDeclined,
        site_id=state.offer.site_id,
        rank=state.offer.rank,
        reason_code=action.reason_code or "",
        next_step=action.next_step or "",
        comment_id=action.comment_id or "",
        comment_sha256=action.comment_sha256 or "",
    )
    return transition.then(placement_due(referral.id)).outcome()


def _missing_parts(action: ProviderDeclinedReferral, today: date) -> tuple[Violation, ...]:
    violations = []
    if not _REASONS.allows(action.reason_code, today, "clinic"):
        violations.append(_missing("reason_code", "no reason from the list is given", "choose why you decline"))
    if not action.comment_id or not action.comment_sha256:
        violations.append(_missing("comment", "there is no comment", "write for the claims officer why you decline"))
    if not _NEXT_STEPS.allows(action.next_step, today, "clinic"):
        violations.append(
            _missing("next_step", "no next step from the list is given", "choose what should happen next")
        )
    return tuple(violations)


def _missing(field: str, rule: str, fix: str) -> Violation:
    return Violation(code="FIELD-MISSING", rule=rule, fix=fix, field=field)


def lapse(referral: Referral, reached: DeadlineReached, context: PlacementContext) -> Outcome:
    """End an offer whose deadline has passed; without effect if the offer was answered or the deadline moved."""
    state = referral.state
    if not isinstance(state, Offered | Acknowledged):
        return Outcome()
    if state.deadline_name != reached.name or state.due_at != reached.due_at:
        return Outcome()
    transition = release_offer(Transition.of(referral), "lapsed", counts=True, context=context).announce(
        ReferralLapsed, site_id=state.offer.site_id, rank=state.offer.rank, deadline=deadline(state)
    )
    return transition.then(placement_due(referral.id)).outcome()
