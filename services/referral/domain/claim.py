"""A claim as referral knows it: what the insurer said of it, what was requested on it, and what follows."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from services.referral.domain.steps import RequestDue, StandingDue, StandingFollowed, WorkerRelocated
from shared.domain.calendar import Calendar
from shared.domain.decision import Event, Outcome, SetTimer
from shared.events.claims import RehabilitationRequested
from shared.events.referral import ClaimStandingChanged
from shared.events.values import Area, Barrier, Injury, Interval, Program
from shared.placement import standing
from shared.placement.standing import Fact

STANDING = "standing"  # the timer of the next date ahead; those of waiting requests are `wait/<request id>`


class Request(NamedTuple):
    """A request for rehabilitation, as first read."""

    request_id: str
    requested_on: date
    first_read_at: datetime
    asked_by: str
    asked_by_id: str
    program_wanted: Program | None = None
    barriers: tuple[Barrier, ...] = ()
    strength: str | None = None
    urgent: bool = False
    site_chosen: str | None = None
    decided: bool = False


class Claim(NamedTuple):
    """A claim. `intervals` is the fold of `history`; `community` is where the worker lives as last acted on."""

    id: str
    version: int = 0
    revision: int = 0
    person_id: str = ""
    history: tuple[Fact, ...] = ()
    intervals: tuple[Interval, ...] = ()
    requests: Mapping[str, Request] = MappingProxyType({})
    referral_ids: tuple[str, ...] = ()
    community: str | None = None

    @property
    def accepted_ever(self) -> bool:
        """Whether an acceptance was ever read."""
        return any(fact.kind == "accepted" for fact in self.history)

    @property
    def waiting(self) -> tuple[Request, ...]:
        """Requests not decided yet, in the order first read."""
        return tuple(r for r in self.requests.values() if not r.decided)


def standing_on(claim: Claim, day: date) -> Interval | None:
    """What a day is judged by: one before the first interval counts as the first."""
    return standing.standing_on(claim.intervals, day)


def judged_on(claim: Claim, day: date) -> Interval | None:
    """What a request is judged by on a day; what was not yet said on it is as first said."""
    return standing.judged_on(claim.intervals, day)


def holding_on(claim: Claim, day: date) -> Interval | None:
    """What holds on a day; None when no standing holds yet."""
    return standing.holding_on(claim.intervals, day)


def community_on(claim: Claim, day: date) -> str | None:
    """Where the worker lives on a day."""
    found = standing_on(claim, day)
    return found.community if found else None


def injury_on(claim: Claim, day: date) -> Injury | None:
    """The injury as it stands on a day."""
    found = standing_on(claim, day)
    return found.injury if found else None


def areas_on(claim: Claim, day: date) -> tuple[Area, ...]:
    """The areas accepted on a day."""
    found = standing_on(claim, day)
    return found.areas if found else ()


def add_fact(claim: Claim, fact: Fact, *, at: datetime, calendar: Calendar, person_id: str = "") -> Outcome:
    """The insurer says something of a claim: its standing is derived anew from everything ever said."""
    history = (*claim.history, fact)
    heard = claim._replace(
        revision=claim.revision + 1,
        person_id=claim.person_id or person_id,
        history=history,
        intervals=standing.fold(history),
    )
    today = calendar.day_of(at)
    changed = heard.intervals != claim.intervals
    freed = claim.waiting if fact.kind == "accepted" and not claim.accepted_ever else ()
    return Outcome(
        (_open_referrals(heard, today),),
        (_announced(heard),) if changed else (),
        (*_dates(claim, heard, calendar, today), *(SetTimer(claim.id, _wait(r.request_id)) for r in freed)),
        (*(_follow(heard, today, changed=True) if changed else ()), *(_due(claim.id, r) for r in freed)),
    )


def apply_due(claim: Claim, *, at: datetime, calendar: Calendar) -> Outcome:
    """A date that lay ahead has come: what holds from today is followed."""
    today = calendar.day_of(at)
    ahead = standing.next_after(claim.intervals, today)
    return Outcome(
        (_open_referrals(claim, today),),
        (),
        (_alarm(claim.id, calendar, ahead),) if ahead else (),
        _follow(claim, today, changed=False),
    )


def add_request(claim: Claim, event: RehabilitationRequested, *, at: datetime, wait_until: datetime | None) -> Outcome:
    """Rehabilitation is requested: decided now, or when the claim's first acceptance is read, or when the wait ends.

    A request known by its id is the same request. Without `wait_until` (no calendar is known yet) no wait is armed.
    """
    if event.request_id in claim.requests:
        return Outcome()
    request = _request(event, at)
    asked = _with_request(claim, request)
    if claim.accepted_ever:
        return Outcome((asked,), then=(_due(claim.id, request),))
    return Outcome((asked,), timers=(wait(claim.id, request.request_id, until=wait_until),) if wait_until else ())


def wait(claim_number: str, request_id: str, *, until: datetime) -> SetTimer:
    """The request is decided at the latest when its wait for an acceptance ends."""
    due = RequestDue(claim_number=claim_number, request_id=request_id, waited_out=True)
    return SetTimer(claim_number, _wait(request_id), until, due)


def reconsider(claim_number: str, request_id: str, *, at: datetime) -> SetTimer:
    """A request that waits is looked at again; what it waited for may have come."""
    return SetTimer(claim_number, _wait(request_id), at, RequestDue(claim_number=claim_number, request_id=request_id))


def wait_ends(first_read_at: datetime, *, calendar: Calendar, days: int) -> datetime:
    """The end of the n-th business day after the day on which a request was first read."""
    return calendar.end_of(calendar.add_business_days(calendar.day_of(first_read_at), days))


def mark_decided(claim: Claim, request_id: str, *, referral_id: str | None) -> Claim:
    """A request is decided; `referral_id` when it became a referral that follows the claim from now on."""
    settled = _with_request(claim, claim.requests[request_id]._replace(decided=True))
    return settled._replace(referral_ids=(*claim.referral_ids, referral_id)) if referral_id else settled


def _follow(claim: Claim, today: date, *, changed: bool) -> tuple[Event, ...]:
    """Each referral follows the claim, and the worker who has moved since it was last acted on."""
    ids, lives_in = claim.referral_ids, community_on(claim, today)
    steps = [StandingFollowed(referral_id=id_, claim_number=claim.id, changed=changed) for id_ in ids]
    if lives_in is None or claim.community in {None, lives_in}:
        return tuple(steps)
    return *steps, *(WorkerRelocated(referral_id=id_, claim_number=claim.id, community=lives_in) for id_ in ids)


def _open_referrals(claim: Claim, today: date) -> Claim:
    """The claim with the community that is acted on today."""
    lives_in = community_on(claim, today)
    return claim if lives_in == claim.community else claim._replace(community=lives_in)


def _dates(before: Claim, after: Claim, calendar: Calendar, today: date) -> tuple[SetTimer, ...]:
    """The alarm of the next date ahead, where that date is another one now."""
    ahead = standing.next_after(after.intervals, today)
    if ahead == standing.next_after(before.intervals, today):
        return ()
    return (_alarm(after.id, calendar, ahead) if ahead else SetTimer(after.id, STANDING),)


def _alarm(claim_number: str, calendar: Calendar, day: date) -> SetTimer:
    """At 00:00 of the calendar's own day."""
    return SetTimer(claim_number, STANDING, calendar.start_of(day), StandingDue(claim_number=claim_number))


def _announced(claim: Claim) -> ClaimStandingChanged:
    """The whole history by effective date; the person is empty until an acceptance names one."""
    return ClaimStandingChanged(
        claim_number=claim.id, claim_revision=claim.revision, person_id=claim.person_id, intervals=claim.intervals
    )


def _due(claim_number: str, request: Request) -> RequestDue:
    """The request is decided in the same transaction."""
    return RequestDue(claim_number=claim_number, request_id=request.request_id)


def _wait(request_id: str) -> str:
    """The name of a waiting request's timer."""
    return f"wait/{request_id}"


def _request(event: RehabilitationRequested, at: datetime) -> Request:
    """As first read."""
    return Request(
        event.request_id,
        event.requested_on,
        at,
        event.requested_by.kind,
        event.requested_by.id,
        event.program_wanted,
        event.barriers,
        event.job_demands.strength,
        event.urgency == "urgent",
        event.worker_choice_site or None,
    )


def _with_request(claim: Claim, request: Request) -> Claim:
    """The claim with a request as it stands now."""
    return claim._replace(requests={**claim.requests, request.request_id: request})
