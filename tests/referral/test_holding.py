"""A referral stands still for its clinic or an officer, goes on, and is ended by an officer."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.referral.domain.actions import allowed_to
from services.referral.domain.referral import Accepted, Active, Discharged, Matched, Offered, Unplaced, Withdrawn
from shared.domain.decision import Outcome, Refusal, SetTimer
from shared.events.portal import (
    OfficerHeldReferral,
    OfficerResumedReferral,
    OfficerWithdrewReferral,
    ProviderAcknowledgedReferral,
    ProviderHeldReferral,
    ProviderReportedMissed,
    ProviderResumedReferral,
)
from tests.referral.register import register
from tests.referral.test_life import Story, codes, due

NEXT_WEEK = date(2024, 11, 12)


def accepted() -> Story:
    return Story().offer().acknowledge().accept()


def test_a_clinic_holds_what_it_has_taken_until_a_day_of_review() -> None:
    story = accepted()
    story.act(ProviderHeldReferral, reason_code="medical", review_on=NEXT_WEEK)
    said = story.events[-1]
    assert story.event_names[-1] == "referral-held"
    assert (said.cause, said.from_on, said.reason_code, said.review_on) == (
        "clinic", date(2024, 11, 5), "medical", NEXT_WEEK,
    )  # fmt: skip


def test_a_hold_lies_over_the_state_and_does_not_replace_it() -> None:
    story = accepted()
    before = story.referral.state
    story.hold()
    assert story.referral.state == before
    assert isinstance(before, Accepted)


def test_a_hold_needs_a_reason_and_a_day_of_review_ahead() -> None:
    story = accepted()
    assert codes(story.act(ProviderHeldReferral)) == ["REASON-MISSING", "FIELD-MISSING"]
    today = story.act(ProviderHeldReferral, reason_code="medical", review_on=date(2024, 11, 5))
    assert codes(today) == ["DATE-PAST"]
    theirs = story.act(ProviderHeldReferral, reason_code="claim-review", review_on=NEXT_WEEK)
    assert codes(theirs) == ["REASON-MISSING"]
    assert codes(story.rule(OfficerHeldReferral, reason_code="clinic-capacity")) == ["REASON-MISSING", "FIELD-MISSING"]


def test_a_clinic_answers_its_offer_and_does_not_hold_it() -> None:
    refused = Story().offer().acknowledge().hold()
    assert codes(refused) == ["REF-STATE"]
    assert isinstance(refused, Refusal)
    assert refused.allowed == ("accept", "decline")


def test_while_held_a_clinic_may_only_lift_its_own_hold() -> None:
    story = Story().schedule()
    story.hold()
    for kind in (ProviderReportedMissed, ProviderHeldReferral):
        refused = story.act(kind)
        assert codes(refused) == ["REF-HELD"]
        assert isinstance(refused, Refusal)
        assert refused.allowed == ("resume",)


def test_a_clinic_lifts_its_hold_and_goes_on() -> None:
    story = Story().schedule()
    story.hold()
    story.at += timedelta(days=1)
    story.act(ProviderResumedReferral)
    said = story.events[-1]
    assert (said.cause, said.from_on, said.still_held) == ("clinic", date(2024, 11, 6), ())
    assert not story.referral.holds
    assert story.start().event_names[-1] == "program-started"


def test_a_referral_that_is_not_held_is_not_resumed() -> None:
    story = accepted()
    assert codes(story.act(ProviderResumedReferral)) == ["REF-STATE"]
    assert codes(story.rule(OfficerResumedReferral)) == ["REF-STATE"]


def test_each_hold_is_lifted_by_its_own_side_only() -> None:
    story = accepted()
    story.hold()
    assert codes(story.rule(OfficerResumedReferral)) == ["REF-HELD"]
    story = accepted()
    story.hold_as_officer()
    refused = story.act(ProviderResumedReferral)
    assert codes(refused) == ["REF-HELD"]
    assert isinstance(refused, Refusal)
    assert refused.allowed == ("none",)


def test_the_claims_hold_is_lifted_by_nobody_but_the_claim() -> None:
    story = accepted()
    story.standing("suspended")
    assert codes(story.act(ProviderResumedReferral)) == ["REF-HELD"]
    assert codes(story.rule(OfficerResumedReferral)) == ["REF-HELD"]
    assert codes(story.hold_as_officer()) == ["REF-HELD"]


def test_a_referral_goes_on_when_the_last_cause_is_gone() -> None:
    story = Story().schedule()
    story.hold()
    story.standing("suspended")
    story.act(ProviderResumedReferral)
    assert story.events[-1].still_held == ("claim",)
    assert codes(story.act(ProviderReportedMissed)) == ["REF-HELD"]
    story.standing("accepted", date(2024, 11, 5))
    assert story.events[-1].still_held == ()
    assert not story.referral.holds


def test_an_officer_stops_the_clock_of_an_offer_and_gives_the_time_back() -> None:
    story = Story().offer()
    before = due(story)
    assert before is not None
    story.hold_as_officer()
    assert story.event_names[-2:] == ["referral-held", "deadline-moved"]
    assert codes(story.act(ProviderAcknowledgedReferral)) == ["REF-HELD"]
    story.at += timedelta(days=3)
    story.rule(OfficerResumedReferral)
    assert story.event_names[-2:] == ["referral-resumed", "deadline-moved"]
    assert due(story) == before + timedelta(days=3)


def test_an_offer_that_lapses_under_a_hold_goes_on_to_the_next_site_when_it_is_lifted() -> None:
    story = Story().offer()
    before = due(story)
    assert before is not None
    story.at = before + timedelta(hours=1)
    story.hold_as_officer()
    story.lapse()
    assert isinstance(story.referral.state, Matched)
    story.rule(OfficerResumedReferral)
    assert isinstance(story.referral.state, Offered)
    assert story.events[-1].site_id == "van-2"


def test_an_unplaced_referral_is_retried_when_the_officer_lifts_the_hold() -> None:
    story = Story(register=register(openings=0)).offer()
    story.hold_as_officer()
    story.register = register()
    story.rule(OfficerResumedReferral)
    assert isinstance(story.referral.state, Offered)


def test_a_discharge_report_that_comes_in_under_a_hold_discharges_when_it_is_lifted() -> None:
    story = Story().schedule().start().end()
    story.hold()
    story.report()
    assert isinstance(story.referral.state, Active)
    story.act(ProviderResumedReferral)
    assert story.event_names[-2:] == ["referral-resumed", "referral-discharged"]
    assert story.events[-1].revision == story.events[-2].revision
    assert isinstance(story.referral.state, Discharged)


def test_a_stale_revision_of_an_officer_is_refused() -> None:
    story = accepted()
    what: dict[str, Any] = {"reason_code": "medical", "review_on": NEXT_WEEK}
    assert codes(story.rule(OfficerHeldReferral, seen=1, **what)) == ["STALE"]
    assert codes(story.rule(OfficerWithdrewReferral, seen=1, reason_code="medical")) == ["STALE"]
    story.hold_as_officer()
    assert codes(story.rule(OfficerResumedReferral, seen=1)) == ["STALE"]


def test_an_officer_withdraws_an_open_offer_and_its_opening_is_free_again() -> None:
    story = Story().offer()
    decision = story.rule(OfficerWithdrewReferral, reason_code="worker-declined")
    assert story.event_names[1:] == ["referral-offer-withdrawn", "referral-withdrawn"]
    assert (story.events[-1].cause, story.events[-1].reason_code) == ("officer", "worker-declined")
    assert [event.revision for event in story.events[1:]] == [3, 3]
    assert [reservation.referral_id for reservation in story.reservations.values() if reservation] == [None]
    assert isinstance(decision, Outcome)
    assert decision.timers == (SetTimer("r-1", "place-again"),)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_an_officer_withdraws_a_referral_in_any_open_state(steps: int) -> None:
    story = Story()
    for step in (Story.schedule, Story.start, Story.end)[:steps]:
        step(story)
    story.rule(OfficerWithdrewReferral, reason_code="returned-to-work")
    assert isinstance(story.referral.state, Withdrawn)
    assert not [reservation for reservation in story.reservations.values() if reservation and reservation.referral_id]


def test_a_withdrawal_without_a_reason_is_refused() -> None:
    assert codes(Story().offer().rule(OfficerWithdrewReferral)) == ["REASON-MISSING"]


def test_a_held_referral_may_be_withdrawn() -> None:
    story = accepted()
    story.hold()
    assert allowed_to(story.referral, "officer") == ("withdraw",)
    story.rule(OfficerWithdrewReferral, reason_code="medical")
    assert isinstance(story.referral.state, Withdrawn)
    assert not story.referral.holds


def test_a_withdrawn_referral_is_not_withdrawn_again() -> None:
    story = accepted()
    story.rule(OfficerWithdrewReferral, reason_code="medical")
    refused = story.rule(OfficerWithdrewReferral, reason_code="medical")
    assert codes(refused) == ["REF-STATE"]
    assert isinstance(refused, Refusal)
    assert refused.allowed == ("none",)


def test_a_clinic_learns_that_an_officer_withdrew_its_referral() -> None:
    story = accepted()
    story.rule(OfficerWithdrewReferral, reason_code="medical")
    assert codes(story.act(ProviderReportedMissed, site="van-1")) == ["REF-WITHDRAWN"]


def test_an_officer_may_withdraw_an_unplaced_referral() -> None:
    story = Story(register=register(openings=0)).offer()
    assert isinstance(story.referral.state, Unplaced)
    story.rule(OfficerWithdrewReferral, reason_code="moved")
    assert story.event_names[-1] == "referral-withdrawn"
