"""The clinic's referrals, and each on its page: where it stands, what comes next, what is left, what has happened."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.portal.api.case_documents import allowed_to_clinic
from services.portal.api.referrals import Number, find_mine, page_of
from services.portal.domain import tasks
from services.portal.domain.balance import balances
from services.portal.pages import formatting
from services.portal.pages.formatting import report_title
from services.portal.pages.page_request import PageRequest, SignedIn
from services.portal.pages.rendering import page
from services.portal.pages.timeline import told
from services.portal.store.accounts import identities_of
from services.portal.store.case_documents import CaseDocument, list_documents, next_dues
from services.portal.store.referral_views import ReferralView, list_newest
from services.portal.store.timeline import list_entries
from shared.config import clock

router = APIRouter()
STAGES = ("offered", "acknowledged", "accepted", "scheduled", "active", "discharged", "closed")
_KNOWN = frozenset(STAGES[1:])
_MOST = 1000  # papers of a kind that a referral has


@router.get("/referrals")
async def list_all(
    request: SignedIn,
    state: Annotated[str | None, Query(pattern=r"^[a-z-]{0,40}$")] = None,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "",
) -> Response:
    """Show the referrals, the newest change first, 50 on a page."""
    async with request.portal.reading(request.caller) as conn:
        found = await list_newest(conn, request.caller.sites, state or None, int(cursor or 0), 51)
        dues = await next_dues(conn, [view.referral_id for view, _ in found if view.state == "active"])
    views = [view for view, _ in found[:50]]
    async with request.portal.context.pool.acquire() as conn:
        names = await identities_of(conn, {f"worker/{view.person_id}" for view in views if view.state in _KNOWN})
    context = {
        "views": views,
        "names": names,
        "dues": dues,
        "state": state or "",
        "stages": STAGES,
        "older": found[49][1] if len(found) > 50 else None,  # noqa: PLR2004 - a page
    }
    return page(request.request, "referrals/list.html", {**await request.frame("referrals"), **context})


@router.get("/referrals/{number}")
async def show(number: Number, request: SignedIn) -> Response:
    """Everything about one referral that its clinic may see."""
    view = await find_mine(request.portal, request.caller, number)
    said = await page_of(request.portal, view)
    documents = await papers_of(request, view) if view.is_had else {}
    async with request.portal.reading(request.caller) as conn:
        entries = await list_entries(conn, view.referral_id, 200) if view.is_had else []
    context = {
        "r": said,
        "view": view,
        "stages": stages(said),
        "next": _next(request, view, documents.get("report", ())),
        "reports": documents.get("report", ()),
        "plans": documents.get("plan", ()),
        "invoices": documents.get("invoice", ()),
        "balances": balances(
            [p.body for p in documents.get("plan", ())], [_billed(p) for p in documents.get("invoice", ())]
        ),
        "visit_is_on_a_business_day": is_on_a_business_day(request, view),
        "entries": [line for entry in entries if (line := told(entry))],
        "may": {document.key: allowed_to_clinic(document) for kind in documents.values() for document in kind},
    }
    return page(request.request, "referrals/show.html", {**await request.frame("referrals"), **context})


def is_on_a_business_day(request: PageRequest, view: ReferralView) -> bool:
    """Return whether the first visit is on a business day of the contract; True while none is booked."""
    on = formatting.a_day(view.body.get("starts_at"))
    return on is None or request.register.calendar(view.body.get("contract_id")).is_business_day(on)


async def papers_of(request: PageRequest, view: ReferralView) -> Mapping[str, Sequence[CaseDocument]]:
    """Reports, plans and invoices of a referral."""
    async with request.portal.reading(request.caller) as conn:
        return {
            kind: [document for document, _ in await list_documents(conn, view.referral_id, kind, 0, _MOST)]
            for kind in ("report", "plan", "invoice", "attendance")
        }


def _billed(document: CaseDocument) -> Mapping[str, Any]:
    """An invoice with its state."""
    return {**document.body, "state": document.state}


def stages(said: Mapping[str, Any]) -> Sequence[tuple[str, str, Any]]:
    """Each stage of a referral with how it stands to it and its day, where that is known."""
    days = {
        "accepted": said.get("accepted_on"),
        "scheduled": said.get("starts_at"),
        "active": said.get("initial_visit_on"),
        "discharged": said.get("discharged_on"),
        "closed": said.get("closed_on"),
    }
    now = STAGES.index(said["state"]) if said["state"] in STAGES else -1
    return [
        (name, "done" if n < now else "now" if n == now else "", days.get(name) if n <= now else None)
        for n, name in enumerate(STAGES)
    ]


def _next(request: PageRequest, view: ReferralView, reports: Sequence[CaseDocument]) -> tasks.Task | None:
    """The one thing that is to be done first."""
    now = clock.now()
    contract_id = view.body.get("contract_id")
    fees = request.register.fees(contract_id, request.register.default_calendar.day_of(now)).values()
    calendar = request.register.calendar(contract_id)
    found = list(tasks.of_referral(view.state, view.number, view.body, now, calendar))
    found += [
        tasks.of_report(view.number, p.name, report_title(p.name), p.body, tasks.worth_of(fees, p.body.get("kind", "")))
        for p in reports
        if p.state in {"scheduled", "returned"} and not p.is_left
    ]
    first = min(found, key=lambda task: (task.due_at is None, task.due_at or now), default=None)
    return first._replace(contract_id=contract_id) if first else None
