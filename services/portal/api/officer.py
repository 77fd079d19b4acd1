"""The calls by which a claims officer reads referrals and what waits for a decision."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from services.portal.api.access import Who
from services.portal.api.case_documents import CaseDocuments, allowed_to_officer, document_page
from services.portal.api.dependencies import Here, Portal
from services.portal.api.paging import Paged
from services.portal.api.problems import not_found
from services.portal.api.referrals import Number, worker_of
from services.portal.api.treatment import PlanNumber, ReportName
from services.portal.domain.allowed_actions import officer_on_referral
from services.portal.store.accounts import Caller
from services.portal.store.case_documents import list_queue
from services.portal.store.cases import Case, find_case, list_cases

router = APIRouter(prefix="/officer", tags=["officer"])
_LISTED = ("program", "community", "urgent", "officer", "door", "held_by", "starts_at", "initial_visit_on", "last_on")
_INNER = frozenset({"person_id", "stopped_door", *_LISTED})


@router.get("/referrals")
async def list_all(
    caller: Who,
    portal: Here,
    page: Paged,
    state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")] = None,
) -> dict[str, Any]:
    """Lists all referrals in the order in which they changed."""
    async with portal.reading(caller) as conn:
        found = await list_cases(conn, state, page.after, page.most)
    return page.of(found, lambda one: one[1], lambda one: _listed(one[0]))


@router.get("/referrals/{number}")
async def show_one(number: Number, caller: Who, portal: Here) -> Response:
    """Shows a referral with the worker."""
    case = await find_any(portal, caller, number)
    headers = {"ETag": f'"{case.revision}"', "Cache-Control": "private, no-cache"}
    return JSONResponse(await case_page(portal, case), headers=headers)


@router.get("/referrals/{number}/plans")
async def list_plans(number: Number, caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists the plans of a referral."""
    case = await find_any(portal, caller, number)
    return await CaseDocuments(portal, caller, case.referral_id).list("plan", page)


@router.get("/referrals/{number}/plans/{plan}")
async def show_plan(number: Number, plan: PlanNumber, caller: Who, portal: Here) -> Response:
    """Shows a plan: its lines, what was granted, what was asked and answered."""
    case = await find_any(portal, caller, number)
    return await CaseDocuments(portal, caller, case.referral_id).page("plan", str(plan))


@router.get("/referrals/{number}/reports")
async def list_reports(number: Number, caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists reports that are due, and what became of them."""
    case = await find_any(portal, caller, number)
    return await CaseDocuments(portal, caller, case.referral_id).list("report", page)


@router.get("/referrals/{number}/reports/{name}")
async def show_report(number: Number, name: ReportName, caller: Who, portal: Here) -> Response:
    """Shows a report with its narrative."""
    case = await find_any(portal, caller, number)
    return await CaseDocuments(portal, caller, case.referral_id).page("report", name)


@router.get("/queue")
async def show_queue(caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists plans that wait for a decision and reports that wait for a review."""
    async with portal.reading(caller) as conn:
        found = await list_queue(conn, page.after, page.most)
    return page.of(
        found,
        lambda one: one[2],
        lambda one: {"number": one[1], "what": one[0].kind, **document_page(one[0], allowed_to_officer(one[0]))},
    )


async def find_any(portal: Portal, caller: Caller, number: str) -> Case:
    """Returns a referral, or raises a Problem of status 404."""
    async with portal.reading(caller) as conn:
        found = await find_case(conn, number)
    if found is None:
        raise not_found()
    return found


async def case_page(portal: Portal, case: Case) -> dict[str, Any]:
    """Returns all that an officer may see of a referral now."""
    more = {name: value for name, value in case.body.items() if name not in _INNER}
    worker = await worker_of(portal, case.body.get("person_id", ""))
    return {**_listed(case), "referral_id": case.referral_id, **more, "worker": worker}


def _listed(case: Case) -> dict[str, Any]:
    """Return a referral as a list shows it."""
    return {
        "number": case.number,
        "state": case.state,
        "revision": case.revision,
        "site_id": case.site_id,
        **{name: case.body.get(name) for name in _LISTED},
        "allowed": officer_on_referral(case.state, case.body),
    }
