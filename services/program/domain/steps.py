"""What program says to itself: timers."""

from datetime import datetime

from shared.domain.decision import INTERNAL, Event


class ReportStepDue(Event, type="program.report-step-due", key="referral_id", topic=INTERNAL):
    """The next step of the ladder on which a report is reminded of: `step` counts from 0."""

    referral_id: str
    report: str
    due_at: datetime
    step: int
