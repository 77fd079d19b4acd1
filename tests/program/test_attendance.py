"""Attendance is recorded for past days of the program and can be corrected until billing is final."""

from datetime import date
from typing import Any

from services.program.domain import lifecycle
from services.program.domain.case import Case
from shared.domain.decision import Decision, Outcome, Refusal
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import ProviderRecordedAttendance
from shared.events.program import AttendanceDay, AttendanceRecorded
from shared.events.referral import ProgramEnded, ReferralHeld, ReferralWithdrawn
from tests.program.context import CLINIC, ID, answer, at, case_in, context, left, opened, started

TODAY = date(2024, 11, 15)


def day(n: int, status: str = "attended") -> AttendanceDay:
    return AttendanceDay.model_validate({"on": date(2024, 11, n), "status": status})


def recorded(case: Case | None, *days: AttendanceDay, today: date = TODAY, **given: Any) -> Decision:
    members = {"site_id": "van-1", "seen": 0, **given}
    action = ProviderRecordedAttendance.model_validate(
        {"by": CLINIC, "received_at": at(today), "idempotency_key": "k", "referral_id": ID, "days": days, **members}
    )
    return answer(case, action, context(today))


def flaws(decision: Decision) -> list[tuple[str, str | None]]:
    assert isinstance(decision, Refusal), decision
    return [(f.code, f.field) for f in decision.flaws]


def ended(case: Case, last_on: date) -> Case:
    event = ProgramEnded(referral_id=ID, revision=9, last_on=last_on, exit_reason="goal-achieved")
    return left(case, lifecycle.end(case, event, context(last_on))).case


def test_days_of_the_program_are_recorded_with_their_status() -> None:
    decision = recorded(started(), day(4), day(5, "missed"), day(6, "excused"))
    assert isinstance(decision, Outcome)
    (event,) = decision.events
    assert isinstance(event, AttendanceRecorded)
    assert event.revision == 2
    assert case_in(decision).attendance == {
        date(2024, 11, 4): "attended",
        date(2024, 11, 5): "missed",
        date(2024, 11, 6): "excused",
    }


def test_a_day_recorded_again_replaces_the_earlier_status() -> None:
    case = case_in(recorded(started(), day(4), day(5)))
    assert case_in(recorded(case, day(5, "missed"))).attendance[date(2024, 11, 5)] == "missed"


def test_the_same_attendance_recorded_again_changes_nothing() -> None:
    case = case_in(recorded(started(), day(4), day(5)))
    assert recorded(case, day(5)) == Outcome()


def test_every_day_outside_the_program_is_named() -> None:
    decision = recorded(started(), day(1), day(4), day(4), day(18))
    assert flaws(decision) == [("DOS-PROGRAM", "days.0.on"), ("DUP", "days.2.on"), ("DATE-FUTURE", "days.3.on")]
    assert flaws(recorded(started())) == [("FIELD-MISSING", "days")]


def test_days_end_with_the_program() -> None:
    over = ended(started(), date(2024, 11, 13))
    assert flaws(recorded(over, day(14))) == [("DOS-PROGRAM", "days.0.on")]
    assert isinstance(recorded(over, day(13)), Outcome)


def test_while_the_referral_is_held_days_up_to_the_hold_are_recorded() -> None:
    event = ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=date(2024, 11, 6))
    held = left(started(), lifecycle.hold(started(), event, context(date(2024, 11, 7)))).case
    assert isinstance(recorded(held, day(7)), Outcome)
    assert flaws(recorded(held, day(8))) == [("REF-HELD", "days.0.on")]


def withdrawn(case: Case, on: date) -> Case:
    event = ReferralWithdrawn(referral_id=ID, revision=9, cause="claim", from_on=date(2024, 11, 5))
    return left(case, lifecycle.withdraw(case, event, context(on))).case


def test_a_withdrawal_cancels_reports_and_not_days() -> None:
    over = withdrawn(started(), date(2024, 11, 13))
    assert isinstance(recorded(over, day(13), day(7, "missed")), Outcome)
    assert flaws(recorded(over, day(14))) == [("DOS-PROGRAM", "days.0.on")]


def test_a_withdrawal_does_not_open_the_days_of_the_hold_that_it_ends() -> None:
    event = ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=date(2024, 11, 6))
    held = left(started(), lifecycle.hold(started(), event, context(date(2024, 11, 7)))).case
    over = withdrawn(held, date(2024, 11, 13))
    assert isinstance(recorded(over, day(7)), Outcome)
    assert flaws(recorded(over, day(8))) == [("DOS-PROGRAM", "days.0.on")]


def test_nothing_is_recorded_before_the_start_or_once_billing_is_final() -> None:
    assert flaws(recorded(opened(), day(4))) == [("REF-STATE", None)]
    final = CaseBillingFinal(referral_id=ID, revision=1, paid_cents=0, final_on=date(2025, 6, 2))
    closed = case_in(lifecycle.close_billing(started(), final, context(TODAY)))
    assert flaws(recorded(closed, day(4))) == [("BILLING-FINAL", None)]
    assert lifecycle.close_billing(closed, final, context(TODAY)) == Outcome()


def test_attendance_is_refused_to_another_clinic_and_without_a_case() -> None:
    assert flaws(recorded(started(), day(4), site_id="van-2")) == [("NOT-YOURS", "site_id")]
    assert flaws(recorded(None, day(4))) == [("NOT-FOUND", "referral_id")]
