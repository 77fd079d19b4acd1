"""Who may call what: every route has a line here, or the portal does not start."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.routing import BaseRoute

from services.portal.api.desk import Here
from services.portal.api.problems import Problem, not_found
from services.portal.store.accounts import Caller, find_caller

_BEARER = HTTPBearer(auto_error=False)
_EVERYBODY = frozenset(
    {
        "clinician",
        "biller",
        "administrator",
        "claims_officer",
        "program_officer",
        "payment_officer",
        "procurement_officer",
        "contact_centre",
        "operations",
    }
)
_CLINIC = frozenset({"clinician", "biller", "administrator"})
_ACTS = frozenset({"clinician", "administrator"})
_BILLS = frozenset({"biller", "administrator"})
_OFFICER = frozenset({"claims_officer"})
_PAYS = frozenset({"payment_officer"})
ACCESS: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/me"): _EVERYBODY,
    ("GET", "/operations/{operation_id}"): _EVERYBODY,
    ("GET", "/notices"): _EVERYBODY,
    ("POST", "/notices/{notice_id}/open"): _EVERYBODY,
    ("GET", "/events"): _EVERYBODY,
    ("GET", "/referrals"): _CLINIC,
    ("GET", "/referrals/{number}"): _CLINIC,
    ("POST", "/referrals/{number}/commands/acknowledge"): _ACTS,
    ("POST", "/referrals/{number}/commands/accept"): _ACTS,
    ("POST", "/referrals/{number}/commands/decline"): _ACTS,
    ("POST", "/referrals/{number}/commands/move"): _ACTS,
    ("POST", "/referrals/{number}/commands/missed"): _ACTS,
    ("POST", "/referrals/{number}/commands/start"): _ACTS,
    ("POST", "/referrals/{number}/commands/hold"): _ACTS,
    ("POST", "/referrals/{number}/commands/resume"): _ACTS,
    ("POST", "/referrals/{number}/commands/end"): _ACTS,
    ("POST", "/referrals/{number}/commands/attendance"): _ACTS,
    ("POST", "/referrals/{number}/commands/report"): _ACTS,
    ("POST", "/referrals/{number}/commands/plan"): _ACTS,
    ("POST", "/referrals/{number}/commands/amend"): _ACTS,
    ("POST", "/referrals/{number}/commands/reply"): _ACTS,
    ("POST", "/referrals/{number}/appointments"): _ACTS,
    ("GET", "/referrals/{number}/plans"): _CLINIC,
    ("GET", "/referrals/{number}/plans/{plan}"): _CLINIC,
    ("GET", "/referrals/{number}/reports"): _CLINIC,
    ("GET", "/referrals/{number}/reports/{name}"): _CLINIC,
    ("GET", "/referrals/{number}/attendance"): _CLINIC,
    ("GET", "/referrals/{number}/invoices"): _CLINIC,
    ("GET", "/referrals/{number}/invoices/{invoice_id}"): _CLINIC,
    ("POST", "/referrals/{number}/commands/invoice"): _BILLS,
    ("POST", "/referrals/{number}/commands/rectify"): _BILLS,
    ("POST", "/referrals/{number}/commands/void"): _BILLS,
    ("GET", "/payments"): _BILLS,
    ("GET", "/remittances/{remittance_id}"): _BILLS,
    ("GET", "/officer/queue"): _OFFICER,
    ("GET", "/officer/referrals"): _OFFICER,
    ("GET", "/officer/referrals/{number}"): _OFFICER,
    ("GET", "/officer/referrals/{number}/plans"): _OFFICER,
    ("GET", "/officer/referrals/{number}/plans/{plan}"): _OFFICER,
    ("GET", "/officer/referrals/{number}/reports"): _OFFICER,
    ("GET", "/officer/referrals/{number}/reports/{name}"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/hold"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/resume"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/withdraw"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/decide-plan"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/request-information"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/accept-report"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/return-report"): _OFFICER,
    ("POST", "/officer/referrals/{number}/commands/waive-report"): _OFFICER,
    ("GET", "/runs"): _PAYS,
    ("GET", "/runs/{run_id}"): _PAYS,
    ("POST", "/runs/{run_id}/commands/release"): _PAYS,
}


def doors_of(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of every call."""
    return {(method, route.path) for route in routes if isinstance(route, APIRoute) for method in route.methods or ()}


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """A route that nobody said who may call is not served."""
    if strange := doors_of(routes) ^ ACCESS.keys():
        raise RuntimeError(f"routes and rules differ: {sorted(strange)}")


async def caller_of(
    request: Request, portal: Here, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Caller:
    """Whose key it is, with those roles that may do this; 401 without a good key, 404 for what is not theirs."""
    if bearer is None:
        raise _no_key()
    async with portal.office.pool.acquire() as conn:
        caller = await find_caller(conn, sha256(bearer.credentials.encode()).digest())
    if caller is None:
        raise _no_key()
    allowed = ACCESS[request.method, request.scope["route"].path]
    narrowed = caller.within(allowed)
    if not narrowed.roles:
        raise not_found()
    return narrowed


def _no_key() -> Problem:
    return Problem(401, "A key is needed: Authorization: Bearer …", headers={"WWW-Authenticate": "Bearer"})


Who = Annotated[Caller, Depends(caller_of)]
