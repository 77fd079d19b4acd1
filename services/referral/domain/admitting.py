"""The decision on a request: it becomes a referral, or it is refused with every reason."""

from collections.abc import Sequence

from services.referral.domain.claim import Claim, Request, holding_on, judged_on, mark_decided, wait, wait_ends
from services.referral.domain.following import standing
from services.referral.domain.officers import Pools, assign
from services.referral.domain.placement import PlacementContext, placement_due
from services.referral.domain.referral import Matched, NotAdmitted, Referral, number_of, referral_id_of
from services.referral.domain.steps import RequestDue
from shared.domain.decision import Outcome
from shared.domain.transition import Transition
from shared.events.program import ProgramPublished
from shared.events.referral import OfficerAssigned, ProgramSelected, ReferralCreated, ReferralNotAdmitted
from shared.events.values import Failure, Interval, Receipt, RuralCard
from shared.placement import rural
from shared.placement.admission import OVERRIDE, AdmissionResult, Application, judge


def decide(
    claim: Claim, due: RequestDue, referrals: Sequence[Referral], context: PlacementContext, pools: Pools
) -> Outcome:
    """Decide a request once; it waits until the register is loaded, and while its claim may still be accepted."""
    request = claim.requests.get(due.request_id)
    if request is None or request.decided or not context.register.is_loaded:
        return Outcome()
    if not claim.accepted_ever:
        return _refuse_unknown_claim(claim, request) if due.waited_out else _wait(claim, request, context)
    application = Application(
        request.requested_on,
        request.program_wanted,
        request.barriers,
        holding_on(claim, context.today),
        lambda day: judged_on(claim, day),
        next((r.number for r in referrals if r.is_open), None),
    )
    result = judge(context.register, application)
    interval = judged_on(claim, request.requested_on)
    if result.failures or result.program is None or interval is None:
        return _refuse(claim, request, result, context)
    return _admit(claim, request, interval, result.program, result.receipt, context, pools)


def _wait(claim: Claim, request: Request, context: PlacementContext) -> Outcome:
    """Set the timer that ends the wait, counted in business days from the first reading of the request."""
    days = context.register.terms_on(context.calendar.day_of(request.first_read_at)).claim_wait_business_days
    until = wait_ends(request.first_read_at, calendar=context.calendar, days=days)
    return Outcome(timers=(wait(claim.id, request.request_id, until=until),))


def _refuse_unknown_claim(claim: Claim, request: Request) -> Outcome:
    """Refuse a request whose claim was not accepted in time, for this reason alone."""
    failure = Failure(
        code="CLM-NOTFOUND",
        field="claim_number",
        rule="the acceptance of the claim did not come in the days that a request waits for it",
        fix="send a new request once the claim was accepted",
    )
    return _refused(claim, request, AdmissionResult(None, (failure,), Receipt(override_by=OVERRIDE)))


def _refuse(claim: Claim, request: Request, result: AdmissionResult, context: PlacementContext) -> Outcome:
    """Refuse with every failed criterion, and with the rural card if a barrier is beyond the program."""
    interval = judged_on(claim, request.requested_on)
    community = interval.community if interval else None
    needs_card = community and any(failure.code == "BARRIER" for failure in result.failures)
    card = rural.card(context.register, community, context.today) if needs_card and community else None
    failures = result.failures or (_no_program(),)
    return _refused(claim, request, result._replace(failures=failures), claim.person_id or None, card)


def _no_program() -> Failure:
    """Return the failure of a request on whose day no program is in force."""
    return Failure(
        code="PROGRAM-NONE",
        field="requested_on",
        rule="no program is in force on the day of the request",
        fix="ask again on a day on which one is",
    )


def _refused(
    claim: Claim,
    request: Request,
    result: AdmissionResult,
    person_id: str | None = None,
    card: RuralCard | None = None,
) -> Outcome:
    """Announce a refusal, which is a record of its own so that an officer may override it."""
    refused = _new_referral(claim, request, None)._replace(state=NotAdmitted())
    transition = Transition.of(refused).announce(
        ReferralNotAdmitted,
        number=refused.number,
        claim_number=claim.id,
        person_id=person_id,
        request_id=request.request_id,
        requested_on=request.requested_on,
        program=result.program.program if result.program else None,
        failures=result.failures,
        rural_card=card,
        receipt=result.receipt,
    )
    return transition.change(mark_decided(claim, request.request_id, referral_id=None)).outcome()


def _new_referral(claim: Claim, request: Request, interval: Interval | None) -> Referral:
    """Return the referral that request and claim describe, with revision 0 until it is announced."""
    id_ = referral_id_of(claim.id, request.request_id)
    return Referral(
        id_,
        0,
        0,
        number_of(id_, request.requested_on),
        claim.id,
        claim.person_id,
        request.request_id,
        request.requested_on,
        (interval.community if interval else None) or "",
        interval.injury if interval else None,
        request.barriers,
        request.urgent,
        request.site_chosen,
        None,
        0,
        Matched(),
    )


def _admit(  # noqa: PLR0913, PLR0917 - the facts of an admission
    claim: Claim,
    request: Request,
    interval: Interval,
    program: ProgramPublished,
    receipt: Receipt,
    context: PlacementContext,
    pools: Pools,
) -> Outcome:
    """Create a referral with its program, its claim's standing and its officer; its site is found next."""
    referral = _new_referral(claim, request, interval)
    decided = mark_decided(claim, request.request_id, referral_id=referral.id)
    officer = assign(pools, referral.community, claim.id, context.today)
    transition = Transition.of(referral).to(program=program.program, program_revision=program.revision)
    transition = _select(_create(transition, interval, receipt), program, receipt, context)
    transition = transition.also(standing(decided, referral.id)).announce(OfficerAssigned, officer=officer)
    return (
        transition.to(community=decided.community or referral.community)
        .change(decided)
        .then(placement_due(referral.id))
        .outcome()
    )


def _create(transition: Transition[Referral], interval: Interval, receipt: Receipt) -> Transition[Referral]:
    """Announce the referral with the injury and the areas of the day of its request."""
    if interval.injury is None:
        raise AssertionError("a claim that was accepted has an injury")
    referral = transition.document
    return transition.announce(
        ReferralCreated,
        number=referral.number,
        claim_number=referral.claim_number,
        person_id=referral.person_id,
        request_id=referral.request_id,
        requested_on=referral.requested_on,
        injured_on=interval.injury.occurred_on,
        injury=interval.injury,
        areas=interval.areas,
        community=referral.community,
        barriers=referral.barriers,
        urgent=referral.urgent,
        site_chosen=referral.site_chosen,
        receipt=receipt,
    )


def _select(
    transition: Transition[Referral], program: ProgramPublished, receipt: Receipt, context: PlacementContext
) -> Transition[Referral]:
    """Announce the program, and the contracts by which it can be served today."""
    referral = transition.document
    contracts = context.register.serving(program.program, referral.community, context.today, referral.requested_on)
    return transition.announce(
        ProgramSelected,
        program=program.program,
        program_revision=program.revision,
        contract_ids=tuple(c.contract_id for c in contracts),
        receipt=receipt,
    )
