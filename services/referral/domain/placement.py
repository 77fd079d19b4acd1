"""The placement of a referral: matching and offering, and what follows when a site does not take it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from typing_extensions import TypeIs

from services.referral.domain.clocks import acknowledge_by
from services.referral.domain.opening import OpeningReservation, release, reservation_id, reserve
from services.referral.domain.referral import (
    FormerOffer,
    Matched,
    Offer,
    Offered,
    OfferEnd,
    Referral,
    Unplaced,
    deadline,
)
from services.referral.domain.steps import PlacementDue
from shared.domain.calendar import Calendar
from shared.domain.decision import Aggregate, Decision, Outcome, Refusal, SetTimer
from shared.domain.transition import Transition
from shared.events.referral import ProgramSelected, ReferralOffered, ReferralOfferWithdrawn, ReferralUnplaced
from shared.events.values import Program, Receipt
from shared.placement import matching, rural
from shared.placement.matching import Candidate, MatchRequest, TakenOpenings
from shared.placement.register import Register
from shared.placement.selection import Asked, choose

RETRY = "place-again"  # the name of the timer
OVERRIDE = ("claims officer",)
_HORIZON = timedelta(days=366)


class PlacementContext(NamedTuple):
    """The facts of a decision: the register, the openings taken, the worker's language, and the instant that judges."""

    register: Register
    taken: TakenOpenings
    reservations: Mapping[str, OpeningReservation | None]
    language: str | None
    at: datetime

    @property
    def calendar(self) -> Calendar:
        """Return the default calendar."""
        return self.register.default_calendar

    @property
    def today(self) -> date:
        """Return the day of the decision in the default calendar."""
        return self.calendar.day_of(self.at)


class UnplacedReferral(NamedTuple):
    """A referral without a site."""

    referral_id: str
    program: Program
    community: str


def place(referral: Referral, context: PlacementContext) -> Outcome:
    """Offer the referral to the best site; without one it is unplaced, and retried when a term or a week begins."""
    if not isinstance(referral.state, Matched | Unplaced) or referral.holds or not referral.program:
        return Outcome()
    transition = _select_again(Transition.of(referral), referral.program, context)
    selected, terms = transition.document, context.register.terms_on(context.today)
    if len(selected.sites_not_asked_again) < terms.refusals_allowed:
        ranked = matching.rank(context.register, _match_request(selected, context), context.taken, context.today)
        if ranked:
            receipt = matching.receipt(ranked, terms.revision, OVERRIDE)
            return _offer(transition, ranked[0], receipt, context)
    return _unplace(transition, context)


def _match_request(referral: Referral, context: PlacementContext) -> MatchRequest:
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
        referral.sites_not_asked_again,
    )


def _select_again(
    transition: Transition[Referral], program: Program, context: PlacementContext
) -> Transition[Referral]:
    """Choose the program by today's date if no contract of the present one serves the community today."""
    register, today, referral = context.register, context.today, transition.document
    if referral.injury is None or register.serving(program, referral.community, today, referral.requested_on):
        return transition
    chosen = choose(register, Asked(today, referral.community, referral.injury, referral.barriers))
    if chosen.program is None or chosen.program.program == program:
        return transition
    selected, revision = chosen.program.program, chosen.program.revision
    contracts = register.serving(selected, referral.community, today, referral.requested_on)
    former_offers = tuple(former._replace(counts=False) for former in referral.former_offers)
    return transition.to(program=selected, program_revision=revision, former_offers=former_offers).announce(
        ProgramSelected,
        program=selected,
        program_revision=revision,
        contract_ids=tuple(c.contract_id for c in contracts),
        receipt=Receipt(rules=chosen.fired, versions={selected: revision}, override_by=OVERRIDE),
    )


def _offer(transition: Transition[Referral], best: Candidate, receipt: Receipt, context: PlacementContext) -> Outcome:
    """Offer the referral to a site, and reserve one of its openings."""
    referral, contract = transition.document, best.contract
    payee, organisation = contract.payee_id, contract.organisation_id
    offer = Offer(
        referral.rank + 1, best.site_id, organisation, contract.contract_id, payee, contract.calendar_id, best.opening
    )
    calendar = context.register.calendar(contract.calendar_id)
    state = Offered(offer, acknowledge_by(contract, calendar, context.at))
    offered = transition.to(state=state, rank=offer.rank).announce(
        ReferralOffered,
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
    return offered.change(reservation).set(SetTimer(referral.id, RETRY)).outcome()


def _unplace(transition: Transition[Referral], context: PlacementContext) -> Outcome:
    """Announce once that no site is left, and retry when a contract, a program or a week of openings begins."""
    referral = transition.document
    begins = _next_change(referral, context)
    timer = retry(referral.id, begins) if begins else SetTimer(referral.id, RETRY)
    if isinstance(referral.state, Unplaced) and not transition.events:
        return Outcome(timers=(timer,))
    refused_by = referral.sites_not_asked_again
    unplaced = transition.to(state=Unplaced()).announce(
        ReferralUnplaced,
        program=referral.program,
        refused_by=tuple(sorted(refused_by)),
        rural_card=rural.card(context.register, referral.community, context.today, refused_by),
        receipt=Receipt(inputs={"community": referral.community}, override_by=OVERRIDE),
    )
    return unplaced.set(timer).outcome()


def _next_change(referral: Referral, context: PlacementContext) -> datetime | None:
    """Return the next instant at which a program or contract changes or another week of openings is looked at."""
    register, today = context.register, context.today
    turning = register.turning_days(today, today + _HORIZON)
    days = set(turning[:1])
    if referral.program and register.serving(referral.program, referral.community, today, referral.requested_on):
        days.add(matching.next_week_in_sight(register, today))
    return context.calendar.start_of(min(days)) if days else None


def release_offer(
    transition: Transition[Referral], end: OfferEnd, *, counts: bool, context: PlacementContext
) -> Transition[Referral]:
    """End the offer and free its opening; the next site can be found. `counts` if the site is not asked again."""
    offer = _open_offer(transition.document)
    left = add_former_offer(transition, offer, end, counts=counts).to(state=Matched(), paused_due_at=None)
    return free_opening(left, offer, context)


def withdraw_offer(transition: Transition[Referral], cause: str, context: PlacementContext) -> Transition[Referral]:
    """Take an open offer back before the site answered; it does not count against the site."""
    offer = _open_offer(transition.document)
    left = release_offer(transition, "withdrawn", counts=False, context=context)
    return left.announce(ReferralOfferWithdrawn, site_id=offer.site_id, rank=offer.rank, cause=cause)


def add_former_offer(
    transition: Transition[Referral], offer: Offer, end: OfferEnd, *, counts: bool
) -> Transition[Referral]:
    """Record how the site lost its offer."""
    former = FormerOffer(offer.site_id, offer.rank, end, counts)
    return transition.to(former_offers=(*transition.document.former_offers, former))


def free_opening(transition: Transition[Referral], offer: Offer, context: PlacementContext) -> Transition[Referral]:
    """Free the opening that the offer reserved."""
    before = context.reservations.get(reservation_id(offer.opening))
    return transition.change(release(offer.opening, transition.document.id, before))


def _open_offer(referral: Referral) -> Offer:
    if referral.offer is None:
        raise AssertionError("no offer is open")
    return referral.offer


def retry_unplaced(decision: Decision, unplaced: Iterable[UnplacedReferral], context: PlacementContext) -> Decision:
    """Return the decision with a retry of each unplaced referral that could go where it freed an opening."""
    if isinstance(decision, Refusal):
        return decision
    freed = {
        (reservation.opening.program, reservation.opening.site_id)
        for reservation in decision.changed
        if _is_free(reservation)
    }
    if not freed:
        return decision
    retried = tuple(retry(referral.referral_id, context.at) for referral in _near(freed, unplaced, context))
    return decision._replace(timers=(*decision.timers, *retried))


def retry(referral_id: str, at: datetime) -> SetTimer:
    """Return the timer that retries the placement of a referral."""
    return SetTimer(referral_id, RETRY, at, PlacementDue(referral_id=referral_id))


def _is_free(changed: Aggregate) -> TypeIs[OpeningReservation]:
    return isinstance(changed, OpeningReservation) and changed.referral_id is None


def _near(
    freed: Collection[tuple[Program, str]], unplaced: Iterable[UnplacedReferral], context: PlacementContext
) -> Iterator[UnplacedReferral]:
    """Yield those in the area of a contract of one of these sites; its term is checked by the retry itself."""
    for referral in unplaced:
        sites = {site for program, site in freed if program == referral.program}
        areas = context.register.contracts_of(referral.program, referral.community, context.today) if sites else ()
        if any(sites.intersection(contract.sites) for contract in areas):
            yield referral


def placement_due(referral_id: str) -> PlacementDue:
    """Return the step that finds the next site in the same transaction."""
    return PlacementDue(referral_id=referral_id)
