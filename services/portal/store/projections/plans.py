"""The projection of plans: what was asked for, what was granted, what the officer asks the clinic."""

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

PlanDeadlineMoved = contract_of_service("program", DeadlineMoved)
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


def _name_of(event: Any) -> tuple[str, str] | None:  # noqa: ANN401 - any of a plan's events
    """Return the kind and number of the plan; None for a moved deadline that is no plan's."""
    if isinstance(event, DeadlineMoved):
        of, _, number = event.name.rpartition("/")
        return ("plan", number) if of.startswith("plan-") else None
    return "plan", str(event.plan)


def _apply(document: CaseDocument, event: Event) -> None:
    """Write what an event says of a plan into its document."""
    if isinstance(event, DeadlineMoved):
        return  # project_documents moves it, since it knows when
    document.state = _STATES[type(event)]
    document.body["door"] = _deadline_body(getattr(event, "deadline", None))
    match event:
        case PlanSubmitted(amends=amends, lines=lines):
            document.body |= {
                "amends": amends,
                "lines": [_as_json(line) for line in lines],
                "grants": [],
                "declined": [],
            }
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
    """Append new grants, and note the last day of those that ended."""
    new = event.lines if isinstance(event, PlanApproved | PlanDeemedApproved) else ()
    document.body["grants"] = [*document.body.get("grants", []), *(_as_json(grant) for grant in new)]
    ended: tuple[Ended, ...] = event.ended if isinstance(event, _ENDS) else ()
    last = {one.grant: one.last_on for one in ended}
    for grant in document.body["grants"]:
        if grant["grant"] in last:
            grant["ended_on"] = last[grant["grant"]]


def _deadline_body(deadline: Deadline | None) -> dict[str, Any] | None:
    return deadline.model_dump() if deadline else None


def _as_json(line: Any) -> dict[str, Any]:  # noqa: ANN401 - a line or a grant
    """Return a line with its decimals as the texts that were announced."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in line.model_dump().items()}


PLANS = DocumentProjection((*_STATES, PlanDeadlineMoved), _name_of, _apply)
