"""From the first visit to the last cent: moved, missed, started, ended, discharged, closed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.referral.domain import treating
from services.referral.domain.actions import allowed_to
from services.referral.domain.referral import Active, Closed, Discharged, Scheduled, Withdrawn
from shared.domain.decision import Decision, Outcome, Refusal
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import (
    ProviderEndedProgram,
    ProviderMovedAppointment,
    ProviderReportedMissed,
    ProviderStartedReferral,
)
from shared.events.program import ReportAccepted
from tests.referral.test_life import TUESDAY, Story, codes

FINAL = CaseBillingFinal(referral_id="r-1", revision=3, paid_cents=12_500, final_on=date(2025, 3, 3))
DISCHARGED_ON = date(2024, 11, 7)


def move(story: Story, days: int, **what: Any) -> Decision:
    said = {"starts_at": story.at + timedelta(days=days), "confirmed_with_worker": True, **what}
    return story.act(ProviderMovedAppointment, **said)


def scheduled(story: Story) -> Scheduled:
    assert isinstance(story.referral.state, Scheduled)
    return story.referral.state


def active(story: Story) -> Active:
    assert isinstance(story.referral.state, Active)
    return story.referral.state


def taken(story: Story) -> list[date]:
    return [
        reservation.opening.week_on
        for reservation in story.reservations.values()
        if reservation and reservation.referral_id
    ]


def test_a_first_visit_is_moved_within_its_week_and_keeps_its_opening() -> None:
    story = Story().schedule()
    move(story, 3)
    assert story.event_names[-1] == "appointment-moved"
    assert scheduled(story).starts_at == TUESDAY + timedelta(days=3)
    assert taken(story) == [date(2024, 11, 4)]


def test_a_visit_that_is_moved_to_another_week_takes_its_opening_along() -> None:
    story = Story().schedule()
    move(story, 7)
    assert story.events[-1].opening.week_on == date(2024, 11, 11)
    assert taken(story) == [date(2024, 11, 11)]


def test_a_moved_visit_keeps_the_rules_of_a_booked_one() -> None:
    story = Story().schedule()
    wrong = move(story, -1, confirmed_with_worker=False)
    assert codes(wrong) == ["DATE-PAST", "NOT-CONFIRMED"]
    late = move(story, 20)
    assert isinstance(late, Refusal)
    assert [(flaw.code, flaw.field) for flaw in late.flaws] == [("REASON-MISSING", "reason_code")]
    assert isinstance(move(story, 20, reason_code="travel"), Outcome)


def test_only_a_visit_that_was_booked_is_moved() -> None:
    story = Story().offer().acknowledge().accept()
    refused = move(story, 3)
    assert codes(refused) == ["REF-STATE"]
    assert isinstance(refused, Refusal)
    assert refused.allowed == ("book", "hold")


def test_a_visit_is_missed_only_once_its_time_has_come() -> None:
    story = Story().schedule()
    assert codes(story.act(ProviderReportedMissed)) == ["DATE-FUTURE"]
    story.at = scheduled(story).starts_at + timedelta(minutes=1)
    story.act(ProviderReportedMissed)
    assert story.event_names[-1] == "appointment-missed"
    assert story.events[-1].times == 1


def test_the_same_visit_is_not_missed_twice() -> None:
    story = Story().schedule()
    story.at += timedelta(days=3)
    story.act(ProviderReportedMissed)
    again = story.act(ProviderReportedMissed)
    assert codes(again) == ["REF-STATE"]
    assert isinstance(again, Refusal)
    assert again.allowed == ("move", "start", "hold")


def test_each_further_visit_that_is_missed_counts() -> None:
    story = Story().schedule()
    for _ in range(2):
        story.at += timedelta(days=3)
        story.act(ProviderReportedMissed)
        move(story, 2, reason_code="worker-unavailable")
    assert [e.times for e in story.events if e.type_name.endswith("appointment-missed.v1")] == [1, 2]
    assert isinstance(story.referral.state, Scheduled)


def test_the_initial_visit_starts_the_program_by_the_contract_that_was_accepted() -> None:
    story = Story().schedule().start()
    said = story.events[-1]
    assert story.event_names[-1] == "program-started"
    assert (said.site_id, said.contract_id, said.payee_id) == ("van-1", "c-crrtw-van-1", "p-van-1")
    assert (said.program, said.program_revision, said.initial_visit_on) == ("crrtw", 1, date(2024, 11, 7))
    assert active(story).initial_visit_on == date(2024, 11, 7)


def test_the_start_frees_the_opening() -> None:
    story = Story().schedule()
    assert taken(story) == [date(2024, 11, 4)]
    assert taken(story.start()) == []


@pytest.mark.parametrize(("on", "code"), [(date(2024, 11, 8), "DATE-FUTURE"), (date(2024, 11, 4), "DATE-EARLY")])
def test_the_initial_visit_is_neither_ahead_nor_before_the_acceptance(on: date, code: str) -> None:
    story = Story().schedule()
    story.at += timedelta(days=2)
    assert codes(story.act(ProviderStartedReferral, initial_visit_on=on)) == [code]


def test_the_day_of_a_visit_is_that_of_the_contracts_calendar() -> None:
    story = Story().schedule()
    story.at = datetime(2024, 11, 8, 5, tzinfo=UTC)  # nine in the evening of the seventh in Vancouver
    assert codes(story.act(ProviderStartedReferral, initial_visit_on=date(2024, 11, 8))) == ["DATE-FUTURE"]


def test_a_program_starts_once() -> None:
    story = Story().schedule().start()
    refused = story.act(ProviderStartedReferral, initial_visit_on=DISCHARGED_ON)
    assert codes(refused) == ["REF-STATE"]
    assert isinstance(refused, Refusal)
    assert refused.allowed == ("end", "hold")


def test_a_program_that_ended_stays_active_until_its_discharge_report_is_in() -> None:
    story = Story().schedule().start().end()
    assert story.event_names[-1] == "program-ended"
    assert (story.events[-1].last_on, story.events[-1].exit_reason) == (DISCHARGED_ON, "goal-achieved")
    assert active(story).last_on == DISCHARGED_ON
    assert story.referral.is_open


def test_an_end_lies_within_the_program_and_has_its_reason() -> None:
    story = Story().schedule().start()
    wrong = story.act(ProviderEndedProgram, last_on=date(2024, 11, 6), exit_reason="tired")
    assert codes(wrong) == ["DATE-EARLY", "REASON-MISSING"]
    ahead = story.act(ProviderEndedProgram, last_on=date(2024, 11, 8), exit_reason="moved")
    assert codes(ahead) == ["DATE-FUTURE"]


def test_a_program_ends_once() -> None:
    story = Story().schedule().start().end()
    assert codes(story.act(ProviderEndedProgram, last_on=DISCHARGED_ON, exit_reason="moved")) == ["REF-STATE"]


def test_the_discharge_report_discharges_by_itself() -> None:
    story = Story().schedule().start().end()
    accepted = ReportAccepted(
        referral_id="r-1", revision=9, report="discharge", report_revision=1, kind="discharge",
        service_on=DISCHARGED_ON, author_discipline="kinesiologist", counts_at=story.at, due_at=story.at,
        business_days_late=0,
    )  # fmt: skip
    story.take(treating.note_report(story.referral, accepted, story.context))
    assert isinstance(story.referral.state, Discharged)
    assert (story.event_names[-1], story.events[-1].discharged_on) == ("referral-discharged", DISCHARGED_ON)


def test_a_discharge_report_that_is_done_without_discharges_too() -> None:
    assert Story().schedule().start().end().report().event_names[-2:] == ["program-ended", "referral-discharged"]


def test_another_report_does_not_discharge() -> None:
    story = Story().schedule().start().end().report("initial")
    assert story.event_names[-1] == "program-ended"


def test_a_referral_reported_on_before_the_end_is_discharged_at_the_end() -> None:
    story = Story().schedule().start().report().end()
    assert story.event_names[-2:] == ["program-ended", "referral-discharged"]
    assert story.events[-1].revision == story.events[-2].revision == story.referral.revision


def test_a_discharge_report_counts_once() -> None:
    story = Story().schedule().start().end().report().report()
    assert story.event_names.count("referral-discharged") == 1


def test_a_discharged_referral_is_open_no_more_and_takes_nothing() -> None:
    story = Story().schedule().start().end().report()
    assert not story.referral.is_open
    assert codes(story.hold()) == codes(story.hold_as_officer()) == ["REF-STATE"]
    assert allowed_to(story.referral, "clinic") == allowed_to(story.referral, "officer") == ()


def test_a_discharged_referral_is_closed_once_its_billing_is_final() -> None:
    story = Story().schedule().start().end().report()
    story.take(treating.close(story.referral, FINAL, story.context))
    assert isinstance(story.referral.state, Closed)
    assert (story.event_names[-1], story.events[-1].closed_on) == ("referral-closed", FINAL.final_on)
    assert codes(story.act(ProviderReportedMissed)) == ["REF-STATE"]


def test_a_withdrawn_referral_is_closed_once_its_billing_is_final() -> None:
    story = Story().schedule().start()
    story.standing("closed", date(2024, 11, 6))
    story.take(treating.close(story.referral, FINAL, story.context))
    assert story.event_names[-2:] == ["referral-withdrawn", "referral-closed"]
    assert codes(story.act(ProviderReportedMissed, site="van-1")) == ["REF-WITHDRAWN"]


def test_a_referral_in_treatment_is_not_closed() -> None:
    story = Story().schedule().start()
    assert treating.close(story.referral, FINAL, story.context) == Outcome()


def test_a_suspended_claim_holds_treatment_and_a_resumed_one_lets_it_go_on() -> None:
    story = Story().schedule().start()
    story.standing("suspended", date(2024, 11, 6))
    assert codes(story.act(ProviderEndedProgram, last_on=DISCHARGED_ON, exit_reason="moved")) == ["REF-HELD"]
    story.standing("accepted", date(2024, 11, 7))
    assert [word for word in story.event_names if word.startswith("referral-")][-2:] == [
        "referral-held",
        "referral-resumed",
    ]
    assert story.end().event_names[-1] == "program-ended"


def test_a_disallowed_claim_ends_treatment_without_another_opening_to_give_back() -> None:
    story = Story().schedule().start()
    decision = story.standing("disallowed", date(2024, 11, 6))
    assert isinstance(decision, Outcome)
    assert isinstance(story.referral.state, Withdrawn)
    assert decision.changed == (story.referral,)
    assert codes(story.act(ProviderReportedMissed, site="van-1")) == ["REF-WITHDRAWN"]


def test_a_move_during_treatment_only_announces_the_kilometres() -> None:
    story = Story().schedule().start()
    story.relocate("Kelowna")
    assert (story.event_names[-1], story.events[-1].kilometres) == ("worker-far-away", 272)
    assert active(story).offer.site_id == "van-1"
