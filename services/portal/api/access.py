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
    ("POST", "/referrals/{number}/appointments"): _ACTS,
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
