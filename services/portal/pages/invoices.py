"""Invoices: what is ready to bill, the editor, a last look, and what became of every line."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from services.portal.api import billing
from services.portal.api.bodies import Invoice, Rectification, Void
from services.portal.api.papers import Desk, allowed_to_clinic
from services.portal.api.problems import Problem, error, not_found
from services.portal.api.referrals import find_at, page_of
from services.portal.domain.letters import trimmed
from services.portal.domain.ready import Done, Service, price, services
from services.portal.domain.typed_values import (
    MOST_CENTS,
    day_in,
    read_amount,
    read_index,
    read_units,
)
from services.portal.pages import editing, words
from services.portal.pages.frame import page
from services.portal.pages.press import (
    Fields,
    Outcome,
    Press,
    Pressed,
    body_of,
    read_all,
    removed_row,
    row_places,
    rows_of,
)
from services.portal.pages.visit import Visit, Visitor
from services.portal.store.accounts import identities_of
from services.portal.store.drafts import list_drafts
from services.portal.store.papers import Paper, find_own, list_own, list_papers
from services.portal.store.shown import View, list_newest
from shared import clock
from shared.events.procurement import FeeLine
from shared.limits import NEWEST
from shared.postgres import Connection

router = APIRouter(prefix="/invoices")
InvoiceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,60}$")]
_MEMBERS = ("line", "code", "service_on", "units", "cents", "discipline")
_DRAFT = "draft-"  # begins the name of an invoice that was not sent: the rest is its referral's number
_BILLABLE = ("active", "discharged", "withdrawn")  # of a closed one no window is open any more
_DECIDED = 200


@router.get("")
async def list_all(visit: Visitor, cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "") -> Response:
    """Drafts, and what was sent, with what became of it; what changed last comes first."""
    async with visit.portal.reading(visit.caller) as conn:
        found = await list_own(conn, "invoice", visit.caller.sites, int(cursor or 0), 51)
        drafts = await list_drafts(conn, "invoice", visit.caller.sites)
    context = {
        "invoices": found[:50],
        "drafts": [number for _, number in drafts],
        "saved": {number: draft.saved_at for draft, number in drafts},
        "older": found[49][2] if len(found) > 50 else None,  # noqa: PLR2004 - a page
    }
    return page(visit.request, "invoices/list.html", {**await visit.frame("invoices"), **context})


class Ready(NamedTuple):
    """A referral with what can be billed of it."""

    view: View
    services: Sequence[Service]

    @property
    def cents(self) -> int:
        """All together."""
        return sum(one.cents for one in self.services)


@router.get("/new")
async def show_ready(visit: Visitor) -> Response:
    """What can be billed, worker by worker: accepted reports, attended days, sessions of a plan."""
    ready: list[Ready] = []
    async with visit.portal.reading(visit.caller) as conn:
        for state in _BILLABLE:
            for view, _ in await list_newest(conn, visit.caller.sites, state, 0, 200):
                if found := services(await _done(conn, visit, view), _today(visit, view)):
                    ready.append(Ready(view, found))
    async with visit.portal.office.pool.acquire() as conn:
        names = await identities_of(conn, {f"worker/{one.view.person_id}" for one in ready})
    context = {"ready": ready, "names": names, "total": sum(one.cents for one in ready)}
    return page(visit.request, "invoices/new.html", {**await visit.frame("invoices", live=False), **context})


def _today(visit: Visit, view: View) -> date:
    return visit.register.calendar(view.body.get("contract_id")).day_of(clock.now())


async def _done(conn: Connection, visit: Visit, view: View) -> Done:
    """What is known of a referral, for its bill."""
    found: dict[str, list[Paper]] = {}
    for kind in ("report", "attendance", "plan", "invoice"):
        found[kind] = [paper for paper, _ in await list_papers(conn, view.referral_id, kind, 0, 1000)]
    lines = [line for paper in found["invoice"] if paper.state != "voided" for line in paper.body.get("lines", ())]
    units: Counter[str] = Counter()
    for line in lines:
        units[line["code"]] += Decimal(str(line["units"]))  # type: ignore[assignment]  # a counter of decimals
    return Done(
        lambda on: visit.register.fees(view.body.get("contract_id"), on),
        [paper.body for paper in found["report"] if paper.state == "accepted"],
        next((paper.body["days"] for paper in found["attendance"]), {}),
        [grant for paper in found["plan"] for grant in paper.body.get("grants", ())],
        words.a_day(view.body.get("last_on")),
        {(line["code"], date.fromisoformat(line["service_on"])) for line in lines},
        units,
    )


@router.post("/new")
async def create(press: Pressed) -> Response:
    """A draft with everything that is ready for one worker."""
    number = press.fields.get("number", "")
    opened = await editing.open_draft(press.visit, number, "invoice", "new")
    if not opened.is_begun:
        await editing.begin(press, opened, await _first(press.visit, opened.view))
    return RedirectResponse(f"/invoices/{_DRAFT}{number}", 303)


async def _first(visit: Visit, view: View) -> Mapping[str, str]:
    """The fields of an invoice for what is ready."""
    async with visit.portal.reading(visit.caller) as conn:
        found = services(await _done(conn, visit, view), _today(visit, view))
        sent = len(await list_papers(conn, view.referral_id, "invoice", 0, 1000))
    fields = {"number": f"{view.number.removeprefix('R-')}-{sent + 1}", "invoiced_on": _today(visit, view).isoformat()}
    for n, one in enumerate(found):
        line = {
            "code": one.code,
            "service_on": one.service_on.isoformat(),
            "units": words.units(one.units),
            "dollars": dollars(one.cents),
            "discipline": one.discipline,
        }
        fields |= {f"lines.{n}.{member}": value for member, value in line.items()}
    return {**fields, "rows": str(max(len(found), 1))}


def dollars(cents: int) -> str:
    """As typed into a field."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


@router.get("/{invoice_id}")
async def show(invoice_id: InvoiceId, visit: Visitor) -> Response:
    """The editor of a draft, or what became of an invoice that was sent."""
    if invoice_id.startswith(_DRAFT):
        return await _editor(visit, invoice_id)
    return await _result(visit, invoice_id)


async def _sent(visit: Visit, invoice_id: str) -> tuple[Paper, str]:
    async with visit.portal.reading(visit.caller) as conn:
        found = await find_own(conn, "invoice", invoice_id, visit.caller.sites)
    if found is None:
        raise not_found()
    return found


async def _result(visit: Visit, invoice_id: str, outcome: Outcome | None = None) -> Response:
    paper, number = await _sent(visit, invoice_id)
    view = await find_at(visit.portal, visit.caller, number, paper.site_id or "")
    context = {
        "r": await page_of(visit.portal, view),
        "v": await Desk(visit.portal, visit.caller, view.referral_id).glance("invoice", invoice_id),
        "allowed": allowed_to_clinic(paper),
        "fees": _fees(visit, view, [line["service_on"] for line in paper.body.get("lines", ())]),
        "outcome": outcome,
        "f": {},
    }
    frame = await visit.frame("invoices")
    return page(visit.request, "invoices/result.html", {**frame, **context}, status=outcome.status if outcome else 200)


@router.post("/{invoice_id}")
async def change(invoice_id: InvoiceId, press: Pressed) -> Response:
    """Typed into the editor; or an invoice that was sent is taken back or put right."""
    how = press.fields.get("how", "")
    if invoice_id.startswith(_DRAFT):
        return await _edit(press, invoice_id, how)
    paper, number = await _sent(press.visit, invoice_id)
    if how == "rectify":
        opened = await editing.open_draft(press.visit, number, "invoice", "new")
        again = _denied_again(paper, opened.view, _today(press.visit, opened.view))
        if not await editing.begin(press, opened, again):
            return await _result(press.visit, invoice_id, _begun(number))
        return RedirectResponse(f"/invoices/{_DRAFT}{number}", 303)
    outcome = await press.act(billing.void, number, lambda: Void(invoice_id=invoice_id))
    return (
        press.go(outcome, f"/invoices/{invoice_id}")
        if outcome.is_sent
        else await _result(press.visit, invoice_id, outcome)
    )


def _begun(number: str) -> Outcome:
    """A referral has one draft of an invoice at a time."""
    said = {
        "title": "An invoice of this referral is being written",
        "detail": f"The draft for {number} was left as it is.",
        "errors": [error(None, "DRAFT-BEGUN", "a referral has one draft at a time", "send it or throw it away first")],
    }
    return Outcome(409, said)


def _denied_again(paper: Paper, view: View, today: date) -> Mapping[str, str]:
    """A new invoice with the lines that were refused."""
    denied = [line for line in paper.body.get("lines", ()) if line.get("status") == "denied"]
    fields = {"number": f"{paper.body['number']}-R", "invoiced_on": today.isoformat(), "rectifies": paper.name}
    for n, line in enumerate(denied):
        said = {"code": line["code"], "service_on": line["service_on"], "units": words.units(line["units_claimed"])}
        said |= {"dollars": dollars(line["claimed_cents"]), "discipline": line.get("discipline") or ""}
        fields |= {f"lines.{n}.{member}": value for member, value in said.items()}
    return {**fields, "rows": str(max(len(denied), 1)), "referral": view.number}


async def _opened(visit: Visit, invoice_id: str) -> editing.Editing:
    return await editing.open_draft(visit, invoice_id.removeprefix(_DRAFT), "invoice", "new")


async def _editor(visit: Visit, invoice_id: str, outcome: Outcome | None = None, template: str = "edit") -> Response:
    opened = await _opened(visit, invoice_id)
    fields = outcome.fields if outcome else opened.fields
    fees = _fees(visit, opened.view, [row["service_on"] for row in _lines(fields)])
    context = {
        "r": await page_of(visit.portal, opened.view),
        "editing": opened,
        "outcome": outcome,
        "f": fields,
        "rows": range(len(_lines(fields)) or 1),
        "notes": notes(fields, lambda on: visit.register.fees(opened.view.body.get("contract_id"), on)),
        "total": total_of(fields),
        "fees": fees,
        "codes": {code: visit.register.service(code) for code in fees},
        "payee": visit.register.name(opened.view.body.get("payee_id")),
        "invoice_id": invoice_id,
    }
    frame = await visit.frame("invoices", live=False)
    status = outcome.status if outcome else 200
    return page(visit.request, f"invoices/{template}.html", {**frame, **context}, status=status)


def _fees(visit: Visit, view: View, days: Sequence[str]) -> Mapping[str, FeeLine]:
    """Fees by code of every day that is named and of today, which holds where two days differ in a code's words."""
    contract_id = view.body.get("contract_id")
    named = sorted({on for text in days if (on := day_in(text))})
    found: dict[str, FeeLine] = {}
    for on in (*named, _today(visit, view)):
        found |= visit.register.fees(contract_id, on)
    return found


def _lines(fields: Fields) -> list[dict[str, str]]:
    """Every row of the editor, blank ones too."""
    count = min(max(read_index(fields.get("rows", "")) or 1, 1), NEWEST.lines)
    return [{m: fields.get(f"lines.{n}.{m}", "") for m in (*_MEMBERS, "dollars")} for n in range(count)]


def total_of(fields: Fields) -> int:
    """The sum of the lines that can be read."""
    return sum(cents for row in _lines(fields) if isinstance(cents := read_amount(row["dollars"]), int))


def notes(fields: Fields, fees_on: Callable[[date], Mapping[str, FeeLine]]) -> Mapping[int, str]:
    """What strikes the eye about a line before it is sent, by the fees of its day; invoice alone decides."""
    found: dict[int, str] = {}
    for n, row in enumerate(_lines(fields)):
        on, cents, units = day_in(row["service_on"]), read_amount(row["dollars"]), read_units(row["units"])
        fee = fees_on(on).get(row["code"]) if on else None
        if not (fee and isinstance(cents, int) and isinstance(units, Decimal)):
            continue
        if cents > (most := price(fee.cents, units)):
            found[n] = f"The fee schedule pays at most ${dollars(most)} for this."
    return found


async def _edit(press: Press, invoice_id: str, how: str) -> Response:
    """Saved as one types, by a line more or less, thrown away, or on to the last look."""
    opened = await _opened(press.visit, invoice_id)
    if how == "discard":
        await editing.drop(press, opened)
        return editing.back("/invoices")
    fields = _with_rows({**opened.fields, **press.typed}, how)
    is_saved = await editing.replace(press, opened, fields)
    if editing.is_typing(press):
        return await editing.told(press, opened, is_saved=is_saved, context={"price": total_of(fields)})
    if not is_saved:
        return await _editor(press.visit, invoice_id, editing.changed_meanwhile(press, opened))
    return editing.back(f"/invoices/{invoice_id}/check" if how == "check" else f"/invoices/{invoice_id}")


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
async def check(invoice_id: InvoiceId, visit: Visitor) -> Response:
    """A last look at a draft: every line, what strikes the eye, the sum, who is paid."""
    if not invoice_id.startswith(_DRAFT):
        raise not_found()
    return await _editor(visit, invoice_id, None, "check")


@router.post("/{invoice_id}/check")
async def send(invoice_id: InvoiceId, press: Pressed) -> Response:
    """The invoice as it stands in the draft; the draft is done with once it is taken."""
    opened = await _opened(press.visit, invoice_id)
    fields, number = opened.fields, opened.view.number
    if fields.get("rectifies"):
        outcome = await press.act(billing.rectify, number, lambda: rectified(fields), is_new=True)
    else:
        outcome = await press.act(billing.invoice, number, lambda: billed(fields), is_new=True)
    if not outcome.is_sent:
        refused = Outcome(outcome.status, outcome.said, fields, _places(fields))
        return await _editor(press.visit, invoice_id, refused)
    if outcome.status == _DECIDED:
        await editing.drop(press, opened)
    return press.go(outcome, await _place(press.visit, opened.view, trimmed(fields.get("number", ""))))


def _places(fields: Fields) -> Fields:
    """Where the form has what was sent; an amount is typed in dollars."""
    places = row_places(fields, "lines", (*_MEMBERS, "dollars"))
    return {sent: re.sub(r"cents$", "dollars", place) for sent, place in places.items()}


async def _place(visit: Visit, view: View, number: str) -> str:
    """The page of the invoice that has this number."""
    async with visit.portal.reading(visit.caller) as conn:
        found = [paper for paper, _ in await list_papers(conn, view.referral_id, "invoice", 0, 1000)]
    return next((f"/invoices/{p.name}" for p in found if p.body.get("number") == number), "/invoices")


def billed(fields: Fields) -> Invoice:
    """An invoice as it was typed."""
    return body_of(Invoice, _members(fields))


def rectified(fields: Fields) -> Rectification:
    """An invoice as it was typed, for what an older one was denied."""
    return body_of(Rectification, {**_members(fields), "rectifies": fields.get("rectifies")})


def _members(fields: Fields) -> Mapping[str, Any]:
    """As the API takes it; a line that holds nothing is not sent."""
    lines = rows_of(fields, "lines")
    read = read_all({f"lines.{n}.dollars": (read_amount, row.get("dollars", "")) for n, row in enumerate(lines)})
    cents = [read[f"lines.{n}.dollars"] for n in range(len(lines))]
    if abs(sum(cents)) > MOST_CENTS:
        reason = f"all lines together are more than ${MOST_CENTS // 100:,}.00"
        raise Problem(422, "It cannot be taken.", [error(None, "SHAPE", reason, "send it as more than one invoice")])
    said = [
        {**{m: row.get(m) for m in _MEMBERS}, "line": str(n), "cents": cents[n - 1]} for n, row in enumerate(lines, 1)
    ]
    return {**{name: fields.get(name) for name in ("number", "invoiced_on")}, "lines": said, "cents": sum(cents)}
