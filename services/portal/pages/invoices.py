"""Invoices: what is ready to bill, the editor, a last look, and what became of every line."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from services.portal.api import billing
from services.portal.api.case_documents import CaseDocuments, allowed_to_clinic
from services.portal.api.problems import Problem, error, not_found
from services.portal.api.referrals import find_at, page_of
from services.portal.api.request_bodies import Invoice, Rectification, Void
from services.portal.domain.billable_services import BillableService, Documents, billable_services
from services.portal.domain.text_display import trimmed
from services.portal.domain.typed_values import (
    MOST_CENTS,
    Reader,
    day_in,
    read_amount,
    read_index,
    read_units,
)
from services.portal.pages import drafts, formatting
from services.portal.pages.forms import (
    Fields,
    FormSubmission,
    Outcome,
    Submitted,
    body_read,
    removed_row,
    row_places,
    rows_of,
)
from services.portal.pages.page_request import PageRequest, SignedIn
from services.portal.pages.rendering import page
from services.portal.store.accounts import identities_of
from services.portal.store.case_documents import CaseDocument, find_own, list_documents, list_own
from services.portal.store.drafts import list_drafts
from services.portal.store.referral_views import ReferralView, list_newest
from shared.billing.fees import cents_of
from shared.config import clock
from shared.database.postgres import Connection
from shared.events.limits import NEWEST
from shared.events.procurement import FeeLine

router = APIRouter(prefix="/invoices")
InvoiceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,60}$")]
_MEMBERS = ("line", "code", "service_on", "units", "cents", "discipline")
_DRAFT = "draft-"  # begins the name of an invoice that was not sent: the rest is its referral's number
_BILLABLE = ("active", "discharged", "withdrawn")  # of a closed one no window is open any more


@router.get("")
async def list_all(request: SignedIn, cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "") -> Response:
    """Drafts, and what was sent, with what became of it; what changed last comes first."""
    async with request.portal.reading(request.caller) as conn:
        found = await list_own(conn, "invoice", request.caller.sites, int(cursor or 0), 51)
        drafts = await list_drafts(conn, "invoice", request.caller.sites)
    context = {
        "invoices": found[:50],
        "drafts": [number for _, number in drafts],
        "saved": {number: draft.saved_at for draft, number in drafts},
        "older": found[49][2] if len(found) > 50 else None,  # noqa: PLR2004 - a page
    }
    return page(request.request, "invoices/list.html", {**await request.frame("invoices"), **context})


class Ready(NamedTuple):
    """A referral with what can be billed of it."""

    view: ReferralView
    services: Sequence[BillableService]

    @property
    def cents(self) -> int:
        """All together."""
        return sum(one.cents for one in self.services)


@router.get("/new")
async def show_ready(request: SignedIn) -> Response:
    """Return what can be billed, worker by worker: accepted reports, attended days, sessions of a plan."""
    ready: list[Ready] = []
    async with request.portal.reading(request.caller) as conn:
        for state in _BILLABLE:
            for view, _ in await list_newest(conn, request.caller.sites, state, 0, 200):
                if found := await _billable(conn, request, view):
                    ready.append(Ready(view, found))
    async with request.portal.context.pool.acquire() as conn:
        names = await identities_of(conn, {f"worker/{one.view.person_id}" for one in ready})
    context = {"ready": ready, "names": names, "total": sum(one.cents for one in ready)}
    return page(request.request, "invoices/new.html", {**await request.frame("invoices", live=False), **context})


def _today(request: PageRequest, view: ReferralView) -> date:
    return request.register.calendar(view.body.get("contract_id")).day_of(clock.now())


async def _billable(conn: Connection, request: PageRequest, view: ReferralView) -> Sequence[BillableService]:
    """Return what an invoice of a referral, sent now, would be paid for."""
    documents: Documents = {
        kind: [document for document, _ in await list_documents(conn, view.referral_id, kind, 0, 1000)]
        for kind in ("report", "attendance", "plan", "invoice")
    }
    return billable_services(view.body, documents, request.register.terms, clock.now())


@router.post("/new")
async def create(submission: Submitted) -> Response:
    """A draft with everything that is ready for one worker."""
    number = submission.fields.get("number", "")
    opened = await drafts.open_draft(submission.visit, number, "invoice", "new")
    if not opened.is_begun:
        await drafts.begin(submission, opened, await _first(submission.visit, opened.view))
    return RedirectResponse(f"/invoices/{_DRAFT}{number}", 303)


async def _first(request: PageRequest, view: ReferralView) -> Mapping[str, str]:
    """The fields of an invoice for what is ready."""
    async with request.portal.reading(request.caller) as conn:
        found = await _billable(conn, request, view)
        sent = len(await list_documents(conn, view.referral_id, "invoice", 0, 1000))
    fields = {
        "number": f"{view.number.removeprefix('R-')}-{sent + 1}",
        "invoiced_on": _today(request, view).isoformat(),
    }
    for n, one in enumerate(found):
        line = {
            "code": one.code,
            "service_on": one.service_on.isoformat(),
            "units": formatting.units(one.units),
            "dollars": dollars(one.cents),
            "discipline": one.discipline,
        }
        fields |= {f"lines.{n}.{member}": value for member, value in line.items()}
    return {**fields, "rows": str(max(len(found), 1))}


def dollars(cents: int) -> str:
    """As typed into a field."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


@router.get("/{invoice_id}")
async def show(invoice_id: InvoiceId, request: SignedIn) -> Response:
    """The editor of a draft, or what became of an invoice that was sent."""
    if invoice_id.startswith(_DRAFT):
        return await _editor(request, invoice_id)
    return await _result(request, invoice_id)


async def _sent(request: PageRequest, invoice_id: str) -> tuple[CaseDocument, str]:
    async with request.portal.reading(request.caller) as conn:
        found = await find_own(conn, "invoice", invoice_id, request.caller.sites)
    if found is None:
        raise not_found()
    return found


async def _result(request: PageRequest, invoice_id: str, outcome: Outcome | None = None) -> Response:
    document, number = await _sent(request, invoice_id)
    view = await find_at(request.portal, request.caller, number, document.site_id or "")
    context = {
        "r": await page_of(request.portal, view),
        "v": await CaseDocuments(request.portal, request.caller, view.referral_id).current_view("invoice", invoice_id),
        "allowed": allowed_to_clinic(document),
        "fees": _fees(request, view, [line["service_on"] for line in document.body.get("lines", ())]),
        "outcome": outcome,
        "f": {},
    }
    frame = await request.frame("invoices")
    return page(
        request.request, "invoices/result.html", {**frame, **context}, status=outcome.status if outcome else 200
    )


@router.post("/{invoice_id}")
async def change(invoice_id: InvoiceId, submission: Submitted) -> Response:
    """Typed into the editor; or an invoice that was sent is taken back or put right."""
    how = submission.fields.get("how", "")
    if invoice_id.startswith(_DRAFT):
        return await _edit(submission, invoice_id, how)
    document, number = await _sent(submission.visit, invoice_id)
    if how == "rectify":
        opened = await drafts.open_draft(submission.visit, number, "invoice", "new")
        again = _denied_again(document, opened.view, _today(submission.visit, opened.view))
        if not await drafts.begin(submission, opened, again):
            return await _result(submission.visit, invoice_id, _begun(number))
        return RedirectResponse(f"/invoices/{_DRAFT}{number}", 303)
    outcome = await submission.act(billing.void, number, lambda: Void(invoice_id=invoice_id))
    return (
        submission.go(outcome, f"/invoices/{invoice_id}")
        if outcome.is_sent
        else await _result(submission.visit, invoice_id, outcome)
    )


def _begun(number: str) -> Outcome:
    """A referral has one draft of an invoice at a time."""
    reason = error(None, "DRAFT-BEGUN", "a referral has one draft at a time", "send it or throw it away first")
    title = {"title": "An invoice of this referral is being written"}
    return Outcome(problem=Problem(409, f"The draft for {number} was left as it is.", [reason], title))


def _denied_again(document: CaseDocument, view: ReferralView, today: date) -> Mapping[str, str]:
    """A new invoice with the lines that were refused."""
    denied = [line for line in document.body.get("lines", ()) if line.get("status") == "denied"]
    fields = {"number": f"{document.body['number']}-R", "invoiced_on": today.isoformat(), "rectifies": document.name}
    for n, line in enumerate(denied):
        said = {
            "code": line["code"],
            "service_on": line["service_on"],
            "units": formatting.units(line["units_claimed"]),
        }
        said |= {"dollars": dollars(line["claimed_cents"]), "discipline": line.get("discipline") or ""}
        fields |= {f"lines.{n}.{member}": value for member, value in said.items()}
    return {**fields, "rows": str(max(len(denied), 1)), "referral": view.number}


async def _opened(request: PageRequest, invoice_id: str) -> drafts.Editing:
    return await drafts.open_draft(request, invoice_id.removeprefix(_DRAFT), "invoice", "new")


async def _editor(
    request: PageRequest, invoice_id: str, outcome: Outcome | None = None, template: str = "edit"
) -> Response:
    opened = await _opened(request, invoice_id)
    fields = outcome.fields if outcome else opened.fields
    fees = _fees(request, opened.view, [row["service_on"] for row in _lines(fields)])
    context = {
        "r": await page_of(request.portal, opened.view),
        "editing": opened,
        "outcome": outcome,
        "f": fields,
        "rows": range(len(_lines(fields)) or 1),
        "notes": notes(fields, lambda on: request.register.fees(opened.view.body.get("contract_id"), on)),
        "total": total_of(fields),
        "fees": fees,
        "codes": {code: request.register.service(code) for code in fees},
        "payee": request.register.name(opened.view.body.get("payee_id")),
        "invoice_id": invoice_id,
    }
    frame = await request.frame("invoices", live=False)
    status = outcome.status if outcome else 200
    return page(request.request, f"invoices/{template}.html", {**frame, **context}, status=status)


def _fees(request: PageRequest, view: ReferralView, days: Sequence[str]) -> Mapping[str, FeeLine]:
    """Fees by code of every day that is named and of today, which holds where two days differ in a code's words."""
    contract_id = view.body.get("contract_id")
    named = sorted({on for text in days if (on := day_in(text))})
    found: dict[str, FeeLine] = {}
    for on in (*named, _today(request, view)):
        found |= request.register.fees(contract_id, on)
    return found


def _lines(fields: Fields) -> list[dict[str, str]]:
    """Every row of the editor, blank ones too."""
    count = min(max(read_index(fields.get("rows", "")) or 1, 1), NEWEST.lines)
    return [{m: fields.get(f"lines.{n}.{m}", "") for m in (*_MEMBERS, "dollars")} for n in range(count)]


def total_of(fields: Fields) -> int:
    """The sum of the lines that can be read."""
    return sum(cents for row in _lines(fields) if isinstance(cents := read_amount(row["dollars"]), int))


def notes(fields: Fields, fees_on: Callable[[date], Mapping[str, FeeLine]]) -> Mapping[int, str]:
    """Return the notes on a line before it is sent, by the fees of its day; invoice alone decides."""
    found: dict[int, str] = {}
    for n, row in enumerate(_lines(fields)):
        on, cents, units = day_in(row["service_on"]), read_amount(row["dollars"]), read_units(row["units"])
        fee = fees_on(on).get(row["code"]) if on else None
        if not (fee and isinstance(cents, int) and isinstance(units, Decimal)):
            continue
        if cents > (most := cents_of(fee, units)):
            found[n] = f"The fee schedule pays at most ${dollars(most)} for this."
    return found


async def _edit(submission: FormSubmission, invoice_id: str, how: str) -> Response:
    """Saved as one types, by a line more or less, thrown away, or on to the last look."""
    opened = await _opened(submission.visit, invoice_id)
    if how == "discard":
        await drafts.drop(submission, opened)
        return drafts.back("/invoices")
    fields = _with_rows({**opened.fields, **submission.typed}, how)
    is_saved = await drafts.replace(submission, opened, fields)
    if drafts.is_typing(submission):
        return await drafts.told(submission, opened, is_saved=is_saved, context={"price": total_of(fields)})
    if not is_saved:
        return await _editor(submission.visit, invoice_id, drafts.changed_meanwhile(submission, opened))
    return drafts.back(f"/invoices/{invoice_id}/check" if how == "check" else f"/invoices/{invoice_id}")


def _with_rows(fields: Fields, how: str) -> dict[str, str]:
    """A line more, or without one."""
    lines = _lines(fields)
    if how == "add":
        lines.append({})
    gone = removed_row(how)
    if gone is not None and gone < len(lines):
        del lines[gone]
    said = {name: v for name, v in fields.items() if not name.startswith("lines.") and name != "how"}
    typed = {f"lines.{n}.{member}": value for n, line in enumerate(lines) for member, value in line.items() if value}
    return {**said, **typed, "rows": str(max(len(lines), 1))}


@router.get("/{invoice_id}/check")
async def check(invoice_id: InvoiceId, request: SignedIn) -> Response:
    """A last look at a draft: every line, what strikes the eye, the sum, who is paid."""
    if not invoice_id.startswith(_DRAFT):
        raise not_found()
    return await _editor(request, invoice_id, None, "check")


@router.post("/{invoice_id}/check")
async def send(invoice_id: InvoiceId, submission: Submitted) -> Response:
    """The invoice as it stands in the draft; the draft is done with once it is taken."""
    opened = await _opened(submission.visit, invoice_id)
    fields, number = opened.fields, opened.view.number
    if fields.get("rectifies"):
        outcome = await submission.act(billing.rectify, number, lambda: rectified(fields), is_new=True)
    else:
        outcome = await submission.act(billing.invoice, number, lambda: billed(fields), is_new=True)
    if not outcome.is_sent:
        refused = replace(outcome, fields=fields, places=_places(fields))
        return await _editor(submission.visit, invoice_id, refused)
    if outcome.is_decided:
        await drafts.drop(submission, opened)
    return submission.go(outcome, await _place(submission.visit, opened.view, trimmed(fields.get("number", ""))))


def _places(fields: Fields) -> Fields:
    """Where the form has what was sent; an amount is typed in dollars."""
    places = row_places(fields, "lines", (*_MEMBERS, "dollars"))
    return {sent: re.sub(r"cents$", "dollars", place) for sent, place in places.items()}


async def _place(request: PageRequest, view: ReferralView, number: str) -> str:
    """The page of the invoice that has this number."""
    async with request.portal.reading(request.caller) as conn:
        found = [document for document, _ in await list_documents(conn, view.referral_id, "invoice", 0, 1000)]
    return next((f"/invoices/{p.name}" for p in found if p.body.get("number") == number), "/invoices")


def billed(fields: Fields) -> Invoice:
    """An invoice as it was typed."""
    return body_read(Invoice, _amounts(fields), lambda read: _members(fields, read))


def rectified(fields: Fields) -> Rectification:
    """An invoice as it was typed, for what an older one was denied."""
    rectifies = fields.get("rectifies")
    return body_read(Rectification, _amounts(fields), lambda read: {**_members(fields, read), "rectifies": rectifies})


def _amounts(fields: Fields) -> Mapping[str, tuple[Reader[int], str]]:
    """The amount of each line that is sent."""
    lines = rows_of(fields, "lines")
    return {f"lines.{n}.dollars": (read_amount, row.get("dollars", "")) for n, row in enumerate(lines)}


def _members(fields: Fields, read: Mapping[str, int]) -> Mapping[str, Any]:
    """As the API takes it; a line that holds nothing is not sent."""
    lines = rows_of(fields, "lines")
    cents = [read[f"lines.{n}.dollars"] for n in range(len(lines))]
    if abs(sum(cents)) > MOST_CENTS:
        reason = f"all lines together are more than ${MOST_CENTS // 100:,}.00"
        raise Problem(422, "It cannot be taken.", [error(None, "SHAPE", reason, "send it as more than one invoice")])
    said = [
        {**{m: row.get(m) for m in _MEMBERS}, "line": str(n), "cents": cents[n - 1]} for n, row in enumerate(lines, 1)
    ]
    return {**{name: fields.get(name) for name in ("number", "invoiced_on")}, "lines": said, "cents": sum(cents)}
