"""The projections of reports, from the day on which they are asked for, and of attendance."""

from typing import Any

from services.portal.store.case_documents import CaseDocument, DocumentProjection
from shared.domain.decision import Event
from shared.events.program import (
    AttendanceRecorded,
    ObligationCancelled,
    ObligationOverdue,
    ObligationPaused,
    ObligationRedated,
    ObligationReminded,
    ObligationScheduled,
    ObligationWaived,
    ReportAccepted,
    ReportReturned,
    ReportSubmitted,
)

_STATES: dict[type[Event], str] = {
    ObligationScheduled: "scheduled",
    ReportSubmitted: "submitted",
    ReportReturned: "returned",
    ReportAccepted: "accepted",
    ObligationWaived: "waived",
    ObligationCancelled: "cancelled",
}
_CLOCK = (ObligationReminded, ObligationOverdue, ObligationPaused, ObligationRedated)
_SHOWN = (
    "kind",
    "anchor",
    "anchor_on",
    "days",
    "unit",
    "due_at",
    "report_revision",
    "service_on",
    "author_discipline",
    "measures",
    "counts_at",
    "business_days_late",
    "document_id",
    "fault",
)


def _apply(document: CaseDocument, event: Event) -> None:
    """Write what an event says of a report into its document; reminders and pauses leave its state as it is."""
    document.state = _STATES.get(type(event), document.state)
    document.body |= {name: value for name in _SHOWN if (value := getattr(event, name, None)) is not None}
    match event:
        case ObligationScheduled():
            document.body |= {"overdue": False, "paused_by": None}
        case ObligationOverdue():
            document.body["overdue"] = True
        case ObligationPaused(cause=cause):
            document.body["paused_by"] = cause
        case ObligationRedated():
            document.body["paused_by"] = None
        case ReportReturned(fields=fields):
            document.body["fields"] = [flaw.model_dump() for flaw in fields]
        case ReportSubmitted():
            document.body["fields"] = []


def _apply_attendance(document: CaseDocument, event: AttendanceRecorded) -> None:
    """Write the days into the document; a day that is recorded again replaces the earlier record."""
    document.state = "recorded"
    said = {day.on.isoformat(): day.status for day in event.days}
    document.body["days"] = dict(sorted({**document.body.get("days", {}), **said}.items()))


def _name_of(event: Any) -> tuple[str, str]:  # noqa: ANN401 - any of a report's events
    return "report", event.report


REPORTS = DocumentProjection((*_STATES, *_CLOCK), _name_of, _apply)
ATTENDANCE = DocumentProjection((AttendanceRecorded,), lambda _: ("attendance", "days"), _apply_attendance)
