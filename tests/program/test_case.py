"""Reports are due after business days, are reminded of, stop with holds, and are cancelled by an end."""

from datetime import date
from decimal import Decimal

import pytest

from services.program.domain import lifecycle, obligations, reminders
from services.program.domain.case import Case, CaseTransition, Obligation
from services.program.domain.context import CaseContext
from services.program.domain.steps import ReportStepDue
from shared.domain.decision import Event, Outcome, SetTimer
from shared.domain.transition import Transition
from shared.events.program import (
    Grant,
    ObligationCancelled,
    ObligationOverdue,
    ObligationPaused,
    ObligationRedated,
    ObligationReminded,
    ObligationScheduled,
    ReportKind,
)
from shared.events.referral import (
    ProgramEnded,
    ProgramStarted,
    ReferralAccepted,
    ReferralDischarged,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
)
from tests.program.context import BC, CRRTW, ID, VISIT_ON, Left, at, case_in, context, left, opened, started

WITHDRAWN = ReferralWithdrawn(referral_id=ID, revision=9, cause="claim", from_on=date(2024, 11, 6))

FOLLOW_UP = ReportKind(
    report="follow-up", kind="follow-up", anchor="return-to-work", due=13, unit="weeks", ended_by="withdrawal"
)


def due_days(case: Case) -> dict[str, date]:
    return {o.report: BC.day_of(o.due_at) for o in case.obligations if o.is_due}


def due(case: Case, report: str) -> Obligation:
    obligation = case.obligation(report)
    assert obligation is not None
    return obligation


def of(kind: type[Event], moved: Left) -> list[Event]:
    return [e for e in moved.events if isinstance(e, kind)]


def held(case: Case, day: date, cause: str = "claim") -> Left:
    event = ReferralHeld.model_validate({"referral_id": ID, "revision": 8, "cause": cause, "from_on": day})
    return left(case, lifecycle.hold(case, event, context(day)))


def resumed(case: Case, day: date, *still: str) -> Left:
    members = {"referral_id": ID, "revision": 9, "cause": "claim", "from_on": day, "still_held": still}
    return left(case, lifecycle.resume(case, ReferralResumed.model_validate(members), context(day)))


def ended(case: Case, last_on: date) -> Left:
    event = ProgramEnded(referral_id=ID, revision=9, last_on=last_on, exit_reason="goal-achieved")
    return left(case, lifecycle.end(case, event, context(last_on)))


def withdrawn(case: Case, day: date) -> Left:
    return left(case, lifecycle.withdraw(case, WITHDRAWN, context(day)))


def approved(case: Case, grant: Grant, on: CaseContext) -> Left:
    """A case after grants were approved on it, of which only the reports matter here."""
    return left(case, obligations.schedule_for_grants(Transition.of(case), [grant], on))


def with_obligation(case: Case, changed: Obligation) -> Case:
    return case._replace(obligations=case.obligations_with(changed))


def step_of(timer: SetTimer) -> ReportStepDue:
    assert isinstance(timer.event, ReportStepDue)
    return timer.event


def test_at_the_start_every_report_that_counts_from_the_initial_visit_is_due() -> None:
    case = started()
    assert due_days(case) == {
        "initial": date(2024, 11, 12),  # five business days, Remembrance Day left out
        "rtw-plan": date(2024, 11, 19),
        "progress-1": date(2024, 11, 19),
        "progress-2": date(2024, 12, 3),
        "progress-3": date(2024, 12, 17),
    }
    assert due(case, "initial").due_at == BC.end_of(date(2024, 11, 12))


def test_all_events_of_a_decision_carry_the_next_revision_of_the_case() -> None:
    case = started()
    assert case.revision == 1
    assert {o.revision for o in case.obligations} == {1}


def test_a_repeated_start_changes_nothing() -> None:
    case = started()
    again: CaseTransition = obligations.schedule(Transition.of(case), "initial-visit", VISIT_ON, context(VISIT_ON))
    assert again.outcome() == Outcome()


def test_a_program_starts_once_and_not_after_its_end() -> None:
    again = ProgramStarted(
        referral_id=ID, revision=8, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
        program_revision=CRRTW.revision, initial_visit_on=date(2024, 11, 5),
    )  # fmt: skip
    assert lifecycle.start(started(), again, context(date(2024, 11, 6))) == Outcome()
    assert lifecycle.start(opened()._replace(ended="withdrawn"), again, context(date(2024, 11, 6))) == Outcome()


def test_a_case_is_opened_once() -> None:
    accepted = ReferralAccepted(
        referral_id=ID, revision=5, site_id="van-2", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
        program_revision=CRRTW.revision, accepted_on=date(2024, 10, 31),
    )  # fmt: skip
    assert opened().revision == 0
    assert lifecycle.open_case(started(), accepted) == Outcome()


def test_an_acceptance_opens_a_case_on_which_nothing_is_due() -> None:
    assert opened().obligations == ()
    assert opened().revision == 0


def test_a_report_is_reminded_of_three_and_one_days_before_on_its_day_and_one_and_five_after() -> None:
    case, timer = started(), reminders.next_step(started(), due(started(), "initial"), context(VISIT_ON))
    announced: list[tuple[str, int | None, date]] = []
    while timer.due_at is not None:
        day = BC.day_of(timer.due_at)
        outcome = reminders.remind(case, step_of(timer), context(day)._replace(at=timer.due_at))
        case = case_in(outcome)
        (event,), (timer,) = outcome.events, outcome.timers
        announced.append((type(event).__name__, getattr(event, "days_late", None), day))
    assert announced == [
        ("ObligationReminded", -3, date(2024, 11, 6)),
        ("ObligationReminded", -1, date(2024, 11, 8)),
        ("ObligationReminded", 0, date(2024, 11, 12)),
        ("ObligationOverdue", None, date(2024, 11, 13)),
        ("ObligationReminded", 1, date(2024, 11, 13)),
        ("ObligationReminded", 5, date(2024, 11, 19)),
    ]
    assert case.revision == 1 + len(announced)
    assert due(case, "initial").revision == 1, "a reminder is no reason to look again before one acts"


def test_reminders_whose_time_has_passed_are_left_out_but_not_that_a_report_is_overdue() -> None:
    late = reminders.next_step(started(), due(started(), "initial"), context(date(2024, 11, 25)))
    outcome = reminders.remind(started(), step_of(late), context(date(2024, 11, 25)))
    assert [type(e) for e in outcome.events] == [ObligationOverdue]
    (following,) = outcome.timers
    assert following.due_at is None


def test_a_reminder_of_a_day_that_was_moved_does_nothing() -> None:
    old = step_of(reminders.next_step(started(), due(started(), "initial"), context(VISIT_ON)))
    moved = resumed(held(started(), date(2024, 11, 5)).case, date(2024, 11, 7)).case
    assert reminders.remind(moved, old, context(date(2024, 11, 8))) == Outcome()


def test_a_report_that_was_accepted_or_whose_clock_stopped_has_no_reminder() -> None:
    case = started()
    first = step_of(reminders.next_step(case, due(case, "initial"), context(VISIT_ON)))
    on = context(date(2024, 11, 6))
    came = with_obligation(case, due(case, "initial")._replace(status="accepted"))
    still = with_obligation(case, due(case, "initial")._replace(paused_at=at(VISIT_ON)))
    assert [reminders.remind(now, first, on) for now in (came, still, opened())] == [Outcome()] * 3
    assert reminders.remind(case, first, on) != Outcome()


def test_the_catalogue_says_on_which_days_a_report_is_reminded_of() -> None:
    entry = CRRTW.model_copy(update={"reminder_days": (2, -2)})
    on = context(VISIT_ON)._replace(entry=entry)
    assert reminders.steps_of(entry) == (-2, None, 2)
    timer = reminders.next_step(started(), due(started(), "initial"), on)
    assert timer.due_at is not None
    assert BC.day_of(timer.due_at) == date(2024, 11, 7)


def test_a_hold_stops_no_clock_of_what_came_or_is_due_at_that_instant() -> None:
    case = with_obligation(started(), due(started(), "initial")._replace(status="accepted"))
    event = ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=VISIT_ON)
    paused = lifecycle.hold(case, event, context(date(2024, 11, 19))._replace(at=BC.end_of(date(2024, 11, 19))))
    assert [e.report for e in paused.events if isinstance(e, ObligationPaused)] == ["progress-2", "progress-3"]


def test_a_resumed_or_withdrawn_case_is_not_held() -> None:
    on = date(2024, 11, 7)
    for over in (resumed(held(started(), on).case, on), withdrawn(held(started(), on).case, on)):
        assert (over.case.holds, over.case.held_at) == ((), None)
    again = held(held(started(), on).case, on)
    assert again.case.holds == ("claim",)


def test_a_follow_up_is_due_after_weeks_on_a_business_day() -> None:
    entry = CRRTW.model_copy(update={"reports": (*CRRTW.reports, FOLLOW_UP)})
    on = context(VISIT_ON)._replace(entry=entry)
    scheduled = obligations.schedule(Transition.of(started()), "return-to-work", date(2024, 9, 25), on)
    case = scheduled.document
    assert due_days(case)["follow-up"] == date(2024, 12, 26)  # thirteen weeks later is Christmas


def test_a_hold_stops_the_clock_of_every_report_that_is_not_overdue() -> None:
    paused = held(started(), date(2024, 11, 14))
    assert [e.report for e in of(ObligationPaused, paused) if isinstance(e, ObligationPaused)] == [
        "rtw-plan", "progress-1", "progress-2", "progress-3",
    ]  # fmt: skip
    assert all(timer.due_at is None for timer in paused.timers)
    assert due(paused.case, "initial").paused_at is None


def test_after_a_hold_each_report_has_the_business_days_left_that_it_had() -> None:
    running = resumed(held(started(), date(2024, 11, 14)).case, date(2024, 11, 21))
    assert len(of(ObligationRedated, running)) == 4
    assert due_days(running.case) == {
        "initial": date(2024, 11, 12),
        "rtw-plan": date(2024, 11, 26),
        "progress-1": date(2024, 11, 26),
        "progress-2": date(2024, 12, 10),
        "progress-3": date(2024, 12, 24),
    }
    assert all(timer.due_at for timer in running.timers)


def test_a_report_that_was_due_on_the_day_of_the_hold_has_one_day_left() -> None:
    running = resumed(held(started(), date(2024, 11, 12)).case, date(2024, 11, 12))
    assert due_days(running.case)["initial"] == date(2024, 11, 13)


def test_a_second_cause_changes_no_clock_and_the_clocks_run_when_the_last_is_gone() -> None:
    first = held(started(), date(2024, 11, 14)).case
    second = held(first, date(2024, 11, 15), "clinic")
    assert second.events == ()
    assert second.case == first._replace(holds=("claim", "clinic"))
    one_left = resumed(second.case, date(2024, 11, 18), "clinic")
    assert one_left.events == ()
    assert of(ObligationRedated, resumed(one_left.case, date(2024, 11, 21)))


def test_a_withdrawal_cancels_whatever_is_owed() -> None:
    over = withdrawn(held(started(), date(2024, 11, 5)).case, date(2024, 11, 6))
    assert len(of(ObligationCancelled, over)) == 5
    assert due_days(over.case) == {}
    assert over.case.ended == "withdrawn"
    assert {timer.due_at for timer in over.timers} == {None}


def test_the_end_of_the_program_cancels_what_is_due_later_and_makes_the_discharge_report_due() -> None:
    over = ended(started(), date(2024, 11, 20))
    assert due_days(over.case) == {
        "initial": date(2024, 11, 12),
        "rtw-plan": date(2024, 11, 19),
        "progress-1": date(2024, 11, 19),
        "discharge": date(2024, 11, 25),
    }
    assert [type(e) for e in over.events] == [ObligationCancelled, ObligationCancelled, ObligationScheduled]


def test_a_report_due_on_the_last_day_is_still_owed() -> None:
    over = ended(started(), date(2024, 11, 19))
    assert {"rtw-plan", "progress-1"} <= due_days(over.case).keys()
    assert "progress-2" not in due_days(over.case)


def test_the_initial_report_is_never_ended_by_the_end_of_the_program() -> None:
    assert due_days(ended(started(), VISIT_ON).case) == {
        "initial": date(2024, 11, 12),
        "discharge": date(2024, 11, 7),
    }


def test_a_discharge_cancels_whatever_is_owed_but_the_follow_up() -> None:
    over_soon = ended(started(), date(2024, 11, 20)).case
    reported = with_obligation(over_soon, due(over_soon, "discharge")._replace(status="accepted"))
    event = ReferralDischarged(referral_id=ID, revision=12, discharged_on=date(2024, 11, 22))
    over = left(reported, lifecycle.discharge(reported, event, context(event.discharged_on)))
    assert due_days(over.case) == {}
    assert over.case.ended == "discharged"


def granted(code: str, first: date = date(2024, 11, 25)) -> Grant:
    return Grant(grant="g-1", line="1", code=code, units=Decimal(2), from_on=first, to_on=date(2024, 12, 20),
                 discipline="occupational_therapist", cents=33000)  # fmt: skip


def test_an_approved_job_site_visit_makes_its_report_due_fifteen_business_days_later() -> None:
    moved = approved(started(), granted("CR-JSV"), context(date(2024, 11, 18)))
    assert due_days(moved.case)["job-site-visit"] == date(2024, 12, 9)


def test_lines_that_need_no_report_make_none_due() -> None:
    assert approved(started(), granted("CR-WK"), context(date(2024, 11, 18))).events == ()


def test_a_second_visit_has_a_report_of_its_own_once_the_first_is_over() -> None:
    first = approved(started(), granted("CR-JSV"), context(date(2024, 11, 18))).case
    again = approved(first, granted("CR-JSV"), context(date(2024, 11, 25)))
    assert again.events == ()
    over = with_obligation(first, due(first, "job-site-visit")._replace(status="accepted"))
    third = approved(over, granted("CR-JSV"), context(date(2024, 12, 16)))
    assert "job-site-visit-2" in due_days(third.case)


@pytest.mark.parametrize("n", [1, 2])
def test_each_approved_extension_makes_one_more_progress_report_due(n: int) -> None:
    case = started()
    for _ in range(n):
        case = approved(case, granted("CR-EXT", date(2024, 12, 16)), context(date(2024, 12, 10))).case
    days = due_days(case)
    assert [days.get(f"progress-{k}") for k in (4, 5)] == [date(2024, 12, 31), date(2024, 12, 31)][:n] + [None] * (
        2 - n
    )


def test_an_approval_after_the_program_s_end_schedules_only_reports_of_days_before_it() -> None:
    over = ended(started(), date(2024, 12, 6)).case
    today = context(date(2024, 12, 10))
    visited = approved(over, granted("CR-JSV"), today)
    assert due_days(visited.case)["job-site-visit"] == date(2025, 1, 2)
    never = approved(over, granted("CR-JSV", date(2024, 12, 9)), today)
    longer = approved(over, granted("CR-EXT", date(2024, 12, 2)), today)
    assert (never.events, longer.events) == ((), ())


def test_an_extension_of_which_enough_was_done_before_the_program_s_end_has_its_report() -> None:
    over = ended(started(), date(2024, 12, 16)).case
    moved = approved(over, granted("CR-EXT", date(2024, 12, 2)), context(date(2024, 12, 17)))
    assert due_days(moved.case)["progress-4"] == date(2024, 12, 16)


def test_a_report_scheduled_while_the_referral_is_held_is_paused_at_once() -> None:
    paused = held(started(), date(2024, 11, 14)).case
    moved = approved(paused, granted("CR-JSV"), context(date(2024, 11, 18)))
    assert [type(e) for e in moved.events] == [ObligationScheduled, ObligationPaused]
    assert moved.timers[-1].due_at is None
    running = resumed(moved.case, date(2024, 11, 21)).case
    assert due_days(running)["job-site-visit"] == BC.add_business_days(date(2024, 11, 21), 15)


def test_a_reminder_says_how_late_the_report_is() -> None:
    timer = reminders.next_step(started(), due(started(), "initial"), context(VISIT_ON))
    event = reminders.remind(started(), step_of(timer), context(date(2024, 11, 6))).events[0]
    assert isinstance(event, ObligationReminded)
    assert event.days_late == -3
