"""The claims officer: what waits for a decision, every referral, plans line by line, reports to review."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Response

from services.portal.api import officer_actions
from services.portal.api.case_documents import CaseDocuments
from services.portal.api.officer import case_page, find_any
from services.portal.api.problems import not_found
from services.portal.api.referrals import Number
from services.portal.api.request_bodies import (
    HoldForInsurer,
    OfReport,
    PlanDecision,
    Question,
    ReportReturn,
    ReportWaiver,
    Withdrawal,
)
from services.portal.api.treatment import PlanNumber, ReportName
from services.portal.domain import tasks
from services.portal.pages.forms import Fields, Outcome, Submitted, body_of, rows_of
from services.portal.pages.inbox import officer_task
from services.portal.pages.page_request import PageRequest, SignedIn
from services.portal.pages.referrals import stages
from services.portal.pages.rendering import page
from services.portal.pages.reports import told_sections
from services.portal.pages.timeline import told_to_insurer
from services.portal.pages.treatment import held
from services.portal.store.case_documents import list_documents, list_queue
from services.portal.store.cases import Case, list_newest
from services.portal.store.contents import parts_of
from services.portal.store.documents import read_document
from services.portal.store.timeline import Entry, list_entries
from shared.config import clock

router = APIRouter(prefix="/officer")


@router.get("")
async def show_queue(request: SignedIn, cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "") -> Response:
    """Plans to decide and reports to review by their clocks, and the referrals that changed last."""
    now = clock.now()
    async with request.portal.reading(request.caller) as conn:
        waiting = await list_queue(conn, 0, 500)
        cases = await list_newest(conn, int(cursor or 0), 51)
    found = [officer_task(document.kind, document.name, document.body, number) for document, number, _ in waiting]
    shown = tasks.by_urgency(found, now)[:50]
    context = {
        "groups": tasks.grouped(shown, now, request.register.default_calendar),
        "count": len(found),
        "names": {},
        "cases": [case for case, _ in cases[:50]],
        "older": cases[49][1] if len(cases) > 50 else None,  # noqa: PLR2004 - a page
    }
    return page(request.request, "officer/queue.html", {**await request.frame("officer"), **context})


async def _case(request: PageRequest, number: str, template: str, outcome: Outcome | None, **more: Any) -> Response:  # noqa: ANN401 - whatever the template shows
    """A page about one referral, with the worker."""
    case = more.pop("case", None) or await find_any(request.portal, request.caller, number)
    said = await case_page(request.portal, case)
    is_live = more.pop("live", True) and outcome is None
    context = {
        **await request.frame("officer", live=is_live),
        "r": said,
        "contract_id": case.body.get("contract_id"),
        "outcome": outcome,
        "f": outcome.fields if outcome else {},
        "is_officer": True,
        **more,
    }
    return page(request.request, f"officer/{template}.html", context, status=outcome.status if outcome else 200)


@router.get("/referrals/{number}")
async def show_referral(number: Number, request: SignedIn) -> Response:
    """As its clinic sees it, and what an officer may do."""
    return await _referral(request, number)


async def _referral(request: PageRequest, number: str, outcome: Outcome | None = None) -> Response:
    case = await find_any(request.portal, request.caller, number)
    async with request.portal.reading(request.caller) as conn:
        documents = {
            kind: [document for document, _ in await list_documents(conn, case.referral_id, kind, 0, 1000)]
            for kind in ("plan", "report", "invoice")
        }
        entries = await list_entries(conn, case.referral_id, 200)
    documents["report"].sort(key=lambda document: str(document.body.get("due_at")))
    more = {
        "case": case,
        "declined": await _declined(request, case, entries),
        "stages": stages({**case.body, "state": case.state}),
        "papers": documents,
        "entries": [line for entry in entries if (line := told_to_insurer(entry, request.register.name))],
    }
    return await _case(request, number, "referral", outcome, **more)


class Declined(NamedTuple):
    """An offer that a clinic declined: which clinic, when, why, what it suggests, and what it wrote."""

    clinic: str
    at: datetime
    reason: str
    suggests: str
    comment: str | None


async def _declined(request: PageRequest, case: Case, entries: Sequence[Entry]) -> Sequence[Declined]:
    """Every declined offer of a referral, the newest first."""
    found = []
    async with request.portal.context.pool.acquire() as conn:
        for entry in (one for one in entries if one.words == "referral-declined"):
            body = entry.body
            comment = (
                await read_document(conn, case.referral_id, body["comment_id"]) if body.get("comment_id") else None
            )
            clinic = request.register.name(entry.site_id)
            found.append(Declined(clinic, entry.at, body.get("reason_code", ""), body.get("next_step", ""), comment))
    return found


@router.post("/referrals/{number}")
async def change_referral(number: Number, submission: Submitted) -> Response:
    """Held, resumed or withdrawn."""
    how, fields = submission.fields.get("how"), submission.fields
    if how == "resume":
        outcome = await submission.act(officer_actions.resume_for_insurer, number)
    elif how == "hold":
        outcome = await submission.act(officer_actions.hold_for_insurer, number, lambda: held(fields, HoldForInsurer))
    else:
        reason = {"reason_code": fields.get("reason_code")}
        outcome = await submission.act(officer_actions.withdraw, number, lambda: body_of(Withdrawal, reason))
    if outcome.is_sent:
        return submission.go(outcome, f"/officer/referrals/{number}")
    if how == "withdraw":
        return await _case(submission.visit, number, "withdraw", outcome)
    return await _referral(submission.visit, number, outcome)


@router.get("/referrals/{number}/withdraw")
async def ask_withdrawal(number: Number, request: SignedIn) -> Response:
    """Return what withdrawing does, before it is done."""
    return await _case(request, number, "withdraw", None, live=False)


async def _paper(request: PageRequest, case: Case, kind: str, name: str) -> Mapping[str, Any]:
    said = await CaseDocuments(request.portal, request.caller, case.referral_id).current_view(kind, name)
    if not said:
        raise not_found()
    return said


@router.get("/referrals/{number}/plans/{plan}")
async def show_plan(number: Number, plan: PlanNumber, request: SignedIn) -> Response:
    """Line by line, with what it costs and until when it is decided."""
    return await _plan(request, number, plan)


async def _plan(request: PageRequest, number: str, plan: int, outcome: Outcome | None = None) -> Response:
    case = await find_any(request.portal, request.caller, number)
    said = await _paper(request, case, "plan", str(plan))
    return await _case(request, number, "plan", outcome, case=case, p=said, live=not said["allowed"])


@router.post("/referrals/{number}/plans/{plan}")
async def decide(number: Number, plan: PlanNumber, submission: Submitted) -> Response:
    """Each line granted in whole, in part or not; or the clinic is asked, once."""
    if submission.fields.get("how") == "ask":
        members = {"plan": plan, "question": submission.fields.get("question")}
        outcome = await submission.act(officer_actions.request_information, number, lambda: body_of(Question, members))
    else:
        outcome = await submission.act(officer_actions.decide_plan, number, lambda: decided(plan, submission.fields))
    place = f"/officer/referrals/{number}/plans/{plan}"
    return submission.go(outcome, place) if outcome.is_sent else await _plan(submission.visit, number, plan, outcome)


def decided(plan: int, fields: Fields) -> PlanDecision:
    """The decision as it was typed; units that are left blank are none."""
    lines = [{**row, "units": row.get("units") or "0"} for row in rows_of(fields, "lines")]
    return body_of(PlanDecision, {"plan": plan, "lines": lines})


@router.get("/referrals/{number}/reports/{name}")
async def show_report(number: Number, name: ReportName, request: SignedIn) -> Response:
    """A report with its sections and measures, to be accepted, sent back or done without."""
    return await _report(request, number, name)


async def _report(request: PageRequest, number: str, name: str, outcome: Outcome | None = None) -> Response:
    case = await find_any(request.portal, request.caller, number)
    said = await _paper(request, case, "report", name)
    today = request.register.default_calendar.day_of(clock.now())
    parts = [f"{part.part}s.{part.name}" for part in parts_of(said["kind"], today)]
    more = {
        "p": said,
        "live": not said["allowed"],  # live pieces hold no inputs
        "told": told_sections(said.get("narrative") or ""),
        "parts": ["service_on", "author_discipline", *parts],
    }
    return await _case(request, number, "report", outcome, case=case, **more)


@router.post("/referrals/{number}/reports/{name}")
async def review(number: Number, name: ReportName, submission: Submitted) -> Response:
    """Accepted, sent back field by field, or not needed."""
    how, fields = submission.fields.get("how"), submission.fields
    places: dict[str, str] = {}
    if how == "accept":
        outcome = await submission.act(officer_actions.accept_report, number, lambda: OfReport(report=name))
    elif how == "waive":
        waived = {"report": name, "reason_code": fields.get("waive_code")}
        outcome = await submission.act(officer_actions.waive_report, number, lambda: body_of(ReportWaiver, waived))
        places = {"reason_code": "waive_code"}
    else:
        flaws = [
            {"field": place.removeprefix("return."), "reason_code": code}
            for place, code in fields.items()
            if place.startswith("return.") and code
        ]
        returned = {"report": name, "fields": flaws, "fault": fields.get("fault") or "clinic"}
        outcome = await submission.act(officer_actions.return_report, number, lambda: body_of(ReportReturn, returned))
        members = [(n, f"return.{flaw['field']}") for n, flaw in enumerate(flaws)]
        places = {f"fields.{n}.{member}": at for n, at in members for member in ("field", "reason_code")}
    place = f"/officer/referrals/{number}/reports/{name}"
    if outcome.is_sent:
        return submission.go(outcome, place)
    return await _report(submission.visit, number, name, outcome.at(places))
