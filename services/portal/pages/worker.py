"""The injured worker: what happens next, whom to call, and what has happened, in plain words."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from services.portal.pages.page_request import PageRequest, SignedIn
from services.portal.pages.rendering import page
from services.portal.store.cases import Case, list_own
from services.portal.store.timeline import Entry, list_entries

router = APIRouter(prefix="/my")
# what happens next, and who acts
_NEXT: Mapping[str, tuple[str, str]] = {
    "admitted": ("We look for a clinic near you.", "Your claims officer acts next. You need do nothing."),
    "matched": ("We look for a clinic near you.", "Your claims officer acts next. You need do nothing."),
    "unplaced": ("No clinic near you has room.", "Your claims officer calls you about other ways."),
    "not-admitted": ("You do not get a program now.", "Your claims officer can tell you why."),
    "offered": ("We asked a clinic to take you.", "The clinic answers within one or two working days."),
    "acknowledged": ("A clinic looks at your file.", "The clinic answers by the end of the next working day."),
    "accepted": ("A clinic takes you.", "The clinic calls you to agree your first visit."),
    "scheduled": ("Your first visit is booked.", "You go there. Call the clinic if you cannot."),
    "active": ("You are in your program.", "Go to your visits. Your clinic plans the next steps with you."),
    "discharged": ("Your program is over.", "Call your claims officer if you need help again."),
    "closed": ("Your program is closed.", "Call your claims officer if something is open."),
    "withdrawn": ("Your program was stopped.", "Your claims officer can tell you why."),
}
_PLAIN: Mapping[str, str] = {
    "referral-created": "Your program was asked for.",
    "referral-not-admitted": "You do not get this program now.",
    "referral-offered": "We asked a clinic to take you.",
    "referral-acknowledged": "The clinic opened your file.",
    "referral-accepted": "The clinic takes you.",
    "referral-declined": "The clinic cannot take you. We ask the next one.",
    "referral-lapsed": "The clinic did not answer in time. We ask the next one.",
    "referral-unplaced": "No clinic near you has room.",
    "appointment-booked": "Your first visit was booked.",
    "appointment-moved": "Your first visit was moved.",
    "appointment-missed": "Your first visit did not take place.",
    "program-started": "Your program began.",
    "plan-submitted": "Your clinic made a plan for you.",
    "plan-approved": "Your plan was decided.",
    "plan-deemed-approved": "Your plan goes ahead.",
    "plan-declined": "Your plan was not approved. Your clinic can send another one.",
    "referral-held": "Your program stands still for a while.",
    "referral-resumed": "Your program goes on.",
    "program-ended": "Your treatment ended.",
    "referral-discharged": "Your program is over.",
    "referral-withdrawn": "Your program was stopped.",
}


@router.get("")
async def show(request: SignedIn) -> Response:
    """Show what happens next, with its day and whom to call."""
    cases = await _cases(request)
    context = {"cases": [_shown(request, case) for case in cases]}
    return page(request.request, "worker/my.html", {**await request.frame("my"), **context})


async def _cases(request: PageRequest) -> list[Case]:
    async with request.portal.reading(request.caller) as conn:
        return await list_own(conn, request.caller.person_id or "")


def _shown(request: PageRequest, case: Case) -> Mapping[str, Any]:
    """One referral, for the worker whose it is."""
    now, who = _NEXT.get(case.state, ("Your program is being looked at.", "Your claims officer acts next."))
    site = request.register.sites.get(case.site_id or "")
    return {
        "case": case,
        "now": now,
        "who": who,
        "clinic": site if case.state not in {"offered", "acknowledged"} else None,
    }


@router.get("/timeline")
async def show_timeline(request: SignedIn) -> Response:
    """Each step, in plain words; delays are said openly."""
    entries: list[Entry] = []
    async with request.portal.reading(request.caller) as conn:
        for case in await list_own(conn, request.caller.person_id or ""):
            entries += await list_entries(conn, case.referral_id, 500)
    lines = [(entry.at, _PLAIN[entry.words]) for entry in entries if entry.words in _PLAIN]
    context = {"lines": sorted(lines, key=lambda line: line[0], reverse=True)}  # of one instant, in their order
    return page(request.request, "worker/timeline.html", {**await request.frame("my-timeline"), **context})
