"""What a clinic does with its offer, and what the door says when it closes."""

from datetime import date, timedelta

from services.referral.domain.clocks import answer_by
from services.referral.domain.opening import Seat, give_back, seat_id, take
from services.referral.domain.placement import Ground, again, lose
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Offer,
    Offered,
    Referral,
    Scheduled,
    deadline,
    not_there,
)
from shared.decision import Decision, Flaw, Outcome, Refusal, refuse
from shared.events.portal import (
    DeadlineReached,
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
)
from shared.events.referral import (
    AppointmentBooked,
    ReferralAccepted,
    ReferralAcknowledged,
    ReferralDeclined,
    ReferralLapsed,
)
from shared.events.values import Opening

DECLINE_REASONS = (
    "no-capacity",
    "not-contactable",
    "worker-declined",
    "out-of-scope",
    "out-of-region",
    "discipline-missing",
    "conflict-of-interest",
    "other-service-better",
    "other",
)
NEXT_STEPS = ("offer-to-next", "ask-officer", "offer-later", "other-program", "other-service")
LATE_REASONS = ("worker-unavailable", "travel", "medical", "clinic-capacity", "other")
_BOOK_WITHIN = 5  # business days after the acceptance, beyond which a reason is asked
_LOST = {"declined": "REF-DECLINED", "lapsed": "REF-LAPSED"}

ByClinic = (
    ProviderAcknowledgedReferral | ProviderAcceptedReferral | ProviderDeclinedReferral | ProviderBookedAppointment
)


def acknowledge(referral: Referral | None, act: ProviderAcknowledgedReferral, ground: Ground) -> Decision:
    """The clinic opened its offer; from now on it has until the end of the next business day to answer."""
    found = _actionable(referral, act, (Offered,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    contract = ground.register.contract_on(offer.contract_id, ground.today)
    state = Acknowledged(offer, answer_by(contract, ground.register.calendar(offer.calendar_id), ground.at))
    seen = referral._replace(revision=referral.revision + 1, state=state)
    said = ReferralAcknowledged(
        referral_id=seen.id, revision=seen.revision, site_id=offer.site_id, deadline=deadline(state)
    )
    return Outcome((seen,), (said,))


def accept(referral: Referral | None, act: ProviderAcceptedReferral, ground: Ground) -> Decision:
    """The clinic takes the referral it was offered and has seen."""
    found = _actionable(referral, act, (Acknowledged,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    taken = referral._replace(revision=referral.revision + 1, state=Accepted(offer, ground.today))
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
        accepted_on=ground.today,
    )
    return Outcome((taken,), (said,))


def decline(referral: Referral | None, act: ProviderDeclinedReferral, ground: Ground) -> Decision:
    """The clinic does not take it: a code, a comment and a next step; the next site is asked by itself."""
    found = _actionable(referral, act, (Offered, Acknowledged))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    if flaws := _undeclared(act):
        return Refusal(flaws)
    left, seat = lose(referral, "declined", counts=True, ground=ground)
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
    return Outcome((left, seat), (said,), then=(again(left),))


def _undeclared(act: ProviderDeclinedReferral) -> tuple[Flaw, ...]:
    """What a decline lacks, all at once."""
    flaws = []
    if act.reason_code not in DECLINE_REASONS:
        flaws.append(
            _missing("reason_code", "a decline names its reason", f"choose one of {', '.join(DECLINE_REASONS)}")
        )
    if not act.comment_id or not act.comment_sha256:
        flaws.append(_missing("comment", "a decline says why in words", "write a comment"))
    if act.next_step not in NEXT_STEPS:
        flaws.append(_missing("next_step", "a decline names the next step", f"choose one of {', '.join(NEXT_STEPS)}"))
    return tuple(flaws)


def _missing(field: str, rule: str, fix: str) -> Flaw:
    return Flaw(code="FIELD-MISSING", rule=rule, fix=fix, field=field)


def close_door(referral: Referral | None, reached: DeadlineReached, ground: Ground) -> Decision:
    """The door closed: an offer that nobody answered lapses; one that moved or was answered is no concern."""
    state = referral.state if referral else None
    if referral is None or not isinstance(state, Offered | Acknowledged):
        return Outcome()
    if state.door != reached.name or state.due_at != reached.due_at:
        return Outcome()
    left, seat = lose(referral, "lapsed", counts=True, ground=ground)
    said = ReferralLapsed(
        referral_id=left.id,
        revision=left.revision,
        site_id=state.offer.site_id,
        rank=state.offer.rank,
        deadline=deadline(state),
    )
    return Outcome((left, seat), (said,), then=(again(left),))


def book(referral: Referral | None, act: ProviderBookedAppointment, ground: Ground) -> Decision:
    """The first visit is agreed with the worker; in another week it takes another opening."""
    found = _actionable(referral, act, (Accepted,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    accepted_on = referral.state.accepted_on if isinstance(referral.state, Accepted) else ground.today
    calendar = ground.register.calendar(offer.calendar_id)
    day = calendar.day_of(act.starts_at)
    if flaws := _unbookable(act, day, ground, calendar.add_business_days(accepted_on, _BOOK_WITHIN)):
        return Refusal(flaws)
    opening, seats = _opening_for(referral.id, offer, day, ground)
    state = Scheduled(offer._replace(opening=opening), accepted_on, act.starts_at)
    booked = referral._replace(revision=referral.revision + 1, state=state)
    said = AppointmentBooked(
        referral_id=booked.id,
        revision=booked.revision,
        site_id=offer.site_id,
        starts_at=act.starts_at,
        opening=opening,
    )
    return Outcome((booked, *seats), (said,))


def _unbookable(act: ProviderBookedAppointment, day: date, ground: Ground, latest: date) -> tuple[Flaw, ...]:
    """What is wrong with a booking, all at once."""
    flaws = []
    if day < ground.today or act.starts_at < ground.at:
        flaws.append(Flaw(code="DATE-PAST", rule="a visit lies ahead", fix="choose a later day", field="starts_at"))
    if not act.confirmed_with_worker:
        rule, fix = "the worker agreed to the day", "confirm it with the worker first"
        flaws.append(Flaw(code="NOT-CONFIRMED", rule=rule, fix=fix, field="confirmed_with_worker"))
    if day > latest and act.late_reason_code not in LATE_REASONS:
        rule = f"the first visit is within {_BOOK_WITHIN} business days of the acceptance, by {latest}, or says why not"
        fix = f"choose a day by {latest}, or name one of {', '.join(LATE_REASONS)}"
        flaws.append(Flaw(code="REASON-MISSING", rule=rule, fix=fix, field="late_reason_code"))
    return tuple(flaws)


def _opening_for(referral_id: str, offer: Offer, day: date, ground: Ground) -> tuple[Opening, tuple[Seat, ...]]:
    """The same opening in the same week; else the first free number of the other week, declared or not."""
    monday = day - timedelta(days=day.weekday())
    if monday == offer.opening.week_on:
        return offer.opening, ()
    gone = set(ground.taken.get((offer.site_id, offer.opening.program, monday), ()))
    free = next(n for n in range(1, len(gone) + 2) if n not in gone)
    opening = offer.opening.model_copy(update={"week_on": monday, "n": free})
    back = give_back(offer.opening, referral_id, ground.seats.get(seat_id(offer.opening)))
    return opening, (back, take(opening, referral_id, ground.seats.get(seat_id(opening))))


def _actionable(referral: Referral | None, act: ByClinic, states: tuple[type, ...]) -> tuple[Referral, Offer] | Refusal:
    """The referral and the offer that this clinic may act on now; or why it may not."""
    if referral is None:
        return not_there()
    offer = referral.offer
    if offer is None or offer.site_id != act.site_id:
        return _no_longer(referral, act.site_id)
    if referral.holds:
        return _wrong("REF-HELD", "nothing moves while the referral is held", "wait until it is resumed", ())
    if not isinstance(referral.state, states):
        rule = f"the referral is {referral.status}"
        return _wrong("REF-STATE", rule, "reload it and act on what it shows", _allowed(referral))
    if act.seen != referral.revision:
        rule = f"one acts on what one sees; the referral is at revision {referral.revision}"
        return refuse("STALE", rule, "reload it and act on what it shows", "seen")
    return referral, offer


def _no_longer(referral: Referral, site_id: str) -> Refusal:
    """A site that once had the offer is told what became of it; any other is told nothing."""
    before = [r for r in referral.refused if r.site_id == site_id]
    if not before:
        return not_there()
    code = _LOST.get(before[-1].how, "REF-WITHDRAWN")
    return _wrong(code, f"the offer was {before[-1].how}", "nothing is left to do: it went to the next site", ())


def _wrong(code: str, rule: str, fix: str, allowed: tuple[str, ...]) -> Refusal:
    """The state does not allow it."""
    return Refusal((Flaw(code=code, rule=rule, fix=fix),), allowed or ("none",))


def _allowed(referral: Referral) -> tuple[str, ...]:
    """What the state allows the clinic instead."""
    match referral.state:
        case Offered():
            return ("acknowledge", "decline")
        case Acknowledged():
            return ("accept", "decline")
        case Accepted():
            return ("book",)
    return ()
