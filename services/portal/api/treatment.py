"""The calls by which a clinic sends in and reads plans, reports and attendance."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from services.portal.api.access import Who
from services.portal.api.action_requests import ActionRequest, ActionTarget, MaybeSeenCall, NewCall, SeenCall, act
from services.portal.api.actions import ActionResult, command
from services.portal.api.case_documents import CaseDocuments
from services.portal.api.dependencies import Here
from services.portal.api.paging import Paged
from services.portal.api.referrals import Number, find_held, find_mine
from services.portal.api.request_bodies import Amendment, Attendance, Body, Plan, Reply, Report
from shared.domain.decision import Event
from shared.events.portal import (
    ProviderRecordedAttendance,
    ProviderRepliedPlan,
    ProviderSubmittedPlan,
    ProviderSubmittedPlanAmendment,
    ProviderSubmittedReport,
)

router = APIRouter(prefix="/referrals", tags=["treatment"])
PlanNumber = Annotated[int, Path(ge=1, le=9999)]
ReportName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


async def send_in(
    call: ActionRequest, verb: str, body: Body, kind: type[Event], document: tuple[str, str]
) -> ActionResult:
    """Takes an action on a document of the caller's referral; where it is stale, the document is shown."""
    view = await find_mine(call.portal, call.caller, call.number)
    state = CaseDocuments(call.portal, call.caller, view.referral_id)

    async def current_view() -> dict[str, Any]:
        return await state.current_view(*document)

    target = ActionTarget(
        path=f"/referrals/{view.number}/commands/{verb}",
        referral_id=view.referral_id,
        role=call.caller.role_at(view.site_id),
        current_view=current_view,
        members={"site_id": view.site_id},
    )
    return await act(call, target, body, kind)


@command(router, "/{number}/commands/attendance")
async def attendance(call: NewCall, body: Attendance) -> ActionResult:
    """Records days on which the worker came or did not."""
    return await send_in(call, "attendance", body, ProviderRecordedAttendance, ("attendance", "days"))


@command(router, "/{number}/commands/report")
async def report(call: MaybeSeenCall, body: Report) -> ActionResult:
    """Submits a report as a whole."""
    return await send_in(call, "report", body, ProviderSubmittedReport, ("report", body.report))


@command(router, "/{number}/commands/plan")
async def plan(call: NewCall, body: Plan) -> ActionResult:
    """Submits a plan for the insurer's decision."""
    return await send_in(call, "plan", body, ProviderSubmittedPlan, ("plan", "0"))


@command(router, "/{number}/commands/amend")
async def amend(call: SeenCall, body: Amendment) -> ActionResult:
    """Submits a change or an extension of a plan."""
    return await send_in(call, "amend", body, ProviderSubmittedPlanAmendment, ("plan", str(body.amends)))


@command(router, "/{number}/commands/reply")
async def reply(call: SeenCall, body: Reply) -> ActionResult:
    """Answers what the officer asked about a plan."""
    return await send_in(call, "reply", body, ProviderRepliedPlan, ("plan", str(body.plan)))


@router.get("/{number}/plans")
async def list_plans(number: Number, caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists the plans of a referral."""
    view = await find_held(portal, caller, number)
    return await CaseDocuments(portal, caller, view.referral_id).list("plan", page)


@router.get("/{number}/plans/{plan}")
async def show_plan(number: Number, plan: PlanNumber, caller: Who, portal: Here) -> Response:
    """Shows a plan: its lines, what was granted, what was asked and answered."""
    view = await find_held(portal, caller, number)
    return await CaseDocuments(portal, caller, view.referral_id).page("plan", str(plan))


@router.get("/{number}/reports")
async def list_reports(number: Number, caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists reports that are due, and what became of them."""
    view = await find_held(portal, caller, number)
    return await CaseDocuments(portal, caller, view.referral_id).list("report", page)


@router.get("/{number}/reports/{name}")
async def show_report(number: Number, name: ReportName, caller: Who, portal: Here) -> Response:
    """Shows a report with its narrative and what was wrong with it."""
    view = await find_held(portal, caller, number)
    return await CaseDocuments(portal, caller, view.referral_id).page("report", name)


@router.get("/{number}/attendance")
async def show_attendance(number: Number, caller: Who, portal: Here) -> dict[str, Any]:
    """Shows attendance day by day."""
    view = await find_held(portal, caller, number)
    return await CaseDocuments(portal, caller, view.referral_id).attendance()
