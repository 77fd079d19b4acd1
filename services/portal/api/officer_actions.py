"""The calls by which a claims officer acts on a referral, its plans and its reports; each one's owner decides."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter

from services.portal.api.action_requests import ActionRequest, ActionTarget, SeenCall, act
from services.portal.api.actions import ActionResult, command
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


async def _act(call: ActionRequest, verb: str, body: Body, kind: type[Event]) -> ActionResult:
    """Take an action on the referral itself."""
    case = await find_any(call.portal, call.caller, call.number)

    async def current_view() -> dict[str, Any]:
        return await case_page(call.portal, await find_any(call.portal, call.caller, call.number))

    return await act(call, _target(call, case, verb, current_view), body, kind)


async def _decide(
    call: ActionRequest, verb: str, body: Body, kind: type[Event], document: tuple[str, str]
) -> ActionResult:
    """Take an action on a plan or a report of the referral."""
    case = await find_any(call.portal, call.caller, call.number)
    state = CaseDocuments(call.portal, call.caller, case.referral_id)

    async def current_view() -> dict[str, Any]:
        return await state.current_view(*document)

    return await act(call, _target(call, case, verb, current_view), body, kind)


def _target(
    call: ActionRequest, case: Case, verb: str, current_view: Callable[[], Awaitable[dict[str, Any]]]
) -> ActionTarget:
    """Return the target of an officer's action; officers act for the insurer, at no site."""
    path = f"/officer/referrals/{case.number}/commands/{verb}"
    return ActionTarget(path, case.referral_id, call.caller.role_at(None), current_view)


@command(router, "/{number}/commands/hold")
async def hold_for_insurer(call: SeenCall, body: HoldForInsurer) -> ActionResult:
    """Puts the referral on hold for the insurer."""
    return await _act(call, "hold", body, OfficerHeldReferral)


@command(router, "/{number}/commands/resume")
async def resume_for_insurer(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """Lifts the insurer's hold."""
    return await _act(call, "resume", body or Nothing(), OfficerResumedReferral)


@command(router, "/{number}/commands/withdraw")
async def withdraw(call: SeenCall, body: Withdrawal) -> ActionResult:
    """Withdraws the referral before its purpose is reached."""
    return await _act(call, "withdraw", body, OfficerWithdrewReferral)


@command(router, "/{number}/commands/decide-plan")
async def decide_plan(call: SeenCall, body: PlanDecision) -> ActionResult:
    """Decides a plan line by line."""
    return await _decide(call, "decide-plan", body, OfficerDecidedPlan, ("plan", str(body.plan)))


@command(router, "/{number}/commands/request-information")
async def request_information(call: SeenCall, body: Question) -> ActionResult:
    """Asks the clinic about a plan, once."""
    return await _decide(call, "request-information", body, OfficerRequestedInformation, ("plan", str(body.plan)))


@command(router, "/{number}/commands/accept-report")
async def accept_report(call: SeenCall, body: OfReport) -> ActionResult:
    """Accepts a report as it is."""
    return await _decide(call, "accept-report", body, OfficerAcceptedReport, ("report", body.report))


@command(router, "/{number}/commands/return-report")
async def return_report(call: SeenCall, body: ReportReturn) -> ActionResult:
    """Returns a report with what is wrong in each field."""
    return await _decide(call, "return-report", body, OfficerReturnedReport, ("report", body.report))


@command(router, "/{number}/commands/waive-report")
async def waive_report(call: SeenCall, body: ReportWaiver) -> ActionResult:
    """Waives a report that the insurer does not need."""
    return await _decide(call, "waive-report", body, OfficerWaivedReport, ("report", body.report))
