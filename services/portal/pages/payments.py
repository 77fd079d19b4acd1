"""Payments: what the organisation's payees were paid, and each remittance line by line, on paper too."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fpdf import FPDF

from services.portal.api.billing import Id, show_remittance
from services.portal.pages import words
from services.portal.pages.frame import page
from services.portal.pages.visit import Visitor
from services.portal.store.papers import list_own
from services.portal.store.payments import list_remittances
from shared import clock

router = APIRouter()
_PLANNED = frozenset({"approved", "partially-approved", "scheduled"})


@router.get("/payments")
async def show_payments(visit: Visitor, cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "") -> Response:
    """Remittances, and what is planned for the next runs."""
    async with visit.portal.reading(visit.caller) as conn:
        found = await list_remittances(conn, int(cursor or 0), 201)
        invoices = await list_own(conn, "invoice", visit.caller.sites, 0, 500)
    planned = [(paper, number) for paper, number, _ in invoices if paper.state in _PLANNED]
    context = {
        "remittances": [body for body, _ in found[:200]][::-1],
        "planned": planned,
        "newer": found[199][1] if len(found) > 200 else None,  # noqa: PLR2004 - a page
        "total": sum(body["cents"] for body, _ in found[:200]),
    }
    return page(visit.request, "payments/list.html", {**await visit.frame("payments"), **context})


@router.get("/remittances/{remittance_id}")
async def show(remittance_id: Id, visit: Visitor) -> Response:
    """What a payee was paid with a run, line by line."""
    said = await show_remittance(remittance_id, visit.caller, visit.portal)
    frame = await visit.frame("payments", live=False)
    return page(
        visit.request, "payments/remittance.html", {**frame, "v": said, "payee": visit.register.name(said["payee_id"])}
    )


@router.get("/remittances/{remittance_id}/pdf")
async def show_on_paper(remittance_id: Id, visit: Visitor) -> Response:
    """The same as a PDF file."""
    said = await show_remittance(remittance_id, visit.caller, visit.portal)
    body = on_paper(said, visit.register.name(said["payee_id"]), words.when(clock.now()))
    named = {
        "Content-Disposition": f'attachment; filename="remittance-{remittance_id}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type="application/pdf", headers=named)


def on_paper(said: Mapping[str, Any], payee: str, at: str) -> bytes:
    """A remittance with its number, its day and every line."""
    sheet = FPDF(format="letter")
    sheet.set_title(f"Remittance {said['remittance_id']}")
    sheet.add_page()
    sheet.set_font("helvetica", "B", 16)
    sheet.cell(text="Remittance", new_x="LMARGIN", new_y="NEXT")
    sheet.set_font("helvetica", size=10)
    head = {
        "Number": said["remittance_id"],
        "Payee": f"{payee} ({said['payee_id']})",
        "Paid with the run of": words.long_day(said["run_on"]),
        "Amount": plain(said["cents"]),
        "Printed": at,
    }
    for name, value in head.items():
        sheet.cell(text=latin(f"{name}: {value}"), new_x="LMARGIN", new_y="NEXT")
    sheet.ln(4)
    with sheet.table(col_widths=(30, 14, 22, 18, 18, 40), text_align=("L", "L", "L", "R", "R", "L")) as table:
        table.row(("Invoice", "Code", "Service on", "Asked", "Paid", "Reasons"))
        for line in said["lines"]:
            reasons = "; ".join(f"{cut['code']} {plain(cut['cents'])}" for cut in line.get("reasons", ()))
            cells = (line["number"], line["code"], line["service_on"], plain(line["claimed_cents"]))
            table.row([latin(cell) for cell in (*cells, plain(line["allowed_cents"]), reasons)])
    return bytes(sheet.output())


def plain(cents: int) -> str:
    """$1,234.50 without mark-up."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def latin(text: str) -> str:
    """As the fonts that every PDF reader has can show it."""
    return text.encode("latin-1", "replace").decode("latin-1")
