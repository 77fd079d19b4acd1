"""Who may act on a referral now, and what they are told who may not."""

from typing import TypeAlias

from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Closed,
    Offer,
    Offered,
    Referral,
    Scheduled,
    State,
    Withdrawn,
    not_there,
)
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Refusal, Violation, not_yours, refuse
from shared.events.portal import (
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
from shared.events.referral import HoldCause

_LOST = {"declined": "REF-DECLINED", "lapsed": "REF-LAPSED"}
_ENDED = {"declined": "was declined", "lapsed": "lapsed because nobody answered in time"}
_SIDES = code_list("sides")
# what a referral in a state is, after its name
_STANDS = {
    "notadmitted": "was not admitted",
    "matched": "is without a clinic",
    "unplaced": "is without a clinic",
    "offered": "is offered and not opened yet",
    "acknowledged": "is opened and not answered yet",
    "accepted": "is accepted and has no first visit yet",
    "scheduled": "has its first visit booked",
    "active": "is in the program",
    "discharged": "is discharged",
    "withdrawn": "was withdrawn",
    "closed": "is closed",
}

ByClinic: TypeAlias = (
    ProviderAcknowledgedReferral
    | ProviderAcceptedReferral
    | ProviderDeclinedReferral
    | ProviderBookedAppointment
    | ProviderMovedAppointment
    | ProviderReportedMissed
    | ProviderStartedReferral
    | ProviderHeldReferral
    | ProviderResumedReferral
    | ProviderEndedProgram
)
ByOfficer: TypeAlias = OfficerHeldReferral | OfficerResumedReferral | OfficerWithdrewReferral


def at_clinic(
    referral: Referral | None, act: ByClinic, states: tuple[type[State], ...]
) -> tuple[Referral, Offer] | Refusal:
    """The referral and the offer that this clinic may act on now; or why it may not."""
    mine = of_clinic(referral, act)
    if isinstance(mine, Refusal):
        return mine
    referral, offer = mine
    if refusal := held(referral, "clinic") or misplaced(referral, states) or stale(referral, act):
        return refusal
    return referral, offer


def of_clinic(referral: Referral | None, act: ByClinic) -> tuple[Referral, Offer] | Refusal:
    """The referral and the offer, where this clinic has it."""
    if referral is None:
        return not_there()
    offer = referral.offer
    return (referral, offer) if offer and offer.site_id == act.site_id else _no_longer(referral, act.site_id)


def of_officer(referral: Referral | None) -> Referral | Refusal:
    """The insurer acts on what is there and has not ended."""
    if referral is None:
        return not_there()
    return referral if referral.is_open else out_of_place(referral, ())


def held(referral: Referral, side: HoldCause) -> Refusal | None:
    """While held a referral takes nothing but what ends the hold, or itself."""
    if not referral.holds:
        return None
    causes = wording.together(_SIDES.sentence(hold.cause) for hold in referral.holds)
    rule = f"the referral is on hold because of {causes}"
    return wrong("REF-HELD", rule, "wait until the hold is lifted", allowed_to(referral, side))


def misplaced(referral: Referral, states: tuple[type[State], ...]) -> Refusal | None:
    """Another state than those in which a clinic may do this."""
    return None if isinstance(referral.state, states) else out_of_place(referral, allowed_to(referral, "clinic"))


def out_of_place(referral: Referral, allowed: tuple[str, ...]) -> Refusal:
    """The referral stands elsewhere."""
    return wrong(
        "REF-STATE", f"the referral {_STANDS[referral.status]}", "open it again and act on what it shows", allowed
    )


def stale(referral: Referral, act: ByClinic | ByOfficer) -> Refusal | None:
    """One acts on what one sees."""
    if act.seen == referral.revision:
        return None
    rule = f"the referral has changed since you opened it; it is at revision {referral.revision}"
    return refuse("STALE", rule, "open it again and act on what it shows", "seen")


def wrong(code: str, rule: str, fix: str, allowed: tuple[str, ...]) -> Refusal:
    """The state does not allow it."""
    return Refusal((Violation(code=code, rule=rule, fix=fix),), allowed or ("none",))


def allowed_to(referral: Referral, side: HoldCause) -> tuple[str, ...]:
    """What the state allows a side instead."""
    own = ("resume",) if referral.held_by(side) else ()
    if side == "clinic":
        return own if referral.holds else _of_state(referral.state)
    ends = ("withdraw",) if referral.is_open else ()
    return (*own, *ends) if referral.holds or not ends else ("hold", *ends)


def _of_state(state: State) -> tuple[str, ...]:
    """What a clinic may do in a state that is not held."""
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
    return ()


def _no_longer(referral: Referral, site_id: str) -> Refusal:
    """A site that once had the offer is told what became of it; any other is told nothing."""
    before = [r for r in referral.refused if r.site_id == site_id]
    if not before:
        return not_yours("site_id")
    how = before[-1].how
    if how not in _LOST and isinstance(referral.state, Withdrawn | Closed):
        rule, fix = "the referral was withdrawn", "nothing is left to do; what was done may be billed"
        return wrong("REF-WITHDRAWN", rule, fix, ())
    fix = "nothing is left to do: it went to the next clinic"
    return wrong(_LOST.get(how, "REF-WITHDRAWN"), f"the offer {_ENDED.get(how, 'was taken back')}", fix, ())
