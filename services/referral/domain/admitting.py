"""A request is decided, once: it becomes a referral, or it is not admitted with every reason."""

from collections.abc import Sequence

from services.referral.domain.claim import Claim, Request, holding_on, judged_on, mark_decided, wait, wait_ends
from services.referral.domain.following import standing
from services.referral.domain.officers import Pools, assign
from services.referral.domain.placement import PlacementContext, placement_due
from services.referral.domain.referral import Matched, NotAdmitted, Referral, number_of, referral_id_of
from services.referral.domain.steps import RequestDue
from shared.domain.decision import Event, Outcome
from shared.events.program import ProgramPublished
from shared.events.referral import OfficerAssigned, ProgramSelected, ReferralCreated, ReferralNotAdmitted
from shared.events.values import Failure, Interval, Receipt
from shared.placement import rural
from shared.placement.admission import OVERRIDE, AdmissionResult, Application, judge


def decide(
    claim: Claim | None, due: RequestDue, referrals: Sequence[Referral], context: PlacementContext, pools: Pools
) -> Outcome:
    """Exactly one decision; before the register is loaded, or while its claim may still be accepted, it waits."""
    request = claim.requests.get(due.request_id) if claim else None
    if claim is None or request is None or request.decided or not context.register.is_loaded:
        return Outcome()
    if not claim.accepted_ever:
        return _not_found(claim, request) if due.waited_out else _wait(claim, request, context)
    application = Application(
        request.requested_on,
        request.program_wanted,
        request.barriers,
        holding_on(claim, context.today),
        lambda day: judged_on(claim, day),
        next((r.number for r in referrals if r.is_open), None),
    )
    judgement = judge(context.register, application)
    at = judged_on(claim, request.requested_on)
    if judgement.failures or judgement.program is None or at is None:
        return _refuse(claim, request, judgement, context)
    return _admit(claim, request, at, judgement.program, judgement, context, pools)


def _wait(claim: Claim, request: Request, context: PlacementContext) -> Outcome:
    """So many business days from its first reading."""
    days = context.register.terms_on(context.calendar.day_of(request.first_read_at)).claim_wait_business_days
    until = wait_ends(request.first_read_at, calendar=context.calendar, days=days)
    return Outcome(timers=(wait(claim.id, request.request_id, until=until),))


def _not_found(claim: Claim, request: Request) -> Outcome:
    """No acceptance came: the only reason there is."""
    failure = Failure(
        code="CLM-NOTFOUND",
        field="claim_number",
        rule="the acceptance of the claim did not come in the days that a request waits for it",
        fix="send a new request once the claim was accepted",
    )
    return _refused(claim, request, (failure,), Receipt(override_by=OVERRIDE))


def _refuse(claim: Claim, request: Request, judgement: AdmissionResult, context: PlacementContext) -> Outcome:
    """Every failed criterion; the rural card where OR1 is the answer and a barrier is beyond it."""
    at = judged_on(claim, request.requested_on)
    needs_card = any(f.code == "BARRIER" for f in judgement.failures) and at is not None and at.community
    card = rural.card(context.register, at.community, context.today) if needs_card and at and at.community else None
    failures = judgement.failures or (_no_program(),)
    outcome = _refused(claim, request, failures, judgement.receipt)
    said = outcome.events[0]
    program = judgement.program.program if judgement.program else None
    person = claim.person_id or None
    update = {"program": program, "rural_card": card, "person_id": person}
    return outcome._replace(events=(said.model_copy(update=update),))


def _no_program() -> Failure:
    """No program is in force on the day of the request."""
    return Failure(
        code="PROGRAM-NONE",
        field="requested_on",
        rule="no program is in force on the day of the request",
        fix="ask again on a day on which one is",
    )


def _refused(claim: Claim, request: Request, failures: tuple[Failure, ...], receipt: Receipt) -> Outcome:
    """The refusal is a record of its own, which an officer may override."""
    id_ = referral_id_of(claim.id, request.request_id)
    refused = _referral(id_, claim, request, None)._replace(state=NotAdmitted())
    said = ReferralNotAdmitted(
        referral_id=id_,
        revision=1,
        number=refused.number,
        claim_number=claim.id,
        request_id=request.request_id,
        requested_on=request.requested_on,
        failures=failures,
        receipt=receipt,
    )
    return Outcome((mark_decided(claim, request.request_id, referral_id=None), refused), (said,))


def _referral(id_: str, claim: Claim, request: Request, at: Interval | None) -> Referral:
    """What the request and the claim say of it."""
    return Referral(
        id_,
        0,
        1,
        number_of(id_, request.requested_on),
        claim.id,
        claim.person_id,
        request.request_id,
        request.requested_on,
        (at.community if at else None) or "",
        at.injury if at else None,
        request.barriers,
        request.urgent,
        request.site_chosen,
        None,
        0,
        Matched(),
    )


def _admit(  # noqa: PLR0913, PLR0917 - what an admission stands on
    claim: Claim,
    request: Request,
    at: Interval,
    program: ProgramPublished,
    judgement: AdmissionResult,
    context: PlacementContext,
    pools: Pools,
) -> Outcome:
    """A referral, its program, the claim's standing, its officer; the site is found next."""
    id_ = referral_id_of(claim.id, request.request_id)
    named = _referral(id_, claim, request, at)
    referral = named._replace(program=program.program, program_revision=program.revision)
    settled = mark_decided(claim, request.request_id, referral_id=id_)
    lives_in = settled.community or referral.community
    events = (
        _created(referral, at, judgement.receipt),
        _selected(referral, program, judgement.receipt, context),
        standing(settled, id_),
        OfficerAssigned(
            referral_id=id_, revision=1, officer=assign(pools, referral.community, claim.id, context.today)
        ),
    )
    placed = referral._replace(community=lives_in)
    return Outcome((settled, placed), events, then=(placement_due(placed),))


def _created(referral: Referral, at: Interval, receipt: Receipt) -> Event:
    """The admission."""
    if at.injury is None:
        raise AssertionError("a claim that was accepted has an injury")
    return ReferralCreated(
        referral_id=referral.id,
        revision=1,
        number=referral.number,
        claim_number=referral.claim_number,
        person_id=referral.person_id,
        request_id=referral.request_id,
        requested_on=referral.requested_on,
        injured_on=at.injury.occurred_on,
        injury=at.injury,
        areas=at.areas,
        community=referral.community,
        barriers=referral.barriers,
        urgent=referral.urgent,
        site_chosen=referral.site_chosen,
        receipt=receipt,
    )


def _selected(referral: Referral, program: ProgramPublished, receipt: Receipt, context: PlacementContext) -> Event:
    """The rule's answer, and the contracts by which it can be served today."""
    contracts = context.register.serving(program.program, referral.community, context.today, referral.requested_on)
    return ProgramSelected(
        referral_id=referral.id,
        revision=1,
        program=program.program,
        program_revision=program.revision,
        contract_ids=tuple(c.contract_id for c in contracts),
        receipt=receipt,
    )
