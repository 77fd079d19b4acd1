"""The reminders of a report: before, on and after its last day, and the moment from which it is overdue."""

from datetime import datetime, timedelta

from services.program.domain.case import Case, Obligation
from services.program.domain.context import CaseContext
from services.program.domain.steps import ReportStepDue
from shared.domain.calendar import Calendar
from shared.domain.decision import Outcome, SetTimer
from shared.domain.transition import Transition
from shared.events.program import ObligationOverdue, ObligationReminded, ProgramPublished

_OVERDUE = None  # the step at the end of the last day
_MORNING = timedelta(hours=8)  # when people begin to work
_SECOND = timedelta(seconds=1)


def timer_name(report: str) -> str:
    """Return the name of the one timer of a report."""
    return f"report/{report}"


def steps_of(entry: ProgramPublished) -> tuple[int | None, ...]:
    """Return the catalogue's reminders in business days from the last day, with None for the end of that day."""
    days = sorted(entry.reminder_days)
    return (*(d for d in days if d <= 0), _OVERDUE, *(d for d in days if d > 0))


def next_step(case: Case, obligation: Obligation, context: CaseContext, first: int = 0) -> SetTimer:
    """Return the timer of the next step from `first` on; a reminder whose time has passed is left out, overdue is not.

    When no step is left, the timer is disarmed.
    """
    for step, days in list(enumerate(steps_of(context.entry)))[first:]:
        at = _step_at(obligation.due_at, days, context.calendar)
        if at > context.at or days is _OVERDUE:
            due = ReportStepDue(referral_id=case.id, report=obligation.report, due_at=obligation.due_at, step=step)
            return SetTimer(case.id, timer_name(obligation.report), at, due)
    return disarm(case, obligation)


def next_late_step(case: Case, obligation: Obligation, context: CaseContext) -> SetTimer:
    """Return the timer of the next reminder of a report that was announced as overdue before."""
    return next_step(case, obligation, context, steps_of(context.entry).index(_OVERDUE) + 1)


def disarm(case: Case, obligation: Obligation) -> SetTimer:
    """Return the command that ends the reminders of a report."""
    return SetTimer(case.id, timer_name(obligation.report))


def _step_at(due_at: datetime, days: int | None, calendar: Calendar) -> datetime:
    """Return the instant of a step: the morning of its day, or a second after the last day ends."""
    if days is _OVERDUE:
        return due_at + _SECOND
    return calendar.start_of(calendar.add_business_days(calendar.day_of(due_at), days)) + _MORNING


def remind(case: Case, event: ReportStepDue, context: CaseContext) -> Outcome:
    """Announce a reminder or that the report is overdue, and set the timer of the next step.

    Does nothing where the report was sent in, its due date moved or its clock stopped since the timer was set.
    """
    obligation = case.obligation(event.report)
    if obligation is None or not _is_awaited(obligation, event):
        return Outcome()
    days, transition = steps_of(context.entry)[event.step], Transition.of(case)
    report, due_at = obligation.report, obligation.due_at
    if days is _OVERDUE:
        transition = transition.announce(ObligationOverdue, report=report, due_at=due_at)
    else:
        transition = transition.announce(ObligationReminded, report=report, due_at=due_at, days_late=days)
    return transition.set(next_step(case, obligation, context, event.step + 1)).outcome()


def _is_awaited(obligation: Obligation, event: ReportStepDue) -> bool:
    """Return whether the report is still owed on the same day and its clock runs."""
    return obligation.is_due and obligation.paused_at is None and obligation.due_at == event.due_at
