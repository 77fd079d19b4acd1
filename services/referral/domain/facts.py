"""The facts of a claim in each event of the claims system, without anybody's identity."""

from datetime import date, datetime
from functools import lru_cache
from typing import TypeAlias

from shared.domain.calendar import Calendar
from shared.events.claims import (
    ClaimAccepted,
    ClaimAmended,
    ClaimClosed,
    ClaimDisallowed,
    ClaimedArea,
    ClaimedInjury,
    ClaimPended,
    ClaimReopened,
    ClaimResumed,
    ClaimSuspended,
    WorkerMoved,
)
from shared.events.values import Area, Injury, Side
from shared.placement.standing import Fact, FactKind

DecisionEvent: TypeAlias = ClaimPended | ClaimSuspended | ClaimResumed | ClaimDisallowed | ClaimClosed | ClaimReopened
ClaimFactEvent: TypeAlias = ClaimAccepted | DecisionEvent | ClaimAmended | WorkerMoved
_KINDS: dict[type, FactKind] = {
    ClaimPended: "pended",
    ClaimSuspended: "suspended",
    ClaimResumed: "resumed",
    ClaimDisallowed: "disallowed",
    ClaimClosed: "closed",
    ClaimReopened: "reopened",
}


def fact_of(event: ClaimFactEvent, *, said_at: datetime, calendar: Calendar) -> Fact:
    """Return the fact of an event; an event without a day of decision counts as decided on the day of `said_at`."""
    if isinstance(event, ClaimAccepted):
        return _accepted(event, said_at)
    if isinstance(event, ClaimAmended):
        return _amended(event, said_at, calendar.day_of(said_at))
    if isinstance(event, WorkerMoved):
        return Fact("moved", event.moved_on, calendar.day_of(said_at), said_at, community=event.community)
    return Fact(_KINDS[type(event)], event.effective_on, event.decided_on, said_at, event.reason_code)


def _accepted(event: ClaimAccepted, said_at: datetime) -> Fact:
    return Fact(
        "accepted",
        event.effective_on,
        event.decided_on,
        said_at,
        None,
        _areas(event.accepted_areas),
        _injury(event.injury),
        event.worker.community,
        event.employer.employer_id,
        event.employer.classification_unit,
    )


def _amended(event: ClaimAmended, said_at: datetime, said_on: date) -> Fact:
    """Return a fact with the members that the amendment gives."""
    return Fact(
        "amended",
        event.effective_on,
        said_on,
        said_at,
        None,
        _areas(event.accepted_areas),
        _injury(event.injury) if event.injury else None,
        None,
        event.employer.employer_id if event.employer else None,
        event.employer.classification_unit if event.employer else None,
    )


def _areas(areas: tuple[ClaimedArea, ...]) -> tuple[Area, ...]:
    return tuple(area(a.body_part, a.side) for a in areas)


def _injury(injury: ClaimedInjury) -> Injury:
    return Injury(body_part=injury.body_part, nature=injury.nature, side=injury.side, occurred_on=injury.occurred_on)


@lru_cache(maxsize=256)
def area(body_part: str, side: Side) -> Area:
    """Return an accepted area; it is cached because there are few and many claims name them."""
    return Area(body_part=body_part, side=side)
