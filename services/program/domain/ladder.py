"""The ladder of a report that is due: reminders before, on and after its last day, and the end of that day."""

from datetime import datetime, timedelta

from services.program.domain.case import Case, CaseContext, Obligation, Transition, settled
from services.program.domain.steps import ReportStepDue
from shared.domain.calendar import Calendar
from shared.domain.decision import Outcome, SetTimer
from shared.events.program import ObligationOverdue, ObligationReminded, ProgramPublished

_OVERDUE = None  # the step at the end of the last day
_MORNING = timedelta(hours=8)  # when people begin to work
_SECOND = timedelta(seconds=1)


def timer(report: str) -> str:
    """The name of the one timer of a report."""
    return f"report/{report}"


def steps_of(entry: ProgramPublished) -> tuple[int | None, ...]:
    """The reminders that the catalogue names, in business days from the last day; among them, the end of that day."""
    days = sorted(entry.reminder_days)
    return (*(d for d in days if d <= 0), _OVERDUE, *(d for d in days if d > 0))


def arm(case: Case, obligation: Obligation, context: CaseContext, first: int = 0) -> SetTimer:
    """Wake at the next step that lies ahead; a reminder whose time has passed is left out, the overdue is not."""
    name = timer(obligation.report)
    for step, days in list(enumerate(steps_of(context.entry)))[first:]:
        at = _at(obligation.due_at, days, context.calendar)
        if at > context.at or days is _OVERDUE:
            due = ReportStepDue(referral_id=case.id, report=obligation.report, due_at=obligation.due_at, step=step)
            return SetTimer(case.id, name, at, due)
    return SetTimer(case.id, name)


def arm_late(case: Case, obligation: Obligation, context: CaseContext) -> SetTimer:
    """Wake at the next step that lies ahead of a report whose last day is over; that it is, is known already."""
    return arm(case, obligation, context, steps_of(context.entry).index(_OVERDUE) + 1)


def disarm(case: Case, obligation: Obligation) -> SetTimer:
    """Nobody is reminded any more."""
    return SetTimer(case.id, timer(obligation.report))


def _at(due_at: datetime, days: int | None, calendar: Calendar) -> datetime:
    """When a step is taken."""
    if days is _OVERDUE:
        return due_at + _SECOND
    return calendar.start_of(calendar.add_business_days(calendar.day_of(due_at), days)) + _MORNING


def step(case: Case | None, reached: ReportStepDue, context: CaseContext) -> Outcome:
    """Reminded, or told overdue, and the next step is armed; what was sent in or moved meanwhile is left in peace."""
    obligation = case.obligation(reached.report) if case else None
    if case is None or obligation is None or not _waits(obligation, reached):
        return Outcome()
    raised, days = case.next, steps_of(context.entry)[reached.step]
    said: ObligationOverdue | ObligationReminded = (
        ObligationOverdue(
            referral_id=case.id, revision=raised.revision, report=obligation.report, due_at=obligation.due_at
        )
        if days is _OVERDUE
        else ObligationReminded(
            referral_id=case.id,
            revision=raised.revision,
            report=obligation.report,
            due_at=obligation.due_at,
            days_late=days,
        )
    )
    following = arm(case, obligation, context, reached.step + 1)
    return settled(case, Transition(raised, (said,), (following,)))


def _waits(obligation: Obligation, reached: ReportStepDue) -> bool:
    """Whether the report is still owed, on the same day, and its clock runs."""
    return obligation.is_due and obligation.paused_at is None and obligation.due_at == reached.due_at
