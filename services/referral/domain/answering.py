"""What a clinic does with its offer, and what the door says when it closes."""

from datetime import date

from services.referral.domain.acting import at_clinic, wrong
from services.referral.domain.clocks import answer_by
from services.referral.domain.placement import PlacementContext, placement_due, release_offer
from services.referral.domain.referral import Accepted, Acknowledged, Offer, Offered, Referral, deadline
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Outcome, Refusal, Violation
from shared.events.portal import (
    DeadlineReached,
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderDeclinedReferral,
)
from shared.events.referral import (
    ReferralAccepted,
    ReferralAcknowledged,
    ReferralDeclined,
    ReferralLapsed,
)

_REASONS, _NEXT_STEPS = code_list("decline-reasons"), code_list("next-steps")


def acknowledge(referral: Referral | None, act: ProviderAcknowledgedReferral, context: PlacementContext) -> Decision:
    """The clinic opened its offer; from now on it has until the end of the next business day to answer."""
    found = at_clinic(referral, act, (Offered,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    contract = context.register.contract_on(offer.contract_id, context.today)
    state = Acknowledged(offer, answer_by(contract, context.register.calendar(offer.calendar_id), context.at))
    seen = referral._replace(revision=referral.revision + 1, state=state)
    said = ReferralAcknowledged(
        referral_id=seen.id, revision=seen.revision, site_id=offer.site_id, deadline=deadline(state)
    )
    return Outcome((seen,), (said,))


def accept(referral: Referral | None, act: ProviderAcceptedReferral, context: PlacementContext) -> Decision:
    """The clinic takes the referral it was offered and has seen."""
    found = at_clinic(referral, act, (Acknowledged,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    if refusal := _runs_no_more(referral, offer, context):
        return refusal
    taken = referral._replace(revision=referral.revision + 1, state=Accepted(offer, context.today))
    if referral.program is None:
        raise AssertionError("what is offered has a program")
    said = ReferralAccepted(
        referral_id=taken.id,
        revision=taken.revision,
        site_id=offer.site_id,
        contract_id=offer.contract_id,
        payee_id=offer.payee_id,
        program=referral.program,
        program_revision=referral.program_revision,
        accepted_on=context.today,
    )
    return Outcome((taken,), (said,))


def _runs_no_more(referral: Referral, offer: Offer, context: PlacementContext) -> Refusal | None:
    """The contract serves the referral on the day of its acceptance; when the door closes the next site is found."""
    term = context.register.term_of(context.register.contract_on(offer.contract_id, context.today))
    if term.serves(context.today, referral.requested_on):
        return None
    last = wording.day(term.run_off_to or term.last)
    rule = f"the contract serves what was requested on {wording.day(referral.requested_on)} up to {last} only"
    return wrong("CONTRACT-DOS", rule, "decline it: it goes to a site whose contract serves it", ("decline",))


def decline(referral: Referral | None, act: ProviderDeclinedReferral, context: PlacementContext) -> Decision:
    """The clinic does not take it: a code, a comment and a next step; the next site is asked by itself."""
    found = at_clinic(referral, act, (Offered, Acknowledged))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    if flaws := _undeclared(act, context.today):
        return Refusal(flaws)
    left, reservation = release_offer(referral, "declined", counts=True, context=context)
    said = ReferralDeclined(
        referral_id=left.id,
        revision=left.revision,
        site_id=offer.site_id,
        rank=offer.rank,
        reason_code=act.reason_code or "",
        next_step=act.next_step or "",
        comment_id=act.comment_id or "",
        comment_sha256=act.comment_sha256 or "",
    )
    return Outcome((left, reservation), (said,), then=(placement_due(left),))


def _undeclared(act: ProviderDeclinedReferral, today: date) -> tuple[Violation, ...]:
    """What a decline lacks, all at once."""
    flaws = []
    if not _REASONS.allows(act.reason_code, today, "clinic"):
        flaws.append(_missing("reason_code", "no reason from the list is given", "choose why you decline"))
    if not act.comment_id or not act.comment_sha256:
        flaws.append(_missing("comment", "there is no comment", "write for the claims officer why you decline"))
    if not _NEXT_STEPS.allows(act.next_step, today, "clinic"):
        flaws.append(_missing("next_step", "no next step from the list is given", "choose what should happen next"))
    return tuple(flaws)


def _missing(field: str, rule: str, fix: str) -> Violation:
    return Violation(code="FIELD-MISSING", rule=rule, fix=fix, field=field)


def lapse(referral: Referral | None, reached: DeadlineReached, context: PlacementContext) -> Decision:
    """The door closed: an offer that nobody answered lapses; one that moved or was answered is no concern."""
    state = referral.state if referral else None
    if referral is None or not isinstance(state, Offered | Acknowledged):
        return Outcome()
    if state.door != reached.name or state.due_at != reached.due_at:
        return Outcome()
    left, reservation = release_offer(referral, "lapsed", counts=True, context=context)
    said = ReferralLapsed(
        referral_id=left.id,
        revision=left.revision,
        site_id=state.offer.site_id,
        rank=state.offer.rank,
        deadline=deadline(state),
    )
    return Outcome((left, reservation), (said,), then=(placement_due(left),))
