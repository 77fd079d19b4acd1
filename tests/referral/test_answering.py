"""An offer is answered whole, its doors close by name and instant, and a hold gives them back what they had."""

from datetime import UTC, datetime, timedelta

import pytest

from services.referral.domain import answering
from services.referral.domain.referral import Offered
from shared.domain.decision import Outcome
from shared.events.portal import (
    DeadlineReached,
    OfficerResumedReferral,
    OfficerWithdrewReferral,
    ProviderDeclinedReferral,
)
from tests.referral.register import register
from tests.referral.test_life import TUESDAY, Story, codes, due


def test_a_decline_is_announced_with_reason_next_step_and_comment() -> None:
    story = Story().offer()
    story.decline()
    said = story.events[1]
    assert (said.reason_code, said.next_step) == ("no-capacity", "offer-to-next")
    assert (said.comment_id, said.comment_sha256) == ("d", "h")


@pytest.mark.parametrize("left_out", ["reason_code", "next_step", "comment_id", "comment_sha256"])
def test_a_decline_without_one_of_its_parts_is_not_taken(left_out: str) -> None:
    whole = {"reason_code": "other", "next_step": "ask-officer", "comment_id": "d", "comment_sha256": "h"}
    partly = {name: value for name, value in whole.items() if name != left_out}
    assert codes(Story().offer().act(ProviderDeclinedReferral, **partly)) == ["FIELD-MISSING"]


def test_a_site_without_the_offer_declines_nothing() -> None:
    assert codes(Story().offer().act(ProviderDeclinedReferral, site="kel-1")) == ["NOT-YOURS"]


def test_an_offer_lapses_only_by_the_name_and_the_instant_of_its_deadline() -> None:
    story = Story().offer()
    state = story.referral.state
    assert isinstance(state, Offered)
    assert state.due_at is not None
    said = DeadlineReached(record_key="r-1", service="referral", name=state.deadline_name, due_at=state.due_at)
    others = (said.model_copy(update={"name": "acknowledge/2"}), said.model_copy(update={"due_at": TUESDAY}))
    assert [answering.lapse(story.referral, other, story.context) for other in others] == [Outcome()] * 2
    booked = Story().schedule().referral
    assert answering.lapse(booked, said, story.context) == Outcome()
    assert answering.lapse(story.referral, said, story.context) != Outcome()


def test_elapsed_hours_count_if_they_end_after_the_next_business_day() -> None:
    slow = tuple(c.model_copy(update={"acknowledge_hours": 72}) for (c,) in register().contracts.values())
    assert due(Story(register=register(slow)).offer()) == TUESDAY + timedelta(hours=72)


def test_a_stopped_answer_deadline_keeps_its_business_days_at_least_one() -> None:
    story = Story().offer().acknowledge()  # to be answered by Wednesday the 6th
    story.hold_as_officer()
    assert due(story) is None
    story.at = datetime(2024, 11, 8, 18, tzinfo=UTC)
    story.rule(OfficerResumedReferral)
    assert due(story) == datetime(2024, 11, 13, 7, 59, 59, tzinfo=UTC)  # the 11th is a holiday
    assert (story.referral.held_at, story.referral.paused_due_at) == (None, None)


def test_an_answer_due_on_the_day_of_the_hold_has_one_business_day_left() -> None:
    story = Story().offer().acknowledge()
    story.at = datetime(2024, 11, 6, 18, tzinfo=UTC)
    story.hold_as_officer()
    story.rule(OfficerResumedReferral)
    assert due(story) == datetime(2024, 11, 8, 7, 59, 59, tzinfo=UTC)


def test_a_withdrawal_clears_holds_and_clock_and_keeps_the_former_offers() -> None:
    story = Story().offer()
    story.decline()
    story.acknowledge().accept().book().start()
    story.hold()
    story.rule(OfficerWithdrewReferral, reason_code="moved")
    referral = story.referral
    assert (referral.holds, referral.held_at, referral.paused_due_at) == ((), None, None)
    assert [(former.site_id, former.end) for former in referral.former_offers] == [
        ("van-1", "declined"),
        ("van-2", "withdrawn"),
    ]
    assert referral.revision == story.events[-1].revision
