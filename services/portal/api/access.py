"""The roles that may call each route: a route without a line here keeps the portal from starting."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.routing import BaseRoute

from services.portal.api.dependencies import Here
from services.portal.api.problems import Problem, not_found
from services.portal.store.accounts import Caller, find_caller
from shared.domain.decision import Event
from shared.events import portal as facts

_BEARER = HTTPBearer(auto_error=False)
EVERYBODY, ACTS, BILLS, OFFICER, PAYS = facts.STAFF, facts.TREATING, facts.BILLING, facts.DECIDING, facts.PAYING
CLINIC = ACTS | BILLS
# which fact each call that does something announces; its contract says in which roles that may be done
FACTS: dict[tuple[str, str], type[Event]] = {
    ("POST", "/notices/{notice_id}/open"): facts.NoticeOpened,
    ("POST", "/referrals/{number}/commands/acknowledge"): facts.ProviderAcknowledgedReferral,
    ("POST", "/referrals/{number}/commands/accept"): facts.ProviderAcceptedReferral,
    ("POST", "/referrals/{number}/commands/decline"): facts.ProviderDeclinedReferral,
    ("POST", "/referrals/{number}/commands/move"): facts.ProviderMovedAppointment,
    ("POST", "/referrals/{number}/commands/missed"): facts.ProviderReportedMissed,
    ("POST", "/referrals/{number}/commands/start"): facts.ProviderStartedReferral,
    ("POST", "/referrals/{number}/commands/hold"): facts.ProviderHeldReferral,
    ("POST", "/referrals/{number}/commands/resume"): facts.ProviderResumedReferral,
    ("POST", "/referrals/{number}/commands/end"): facts.ProviderEndedProgram,
    ("POST", "/referrals/{number}/commands/attendance"): facts.ProviderRecordedAttendance,
    ("POST", "/referrals/{number}/commands/report"): facts.ProviderSubmittedReport,
    ("POST", "/referrals/{number}/commands/plan"): facts.ProviderSubmittedPlan,
    ("POST", "/referrals/{number}/commands/amend"): facts.ProviderSubmittedPlanAmendment,
    ("POST", "/referrals/{number}/commands/reply"): facts.ProviderRepliedPlan,
    ("POST", "/referrals/{number}/appointments"): facts.ProviderBookedAppointment,
    ("POST", "/referrals/{number}/commands/invoice"): facts.ProviderSubmittedInvoice,
    ("POST", "/referrals/{number}/commands/rectify"): facts.ProviderRectifiedInvoice,
    ("POST", "/referrals/{number}/commands/void"): facts.ProviderVoidedInvoice,
    ("POST", "/officer/referrals/{number}/commands/hold"): facts.OfficerHeldReferral,
    ("POST", "/officer/referrals/{number}/commands/resume"): facts.OfficerResumedReferral,
    ("POST", "/officer/referrals/{number}/commands/withdraw"): facts.OfficerWithdrewReferral,
    ("POST", "/officer/referrals/{number}/commands/decide-plan"): facts.OfficerDecidedPlan,
    ("POST", "/officer/referrals/{number}/commands/request-information"): facts.OfficerRequestedInformation,
    ("POST", "/officer/referrals/{number}/commands/accept-report"): facts.OfficerAcceptedReport,
    ("POST", "/officer/referrals/{number}/commands/return-report"): facts.OfficerReturnedReport,
    ("POST", "/officer/referrals/{number}/commands/waive-report"): facts.OfficerWaivedReport,
    ("POST", "/runs/{run_id}/commands/release"): facts.PaymentOfficerReleasedRun,
}
ACCESS: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/me"): EVERYBODY,
    ("GET", "/operations/{operation_id}"): EVERYBODY,
    ("GET", "/notices"): EVERYBODY,
    ("GET", "/events"): EVERYBODY,
    ("GET", "/calendars/{calendar_id}/count"): EVERYBODY,
    ("GET", "/referrals"): CLINIC,
    ("GET", "/referrals/{number}"): CLINIC,
    ("GET", "/referrals/{number}/plans"): CLINIC,
    ("GET", "/referrals/{number}/plans/{plan}"): CLINIC,
    ("GET", "/referrals/{number}/reports"): CLINIC,
    ("GET", "/referrals/{number}/reports/{name}"): CLINIC,
    ("GET", "/referrals/{number}/attendance"): CLINIC,
    ("GET", "/referrals/{number}/invoices"): CLINIC,
    ("GET", "/referrals/{number}/invoices/{invoice_id}"): CLINIC,
    ("GET", "/payments"): BILLS,
    ("GET", "/remittances/{remittance_id}"): BILLS,
    ("GET", "/officer/queue"): OFFICER,
    ("GET", "/officer/referrals"): OFFICER,
    ("GET", "/officer/referrals/{number}"): OFFICER,
    ("GET", "/officer/referrals/{number}/plans"): OFFICER,
    ("GET", "/officer/referrals/{number}/plans/{plan}"): OFFICER,
    ("GET", "/officer/referrals/{number}/reports"): OFFICER,
    ("GET", "/officer/referrals/{number}/reports/{name}"): OFFICER,
    ("GET", "/runs"): PAYS,
    ("GET", "/runs/{run_id}"): PAYS,
    **{place: fact.roles for place, fact in FACTS.items()},
}


def routes_of(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of every call."""
    return {(method, route.path) for route in routes if isinstance(route, APIRoute) for method in route.methods or ()}


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """A route that nobody said who may call is not served."""
    if strange := routes_of(routes) ^ ACCESS.keys():
        raise RuntimeError(f"routes and rules differ: {sorted(strange)}")


async def key_of(bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> bytes:
    """The hash of the caller's key; 401 without one."""
    if bearer is None:
        raise _no_key()
    return sha256(bearer.credentials.encode()).digest()


KeyHash = Annotated[bytes, Depends(key_of)]


async def caller_of(request: Request, portal: Here, key: KeyHash) -> Caller:
    """Whose key it is, with those roles that may do this; 401 without a good key, 404 for what is not theirs."""
    async with portal.context.pool.acquire() as conn:
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
