"""One request as it stands, for whoever waits for its answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.api.me import show_operation
from services.portal.pages.demo_pace import set_pace, shown
from services.portal.pages.forms import Submitted
from services.portal.pages.page_request import SignedIn, local_path
from services.portal.pages.rendering import HEADERS, page, rendered
from services.portal.store.operations import PATIENCE
from shared.config import clock

router = APIRouter()
_INVOICE = frozenset({"invoice", "rectify", "void"})
_PROGRAM = frozenset({"attendance", "report", "plan", "amend", "reply", "decide-plan", "request-information"})
_PROGRAM |= {"accept-report", "return-report", "waive-report"}
_TIMES = 40  # the page asks again every three seconds, for two minutes


def page_about(about: str) -> str:
    """The page of the record that a request is about."""
    parts = about.split("/")
    held = 4 if parts[1:2] == ["officer"] else 3
    return "/".join(parts[:held]) if parts[1:2] in (["officer"], ["referrals"]) else "/inbox"


@router.get("/operations/{operation_id}")
async def show(operation_id: UUID, request: SignedIn, times: Annotated[int, Query(ge=0, le=_TIMES)] = 0) -> Response:
    """Being checked, accepted or refused; who decides, and where to go on."""
    said = await show_operation(operation_id, request.caller, request.portal)
    then = page_about(said["about"])
    if said["status"] == "accepted":
        return RedirectResponse(f"{then}?did={operation_id}", 303)
    waits = said["status"] == "checking" and times < _TIMES
    told_at = datetime.fromisoformat(said["received_at"]) + PATIENCE
    headers = {"Refresh": f"3; url=/operations/{operation_id}?times={times + 1}"} if waits else {}
    frame = await request.frame("operations", live=False)
    context = {"op": said, "then": then, "waits": waits, "owner": owner_of(said["about"])}
    context["told_at"] = told_at if told_at <= clock.now() else None
    return page(request.request, "operation.html", {**frame, **context}, headers=headers)


def owner_of(about: str) -> str:
    """Whose answer a request waits for."""
    verb = about.rpartition("/")[2]
    return "invoices" if verb in _INVOICE else "plans and reports" if verb in _PROGRAM else "referrals"


@router.get("/local")
async def show_day(_: SignedIn, then: Annotated[str, Query(max_length=500)] = "/inbox") -> Response:
    """On one machine alone: the line that says which day it is, for a page that has been open for a while."""
    said = shown()
    if said is None:
        return Response(status_code=204, headers=HEADERS)
    body = rendered("local.html", {"local": said, "now": clock.now(), "path": local_path(then)})
    return HTMLResponse(body, headers=HEADERS)


@router.post("/local/pace")
async def change_pace(submission: Submitted) -> Response:
    """On one machine alone: how fast the days go."""
    set_pace(submission.fields.get("pace", ""))
    return RedirectResponse(local_path(submission.fields.get("then", "/inbox")), 303)
