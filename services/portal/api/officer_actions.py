"""What a claims officer does with a referral, its plans and its reports; the service that owns each decides."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response

from services.portal.api.action_requests import ActionRequest, ActionTarget, SeenCall, act
from services.portal.api.case_documents import CaseDocuments
from services.portal.api.officer import case_page, find_any
from services.portal.api.request_bodies import (
    Body,
    HoldForInsurer,
    Nothing,
    OfReport,
    PlanDecision,
    Question,
    ReportReturn,
    ReportWaiver,
    Withdrawal,
)
from services.portal.store.cases import Case
from shared.domain.decision import Event
from shared.events.portal import (
    OfficerAcceptedReport,
    OfficerDecidedPlan,
    OfficerHeldReferral,
    OfficerRequestedInformation,
    OfficerResumedReferral,
    OfficerReturnedReport,
    OfficerWaivedReport,
    OfficerWithdrewReferral,
)

router = APIRouter(prefix="/officer/referrals", tags=["officer"])


async def _act(call: ActionRequest, verb: str, body: Body, kind: type[Event]) -> Response:
    """On the referral itself."""
    case = await find_any(call.portal, call.caller, call.number)

    async def look() -> dict[str, Any]:
        return await case_page(call.portal, await find_any(call.portal, call.caller, call.number))

    return await act(call, _matter(call, case, verb, look), body, kind)


async def _decide(call: ActionRequest, verb: str, body: Body, kind: type[Event], document: tuple[str, str]) -> Response:
    """On a plan or a report of it."""
    case = await find_any(call.portal, call.caller, call.number)
    state = CaseDocuments(call.portal, call.caller, case.referral_id)

    async def look() -> dict[str, Any]:
        return await state.glance(*document)

    return await act(call, _matter(call, case, verb, look), body, kind)


def _matter(call: ActionRequest, case: Case, verb: str, look: Callable[[], Awaitable[dict[str, Any]]]) -> ActionTarget:
    """Officers act for the insurer, at no site."""
    place = f"/officer/referrals/{case.number}/commands/{verb}"
    return ActionTarget(place, case.referral_id, call.caller.role_at(None), look)


@router.post("/{number}/commands/hold")
async def hold_for_insurer(call: SeenCall, body: HoldForInsurer) -> Response:
    """The referral stands still."""
    return await _act(call, "hold", body, OfficerHeldReferral)


@router.post("/{number}/commands/resume")
async def resume_for_insurer(call: SeenCall, body: Nothing | None = None) -> Response:
    """The insurer's hold is lifted."""
    return await _act(call, "resume", body or Nothing(), OfficerResumedReferral)


@router.post("/{number}/commands/withdraw")
async def withdraw(call: SeenCall, body: Withdrawal) -> Response:
    """The referral ends before its purpose is reached."""
    return await _act(call, "withdraw", body, OfficerWithdrewReferral)


@router.post("/{number}/commands/decide-plan")
async def decide_plan(call: SeenCall, body: PlanDecision) -> Response:
    """A plan, line by line."""
    return await _decide(call, "decide-plan", body, OfficerDecidedPlan, ("plan", str(body.plan)))


@router.post("/{number}/commands/request-information")
async def request_information(call: SeenCall, body: Question) -> Response:
    """The clinic is asked about a plan, once."""
    return await _decide(call, "request-information", body, OfficerRequestedInformation, ("plan", str(body.plan)))


@router.post("/{number}/commands/accept-report")
async def accept_report(call: SeenCall, body: OfReport) -> Response:
    """A report is accepted as it is."""
    return await _decide(call, "accept-report", body, OfficerAcceptedReport, ("report", body.report))


@router.post("/{number}/commands/return-report")
async def return_report(call: SeenCall, body: ReportReturn) -> Response:
    """A report goes back, field by field."""
    return await _decide(call, "return-report", body, OfficerReturnedReport, ("report", body.report))


@router.post("/{number}/commands/waive-report")
async def waive_report(call: SeenCall, body: ReportWaiver) -> Response:
    """The insurer does without a report."""
    return await _decide(call, "waive-report", body, OfficerWaivedReport, ("report", body.report))
