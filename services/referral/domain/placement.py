"""Finding the site: matching, offering, and what follows when a site does not take a referral."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from typing_extensions import TypeIs

from services.referral.domain.clocks import acknowledge_by
from services.referral.domain.opening import OpeningReservation, release, reservation_id, reserve
from services.referral.domain.referral import Matched, Offer, Offered, Referral, Refused, Unplaced, deadline
from services.referral.domain.steps import PlacementDue
from shared.domain.calendar import Calendar
from shared.domain.decision import Aggregate, Decision, Event, Outcome, Refusal, SetTimer
from shared.events.referral import ProgramSelected, ReferralOffered, ReferralOfferWithdrawn, ReferralUnplaced
from shared.events.values import Program, Receipt
from shared.placement import matching, rural
from shared.placement.matching import Candidate, MatchRequest, TakenOpenings
from shared.placement.register import Register
from shared.placement.selection import Asked, choose

RETRY = "place-again"
OVERRIDE = ("claims officer",)
_HORIZON = timedelta(days=366)


class PlacementContext(NamedTuple):
    """What a placement stands on: register, openings as they are, the worker's language, and the instant."""

    register: Register
    taken: TakenOpenings
    reservations: Mapping[str, OpeningReservation | None]
    language: str | None
    at: datetime

    @property
    def calendar(self) -> Calendar:
        """The default one: it says which day it is."""
        return self.register.default_calendar

    @property
    def today(self) -> date:
        """The day of the offer."""
        return self.calendar.day_of(self.at)


class UnplacedReferral(NamedTuple):
    """A referral without a site."""

    referral_id: str
    program: Program
    community: str


def place(referral: Referral, context: PlacementContext) -> Outcome:
    """The best site is asked; where none is left the referral is unplaced, and tried again when something begins."""
    if not isinstance(referral.state, Matched | Unplaced) or referral.holds or not referral.program:
        return Outcome()
    selected, events = _select_anew(referral, context)
    terms = context.register.terms_on(context.today)
    if len(selected.not_asked_again) < terms.refusals_allowed:
        ranked = matching.rank(context.register, _match_request(selected, context), context.taken, context.today)
        if ranked:
            receipt = matching.receipt(ranked, terms.revision, OVERRIDE)
            return _offer(selected, ranked[0], receipt, context, events)
    return _unplace(selected, context, events)


def _match_request(referral: Referral, context: PlacementContext) -> MatchRequest:
    """What the worker needs."""
    if referral.program is None:
        raise AssertionError("a referral that is placed has a program")
    return MatchRequest(
        referral.program,
        referral.community,
        referral.requested_on,
        referral.barriers,
        referral.urgent,
        context.language,
        referral.site_chosen,
        referral.not_asked_again,
    )


def _select_anew(referral: Referral, context: PlacementContext) -> tuple[Referral, tuple[Event, ...]]:
    """Where no contract of the program serves the community today, the program is chosen by today's date."""
    register, today, program = context.register, context.today, referral.program
    if program is None or referral.injury is None:
        return referral, ()
    if register.serving(program, referral.community, today, referral.requested_on):
        return referral, ()
    chosen = choose(register, Asked(today, referral.community, referral.injury, referral.barriers))
    if chosen.program is None or chosen.program.program == program:
        return referral, ()
    found, revision = chosen.program, referral.revision + 1
    refused = tuple(r._replace(counts=False) for r in referral.refused)
    anew = referral._replace(program=found.program, program_revision=found.revision, refused=refused)
    contracts = register.serving(found.program, referral.community, today, referral.requested_on)
    said = ProgramSelected(
        referral_id=referral.id,
        revision=revision,
        program=found.program,
        program_revision=found.revision,
        contract_ids=tuple(c.contract_id for c in contracts),
        receipt=Receipt(rules=chosen.fired, versions={found.program: found.revision}, override_by=OVERRIDE),
    )
    return anew, (said,)


def _offer(
    referral: Referral, best: Candidate, receipt: Receipt, context: PlacementContext, events: tuple[Event, ...]
) -> Outcome:
    """The site is asked, and one of its openings is taken for it."""
    contract, revision = best.contract, referral.revision + 1
    payee, organisation = contract.payee_id, contract.organisation_id
    offer = Offer(
        referral.rank + 1, best.site_id, organisation, contract.contract_id, payee, contract.calendar_id, best.opening
    )
    calendar = context.register.calendar(contract.calendar_id)
    state = Offered(offer, acknowledge_by(contract, calendar, context.at))
    offered = referral._replace(revision=revision, state=state, rank=offer.rank)
    said = ReferralOffered(
        referral_id=referral.id,
        revision=revision,
        number=referral.number,
        site_id=best.site_id,
        organisation_id=organisation,
        contract_id=contract.contract_id,
        program=best.program,
        rank=offer.rank,
        opening=offer.opening,
        deadline=deadline(state),
        receipt=receipt,
    )
    reservation = reserve(offer.opening, referral.id, context.reservations.get(reservation_id(offer.opening)))
    return Outcome((offered, reservation), (*events, said), (SetTimer(referral.id, RETRY),))


def _unplace(referral: Referral, context: PlacementContext, events: tuple[Event, ...]) -> Outcome:
    """Said once; tried again when a contract, a program or an opening begins."""
    begins = _begins(referral, context)
    timer = retry(referral.id, begins) if begins else SetTimer(referral.id, RETRY)
    if isinstance(referral.state, Unplaced) and not events:
        return Outcome(timers=(timer,))
    revision = referral.revision + 1
    unplaced = referral._replace(revision=revision, state=Unplaced())
    if referral.program is None:
        raise AssertionError("a referral that is placed has a program")
    said = ReferralUnplaced(
        referral_id=referral.id,
        revision=revision,
        program=referral.program,
        refused_by=tuple(sorted(referral.not_asked_again)),
        rural_card=rural.card(context.register, referral.community, context.today, referral.not_asked_again),
        receipt=Receipt(inputs={"community": referral.community}, override_by=OVERRIDE),
    )
    return Outcome((unplaced,), (*events, said), (timer,))


def _begins(referral: Referral, context: PlacementContext) -> datetime | None:
    """The next instant at which a program or contract turns, or another week of openings comes into sight."""
    register, today = context.register, context.today
    turning = register.turning_days(today, today + _HORIZON)
    days = set(turning[:1])
    if referral.program and register.serving(referral.program, referral.community, today, referral.requested_on):
        days.add(matching.next_week_in_sight(register, today))
    return context.calendar.start_of(min(days)) if days else None


def release_offer(
    referral: Referral, how: str, *, counts: bool, context: PlacementContext
) -> tuple[Referral, OpeningReservation]:
    """The site has the offer no more, and its opening is free again."""
    offer = referral.offer
    if offer is None:
        raise AssertionError("no offer is open")
    refused = Refused(offer.site_id, offer.rank, how, counts)
    left = referral._replace(
        revision=referral.revision + 1, state=Matched(), refused=(*referral.refused, refused), stopped=None
    )
    return left, release(offer.opening, referral.id, context.reservations.get(reservation_id(offer.opening)))


def retry_unplaced(decision: Decision, in_need: Iterable[UnplacedReferral], context: PlacementContext) -> Decision:
    """Whoever is without a site and could go where an opening was given back is tried again."""
    if isinstance(decision, Refusal):
        return decision
    freed = {
        (reservation.opening.program, reservation.opening.site_id)
        for reservation in decision.changed
        if _is_free(reservation)
    }
    retried = tuple(retry(one.referral_id, context.at) for one in _near(freed, in_need, context)) if freed else ()
    return decision._replace(timers=(*decision.timers, *retried))


def retry(referral_id: str, at: datetime) -> SetTimer:
    """A referral without a site is tried again, by itself."""
    return SetTimer(referral_id, RETRY, at, PlacementDue(referral_id=referral_id))


def _is_free(changed: Aggregate) -> TypeIs[OpeningReservation]:
    """An opening that nobody has any more."""
    return isinstance(changed, OpeningReservation) and changed.referral_id is None


def _near(
    freed: Collection[tuple[Program, str]], in_need: Iterable[UnplacedReferral], context: PlacementContext
) -> Iterator[UnplacedReferral]:
    """Those whose community is in the area of a contract of one of these sites; their own day is seen to later."""
    for one in in_need:
        sites = {site for program, site in freed if program == one.program}
        areas = context.register.contracts_of(one.program, one.community, context.today) if sites else ()
        if any(sites.intersection(contract.sites) for contract in areas):
            yield one


def withdraw_offer(
    referral: Referral, cause: str, context: PlacementContext
) -> tuple[Referral, OpeningReservation, ReferralOfferWithdrawn]:
    """An open offer is taken back before the site answered; it does not count against the site."""
    offer = referral.offer
    left, reservation = release_offer(referral, "withdrawn", counts=False, context=context)
    if offer is None:
        raise AssertionError("no offer is open")
    said = ReferralOfferWithdrawn(
        referral_id=referral.id, revision=left.revision, site_id=offer.site_id, rank=offer.rank, cause=cause
    )
    return left, reservation, said


def placement_due(referral: Referral) -> PlacementDue:
    """The next site is found in the same transaction."""
    return PlacementDue(referral_id=referral.id)
