"""The calls on invoices and payments: what is billed, what became of each line, and what payees were paid."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from services.portal.api.access import Who
from services.portal.api.action_requests import ActionRequest, ActionTarget, NewCall, SeenCall, act
from services.portal.api.actions import ActionResult, command
from services.portal.api.case_documents import CaseDocuments
from services.portal.api.dependencies import Here
from services.portal.api.paging import Paged
from services.portal.api.problems import not_found
from services.portal.api.referrals import Number, find_at, find_held, find_mine
from services.portal.api.request_bodies import Body, Invoice, Rectification, Void
from services.portal.store.payments import find_remittance, list_remittances
from shared.domain.decision import Event
from shared.events.portal import ProviderRectifiedInvoice, ProviderSubmittedInvoice, ProviderVoidedInvoice

router = APIRouter(tags=["billing"])
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,60}$")]
_LISTED = ("remittance_id", "payee_id", "run_id", "run_on", "cents", "dispute_until")


async def _bill(call: ActionRequest, verb: str, body: Body, kind: type[Event], invoice_id: str) -> ActionResult:
    """Take an action on an invoice for a referral of the caller's; the contract says who is paid.

    An invoice that was sent is acted on for the site that sent it, whichever site has the referral now.
    """
    view = await find_mine(call.portal, call.caller, call.number)
    state = CaseDocuments(call.portal, call.caller, view.referral_id)
    sent = await state.find("invoice", invoice_id) if invoice_id else None
    if sent and sent.site_id and sent.site_id != view.site_id:
        view = await find_at(call.portal, call.caller, call.number, sent.site_id)
    payee = {"payee_id": view.body.get("payee_id", "")} if "payee_id" in kind.model_fields else {}

    async def current_view() -> dict[str, Any]:
        return await state.current_view("invoice", invoice_id)

    target = ActionTarget(
        path=f"/referrals/{view.number}/commands/{verb}",
        referral_id=view.referral_id,
        role=call.caller.role_at(view.site_id),
        current_view=current_view,
        members={"site_id": view.site_id, **payee},
    )
    return await act(call, target, body, kind)


@command(router, "/referrals/{number}/commands/invoice")
async def invoice(call: NewCall, body: Invoice) -> ActionResult:
    """Submits an invoice for one worker's services."""
    return await _bill(call, "invoice", body, ProviderSubmittedInvoice, "")


@command(router, "/referrals/{number}/commands/rectify")
async def rectify(call: NewCall, body: Rectification) -> ActionResult:
    """Submits a new invoice for what an older one was denied."""
    return await _bill(call, "rectify", body, ProviderRectifiedInvoice, body.rectifies)


@command(router, "/referrals/{number}/commands/void")
async def void(call: SeenCall, body: Void) -> ActionResult:
    """Takes an invoice back."""
    return await _bill(call, "void", body, ProviderVoidedInvoice, body.invoice_id)


@router.get("/referrals/{number}/invoices")
async def list_invoices(number: Number, caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists the invoices of a referral."""
    view = await find_held(portal, caller, number)
    return await CaseDocuments(portal, caller, view.referral_id).list("invoice", page)


@router.get("/referrals/{number}/invoices/{invoice_id}")
async def show_invoice(number: Number, invoice_id: Id, caller: Who, portal: Here) -> Response:
    """Shows an invoice: each line as judged, with its reasons to the cent."""
    view = await find_held(portal, caller, number)
    return await CaseDocuments(portal, caller, view.referral_id).page("invoice", invoice_id)


@router.get("/payments")
async def list_payments(caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists what the organisation's payees were paid."""
    async with portal.reading(caller) as conn:
        found = await list_remittances(conn, page.after, page.most)
    return page.of(found, lambda one: one[1], lambda one: {name: one[0][name] for name in _LISTED})


@router.get("/remittances/{remittance_id}")
async def show_remittance(remittance_id: Id, caller: Who, portal: Here) -> dict[str, Any]:
    """Shows what a payee was paid with a run, line by line."""
    async with portal.reading(caller) as conn:
        found = await find_remittance(conn, remittance_id)
    if found is None:
        raise not_found()
    return dict(found)
