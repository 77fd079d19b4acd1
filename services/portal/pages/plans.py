"""Plans: what was asked for and granted, the officer's question, and the editor of a new plan or an amendment."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response

from services.portal.api import treatment
from services.portal.api.case_documents import CaseDocuments
from services.portal.api.referrals import Number, find_held, page_of
from services.portal.api.request_bodies import Amendment, Plan, Reply
from services.portal.domain.typed_values import day_in, read_index, read_units
from services.portal.pages import drafts
from services.portal.pages.forms import (
    Fields,
    FormSubmission,
    Outcome,
    Submitted,
    body_of,
    removed_row,
    row_places,
    rows_of,
)
from services.portal.pages.page_request import PageRequest, SignedIn
from services.portal.pages.rendering import page
from services.portal.store.case_documents import list_documents
from services.portal.store.referral_views import ReferralView
from services.portal.store.register import Register
from shared.billing.fees import cents_of
from shared.codes import code_list
from shared.config import clock
from shared.domain import wording
from shared.events.limits import NEWEST
from shared.events.procurement import FeeLine

router = APIRouter(prefix="/referrals/{number}")
_MOST_LINES = 100  # of a plan
_MEMBERS = ("code", "units", "from_on", "to_on", "discipline", "goal", "replaces")


async def whole_plans(request: PageRequest, referral_id: str) -> list[dict[str, Any]]:
    """Every plan with its question and reply, the newest first."""
    state = CaseDocuments(request.portal, request.caller, referral_id)
    async with request.portal.reading(request.caller) as conn:
        found = [document for document, _ in await list_documents(conn, referral_id, "plan", 0, 200)]
    names = sorted((document.name for document in found), key=int, reverse=True)
    return [await state.current_view("plan", name) for name in names]


@router.get("/plan")
async def show_plans(number: Number, request: SignedIn) -> Response:
    """Return what was asked for, what was granted and until when, and what the officer asks."""
    return await _plans(request, number)


async def _plans(request: PageRequest, number: str, outcome: Outcome | None = None) -> Response:
    view = await find_held(request.portal, request.caller, number)
    plans = await whole_plans(request, view.referral_id)
    is_typed = outcome is not None or any("reply" in plan["allowed"] for plan in plans)  # live pieces hold no inputs
    context = {
        "r": await page_of(request.portal, view),
        "contract_id": view.body.get("contract_id"),
        "plans": plans,
        "outcome": outcome,
        "f": outcome.fields if outcome else {},
    }
    frame = await request.frame("referrals", live=not is_typed)
    return page(request.request, "plans/show.html", {**frame, **context}, status=outcome.status if outcome else 200)


@router.post("/plan")
async def reply(number: Number, submission: Submitted) -> Response:
    """The answer to the officer's question."""
    members = {"plan": read_index(submission.fields.get("plan", "")), "text": submission.fields.get("text")}
    outcome = await submission.act(treatment.reply, number, lambda: body_of(Reply, members))
    return (
        submission.go(outcome, f"/referrals/{number}/plan")
        if outcome.is_sent
        else await _plans(submission.visit, number, outcome)
    )


@router.get("/plan/edit")
async def edit(number: Number, request: SignedIn) -> Response:
    """The editor; what was typed before stands there still."""
    return await _editor(request, number)


async def _editor(request: PageRequest, number: str, outcome: Outcome | None = None) -> Response:
    opened = await drafts.open_draft(request, number, "plan", "new")
    fields = outcome.fields if outcome else opened.fields
    plans = await whole_plans(request, opened.view.referral_id)
    living = next((plan for plan in plans if plan["state"] in {"approved", "deemed"}), None)
    context = {
        "r": await page_of(request.portal, opened.view),
        "editing": opened,
        "outcome": outcome,
        "f": fields,
        "rows": _rows(fields),
        "codes": plannable(request.register, opened.view),
        "price": priced(request.register, opened.view, fields),
        "amends": living,
    }
    status = outcome.status if outcome else 200
    return page(
        request.request, "plans/edit.html", {**await request.frame("referrals", live=False), **context}, status=status
    )


def _rows(fields: Mapping[str, str]) -> range:
    """As many as were typed, one at least."""
    return range(min(max(read_index(fields.get("rows", "")) or 1, 1), NEWEST.lines))


def plannable(register: Register, view: ReferralView) -> Mapping[str, str]:
    """Return what may be planned, with its price."""
    units = code_list("units")
    return {
        code: f"{register.service(code)}, {wording.dollars(fee.cents)} {wording.with_article(units.sentence(fee.unit))}"
        for code, fee in _fees(register, view).items()
    }


def _fees(register: Register, view: ReferralView, on: date | None = None) -> Mapping[str, FeeLine]:
    """Return what may be planned for a day, today where none is named."""
    on = on or register.calendar(view.body.get("contract_id")).day_of(clock.now())
    program = register.program(view.body.get("program"), on)
    fees = register.fees(view.body.get("contract_id"), on)
    return {code: fee for code, fee in fees.items() if program is None or code in program.plan_lines}


def priced(register: Register, view: ReferralView, fields: Mapping[str, str]) -> int:
    """Return what all lines cost together, in cents, as far as they can be priced."""
    total = 0
    for row in rows_of(fields, "lines"):
        fee = _fees(register, view, day_in(row.get("from_on", ""))).get(row.get("code", ""))
        units = read_units(row.get("units", ""))
        total += cents_of(fee, units) if fee and isinstance(units, Decimal) and units >= 0 else 0
    return total


@router.post("/plan/edit")
async def change(number: Number, submission: Submitted) -> Response:
    """Saved as one types, by a line more or less, or sent."""
    opened = await drafts.open_draft(submission.visit, number, "plan", "new")
    how = submission.fields.get("how", "")
    place = f"/referrals/{number}/plan/edit"
    if how == "discard":
        await drafts.drop(submission, opened)
        return drafts.back(f"/referrals/{number}/plan")
    if how == "send":
        return await _send(submission, opened)
    fields = _with_rows(submission.typed, how)
    is_saved = await drafts.replace(submission, opened, fields)
    if drafts.is_typing(submission):
        context = {"price": priced(submission.visit.register, opened.view, fields)}
        return await drafts.told(submission, opened, is_saved=is_saved, context=context)
    return (
        drafts.back(place)
        if is_saved
        else await _editor(submission.visit, number, drafts.changed_meanwhile(submission, opened))
    )


def _with_rows(fields: Mapping[str, str], how: str) -> dict[str, str]:
    """A line more, or without one."""
    said = {name: value for name, value in fields.items() if name != "how"}
    lines = [{m: said.pop(f"lines.{n}.{m}", "") for m in _MEMBERS} for n in _rows(said)]
    if how == "add":
        lines.append({})
    gone = removed_row(how)
    if gone is not None and gone < len(lines):
        del lines[gone]
    typed = {f"lines.{n}.{member}": value for n, line in enumerate(lines) for member, value in line.items()}
    return {**said, **typed, "rows": str(max(len(lines), 1))}


async def _send(submission: FormSubmission, opened: drafts.Editing) -> Response:
    """A plan, or an amendment of the one that holds; the draft is done with once it is taken."""
    number, fields = opened.view.number, submission.typed
    if fields.get("amends"):
        outcome = await submission.act(treatment.amend, number, lambda: amended(fields))
    else:
        outcome = await submission.act(treatment.plan, number, lambda: planned(fields), is_new=True)
    if not outcome.is_sent:
        return await _editor(submission.visit, number, outcome.at(row_places(fields, "lines", _MEMBERS)))
    if outcome.is_decided:
        await drafts.drop(submission, opened)
    return submission.go(outcome, f"/referrals/{number}/plan")


def planned(fields: Fields) -> Plan:
    """A plan as it was typed."""
    return body_of(Plan, {"lines": _planned_lines(fields)})


def amended(fields: Fields) -> Amendment:
    """A plan as it was typed, in the place of the one that holds."""
    return body_of(Amendment, {"amends": read_index(fields.get("amends", "")), "lines": _planned_lines(fields)})


def _planned_lines(fields: Fields) -> list[dict[str, str | None]]:
    """Each line that is not blank, with its number."""
    return [{"line": str(n), **{m: row.get(m) for m in _MEMBERS}} for n, row in enumerate(rows_of(fields, "lines"), 1)]
