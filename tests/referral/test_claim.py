"""What the insurer says of a claim, what is requested on it, and what follows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.referral.domain.claim import (
    Claim,
    add_fact,
    add_request,
    apply_due,
    areas_on,
    community_on,
    holding_on,
    injury_on,
    mark_decided,
    standing_on,
    wait,
    wait_ends,
)
from services.referral.domain.claim_events import apply, identify_people
from services.referral.domain.facts import ClaimFactEvent, fact_of
from services.referral.domain.steps import RequestDue, StandingDue, StandingFollowed, WorkerRelocated
from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.decision import EventContext, Outcome, SetTimer
from shared.events import claims
from shared.events.referral import ClaimStandingChanged

NUMBER = "20000001"
BC = Calendar("bc", holidays=frozenset({date(2024, 9, 30), date(2024, 10, 14)}))
ON = date(2024, 10, 1)
NOON = datetime(2024, 10, 1, 19, tzinfo=UTC)
AREA = {"body_part": "23100", "side": "N"}
INJURY = {**AREA, "occurred_on": "2024-09-01", "nature": "02100"}
EMPLOYER = {"employer_id": "E1", "name": "Oryunmi Holdings", "classification_unit": "759990", "phone": "+12505550697"}
WORKER = {
    "worker_id": "W1", "given_name": "Xegroha", "family_name": "Narpelmi", "birth_date": "1976-06-29",
    "community": "Quesnel",
}  # fmt: skip


def on(day: str | date) -> datetime:
    """Noon of a day."""
    return datetime.fromisoformat(f"{day}T19:00:00+00:00")


def accepted(effective_on: str = "2024-09-01", decided_on: str = "2024-09-16", **worker: str) -> claims.ClaimAccepted:
    return claims.ClaimAccepted.model_validate(
        {
            "claim_number": NUMBER,
            "worker": WORKER | worker,
            "injury": INJURY,
            "accepted_areas": (AREA,),
            "employer": EMPLOYER,
            "decided_on": decided_on,
            "effective_on": effective_on,
        }
    )


def decided(kind: type[claims.ClaimPended] | Any, effective_on: str, decided_on: str = "2024-10-01") -> Any:
    return kind(claim_number=NUMBER, effective_on=effective_on, decided_on=decided_on, reason_code="r")


def moved(community: str, moved_on: str, **members: str) -> claims.WorkerMoved:
    return claims.WorkerMoved.model_validate(
        {"claim_number": NUMBER, "worker_id": "W1", "community": community, "moved_on": moved_on, **members}
    )


def requested(request_id: str = "R1", **members: Any) -> claims.RehabilitationRequested:
    said = {
        "claim_number": NUMBER,
        "request_id": request_id,
        "requested_on": "2024-10-01",
        "requested_by": {"kind": "officer", "id": "o-7"},
    }
    return claims.RehabilitationRequested.model_validate(said | members)


def say(claim: Claim, event: ClaimFactEvent, at: datetime = NOON, said_at: datetime | None = None) -> Outcome:
    """The event is read at an instant and was said then, unless told otherwise."""
    event_context = EventContext("e1", "e1", NUMBER, at, at, source_time=said_at or at)
    return apply(event, claim, {}, event_context=event_context, calendar=BC)


def after(outcome: Outcome) -> Claim:
    (claim,) = (a for a in outcome.changed if isinstance(a, Claim))
    return claim


def standing_of(outcome: Outcome) -> list[ClaimStandingChanged]:
    return [e for e in outcome.events if isinstance(e, ClaimStandingChanged)]


def arms(outcome: Outcome) -> list[tuple[str, datetime | None]]:
    assert all(arm.key == NUMBER for arm in outcome.timers)
    return [(arm.name, arm.due_at) for arm in outcome.timers]


def an_accepted_claim(*referral_ids: str, at: datetime = NOON) -> Claim:
    return after(say(Claim(NUMBER), accepted(), at))._replace(referral_ids=referral_ids)


def test_an_acceptance_gives_the_claim_its_person_and_its_standing() -> None:
    outcome = say(Claim(NUMBER), accepted())
    claim = after(outcome)
    assert (claim.revision, claim.person_id, claim.community, claim.accepted_ever) == (1, "W1", "Quesnel", True)
    (said,) = standing_of(outcome)
    assert (said.claim_number, said.claim_revision, said.person_id) == (NUMBER, 1, "W1")
    assert [(i.from_on, i.standing) for i in said.intervals] == [(date(2024, 9, 1), "accepted")]
    assert not outcome.timers
    assert not outcome.then


def test_the_first_acceptance_gives_the_person_for_good() -> None:
    again = say(an_accepted_claim(), accepted(effective_on="2024-09-20", worker_id="W2"))
    assert after(again).person_id == "W1"


def test_a_pended_claim_has_no_person_yet() -> None:
    (said,) = standing_of(say(Claim(NUMBER), decided(claims.ClaimPended, "2024-09-03")))
    assert said.person_id == ""


def test_a_fact_that_changes_no_interval_is_kept_and_not_announced() -> None:
    outcome = say(an_accepted_claim("r1"), decided(claims.ClaimResumed, "2024-09-20"))
    assert len(after(outcome).history) == 2
    assert outcome.events == outcome.then == ()


def test_each_referral_follows_a_claim_whose_intervals_changed() -> None:
    outcome = say(an_accepted_claim("r1", "r2"), decided(claims.ClaimSuspended, "2024-09-20"))
    assert outcome.then == (
        StandingFollowed(referral_id="r1", claim_number=NUMBER),
        StandingFollowed(referral_id="r2", claim_number=NUMBER),
    )


def test_a_date_that_lies_ahead_acts_at_midnight_of_the_calendars_zone() -> None:
    outcome = say(an_accepted_claim(), decided(claims.ClaimSuspended, "2024-11-04"))
    assert arms(outcome) == [("standing", datetime(2024, 11, 4, 8, tzinfo=UTC))]
    assert outcome.timers[0].event == StandingDue(claim_number=NUMBER)


def test_only_the_nearest_date_ahead_is_armed() -> None:
    claim = after(say(an_accepted_claim(), decided(claims.ClaimSuspended, "2024-11-04")))
    assert arms(say(claim, decided(claims.ClaimClosed, "2024-12-01"))) == []
    assert arms(say(claim, decided(claims.ClaimPended, "2024-10-20"))) == [
        ("standing", datetime(2024, 10, 20, 7, tzinfo=UTC))
    ]


def test_a_date_ahead_that_falls_away_is_disarmed() -> None:
    claim = after(say(an_accepted_claim(), decided(claims.ClaimSuspended, "2024-10-20")))
    assert arms(say(claim, decided(claims.ClaimSuspended, "2024-09-25"))) == [("standing", None)]


def test_a_date_that_comes_is_followed_without_announcement_and_sets_the_next_timer() -> None:
    claim = after(say(an_accepted_claim("r1"), decided(claims.ClaimSuspended, "2024-10-20")))
    claim = after(say(claim, decided(claims.ClaimResumed, "2024-11-20")))
    outcome = apply_due(claim, at=BC.start_of(date(2024, 10, 20)), calendar=BC)
    assert outcome.events == ()
    assert outcome.then == (StandingFollowed(referral_id="r1", claim_number=NUMBER, changed=False),)
    assert arms(outcome) == [("standing", datetime(2024, 11, 20, 8, tzinfo=UTC))]


def test_the_day_of_a_midnight_is_the_zones_and_its_timer_is_not_armed_for_ever() -> None:
    claim = after(say(an_accepted_claim(), decided(claims.ClaimSuspended, "2024-11-04")))
    assert arms(apply_due(claim, at=BC.start_of(date(2024, 11, 4)), calendar=BC)) == []


def test_before_any_calendar_is_known_days_are_still_judged() -> None:
    event_context = EventContext("e1", "e1", NUMBER, NOON, NOON, source_time=NOON)
    outcome = apply(accepted(effective_on="2024-10-05"), None, {}, event_context=event_context, calendar=UNPUBLISHED)
    assert arms(outcome) == [("standing", datetime(2024, 10, 5, 7, tzinfo=UTC))]


def test_a_day_before_the_first_interval_counts_as_the_first_but_nothing_holds_on_it() -> None:
    claim, before = an_accepted_claim(), date(2024, 8, 1)
    assert standing_on(claim, before) == claim.intervals[0]
    assert holding_on(claim, before) is None
    assert community_on(claim, before) == "Quesnel"
    assert [a.body_part for a in areas_on(claim, before)] == ["23100"]
    injury = injury_on(claim, before)
    assert injury
    assert injury.nature == "02100"


def test_a_claim_of_which_nothing_is_known_has_no_place_no_injury_and_no_areas() -> None:
    nothing = Claim(NUMBER)
    assert (community_on(nothing, ON), injury_on(nothing, ON), areas_on(nothing, ON)) == (None, None, ())


def test_an_event_without_a_decision_day_ranks_by_the_day_on_which_it_was_said_in_the_zone() -> None:
    late = datetime.fromisoformat("2024-11-04T00:30:00-07:00")
    amended = claims.ClaimAmended.model_validate(
        {"claim_number": NUMBER, "effective_on": "2024-09-01", "accepted_areas": ({"body_part": "41200", "side": "L"},)}
    )
    assert fact_of(amended, said_at=late, calendar=BC).decided_on == date(2024, 11, 3)
    assert fact_of(moved("Victoria", "2024-09-01"), said_at=late, calendar=BC).decided_on == date(2024, 11, 3)


def test_facts_hold_codes_and_no_identity() -> None:
    fact = fact_of(accepted(), said_at=NOON, calendar=BC)
    assert (fact.employer_id, fact.classification_unit, fact.community) == ("E1", "759990", "Quesnel")
    assert not any(text in repr(fact) for text in ("Xegroha", "Narpelmi", "1976", "Oryunmi", "+1250"))


def test_a_request_on_a_claim_once_accepted_is_decided_now() -> None:
    outcome = add_request(an_accepted_claim(), requested(), at=NOON, wait_until=on("2024-10-16"))
    assert outcome.then == (RequestDue(claim_number=NUMBER, request_id="R1"),)
    assert outcome.timers == ()


def test_a_request_without_any_acceptance_waits() -> None:
    until = wait_ends(NOON, calendar=BC, days=10)
    outcome = add_request(Claim(NUMBER), requested(), at=NOON, wait_until=until)
    assert outcome.then == ()
    due = RequestDue(claim_number=NUMBER, request_id="R1", waited_out=True)
    assert outcome.timers == (SetTimer(NUMBER, "wait/R1", until, due),)


def test_a_pended_claim_is_not_accepted_and_its_request_waits() -> None:
    pended = after(say(Claim(NUMBER), decided(claims.ClaimPended, "2024-09-03")))
    assert add_request(pended, requested(), at=NOON, wait_until=NOON).then == ()


def test_the_wait_ends_with_the_tenth_business_day_after_the_day_of_first_reading() -> None:
    assert wait_ends(on("2024-10-01"), calendar=BC, days=10) == datetime(2024, 10, 17, 6, 59, 59, tzinfo=UTC)


def test_without_a_calendar_a_request_waits_without_an_end() -> None:
    outcome = add_request(Claim(NUMBER), requested(), at=NOON, wait_until=None)
    assert outcome.timers == ()
    assert after(outcome).waiting
    assert wait(NUMBER, "R1", until=NOON).due_at == NOON


def test_a_request_read_again_under_another_event_is_the_same_request() -> None:
    claim = after(add_request(an_accepted_claim(), requested(), at=NOON, wait_until=None))
    assert add_request(claim, requested(urgency="urgent"), at=NOON + timedelta(days=1), wait_until=None) == Outcome()


def test_a_request_already_decided_is_not_decided_again() -> None:
    claim = mark_decided(
        after(add_request(an_accepted_claim(), requested(), at=NOON, wait_until=None)), "R1", referral_id=None
    )
    assert add_request(claim, requested(), at=NOON, wait_until=None) == Outcome()


def test_requests_that_waited_are_decided_in_the_order_first_read_when_the_acceptance_is_read() -> None:
    claim = after(add_request(Claim(NUMBER), requested("R2"), at=NOON, wait_until=NOON))
    claim = after(add_request(claim, requested("R1"), at=NOON + timedelta(hours=1), wait_until=NOON))
    outcome = say(claim, accepted())
    assert outcome.then == (
        RequestDue(claim_number=NUMBER, request_id="R2"),
        RequestDue(claim_number=NUMBER, request_id="R1"),
    )
    assert arms(outcome) == [("wait/R2", None), ("wait/R1", None)]


def test_a_request_whose_wait_has_ended_is_not_revived_by_a_later_acceptance() -> None:
    claim = mark_decided(
        after(add_request(Claim(NUMBER), requested(), at=NOON, wait_until=NOON)), "R1", referral_id=None
    )
    outcome = say(claim, accepted())
    assert not outcome.then
    assert not outcome.timers


def test_only_the_first_acceptance_frees_requests() -> None:
    claim = after(add_request(an_accepted_claim(), requested(), at=NOON, wait_until=None))
    assert not [s for s in say(claim, accepted(effective_on="2024-09-10")).then if isinstance(s, RequestDue)]


def test_every_member_of_a_request_is_kept() -> None:
    claim = after(
        add_request(
            Claim(NUMBER),
            requested(
                program_wanted="or2",
                barriers=("psychosocial", "language"),
                job_demands={"strength": "heavy"},
                urgency="urgent",
                worker_choice_site="S7",
            ),
            at=NOON,
            wait_until=NOON,
        )
    )
    assert claim.requests["R1"]._asdict() == {
        "request_id": "R1",
        "requested_on": ON,
        "first_read_at": NOON,
        "asked_by": "officer",
        "asked_by_id": "o-7",
        "program_wanted": "or2",
        "barriers": ("psychosocial", "language"),
        "strength": "heavy",
        "urgent": True,
        "site_chosen": "S7",
        "decided": False,
    }


def test_a_request_that_became_a_referral_makes_it_follow_the_claim() -> None:
    claim = after(add_request(an_accepted_claim(), requested(), at=NOON, wait_until=None))
    settled = mark_decided(claim, "R1", referral_id="r1")
    assert (settled.referral_ids, settled.waiting) == (("r1",), ())


def test_each_referral_follows_a_worker_who_moves_today() -> None:
    outcome = say(an_accepted_claim("r1"), moved("Victoria", "2024-09-28"))
    assert after(outcome).community == "Victoria"
    assert outcome.then == (
        StandingFollowed(referral_id="r1", claim_number=NUMBER),
        WorkerRelocated(referral_id="r1", claim_number=NUMBER, community="Victoria"),
    )


def test_a_move_ahead_is_followed_on_its_day() -> None:
    planned = say(an_accepted_claim("r1"), moved("Victoria", "2024-10-20"))
    assert after(planned).community == "Quesnel"
    assert [type(s) for s in planned.then] == [StandingFollowed]
    came = apply_due(after(planned), at=BC.start_of(date(2024, 10, 20)), calendar=BC)
    assert WorkerRelocated(referral_id="r1", claim_number=NUMBER, community="Victoria") in came.then
    assert after(came).community == "Victoria"


def test_a_move_in_the_past_is_followed_with_the_next_change() -> None:
    planned = after(say(an_accepted_claim("r1"), moved("Victoria", "2024-10-20")))
    late = say(planned, decided(claims.ClaimSuspended, "2024-10-25"), at=on("2024-10-28"))
    assert WorkerRelocated(referral_id="r1", claim_number=NUMBER, community="Victoria") in late.then


def test_a_move_in_the_past_that_a_later_move_has_overtaken_changes_nothing_today() -> None:
    claim = after(say(an_accepted_claim("r1"), moved("Victoria", "2024-09-28")))
    late = say(claim, moved("Kelowna", "2024-09-20"))
    assert [type(s) for s in late.then] == [StandingFollowed]
    assert after(late).community == "Victoria"


def test_a_move_back_to_where_one_lives_is_no_move() -> None:
    outcome = say(an_accepted_claim("r1"), moved("Quesnel", "2024-09-28"))
    assert outcome.events == outcome.then == ()


def test_a_change_of_contact_touches_no_claim() -> None:
    changed = claims.WorkerContactChanged(claim_number=NUMBER, worker_id="W1", phone="+12505550000")
    outcome = identify_people(changed, {}, event_context=EventContext("e1", "e1", NUMBER, NOON, NOON, source_time=NOON))
    assert not any(isinstance(a, Claim) for a in outcome.changed)


def test_the_same_fact_taken_twice_is_announced_once() -> None:
    fact = fact_of(accepted(), said_at=NOON, calendar=BC)
    once = after(add_fact(Claim(NUMBER), fact, at=NOON, calendar=BC))
    assert add_fact(once, fact, at=NOON, calendar=BC).events == ()
