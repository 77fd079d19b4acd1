"""A claim: the facts that the insurer announced of it, the requests made on it, and the referrals that follow it."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from services.referral.domain.steps import RequestDue, StandingDue, StandingFollowed, WorkerRelocated
from shared.domain.calendar import Calendar
from shared.domain.decision import Event, Outcome, SetTimer
from shared.domain.transition import Transition
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
    """A claim; `intervals` is the fold of `history`, `community` where the worker lived when that was last acted on."""

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
        """Return whether an acceptance was ever read."""
        return any(fact.kind == "accepted" for fact in self.history)

    @property
    def waiting(self) -> tuple[Request, ...]:
        """Return the requests that are not decided yet, in the order first read."""
        return tuple(r for r in self.requests.values() if not r.decided)


def standing_on(claim: Claim, day: date) -> Interval | None:
    """Return the interval by which a day is judged: the first one for an earlier day, None when there is none."""
    return standing.standing_on(claim.intervals, day)


def judged_on(claim: Claim, day: date) -> Interval | None:
    """Return the interval of a day, its gaps filled with what became known first later; None when there is none."""
    return standing.judged_on(claim.intervals, day)


def holding_on(claim: Claim, day: date) -> Interval | None:
    """Return the interval that holds on a day; None when no standing holds yet."""
    return standing.holding_on(claim.intervals, day)


def community_on(claim: Claim, day: date) -> str | None:
    """Return where the worker lives on a day; None when it is not known."""
    interval = standing_on(claim, day)
    return interval.community if interval else None


def injury_on(claim: Claim, day: date) -> Injury | None:
    """Return the injury as it stands on a day; None when it is not known."""
    interval = standing_on(claim, day)
    return interval.injury if interval else None


def areas_on(claim: Claim, day: date) -> tuple[Area, ...]:
    """Return the areas accepted on a day."""
    interval = standing_on(claim, day)
    return interval.areas if interval else ()


def add_fact(claim: Claim, fact: Fact, *, at: datetime, calendar: Calendar, person_id: str = "") -> Outcome:
    """Derive the claim's standing anew with one more fact, and decide the requests that waited for an acceptance.

    Every fact raises the revision; the standing is announced and followed only where it changed.
    """
    history = (*claim.history, fact)
    intervals = standing.fold(history)
    transition = Transition.of(claim).revise()
    transition = transition.to(person_id=claim.person_id or person_id, history=history, intervals=intervals)
    known, today = transition.document, calendar.day_of(at)
    if intervals != claim.intervals:
        transition = transition.also(_standing_changed(known, transition.revision))
        transition = transition.set(*_next_alarm(claim, known, calendar, today))
        transition = transition.then(*_follow(known, today, changed=True))
    if fact.kind == "accepted" and not claim.accepted_ever:
        transition = transition.set(*(SetTimer(claim.id, _wait(r.request_id)) for r in claim.waiting))
        transition = transition.then(*(_due(claim.id, r) for r in claim.waiting))
    return transition.to(community=community_on(known, today)).outcome()


def apply_due(claim: Claim, *, at: datetime, calendar: Calendar) -> Outcome:
    """Follow what holds from today, a date that was ahead until now, and set the alarm of the next one."""
    today = calendar.day_of(at)
    ahead = standing.next_after(claim.intervals, today)
    return Outcome(
        (claim._replace(community=community_on(claim, today)),),
        (),
        (_alarm(claim.id, calendar, ahead),) if ahead else (),
        _follow(claim, today, changed=False),
    )


def add_request(claim: Claim, event: RehabilitationRequested, *, at: datetime, wait_until: datetime | None) -> Outcome:
    """Add a request, to be decided now, at the claim's first acceptance, or when its wait ends.

    A request whose id is known changes nothing. Without `wait_until` (no calendar is known yet) no timer is set.
    """
    if event.request_id in claim.requests:
        return Outcome()
    request = _request(event, at)
    requested = _with_request(claim, request)
    if claim.accepted_ever:
        return Outcome((requested,), then=(_due(claim.id, request),))
    return Outcome((requested,), timers=(wait(claim.id, request.request_id, until=wait_until),) if wait_until else ())


def wait(claim_number: str, request_id: str, *, until: datetime) -> SetTimer:
    """Return the timer that decides a request when its wait for an acceptance ends."""
    due = RequestDue(claim_number=claim_number, request_id=request_id, waited_out=True)
    return SetTimer(claim_number, _wait(request_id), until, due)


def reconsider(claim_number: str, request_id: str, *, at: datetime) -> SetTimer:
    """Return the timer that decides a waiting request again."""
    return SetTimer(claim_number, _wait(request_id), at, RequestDue(claim_number=claim_number, request_id=request_id))


def wait_ends(first_read_at: datetime, *, calendar: Calendar, days: int) -> datetime:
    """Return the end of the n-th business day (`days`) after the day on which a request was first read."""
    return calendar.end_of(calendar.add_business_days(calendar.day_of(first_read_at), days))


def mark_decided(claim: Claim, request_id: str, *, referral_id: str | None) -> Claim:
    """Mark a request as decided; a `referral_id` is that of the referral that follows the claim from now on."""
    decided = _with_request(claim, claim.requests[request_id]._replace(decided=True))
    return decided._replace(referral_ids=(*claim.referral_ids, referral_id)) if referral_id else decided


def _follow(claim: Claim, today: date, *, changed: bool) -> tuple[Event, ...]:
    """Return a step for each referral to follow the claim, and the worker who moved since that was last acted on."""
    ids, lives_in = claim.referral_ids, community_on(claim, today)
    steps = [StandingFollowed(referral_id=id_, claim_number=claim.id, changed=changed) for id_ in ids]
    if lives_in is None or claim.community in {None, lives_in}:
        return tuple(steps)
    return *steps, *(WorkerRelocated(referral_id=id_, claim_number=claim.id, community=lives_in) for id_ in ids)


def _next_alarm(before: Claim, after: Claim, calendar: Calendar, today: date) -> tuple[SetTimer, ...]:
    """Return the timer of the next date ahead if that date changed; it is disarmed where none is left."""
    ahead = standing.next_after(after.intervals, today)
    if ahead == standing.next_after(before.intervals, today):
        return ()
    return (_alarm(after.id, calendar, ahead) if ahead else SetTimer(after.id, STANDING),)


def _alarm(claim_number: str, calendar: Calendar, day: date) -> SetTimer:
    """Return the timer that acts at 00:00 of a day of the calendar."""
    return SetTimer(claim_number, STANDING, calendar.start_of(day), StandingDue(claim_number=claim_number))


def _standing_changed(claim: Claim, revision: int) -> ClaimStandingChanged:
    """Return the whole history by effective date; the person is empty until an acceptance names one."""
    return ClaimStandingChanged(
        claim_number=claim.id, claim_revision=revision, person_id=claim.person_id, intervals=claim.intervals
    )


def _due(claim_number: str, request: Request) -> RequestDue:
    return RequestDue(claim_number=claim_number, request_id=request.request_id)


def _wait(request_id: str) -> str:
    """Return the name of a waiting request's timer."""
    return f"wait/{request_id}"


def _request(event: RehabilitationRequested, at: datetime) -> Request:
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
    return claim._replace(requests={**claim.requests, request.request_id: request})
