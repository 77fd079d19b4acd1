"""Days on which the worker came or did not; each may be put right until nothing can be billed any more."""

from collections.abc import Iterator
from datetime import date

from services.program.domain.case import Case, CaseContext, at_clinic, not_there
from shared.domain import wording
from shared.domain.decision import Decision, Outcome, Refusal, Violation
from shared.events.portal import ProviderRecordedAttendance
from shared.events.program import AttendanceRecorded


def record(case: Case | None, context: CaseContext | None, act: ProviderRecordedAttendance) -> Decision:
    """Days of the program, past or present; each replaces what was said of it."""
    mine = at_clinic(case, act)
    if isinstance(mine, Refusal) or context is None:
        return mine if isinstance(mine, Refusal) else not_there()
    if mine.initial_visit_on is None:
        return _wrong("REF-STATE", "the program has not started yet", "record days once it has")
    if mine.billing_final:
        return _wrong("BILLING-FINAL", "nothing can be billed any more", "nothing is left to do")
    if flaws := tuple(_faults(act, mine, mine.initial_visit_on, context)):
        return Refusal(flaws)
    said_before = mine.attendance
    told = {day.on: day.status for day in act.days}
    if all(said_before.get(on) == status for on, status in told.items()):
        return Outcome()
    kept = mine.next._replace(attendance=dict(sorted({**said_before, **told}.items())))
    return Outcome((kept,), (AttendanceRecorded(referral_id=kept.id, revision=kept.revision, days=act.days),))


def _faults(act: ProviderRecordedAttendance, case: Case, first: date, context: CaseContext) -> Iterator[Violation]:
    """What is wrong with the days, all at once."""
    if not act.days:
        yield _flaw("FIELD-MISSING", "days", "no day is named", "name at least one")
    before: set[date] = set()
    for n, day in enumerate(act.days):
        field = f"days.{n}.on"
        if day.on in before:
            yield _flaw("DUP", field, "the day is named twice", "leave one of the two out")
        before.add(day.on)
        yield from _outside(day.on, field, case, first, context)


def _outside(on: date, field: str, case: Case, first: date, context: CaseContext) -> Iterator[Violation]:
    """A day lies within the program, not ahead, and not after the referral was held or withdrawn."""
    if on < first:
        rule = f"this day is before the program began, on {wording.day(first)}"
        yield _flaw("DOS-PROGRAM", field, rule, f"name days from {wording.day(first)} on")
    if on > context.today:
        yield _flaw("DATE-FUTURE", field, "this day has not come yet", f"name days up to {wording.day(context.today)}")
    if case.last_on and on > case.last_on:
        last = wording.day(case.last_on)
        yield _flaw("DOS-PROGRAM", field, f"this day is after treatment ended, on {last}", f"name days up to {last}")
    if case.withdrawn_on and on > case.withdrawn_on:
        last = wording.day(case.withdrawn_on)
        rule = f"this day is after the referral was withdrawn, on {last}"
        yield _flaw("DOS-PROGRAM", field, rule, f"name days up to {last}")
    held_on = case.held_on(context.calendar)
    if held_on and on > held_on:
        since = wording.day(held_on)
        yield _flaw("REF-HELD", field, f"the referral is on hold since {since}", f"name days up to {since}")


def _flaw(code: str, field: str, rule: str, fix: str) -> Violation:
    return Violation(code=code, rule=rule, fix=fix, field=field)


def _wrong(code: str, rule: str, fix: str) -> Refusal:
    return Refusal((Violation(code=code, rule=rule, fix=fix),), ("none",))
