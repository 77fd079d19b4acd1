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
from services.referral.domain.hearing import hear, introduce
from services.referral.domain.person import Person, people_of, worker_key
from services.referral.domain.placement import Ground
from services.referral.domain.referral import referral_id_of
from services.referral.domain.steps import PlacementDue, RequestDue, StandingDue, StandingFollowed, WorkerRelocated
from services.referral.store.claim import CLAIMS
from services.referral.store.facts import Facts, Waiting, about_claims, about_referrals, about_waiting
from services.referral.store.opening import SEATS
from services.referral.store.person import PEOPLE
from services.referral.store.referral import REFERRALS
from services.referral.store.register import KINDS, POOLS, keep_capacity, keep_register
from shared.decision import Decision, Event, Occasion, Outcome
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
from shared.handlers import Desk, Handlers, Touched

INSTANT = timedelta(microseconds=1)  # keeps timers that are armed together in their order

handlers = Handlers(owner="referral")
handlers.keep(*KINDS, by=keep_register)
handlers.keep(SiteCapacityDeclared, by=keep_capacity)


def of_claim(event: Event, facts: Facts) -> Touched:
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


def of_referral(event: Event, facts: Facts) -> Touched:
    """The referral, and the worker whose language weighs when it is placed again."""
    yield REFERRALS, event.key
    if person_id := facts.persons.get(event.key):
        yield PEOPLE, worker_key(person_id)


def nothing(_event: Event, _: Waiting) -> Touched:
    """No aggregate."""
    return ()


def ground_of(desk: Desk[Facts], occasion: Occasion, person_id: str) -> Ground:
    """What a placement stands on."""
    seats, facts = desk.held(SEATS), desk.facts
    person = desk.held(PEOPLE).get(worker_key(person_id)) if person_id else None
    language = person.language if person else None
    return Ground(facts.register, facts.taken(seats, desk), seats, language, occasion.at)


def _ground_for(desk: Desk[Facts], occasion: Occasion, referral_id: str) -> Ground:
    """The same, for the worker of a referral."""
    referral = desk.held(REFERRALS).get(referral_id)
    return ground_of(desk, occasion, referral.person_id if referral else "")


@handlers.on(RehabilitationRequested, of_claim, about_claims)
def on_rehabilitation_requested(event: RehabilitationRequested, desk: Desk[Facts], occasion: Occasion) -> Decision:
    found = desk.find(CLAIMS, event.claim_number) or claim.Claim(event.claim_number)
    register = desk.facts.register
    calendar = register.default_calendar
    until = None
    if register.is_loaded:
        days = register.terms_on(calendar.day_of(occasion.at)).claim_wait_business_days
        until = claim.wait_ends(occasion.at, calendar=calendar, days=days)
    return claim.ask(found, event, at=occasion.at, wait_until=until)


def on_claim_fact(event: Factual, desk: Desk[Facts], occasion: Occasion) -> Decision:
    """Acceptances, decisions, amendments and moves: the claim's standing, and all that follows from it."""
    people = desk.held(PEOPLE)
    known: dict[str, Person] = {id_: p for id_ in people_of(event) if (p := people.get(id_))}
    calendar = desk.facts.register.default_calendar
    return hear(event, desk.find(CLAIMS, event.claim_number), known, occasion=occasion, calendar=calendar)


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
    handlers.on(_kind, of_claim, about_claims)(on_claim_fact)


@handlers.on(WorkerContactChanged, of_claim, about_claims)
def on_worker_contact_changed(event: WorkerContactChanged, desk: Desk[Facts], occasion: Occasion) -> Decision:
    people = desk.held(PEOPLE)
    known = {id_: p for id_ in people_of(event) if (p := people.get(id_))}
    return introduce(event, known, occasion=occasion)


@handlers.on(RequestDue, of_claim, about_claims)
def on_request_due(event: RequestDue, desk: Desk[Facts], occasion: Occasion) -> Decision:
    found = desk.held(CLAIMS).get(event.claim_number)
    known = desk.held(REFERRALS)
    referrals = [r for id_ in (found.referral_ids if found else ()) if (r := known.get(id_))]
    ground = ground_of(desk, occasion, found.person_id if found else "")
    return admitting.decide(found, event, referrals, ground, POOLS)


@handlers.on(StandingDue, of_claim, about_claims)
def on_standing_due(event: StandingDue, desk: Desk[Facts], occasion: Occasion) -> Decision:
    found = desk.find(CLAIMS, event.claim_number)
    return claim.reach(found, at=occasion.at, calendar=desk.facts.register.default_calendar) if found else Outcome()


@handlers.on(StandingFollowed, of_referral, about_referrals)
def on_standing_followed(event: StandingFollowed, desk: Desk[Facts], occasion: Occasion) -> Decision:
    referral = desk.held(REFERRALS).get(event.referral_id)
    found = desk.held(CLAIMS).get(event.claim_number)
    ground = _ground_for(desk, occasion, event.referral_id)
    followed = following.follow(referral, found, ground, changed=event.changed)
    return placement.free(followed, desk.facts.unplaced, ground)


@handlers.on(WorkerRelocated, of_referral, about_referrals)
def on_worker_relocated(event: WorkerRelocated, desk: Desk[Facts], occasion: Occasion) -> Decision:
    referral = desk.held(REFERRALS).get(event.referral_id)
    ground = _ground_for(desk, occasion, event.referral_id)
    return placement.free(following.relocate(referral, event.community, ground), desk.facts.unplaced, ground)


@handlers.on(PlacementDue, of_referral, about_referrals)
def on_placement_due(event: PlacementDue, desk: Desk[Facts], occasion: Occasion) -> Decision:
    referral = desk.held(REFERRALS).get(event.referral_id)
    return placement.place(referral, _ground_for(desk, occasion, event.referral_id)) if referral else Outcome()


@handlers.on(ProviderAcknowledgedReferral, of_referral, about_referrals)
def on_provider_acknowledged_referral(
    event: ProviderAcknowledgedReferral, desk: Desk[Facts], occasion: Occasion
) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return answering.acknowledge(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(ProviderAcceptedReferral, of_referral, about_referrals)
def on_provider_accepted_referral(event: ProviderAcceptedReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return answering.accept(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(ProviderDeclinedReferral, of_referral, about_referrals)
def on_provider_declined_referral(event: ProviderDeclinedReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    declined = answering.decline(desk.find(REFERRALS, event.referral_id), event, ground)
    return placement.free(declined, desk.facts.unplaced, ground)


@handlers.on(ProviderBookedAppointment, of_referral, about_referrals)
def on_provider_booked_appointment(event: ProviderBookedAppointment, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    booked = visiting.book(desk.find(REFERRALS, event.referral_id), event, ground)
    return placement.free(booked, desk.facts.unplaced, ground)


@handlers.on(ProviderMovedAppointment, of_referral, about_referrals)
def on_provider_moved_appointment(event: ProviderMovedAppointment, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    moved = visiting.move(desk.find(REFERRALS, event.referral_id), event, ground)
    return placement.free(moved, desk.facts.unplaced, ground)


@handlers.on(ProviderReportedMissed, of_referral, about_referrals)
def on_provider_reported_missed(event: ProviderReportedMissed, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return visiting.miss(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(ProviderStartedReferral, of_referral, about_referrals)
def on_provider_started_referral(event: ProviderStartedReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    started = treating.start(desk.find(REFERRALS, event.referral_id), event, ground)
    return placement.free(started, desk.facts.unplaced, ground)


@handlers.on(ProviderEndedProgram, of_referral, about_referrals)
def on_provider_ended_program(event: ProviderEndedProgram, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return treating.end(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(ProviderHeldReferral, of_referral, about_referrals)
def on_provider_held_referral(event: ProviderHeldReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return holding.hold(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(ProviderResumedReferral, of_referral, about_referrals)
def on_provider_resumed_referral(event: ProviderResumedReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return holding.resume(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(OfficerHeldReferral, of_referral, about_referrals)
def on_officer_held_referral(event: OfficerHeldReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return holding.hold_as_officer(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(OfficerResumedReferral, of_referral, about_referrals)
def on_officer_resumed_referral(event: OfficerResumedReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return holding.resume_as_officer(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(OfficerWithdrewReferral, of_referral, about_referrals)
def on_officer_withdrew_referral(event: OfficerWithdrewReferral, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    ended = withdrawing.withdraw(desk.find(REFERRALS, event.referral_id), event, ground)
    return placement.free(ended, desk.facts.unplaced, ground)


@handlers.on(ReportAccepted, of_referral, about_referrals)
def on_report_accepted(event: ReportAccepted, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return treating.report(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(ObligationWaived, of_referral, about_referrals)
def on_obligation_waived(event: ObligationWaived, desk: Desk[Facts], occasion: Occasion) -> Decision:
    ground = _ground_for(desk, occasion, event.referral_id)
    return treating.report(desk.find(REFERRALS, event.referral_id), event, ground)


@handlers.on(CaseBillingFinal, of_referral, about_referrals)
def on_case_billing_final(event: CaseBillingFinal, desk: Desk[Facts], _: Occasion) -> Decision:
    return treating.close(desk.find(REFERRALS, event.referral_id), event)


@handlers.on(DeadlineReached, of_referral, about_referrals)
def on_deadline_reached(event: DeadlineReached, desk: Desk[Facts], occasion: Occasion) -> Decision:
    if event.service != "referral":
        return Outcome()
    ground = _ground_for(desk, occasion, event.record_key)
    closed = answering.close_door(desk.find(REFERRALS, event.record_key), event, ground)
    return placement.free(closed, desk.facts.unplaced, ground)


def on_register_changed(_event: Event, desk: Desk[Waiting], occasion: Occasion) -> Decision:
    """Requests that wait and referrals without a site are tried again, each by a timer of its own."""
    requests = tuple(
        claim.reconsider(number, request_id, at=occasion.at + n * INSTANT)
        for n, (number, request_id) in enumerate(desk.facts.requests)
    )
    referrals = tuple(placement.retry(id_, occasion.at) for id_ in desk.facts.referrals)
    return Outcome(timers=(*requests, *referrals))


REGISTER_FACTS: tuple[type[Any], ...] = (*KINDS, SiteCapacityDeclared)
for _changed in REGISTER_FACTS:
    handlers.on(_changed, nothing, about_waiting)(on_register_changed)
