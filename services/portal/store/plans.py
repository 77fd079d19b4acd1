"""Plans as they stand: what was asked for, what was granted, what the clinic is asked."""

from decimal import Decimal
from typing import Any

from services.portal.store.case_documents import CaseDocument, DocumentProjection
from shared.domain.decision import Event
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.program import (
    Ended,
    PlanApproved,
    PlanClockResumed,
    PlanDecisionOverdue,
    PlanDeclined,
    PlanDeemedApproved,
    PlanDiscontinued,
    PlanInformationRequested,
    PlanSubmitted,
)
from shared.events.values import Deadline

PlanDoorMoved = contract_of_service("program", DeadlineMoved)
_STATES: dict[type[Event], str] = {
    PlanSubmitted: "submitted",
    PlanInformationRequested: "information-requested",
    PlanClockResumed: "submitted",
    PlanApproved: "approved",
    PlanDeclined: "declined",
    PlanDeemedApproved: "deemed",
    PlanDecisionOverdue: "overdue",
    PlanDiscontinued: "discontinued",
}
_ENDS = (PlanApproved, PlanDeclined, PlanDeemedApproved, PlanDiscontinued)


def _named(event: Any) -> tuple[str, str] | None:  # noqa: ANN401 - any of a plan's events
    """By its number; a moved door says it in its name."""
    if isinstance(event, DeadlineMoved):
        of, _, number = event.name.rpartition("/")
        return ("plan", number) if of.startswith("plan-") else None
    return "plan", str(event.plan)


def _fold(document: CaseDocument, event: Event) -> None:
    """What an event says of a plan."""
    if isinstance(event, DeadlineMoved):
        return  # when it was moved is known to who keeps the papers
    document.state = _STATES[type(event)]
    document.body["door"] = _door(getattr(event, "deadline", None))
    match event:
        case PlanSubmitted(amends=amends, lines=lines):
            document.body |= {"amends": amends, "lines": [_plain(line) for line in lines], "grants": [], "declined": []}
        case PlanInformationRequested(question_id=question_id):
            document.body["question_id"] = question_id
        case PlanClockResumed(replied=replied, reply_id=reply_id):
            document.body |= {"replied": replied, "reply_id": reply_id}
        case PlanDeemedApproved(certificate=certificate):
            document.body["certificate"] = certificate
        case PlanDeclined(reasons=reasons):
            document.body["declined"] = [reason.model_dump() for reason in reasons]
        case PlanApproved(declined=declined):
            document.body["declined"] = [reason.model_dump() for reason in declined]
    _grant(document, event)


def _grant(document: CaseDocument, event: Event) -> None:
    """New grants stand last; an ended one keeps its last day."""
    new = event.lines if isinstance(event, PlanApproved | PlanDeemedApproved) else ()
    document.body["grants"] = [*document.body.get("grants", []), *(_plain(grant) for grant in new)]
    ended: tuple[Ended, ...] = event.ended if isinstance(event, _ENDS) else ()
    last = {one.grant: one.last_on for one in ended}
    for grant in document.body["grants"]:
        if grant["grant"] in last:
            grant["ended_on"] = last[grant["grant"]]


def _door(deadline: Deadline | None) -> dict[str, Any] | None:
    return deadline.model_dump() if deadline else None


def _plain(line: Any) -> dict[str, Any]:  # noqa: ANN401 - a line or a grant
    """As JSON can hold it; units as they were said."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in line.model_dump().items()}


PLANS = DocumentProjection((*_STATES, PlanDoorMoved), _named, _fold)
