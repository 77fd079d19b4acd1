"""The first visit: booked, moved and missed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from services.referral.domain.actions import allowed_to, refuse_action
from services.referral.domain.opening import OpeningReservation, release, reservation_id, reserve
from services.referral.domain.placement import PlacementContext
from services.referral.domain.referral import Accepted, Offer, Referral, Scheduled
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Event, Refusal, Violation, refuse
from shared.domain.transition import Transition
from shared.events.portal import ProviderBookedAppointment, ProviderMovedAppointment, ProviderReportedMissed
from shared.events.referral import AppointmentBooked, AppointmentMissed, AppointmentMoved
from shared.events.values import Opening

_REASONS = code_list("first-visit-reasons")


class _Visit(NamedTuple):
    """A visit as a clinic agreed it, the reason for a late one, and the field that gives it."""

    starts_at: datetime
    is_confirmed: bool
    reason_code: str | None
    reason_field: str


def book(referral: Referral, state: Accepted, action: ProviderBookedAppointment, context: PlacementContext) -> Decision:
    """Book the first visit that was agreed with the worker; in another week it takes another opening."""
    visit = _Visit(action.starts_at, action.confirmed_with_worker, action.late_reason_code, "late_reason_code")
    return _schedule(referral, state, visit, context, AppointmentBooked)


def move(referral: Referral, state: Scheduled, action: ProviderMovedAppointment, context: PlacementContext) -> Decision:
    """Move the first visit by the rules of a booking."""
    visit = _Visit(action.starts_at, action.confirmed_with_worker, action.reason_code, "reason_code")
    return _schedule(referral, state, visit, context, AppointmentMoved)


def miss(referral: Referral, state: Scheduled, _action: ProviderReportedMissed, context: PlacementContext) -> Decision:
    """Note that the worker did not come, once a visit and not before its time; another visit is agreed."""
    if state.was_missed:
        rule, fix = "this visit was reported missed already", "agree on another visit"
        return refuse_action("REF-STATE", rule, fix, allowed_to(referral, "clinic"))
    if context.at <= state.starts_at:
        rule, fix = "the time of the visit has not come yet", "wait for the visit, or move it"
        return refuse("DATE-FUTURE", rule, fix)
    times = state.missed + 1
    transition = Transition.of(referral).to(state=replace(state, missed=times, was_missed=True))
    return transition.announce(
        AppointmentMissed, site_id=state.offer.site_id, starts_at=state.starts_at, times=times
    ).outcome()


def _schedule(
    referral: Referral, state: Accepted | Scheduled, visit: _Visit, context: PlacementContext, announced: type[Event]
) -> Decision:
    """Schedule the visit in an opening of its week, or refuse it with everything that is wrong."""
    register = context.register
    calendar = register.calendar(state.offer.calendar_id)
    within = register.contract_on(state.offer.contract_id, state.accepted_on).first_visit_business_days
    day, latest = calendar.day_of(visit.starts_at), calendar.add_business_days(state.accepted_on, within)
    if violations := (*_visit_violations(visit, context), *_late_violations(visit, day, latest, context.today)):
        return Refusal(violations)
    opening, reservations = _opening_for(referral.id, state.offer, day, context)
    offer = state.offer._replace(opening=opening)
    missed = state.missed if isinstance(state, Scheduled) else 0
    scheduled = Scheduled(offer, state.accepted_on, visit.starts_at, missed)
    transition = Transition.of(referral).to(state=scheduled).change(*reservations)
    return transition.announce(announced, site_id=offer.site_id, starts_at=visit.starts_at, opening=opening).outcome()


def _visit_violations(visit: _Visit, context: PlacementContext) -> tuple[Violation, ...]:
    violations = []
    if visit.starts_at < context.at:
        rule, fix = "the visit lies in the past", "choose a later day"
        violations.append(Violation(code="DATE-PAST", rule=rule, fix=fix, field="starts_at"))
    if not visit.is_confirmed:
        rule, fix = "the visit is not agreed with the worker", "agree it with the worker and tick the box"
        violations.append(Violation(code="NOT-CONFIRMED", rule=rule, fix=fix, field="confirmed_with_worker"))
    return tuple(violations)


def _late_violations(visit: _Visit, day: date, latest: date, today: date) -> tuple[Violation, ...]:
    """Return a violation if the visit is later than the contract allows and no reason is given."""
    if day <= latest or _REASONS.allows(visit.reason_code, today, "clinic"):
        return ()
    rule = f"by the contract the first visit is due by {wording.day(latest)}, and no reason for a later one is given"
    fix = f"choose a day up to {wording.day(latest)}, or a reason from the list"
    return (Violation(code="REASON-MISSING", rule=rule, fix=fix, field=visit.reason_field),)


def _opening_for(
    referral_id: str, offer: Offer, day: date, context: PlacementContext
) -> tuple[Opening, tuple[OpeningReservation, ...]]:
    """Return the offer's opening in its own week; else the first free number of the other week, declared or not."""
    monday = day - timedelta(days=day.weekday())
    if monday == offer.opening.week_on:
        return offer.opening, ()
    taken = set(context.taken.get((offer.site_id, offer.opening.program, monday), ()))
    free = next(n for n in range(1, len(taken) + 2) if n not in taken)
    opening = offer.opening.model_copy(update={"week_on": monday, "n": free})
    freed = release(offer.opening, referral_id, context.reservations.get(reservation_id(offer.opening)))
    return opening, (freed, reserve(opening, referral_id, context.reservations.get(reservation_id(opening))))
