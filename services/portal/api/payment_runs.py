"""The calls on payment runs, and their release by payment officers."""

from typing import Any

from fastapi import APIRouter

from services.portal.api.access import Who
from services.portal.api.actions import Action, ActionContext, ActionResult, Key, Wait, command, submit
from services.portal.api.billing import Id
from services.portal.api.dependencies import Here
from services.portal.api.paging import Paged
from services.portal.api.problems import not_found
from services.portal.api.request_bodies import Nothing
from services.portal.domain.allowed_actions import payment_officer_on_run
from services.portal.store.payments import Run, find_run, list_runs
from shared.events.portal import PaymentOfficerReleasedRun

router = APIRouter(prefix="/runs", tags=["runs"])
_LISTED = ("run_on", "cut_off_at", "cents", "approvals_needed")


@router.get("")
async def list_all_runs(caller: Who, portal: Here, page: Paged) -> dict[str, Any]:
    """Lists frozen and released runs in the order in which they changed."""
    async with portal.reading(caller) as conn:
        found = await list_runs(conn, page.after, page.most)
    return page.of(found, lambda one: one[1], lambda one: _listed(one[0]))


@router.get("/{run_id}")
async def show_run(run_id: Id, caller: Who, portal: Here) -> dict[str, Any]:
    """Shows a run payee by payee."""
    return await _run_page(portal, caller, run_id)


@command(router, "/{run_id}/commands/release")
async def release(  # noqa: PLR0913, PLR0917 - path and headers
    run_id: Id, caller: Who, portal: Here, key: Key, wait: Wait, body: Nothing | None = None
) -> ActionResult:
    """Releases a run above the limit; it takes two people."""

    async def current_view() -> dict[str, Any]:
        return await _run_page(portal, caller, run_id)

    async def fact(context: ActionContext) -> PaymentOfficerReleasedRun:
        return PaymentOfficerReleasedRun(**context.members, seen=0, run_id=run_id)

    await current_view()
    action = Action(
        caller=caller,
        role=caller.role_at(None),
        key=key,
        about=f"/runs/{run_id}/commands/release",
        record_key=run_id,
        body=(body or Nothing()).model_dump(),
        fact=fact,
        current_view=current_view,
    )
    return await submit(portal, action, wait)


async def _run_page(portal: Here, caller: Who, run_id: str) -> dict[str, Any]:
    """Return a run with its payees, or raise a Problem of status 404."""
    async with portal.reading(caller) as conn:
        found = await find_run(conn, run_id)
    if found is None:
        raise not_found()
    return {**_listed(found), "payees": found.body.get("payees", []), "released_by": found.body.get("released_by", [])}


def _listed(run: Run) -> dict[str, Any]:
    """Return a run as a list shows it."""
    members = {name: run.body.get(name) for name in _LISTED}
    allowed = payment_officer_on_run(run.state, run.body)
    return {"run_id": run.run_id, "state": run.state, **members, "allowed": allowed}
