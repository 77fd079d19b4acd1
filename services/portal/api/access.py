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
EVERYBODY = frozenset(
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
CLINIC = frozenset({"clinician", "biller", "administrator"})
ACTS = frozenset({"clinician", "administrator"})
BILLS = frozenset({"biller", "administrator"})
OFFICER = frozenset({"claims_officer"})
PAYS = frozenset({"payment_officer"})
ACCESS: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/me"): EVERYBODY,
    ("GET", "/operations/{operation_id}"): EVERYBODY,
    ("GET", "/notices"): EVERYBODY,
    ("POST", "/notices/{notice_id}/open"): EVERYBODY,
    ("GET", "/events"): EVERYBODY,
    ("GET", "/calendars/{calendar_id}/count"): EVERYBODY,
    ("GET", "/referrals"): CLINIC,
    ("GET", "/referrals/{number}"): CLINIC,
    ("POST", "/referrals/{number}/commands/acknowledge"): ACTS,
    ("POST", "/referrals/{number}/commands/accept"): ACTS,
    ("POST", "/referrals/{number}/commands/decline"): ACTS,
    ("POST", "/referrals/{number}/commands/move"): ACTS,
    ("POST", "/referrals/{number}/commands/missed"): ACTS,
    ("POST", "/referrals/{number}/commands/start"): ACTS,
    ("POST", "/referrals/{number}/commands/hold"): ACTS,
    ("POST", "/referrals/{number}/commands/resume"): ACTS,
    ("POST", "/referrals/{number}/commands/end"): ACTS,
    ("POST", "/referrals/{number}/commands/attendance"): ACTS,
    ("POST", "/referrals/{number}/commands/report"): ACTS,
    ("POST", "/referrals/{number}/commands/plan"): ACTS,
    ("POST", "/referrals/{number}/commands/amend"): ACTS,
    ("POST", "/referrals/{number}/commands/reply"): ACTS,
    ("POST", "/referrals/{number}/appointments"): ACTS,
    ("GET", "/referrals/{number}/plans"): CLINIC,
    ("GET", "/referrals/{number}/plans/{plan}"): CLINIC,
    ("GET", "/referrals/{number}/reports"): CLINIC,
    ("GET", "/referrals/{number}/reports/{name}"): CLINIC,
    ("GET", "/referrals/{number}/attendance"): CLINIC,
    ("GET", "/referrals/{number}/invoices"): CLINIC,
    ("GET", "/referrals/{number}/invoices/{invoice_id}"): CLINIC,
    ("POST", "/referrals/{number}/commands/invoice"): BILLS,
    ("POST", "/referrals/{number}/commands/rectify"): BILLS,
    ("POST", "/referrals/{number}/commands/void"): BILLS,
    ("GET", "/payments"): BILLS,
    ("GET", "/remittances/{remittance_id}"): BILLS,
    ("GET", "/officer/queue"): OFFICER,
    ("GET", "/officer/referrals"): OFFICER,
    ("GET", "/officer/referrals/{number}"): OFFICER,
    ("GET", "/officer/referrals/{number}/plans"): OFFICER,
    ("GET", "/officer/referrals/{number}/plans/{plan}"): OFFICER,
    ("GET", "/officer/referrals/{number}/reports"): OFFICER,
    ("GET", "/officer/referrals/{number}/reports/{name}"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/hold"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/resume"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/withdraw"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/decide-plan"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/request-information"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/accept-report"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/return-report"): OFFICER,
    ("POST", "/officer/referrals/{number}/commands/waive-report"): OFFICER,
    ("GET", "/runs"): PAYS,
    ("GET", "/runs/{run_id}"): PAYS,
    ("POST", "/runs/{run_id}/commands/release"): PAYS,
}


def doors_of(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of every call."""
    return {(method, route.path) for route in routes if isinstance(route, APIRoute) for method in route.methods or ()}


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """A route that nobody said who may call is not served."""
    if strange := doors_of(routes) ^ ACCESS.keys():
        raise RuntimeError(f"routes and rules differ: {sorted(strange)}")


async def key_of(bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> bytes:
    """The hash of the caller's key; 401 without one."""
    if bearer is None:
        raise _no_key()
    return sha256(bearer.credentials.encode()).digest()


KeyHash = Annotated[bytes, Depends(key_of)]


async def caller_of(request: Request, portal: Here, key: KeyHash) -> Caller:
    """Whose key it is, with those roles that may do this; 401 without a good key, 404 for what is not theirs."""
    async with portal.office.pool.acquire() as conn:
        caller = await find_caller(conn, key)
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
