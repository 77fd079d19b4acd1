"""Attendance: days on which the worker came or did not; each can be corrected until billing is final."""

from collections.abc import Iterator
from datetime import date

from services.program.domain.case import Case
from services.program.domain.context import CaseContext
from services.program.domain.refusals import missing, violation
from shared.domain import wording
from shared.domain.decision import Decision, Outcome, Refusal, Violation
from shared.domain.transition import Transition
from shared.events.portal import ProviderRecordedAttendance
from shared.events.program import AttendanceRecorded


def record(case: Case, action: ProviderRecordedAttendance, context: CaseContext) -> Decision:
    """Record days of the program up to today; each replaces what was recorded of it before."""
    if case.initial_visit_on is None:
        return _wrong_state("REF-STATE", "the program has not started yet", "record days once it has")
    if case.billing_final:
        return _wrong_state("BILLING-FINAL", "nothing can be billed any more", "nothing is left to do")
    if flaws := tuple(_faults(action, case, case.initial_visit_on, context)):
        return Refusal(flaws)
    recorded = {day.on: day.status for day in action.days}
    if all(case.attendance.get(on) == status for on, status in recorded.items()):
        return Outcome()
    attendance = dict(sorted({**case.attendance, **recorded}.items()))
    return Transition.of(case).to(attendance=attendance).announce(AttendanceRecorded, days=action.days).outcome()


def _faults(action: ProviderRecordedAttendance, case: Case, first: date, context: CaseContext) -> Iterator[Violation]:
    """Yield everything that is wrong with the days."""
    if not action.days:
        yield missing("days", "no day is named", "name at least one")
    named: set[date] = set()
    for n, day in enumerate(action.days):
        field = f"days.{n}.on"
        if day.on in named:
            yield violation("DUP", field, "the day is named twice", "leave one of the two out")
        named.add(day.on)
        yield from _outside(day.on, field, case, first, context)


def _outside(on: date, field: str, case: Case, first: date, context: CaseContext) -> Iterator[Violation]:
    """Yield a violation for a day before the start, in the future, or after the end, a withdrawal or a hold."""
    if on < first:
        rule = f"this day is before the program began, on {wording.day(first)}"
        yield violation("DOS-PROGRAM", field, rule, f"name days from {wording.day(first)} on")
    if on > context.today:
        fix = f"name days up to {wording.day(context.today)}"
        yield violation("DATE-FUTURE", field, "this day has not come yet", fix)
    if case.last_on and on > case.last_on:
        last = wording.day(case.last_on)
        rule = f"this day is after treatment ended, on {last}"
        yield violation("DOS-PROGRAM", field, rule, f"name days up to {last}")
    if case.withdrawn_on and on > case.withdrawn_on:
        last = wording.day(case.withdrawn_on)
        rule = f"this day is after the referral was withdrawn, on {last}"
        yield violation("DOS-PROGRAM", field, rule, f"name days up to {last}")
    held_on = case.held_on(context.calendar)
    if held_on and on > held_on:
        since = wording.day(held_on)
        yield violation("REF-HELD", field, f"the referral is on hold since {since}", f"name days up to {since}")


def _wrong_state(code: str, rule: str, fix: str) -> Refusal:
    return Refusal((Violation(code=code, rule=rule, fix=fix),), ("none",))
