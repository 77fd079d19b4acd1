"""The internal events of program, which its timers carry."""

from datetime import datetime

from shared.domain.decision import INTERNAL, Event


class ReportStepDue(Event, type="program.report-step-due", key="referral_id", topic=INTERNAL):
    """The next reminder of a report is due: `step` counts from 0 within the reminders of its program."""

    referral_id: str
    report: str
    due_at: datetime
    step: int
