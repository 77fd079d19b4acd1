"""The first visit: agreed with the worker, agreed anew, and missed."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from services.referral.domain.acting import allowed_to, at_clinic, wrong
from services.referral.domain.opening import OpeningReservation, release, reservation_id, reserve
from services.referral.domain.placement import PlacementContext
from services.referral.domain.referral import Accepted, Offer, Referral, Scheduled
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Outcome, Refusal, Violation, refuse
from shared.events.portal import ProviderBookedAppointment, ProviderMovedAppointment, ProviderReportedMissed
from shared.events.referral import AppointmentBooked, AppointmentMissed, AppointmentMoved
from shared.events.values import Opening

_REASONS = code_list("first-visit-reasons")


class _Visit(NamedTuple):
    """What was agreed, and where the act gives a reason for a late one."""

    starts_at: datetime
    is_confirmed: bool
    reason: str | None
    reason_field: str


def book(referral: Referral | None, act: ProviderBookedAppointment, context: PlacementContext) -> Decision:
    """The first visit is agreed with the worker; in another week it takes another opening."""
    found = at_clinic(referral, act, (Accepted,))
    if isinstance(found, Refusal):
        return found
    visit = _Visit(act.starts_at, act.confirmed_with_worker, act.late_reason_code, "late_reason_code")
    agreed = _agree(found[0], visit, context)
    if isinstance(agreed, Refusal):
        return agreed
    booked, offer, reservations = agreed
    said = AppointmentBooked(
        referral_id=booked.id,
        revision=booked.revision,
        site_id=offer.site_id,
        starts_at=act.starts_at,
        opening=offer.opening,
    )
    return Outcome((booked, *reservations), (said,))


def move(referral: Referral | None, act: ProviderMovedAppointment, context: PlacementContext) -> Decision:
    """The first visit is agreed anew, by the rules of a booking; the opening goes with it."""
    found = at_clinic(referral, act, (Scheduled,))
    if isinstance(found, Refusal):
        return found
    visit = _Visit(act.starts_at, act.confirmed_with_worker, act.reason_code, "reason_code")
    agreed = _agree(found[0], visit, context)
    if isinstance(agreed, Refusal):
        return agreed
    moved, offer, reservations = agreed
    said = AppointmentMoved(
        referral_id=moved.id,
        revision=moved.revision,
        site_id=offer.site_id,
        starts_at=act.starts_at,
        opening=offer.opening,
    )
    return Outcome((moved, *reservations), (said,))


def miss(referral: Referral | None, act: ProviderReportedMissed, context: PlacementContext) -> Decision:
    """The worker did not come: each visit is missed once, and another one is agreed."""
    found = at_clinic(referral, act, (Scheduled,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    state = referral.state
    if not isinstance(state, Scheduled) or state.was_missed:
        rule, fix = "this visit was reported missed already", "agree on another visit"
        return wrong("REF-STATE", rule, fix, allowed_to(referral, "clinic"))
    if context.at <= state.starts_at:
        rule, fix = "the time of the visit has not come yet", "wait for the visit, or move it"
        return refuse("DATE-FUTURE", rule, fix)
    counted = state._replace(missed=state.missed + 1, was_missed=True)
    missed = referral._replace(revision=referral.revision + 1, state=counted)
    said = AppointmentMissed(
        referral_id=missed.id,
        revision=missed.revision,
        site_id=offer.site_id,
        starts_at=state.starts_at,
        times=counted.missed,
    )
    return Outcome((missed,), (said,))


def _agree(
    referral: Referral, visit: _Visit, context: PlacementContext
) -> tuple[Referral, Offer, tuple[OpeningReservation, ...]] | Refusal:
    """The referral with its visit, in an opening of that week; or what is wrong with the visit."""
    state = referral.state
    if not isinstance(state, Accepted | Scheduled):
        raise AssertionError("only what was accepted has a first visit")  # noqa: TRY004 - a fault of ours, not a type
    register = context.register
    calendar = register.calendar(state.offer.calendar_id)
    within = register.contract_on(state.offer.contract_id, state.accepted_on).first_visit_business_days
    day, latest = calendar.day_of(visit.starts_at), calendar.add_business_days(state.accepted_on, within)
    if flaws := (*_unfit(visit, context), *_late(visit, day, latest, context.today)):
        return Refusal(flaws)
    opening, reservations = _opening_for(referral.id, state.offer, day, context)
    offer = state.offer._replace(opening=opening)
    missed = state.missed if isinstance(state, Scheduled) else 0
    agreed = Scheduled(offer, state.accepted_on, visit.starts_at, missed)
    return referral._replace(revision=referral.revision + 1, state=agreed), offer, reservations


def _unfit(visit: _Visit, context: PlacementContext) -> tuple[Violation, ...]:
    """A visit that cannot be, or that the worker does not know of."""
    flaws = []
    if visit.starts_at < context.at:
        flaws.append(
            Violation(code="DATE-PAST", rule="the visit lies in the past", fix="choose a later day", field="starts_at")
        )
    if not visit.is_confirmed:
        rule, fix = "the visit is not agreed with the worker", "agree it with the worker and tick the box"
        flaws.append(Violation(code="NOT-CONFIRMED", rule=rule, fix=fix, field="confirmed_with_worker"))
    return tuple(flaws)


def _late(visit: _Visit, day: date, latest: date, today: date) -> tuple[Violation, ...]:
    """A visit after the business days that the contract gives says why."""
    if day <= latest or _REASONS.allows(visit.reason, today, "clinic"):
        return ()
    rule = f"by the contract the first visit is due by {wording.day(latest)}, and no reason for a later one is given"
    fix = f"choose a day up to {wording.day(latest)}, or a reason from the list"
    return (Violation(code="REASON-MISSING", rule=rule, fix=fix, field=visit.reason_field),)


def _opening_for(
    referral_id: str, offer: Offer, day: date, context: PlacementContext
) -> tuple[Opening, tuple[OpeningReservation, ...]]:
    """The same opening in the same week; else the first free number of the other week, declared or not."""
    monday = day - timedelta(days=day.weekday())
    if monday == offer.opening.week_on:
        return offer.opening, ()
    gone = set(context.taken.get((offer.site_id, offer.opening.program, monday), ()))
    free = next(n for n in range(1, len(gone) + 2) if n not in gone)
    opening = offer.opening.model_copy(update={"week_on": monday, "n": free})
    back = release(offer.opening, referral_id, context.reservations.get(reservation_id(offer.opening)))
    return opening, (back, reserve(opening, referral_id, context.reservations.get(reservation_id(opening))))
