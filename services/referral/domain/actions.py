"""The rule of an action: in which states and under which holds it is allowed, and the refusal where it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar, assert_never

from services.referral.domain.placement import PlacementContext
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Closed,
    Discharged,
    Matched,
    NotAdmitted,
    Offered,
    Referral,
    Scheduled,
    State,
    Unplaced,
    Withdrawn,
)
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Refusal, Violation, not_yours, refuse
from shared.events.portal import ClinicAction, OfficerAction

S = TypeVar("S", bound=State)
A = TypeVar("A", bound=ClinicAction | OfficerAction)
ActingSide: TypeAlias = Literal["clinic", "officer"]
HoldRule: TypeAlias = Literal["not-held", "own-hold", "any"]
_SIDES = code_list("sides")
_OPEN_AGAIN = "open it again and act on what it shows"
_END_CODES = {"declined": "REF-DECLINED", "lapsed": "REF-LAPSED", "withdrawn": "REF-WITHDRAWN"}
_END_SENTENCES = {
    "declined": "the offer was declined",
    "lapsed": "the offer lapsed because nobody answered in time",
    "withdrawn": "the offer was taken back",
}
_STATE_SENTENCES: dict[type[State], str] = {
    NotAdmitted: "the referral was not admitted",
    Matched: "the referral is without a clinic",
    Unplaced: "the referral is without a clinic",
    Offered: "the referral is offered and not opened yet",
    Acknowledged: "the referral is opened and not answered yet",
    Accepted: "the referral is accepted and has no first visit yet",
    Scheduled: "the referral has its first visit booked",
    Active: "the referral is in the program",
    Discharged: "the referral is discharged",
    Withdrawn: "the referral was withdrawn",
    Closed: "the referral is closed",
}


@dataclass(frozen=True, slots=True)
class ActionRule(Generic[S, A]):
    """An action's decision, the states in which it is allowed, and which hold the referral may be under."""

    decide: Callable[[Referral, S, A, PlacementContext], Decision]
    states: tuple[type[S], ...]
    hold: HoldRule = "not-held"


def decide_as_clinic(
    rule: ActionRule[Any, Any], referral: Referral | None, action: ClinicAction, context: PlacementContext
) -> Decision:
    """Decide the action of a clinic if the offer is its own, the holds and the state allow it, and it is not stale."""
    if referral is None:
        return _no_such_referral()
    if referral.offer is None or referral.offer.site_id != action.site_id:
        return _not_with_site(referral, action.site_id)
    refusal = _refuse_hold(rule, referral, "clinic") or _refuse_state(rule, referral, "clinic")
    return refusal or _decide(rule, referral, action, context)


def decide_as_officer(
    rule: ActionRule[Any, Any], referral: Referral | None, action: OfficerAction, context: PlacementContext
) -> Decision:
    """Decide the action of a claims officer if the state and the holds allow it, and it is not stale."""
    if referral is None:
        return _no_such_referral()
    refusal = _refuse_state(rule, referral, "officer") or _refuse_hold(rule, referral, "officer")
    return refusal or _decide(rule, referral, action, context)


def refuse_action(code: str, rule: str, fix: str, allowed: tuple[str, ...]) -> Refusal:
    """Return a refusal that names what is allowed instead."""
    return Refusal((Violation(code=code, rule=rule, fix=fix),), allowed or ("none",))


def allowed_to(referral: Referral, side: ActingSide) -> tuple[str, ...]:
    """Return the actions that state and holds allow a side."""
    lifts = ("resume",) if referral.held_by(side) else ()
    if side == "clinic":
        return lifts if referral.holds else _allowed_in(referral.state)
    ends = ("withdraw",) if referral.is_open else ()
    return (*lifts, *ends) if referral.holds or not ends else ("hold", *ends)


def _decide(
    rule: ActionRule[Any, Any], referral: Referral, action: ClinicAction | OfficerAction, context: PlacementContext
) -> Decision:
    if action.seen != referral.revision:
        sentence = f"the referral has changed since you opened it; it is at revision {referral.revision}"
        return refuse("STALE", sentence, _OPEN_AGAIN, "seen")
    return rule.decide(referral, referral.state, action, context)


def _refuse_state(rule: ActionRule[Any, Any], referral: Referral, side: ActingSide) -> Refusal | None:
    if isinstance(referral.state, rule.states):
        return None
    return refuse_action("REF-STATE", _STATE_SENTENCES[type(referral.state)], _OPEN_AGAIN, allowed_to(referral, side))


def _refuse_hold(rule: ActionRule[Any, Any], referral: Referral, side: ActingSide) -> Refusal | None:
    is_own = rule.hold == "own-hold"
    if referral.held_by(side) if is_own else rule.hold == "any" or not referral.holds:
        return None
    allowed = allowed_to(referral, side)
    if not referral.holds:
        return refuse_action("REF-STATE", "the referral is not on hold", _OPEN_AGAIN, allowed)
    causes = wording.together(_SIDES.sentence(hold.cause) for hold in referral.holds)
    sentence = f"the referral is on hold because of {causes}"
    if is_own:
        sentence += "; a hold is lifted by the side that set it"
    return refuse_action("REF-HELD", sentence, "wait until the hold is lifted", allowed)


def _allowed_in(state: State) -> tuple[str, ...]:
    """Return what a clinic may do in a state that is not held."""
    match state:
        case Offered():
            return ("acknowledge", "decline")
        case Acknowledged():
            return ("accept", "decline")
        case Accepted():
            return ("book", "hold")
        case Scheduled(was_missed=was_missed):
            return ("move", "start", "hold") if was_missed else ("move", "missed", "start", "hold")
        case Active(last_on=last_on):
            return ("hold",) if last_on else ("end", "hold")
        case Matched() | Unplaced() | NotAdmitted() | Discharged() | Withdrawn() | Closed():
            return ()
        case _:
            assert_never(state)


def _no_such_referral() -> Refusal:
    """Return the refusal that the portal answers like that of a referral of somebody else."""
    return refuse("NOT-FOUND", "there is no such referral that you may act on", "check the number", "referral_id")


def _not_with_site(referral: Referral, site_id: str) -> Refusal:
    """Return how a site lost its offer; a site that never had one learns nothing of the referral."""
    ends = [former.end for former in referral.former_offers if former.site_id == site_id]
    if not ends:
        return not_yours("site_id")
    if ends[-1] == "withdrawn" and isinstance(referral.state, Withdrawn | Closed):
        fix = "nothing is left to do; what was done may be billed"
        return refuse_action("REF-WITHDRAWN", "the referral was withdrawn", fix, ())
    fix = "nothing is left to do: it went to the next clinic"
    return refuse_action(_END_CODES[ends[-1]], _END_SENTENCES[ends[-1]], fix, ())
