"""Payments: what the organisation's payees were paid, and each remittance line by line, on paper too."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.portal.api.billing import Id, show_remittance
from services.portal.pages import formatting
from services.portal.pages.page_request import SignedIn
from services.portal.pages.rendering import page
from services.portal.store.case_documents import find_invoices_at, list_own
from services.portal.store.payments import list_newest_remittances
from services.portal.store.register import Register
from shared.config import clock

router = APIRouter()
_MOST = 200  # remittances on a page
_PLANNED = frozenset({"approved", "partially-approved", "scheduled"})


@router.get("/payments")
async def show_payments(request: SignedIn, cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "") -> Response:
    """Remittances, and what is planned for the next runs."""
    async with request.portal.reading(request.caller) as conn:
        found = await list_newest_remittances(conn, int(cursor) if cursor else None, _MOST + 1)
        invoices = await list_own(conn, "invoice", request.caller.sites, 0, 500)
    planned = [(document, number) for document, number, _ in invoices if document.state in _PLANNED]
    context = {
        "remittances": [body for body, _ in found[:_MOST]],
        "planned": planned if not cursor else [],
        "older": found[_MOST - 1][1] if len(found) > _MOST else None,
        "total": sum(body["cents"] for body, _ in found[:_MOST]),
    }
    return page(request.request, "payments/list.html", {**await request.frame("payments"), **context})


@router.get("/remittances/{remittance_id}")
async def show(remittance_id: Id, request: SignedIn) -> Response:
    """Return what a payee was paid with a run, line by line; invoices of other sites of the payee have no link."""
    said = await show_remittance(remittance_id, request.caller, request.portal)
    async with request.portal.reading(request.caller) as conn:
        invoices = {line["invoice_id"] for line in said["lines"]}
        opened = await find_invoices_at(conn, invoices, request.caller.sites)
    context = {"v": said, "payee": request.register.name(said["payee_id"]), "opened": opened}
    frame = await request.frame("payments", live=False)
    return page(request.request, "payments/remittance.html", {**frame, **context})


@router.get("/remittances/{remittance_id}/pdf")
async def show_as_pdf(remittance_id: Id, request: SignedIn) -> Response:
    """The same as a PDF file."""
    said = await show_remittance(remittance_id, request.caller, request.portal)
    body = await asyncio.to_thread(_as_pdf, said, request.register, formatting.when(clock.now()))
    named = {
        "Content-Disposition": f'attachment; filename="remittance-{remittance_id}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type="application/pdf", headers=named)


def _as_pdf(said: Mapping[str, Any], register: Register, at: str) -> bytes:
    """Return a remittance as a PDF; the library is loaded with the first one, since few processes ever make any."""
    from services.portal.pages import remittance_pdf  # noqa: PLC0415 - as the sentence says

    return remittance_pdf.remittance(said, register.name(said["payee_id"]), at, register.service)
