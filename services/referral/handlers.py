"""What referral reacts to."""

from datetime import timedelta
from typing import Any

from services.referral.domain import (
    admitting,
    answering,
    claim,
    following,
    holding,
    placement,
    treating,
    visiting,
    withdrawing,
)
from services.referral.domain.facts import Factual
from services.referral.domain.hearing import apply, introduce
from services.referral.domain.person import Person, people_of, worker_key
from services.referral.domain.placement import PlacementContext
from services.referral.domain.referral import referral_id_of
from services.referral.domain.steps import PlacementDue, RequestDue, StandingDue, StandingFollowed, WorkerRelocated
from services.referral.store.claim import CLAIMS
from services.referral.store.facts import (
    Facts,
    Waiting,
    load_facts_for_claims,
    load_facts_for_referrals,
    load_facts_for_waiting,
)
from services.referral.store.opening import RESERVATIONS
from services.referral.store.person import PEOPLE
from services.referral.store.referral import REFERRALS
from services.referral.store.register import POOLS, REPLICA, project_capacity
from shared.domain.decision import Decision, Event, EventContext, Outcome
from shared.events.claims import (
    ClaimAccepted,
    ClaimAmended,
    ClaimClosed,
    ClaimDisallowed,
    ClaimPended,
    ClaimReopened,
    ClaimResumed,
    ClaimSuspended,
    RehabilitationRequested,
    WorkerContactChanged,
    WorkerMoved,
)
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import (
    DeadlineReached,
    OfficerHeldReferral,
    OfficerResumedReferral,
    OfficerWithdrewReferral,
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
    ProviderEndedProgram,
    ProviderHeldReferral,
    ProviderMovedAppointment,
    ProviderReportedMissed,
    ProviderResumedReferral,
    ProviderStartedReferral,
)
from shared.events.procurement import SiteCapacityDeclared
from shared.events.program import ObligationWaived, ReportAccepted
from shared.messaging.handlers import AggregateKeys, BatchState, Handlers

INSTANT = timedelta(microseconds=1)  # keeps timers that are armed together in their order

handlers = Handlers(owner="referral")
handlers.project(*REPLICA.contracts, by=REPLICA.project)
handlers.project(SiteCapacityDeclared, by=project_capacity)


def of_claim(event: Event, facts: Facts) -> AggregateKeys:
    """The claim, the people it names, and every referral that follows it or may come of a request that waits."""
    number = event.key
    yield CLAIMS, number
    yield from ((PEOPLE, person_id) for person_id in people_of(event))
    if links := facts.links.get(number):
        yield from ((REFERRALS, id_) for id_ in links.referral_ids)
        yield from ((REFERRALS, referral_id_of(number, request_id)) for request_id in links.waiting)
        if links.person_id:
            yield PEOPLE, worker_key(links.person_id)
    if isinstance(event, RehabilitationRequested):
        yield REFERRALS, referral_id_of(number, event.request_id)


def of_referral(event: Event, facts: Facts) -> AggregateKeys:
    """The referral, and the worker whose language weighs when it is placed again."""
    yield REFERRALS, event.key
    if person_id := facts.persons.get(event.key):
        yield PEOPLE, worker_key(person_id)


def nothing(_event: Event, _: Waiting) -> AggregateKeys:
    """No aggregate."""
    return ()


def context_of(state: BatchState[Facts], event_context: EventContext, person_id: str) -> PlacementContext:
    """What a placement stands on."""
    reservations, facts = state.held(RESERVATIONS), state.facts
    person = state.held(PEOPLE).get(worker_key(person_id)) if person_id else None
    language = person.language if person else None
    return PlacementContext(facts.register, facts.taken(reservations, state), reservations, language, event_context.at)


def _context_for(state: BatchState[Facts], event_context: EventContext, referral_id: str) -> PlacementContext:
    """The same, for the worker of a referral."""
    referral = state.held(REFERRALS).get(referral_id)
    return context_of(state, event_context, referral.person_id if referral else "")


@handlers.on(RehabilitationRequested, of_claim, load_facts_for_claims)
def on_rehabilitation_requested(
    event: RehabilitationRequested, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    found = state.find(CLAIMS, event.claim_number) or claim.Claim(event.claim_number)
    register = state.facts.register
    calendar = register.default_calendar
    until = None
    if register.is_loaded:
        days = register.terms_on(calendar.day_of(event_context.at)).claim_wait_business_days
        until = claim.wait_ends(event_context.at, calendar=calendar, days=days)
    return claim.add_request(found, event, at=event_context.at, wait_until=until)


def on_claim_fact(event: Factual, state: BatchState[Facts], event_context: EventContext) -> Decision:
    """Acceptances, decisions, amendments and moves: the claim's standing, and all that follows from it."""
    people = state.held(PEOPLE)
    known: dict[str, Person] = {id_: p for id_ in people_of(event) if (p := people.get(id_))}
    calendar = state.facts.register.default_calendar
    return apply(event, state.find(CLAIMS, event.claim_number), known, event_context=event_context, calendar=calendar)


CLAIM_FACTS: tuple[type[Any], ...] = (
    ClaimAccepted,
    ClaimPended,
    ClaimSuspended,
    ClaimResumed,
    ClaimDisallowed,
    ClaimClosed,
    ClaimReopened,
    ClaimAmended,
    WorkerMoved,
)
for _kind in CLAIM_FACTS:
    handlers.on(_kind, of_claim, load_facts_for_claims)(on_claim_fact)


@handlers.on(WorkerContactChanged, of_claim, load_facts_for_claims)
def on_worker_contact_changed(
    event: WorkerContactChanged, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    people = state.held(PEOPLE)
    known = {id_: p for id_ in people_of(event) if (p := people.get(id_))}
    return introduce(event, known, event_context=event_context)


@handlers.on(RequestDue, of_claim, load_facts_for_claims)
def on_request_due(event: RequestDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    found = state.held(CLAIMS).get(event.claim_number)
    known = state.held(REFERRALS)
    referrals = [r for id_ in (found.referral_ids if found else ()) if (r := known.get(id_))]
    context = context_of(state, event_context, found.person_id if found else "")
    return admitting.decide(found, event, referrals, context, POOLS)


@handlers.on(StandingDue, of_claim, load_facts_for_claims)
def on_standing_due(event: StandingDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    found = state.find(CLAIMS, event.claim_number)
    return (
        claim.apply_due(found, at=event_context.at, calendar=state.facts.register.default_calendar)
        if found
        else Outcome()
    )


@handlers.on(StandingFollowed, of_referral, load_facts_for_referrals)
def on_standing_followed(event: StandingFollowed, state: BatchState[Facts], event_context: EventContext) -> Decision:
    referral = state.held(REFERRALS).get(event.referral_id)
    found = state.held(CLAIMS).get(event.claim_number)
    context = _context_for(state, event_context, event.referral_id)
    followed = following.follow(referral, found, context, changed=event.changed)
    return placement.retry_unplaced(followed, state.facts.unplaced, context)


@handlers.on(WorkerRelocated, of_referral, load_facts_for_referrals)
def on_worker_relocated(event: WorkerRelocated, state: BatchState[Facts], event_context: EventContext) -> Decision:
    referral = state.held(REFERRALS).get(event.referral_id)
    context = _context_for(state, event_context, event.referral_id)
    return placement.retry_unplaced(
        following.relocate(referral, event.community, context), state.facts.unplaced, context
    )


@handlers.on(PlacementDue, of_referral, load_facts_for_referrals)
def on_placement_due(event: PlacementDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    referral = state.held(REFERRALS).get(event.referral_id)
    return placement.place(referral, _context_for(state, event_context, event.referral_id)) if referral else Outcome()


@handlers.on(ProviderAcknowledgedReferral, of_referral, load_facts_for_referrals)
def on_provider_acknowledged_referral(
    event: ProviderAcknowledgedReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return answering.acknowledge(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(ProviderAcceptedReferral, of_referral, load_facts_for_referrals)
def on_provider_accepted_referral(
    event: ProviderAcceptedReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return answering.accept(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(ProviderDeclinedReferral, of_referral, load_facts_for_referrals)
def on_provider_declined_referral(
    event: ProviderDeclinedReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    declined = answering.decline(state.find(REFERRALS, event.referral_id), event, context)
    return placement.retry_unplaced(declined, state.facts.unplaced, context)


@handlers.on(ProviderBookedAppointment, of_referral, load_facts_for_referrals)
def on_provider_booked_appointment(
    event: ProviderBookedAppointment, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    booked = visiting.book(state.find(REFERRALS, event.referral_id), event, context)
    return placement.retry_unplaced(booked, state.facts.unplaced, context)


@handlers.on(ProviderMovedAppointment, of_referral, load_facts_for_referrals)
def on_provider_moved_appointment(
    event: ProviderMovedAppointment, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    moved = visiting.move(state.find(REFERRALS, event.referral_id), event, context)
    return placement.retry_unplaced(moved, state.facts.unplaced, context)


@handlers.on(ProviderReportedMissed, of_referral, load_facts_for_referrals)
def on_provider_reported_missed(
    event: ProviderReportedMissed, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return visiting.miss(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(ProviderStartedReferral, of_referral, load_facts_for_referrals)
def on_provider_started_referral(
    event: ProviderStartedReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    started = treating.start(state.find(REFERRALS, event.referral_id), event, context)
    return placement.retry_unplaced(started, state.facts.unplaced, context)


@handlers.on(ProviderEndedProgram, of_referral, load_facts_for_referrals)
def on_provider_ended_program(
    event: ProviderEndedProgram, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return treating.end(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(ProviderHeldReferral, of_referral, load_facts_for_referrals)
def on_provider_held_referral(
    event: ProviderHeldReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return holding.hold(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(ProviderResumedReferral, of_referral, load_facts_for_referrals)
def on_provider_resumed_referral(
    event: ProviderResumedReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return holding.resume(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(OfficerHeldReferral, of_referral, load_facts_for_referrals)
def on_officer_held_referral(
    event: OfficerHeldReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return holding.hold_as_officer(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(OfficerResumedReferral, of_referral, load_facts_for_referrals)
def on_officer_resumed_referral(
    event: OfficerResumedReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return holding.resume_as_officer(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(OfficerWithdrewReferral, of_referral, load_facts_for_referrals)
def on_officer_withdrew_referral(
    event: OfficerWithdrewReferral, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    ended = withdrawing.withdraw(state.find(REFERRALS, event.referral_id), event, context)
    return placement.retry_unplaced(ended, state.facts.unplaced, context)


@handlers.on(ReportAccepted, of_referral, load_facts_for_referrals)
def on_report_accepted(event: ReportAccepted, state: BatchState[Facts], event_context: EventContext) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return treating.report(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(ObligationWaived, of_referral, load_facts_for_referrals)
def on_obligation_waived(event: ObligationWaived, state: BatchState[Facts], event_context: EventContext) -> Decision:
    context = _context_for(state, event_context, event.referral_id)
    return treating.report(state.find(REFERRALS, event.referral_id), event, context)


@handlers.on(CaseBillingFinal, of_referral, load_facts_for_referrals)
def on_case_billing_final(event: CaseBillingFinal, state: BatchState[Facts], _: EventContext) -> Decision:
    return treating.close(state.find(REFERRALS, event.referral_id), event)


@handlers.on(DeadlineReached, of_referral, load_facts_for_referrals)
def on_deadline_reached(event: DeadlineReached, state: BatchState[Facts], event_context: EventContext) -> Decision:
    if event.service != "referral":
        return Outcome()
    context = _context_for(state, event_context, event.record_key)
    closed = answering.lapse(state.find(REFERRALS, event.record_key), event, context)
    return placement.retry_unplaced(closed, state.facts.unplaced, context)


def on_register_changed(_event: Event, state: BatchState[Waiting], event_context: EventContext) -> Decision:
    """Requests that wait and referrals without a site are tried again, each by a timer of its own."""
    requests = tuple(
        claim.reconsider(number, request_id, at=event_context.at + n * INSTANT)
        for n, (number, request_id) in enumerate(state.facts.requests)
    )
    referrals = tuple(placement.retry(id_, event_context.at) for id_ in state.facts.referrals)
    return Outcome(timers=(*requests, *referrals))


REGISTER_FACTS: tuple[type[Any], ...] = (*REPLICA.contracts, SiteCapacityDeclared)
for _changed in REGISTER_FACTS:
    handlers.on(_changed, nothing, load_facts_for_waiting)(on_register_changed)
