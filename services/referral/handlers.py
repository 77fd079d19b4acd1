"""The events that referral reacts to: for each the decision and the states in which an action is allowed."""

from collections.abc import Callable, Mapping
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
from services.referral.domain.actions import ActionRule, decide_as_clinic, decide_as_officer
from services.referral.domain.claim_events import apply, identify_people
from services.referral.domain.facts import ClaimFactEvent
from services.referral.domain.person import Person, people_of, worker_key
from services.referral.domain.placement import PlacementContext
from services.referral.domain.referral import (
    OPEN,
    WITH_OFFER,
    Accepted,
    Acknowledged,
    Active,
    Offered,
    Referral,
    Scheduled,
    referral_id_of,
)
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
    ClinicAction,
    DeadlineReached,
    OfficerAction,
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
from shared.messaging.handlers import AggregateKeys, BatchState, Handler, Handlers

INSTANT = timedelta(microseconds=1)  # keeps timers that are set together in their order

CLINIC_ACTIONS: Mapping[type[ClinicAction], ActionRule[Any, Any]] = {
    ProviderAcknowledgedReferral: ActionRule(answering.acknowledge, (Offered,)),
    ProviderAcceptedReferral: ActionRule(answering.accept, (Acknowledged,)),
    ProviderDeclinedReferral: ActionRule(answering.decline, (Offered, Acknowledged)),
    ProviderBookedAppointment: ActionRule(visiting.book, (Accepted,)),
    ProviderMovedAppointment: ActionRule(visiting.move, (Scheduled,)),
    ProviderReportedMissed: ActionRule(visiting.miss, (Scheduled,)),
    ProviderStartedReferral: ActionRule(treating.start, (Scheduled,)),
    ProviderEndedProgram: ActionRule(treating.end, (Active,)),
    ProviderHeldReferral: ActionRule(holding.hold, (Accepted, Scheduled, Active)),
    ProviderResumedReferral: ActionRule(holding.resume, WITH_OFFER, hold="own-hold"),
}
OFFICER_ACTIONS: Mapping[type[OfficerAction], ActionRule[Any, Any]] = {
    OfficerHeldReferral: ActionRule(holding.hold, OPEN),
    OfficerResumedReferral: ActionRule(holding.resume, OPEN, hold="own-hold"),
    OfficerWithdrewReferral: ActionRule(withdrawing.withdraw, OPEN, hold="any"),
}
REFERRAL_EVENTS: Mapping[type[Event], Callable[[Referral, Any, PlacementContext], Decision]] = {
    WorkerRelocated: following.relocate,
    PlacementDue: lambda referral, _, context: placement.place(referral, context),
    DeadlineReached: answering.lapse,
    ReportAccepted: treating.note_report,
    ObligationWaived: treating.note_report,
    CaseBillingFinal: treating.close,
}
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

handlers = Handlers(owner="referral")
handlers.project(*REPLICA.contracts, by=REPLICA.project)
handlers.project(SiteCapacityDeclared, by=project_capacity)


def of_claim(event: Event, facts: Facts) -> AggregateKeys:
    """Yield the claim, the people it names, and every referral that follows it or may come of a waiting request."""
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
    """Yield the referral, and the worker whose language counts when it is placed again."""
    yield REFERRALS, event.key
    if person_id := facts.persons.get(event.key):
        yield PEOPLE, worker_key(person_id)


def of_nothing(_event: Event, _: Waiting) -> AggregateKeys:
    """Yield no aggregate."""
    return ()


def context_of(state: BatchState[Facts], event_context: EventContext, person_id: str) -> PlacementContext:
    """Return the facts of a decision on the referral of a worker; without a `person_id` the language is not known."""
    reservations, facts = state.held(RESERVATIONS), state.facts
    person = state.held(PEOPLE).get(worker_key(person_id)) if person_id else None
    language = person.language if person else None
    return PlacementContext(facts.register, facts.taken(reservations, state), reservations, language, event_context.at)


def on_referral(decide: Callable[[Referral | None, Any, PlacementContext], Decision]) -> Handler[Any, Facts]:
    """Return the handler that finds a referral and its context, decides, and offers freed openings again."""

    def handle(event: Event, state: BatchState[Facts], event_context: EventContext) -> Decision:
        referral = state.held(REFERRALS).get(event.key)
        context = context_of(state, event_context, referral.person_id if referral else "")
        return placement.retry_unplaced(decide(referral, event, context), state.facts.unplaced, context)

    return handle


def decide_clinic_action(referral: Referral | None, action: ClinicAction, context: PlacementContext) -> Decision:
    """Decide a clinic's action by its rule."""
    return decide_as_clinic(CLINIC_ACTIONS[type(action)], referral, action, context)


def decide_officer_action(referral: Referral | None, action: OfficerAction, context: PlacementContext) -> Decision:
    """Decide an officer's action by its rule."""
    return decide_as_officer(OFFICER_ACTIONS[type(action)], referral, action, context)


def decide_referral_event(referral: Referral | None, event: Event, context: PlacementContext) -> Decision:
    """Decide an event that concerns a referral; without effect if there is none."""
    return REFERRAL_EVENTS[type(event)](referral, event, context) if referral else Outcome()


for _action in CLINIC_ACTIONS:
    handlers.on(_action, of_referral, load_facts_for_referrals)(on_referral(decide_clinic_action))
for _officer_action in OFFICER_ACTIONS:
    handlers.on(_officer_action, of_referral, load_facts_for_referrals)(on_referral(decide_officer_action))
for _event in REFERRAL_EVENTS:
    handlers.on(_event, of_referral, load_facts_for_referrals)(on_referral(decide_referral_event))


@handlers.on(StandingFollowed, of_referral, load_facts_for_referrals)
def on_standing_followed(event: StandingFollowed, state: BatchState[Facts], event_context: EventContext) -> Decision:
    known_claim = state.held(CLAIMS).get(event.claim_number)

    def follow(referral: Referral | None, step: StandingFollowed, context: PlacementContext) -> Decision:
        return following.follow(referral, known_claim, step, context) if referral and known_claim else Outcome()

    return on_referral(follow)(event, state, event_context)


@handlers.on(RehabilitationRequested, of_claim, load_facts_for_claims)
def on_rehabilitation_requested(
    event: RehabilitationRequested, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    known_claim = state.find(CLAIMS, event.claim_number) or claim.Claim(event.claim_number)
    register = state.facts.register
    calendar = register.default_calendar
    until = None
    if register.is_loaded:
        days = register.terms_on(calendar.day_of(event_context.at)).claim_wait_business_days
        until = claim.wait_ends(event_context.at, calendar=calendar, days=days)
    return claim.add_request(known_claim, event, at=event_context.at, wait_until=until)


def on_claim_fact(event: ClaimFactEvent, state: BatchState[Facts], event_context: EventContext) -> Decision:
    """Apply an acceptance, decision, amendment or move to the claim and the people it names."""
    people = state.held(PEOPLE)
    known: dict[str, Person] = {id_: p for id_ in people_of(event) if (p := people.get(id_))}
    calendar = state.facts.register.default_calendar
    return apply(event, state.find(CLAIMS, event.claim_number), known, event_context=event_context, calendar=calendar)


for _kind in CLAIM_FACTS:
    handlers.on(_kind, of_claim, load_facts_for_claims)(on_claim_fact)


@handlers.on(WorkerContactChanged, of_claim, load_facts_for_claims)
def on_worker_contact_changed(
    event: WorkerContactChanged, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    people = state.held(PEOPLE)
    known = {id_: p for id_ in people_of(event) if (p := people.get(id_))}
    return identify_people(event, known, event_context=event_context)


@handlers.on(RequestDue, of_claim, load_facts_for_claims)
def on_request_due(event: RequestDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    known_claim = state.held(CLAIMS).get(event.claim_number)
    if known_claim is None:
        return Outcome()
    known = state.held(REFERRALS)
    referrals = [referral for id_ in known_claim.referral_ids if (referral := known.get(id_))]
    context = context_of(state, event_context, known_claim.person_id)
    return admitting.decide(known_claim, event, referrals, context, POOLS)


@handlers.on(StandingDue, of_claim, load_facts_for_claims)
def on_standing_due(event: StandingDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    known_claim = state.find(CLAIMS, event.claim_number)
    calendar = state.facts.register.default_calendar
    return claim.apply_due(known_claim, at=event_context.at, calendar=calendar) if known_claim else Outcome()


def on_register_changed(_event: Event, state: BatchState[Waiting], event_context: EventContext) -> Decision:
    """Retry waiting requests and referrals without a site, each by a timer of its own."""
    requests = tuple(
        claim.reconsider(number, request_id, at=event_context.at + n * INSTANT)
        for n, (number, request_id) in enumerate(state.facts.requests)
    )
    referrals = tuple(placement.retry(id_, event_context.at) for id_ in state.facts.referrals)
    return Outcome(timers=(*requests, *referrals))


REGISTER_FACTS: tuple[type[Any], ...] = (*REPLICA.contracts, SiteCapacityDeclared)
for _changed in REGISTER_FACTS:
    handlers.on(_changed, of_nothing, load_facts_for_waiting)(on_register_changed)
