"""Reports that are due and what became of them, and the days of attendance."""

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


def _fold(document: CaseDocument, event: Event) -> None:
    """What an event says of a report; a clock says only when it is due."""
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


def _attend(document: CaseDocument, event: AttendanceRecorded) -> None:
    """Each day replaces what was said of it."""
    document.state = "recorded"
    said = {day.on.isoformat(): day.status for day in event.days}
    document.body["days"] = dict(sorted({**document.body.get("days", {}), **said}.items()))


def _report(event: Any) -> tuple[str, str]:  # noqa: ANN401 - any of a report's events
    return "report", event.report


REPORTS = DocumentProjection((*_STATES, *_CLOCK), _report, _fold)
ATTENDANCE = DocumentProjection((AttendanceRecorded,), lambda _: ("attendance", "days"), _attend)
