"""The calls: routes, who may call them, problems."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from typing_extensions import override

from services.portal.api import (
    billing,
    calendars,
    commands,
    me,
    officer,
    officer_actions,
    payment_runs,
    referrals,
    treatment,
)
from services.portal.api.access import check_routes
from services.portal.api.coded import on_day
from services.portal.api.dependencies import Portal
from services.portal.api.faults import Unforeseen
from services.portal.api.problems import FAULTS, Problem, on_fault, on_http, on_invalid, on_problem
from shared.config import clock
from shared.domain.calendar import UNPUBLISHED

PARTS = (me, calendars, referrals, commands, treatment, billing, officer, officer_actions, payment_runs)
_PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
_REFUSALS: dict[int | str, dict[str, object]] = {
    202: {"description": "Sent, being checked"},
    400: {"description": "Cannot be read, or did not arrive whole", **_PROBLEM},
    401: {"description": "No good key", **_PROBLEM},
    404: {"description": "Not there, or not yours", **_PROBLEM},
    408: {"description": "Did not arrive in time", **_PROBLEM},
    409: {"description": "Not possible in this state: `state` and `allowed` say what is", **_PROBLEM},
    412: {"description": "Stale: `current` is what holds now", **_PROBLEM},
    413: {"description": "Too large", **_PROBLEM},
    415: {"description": "Not JSON", **_PROBLEM},
    422: {"description": "Something must be corrected: `errors` lists every field", **_PROBLEM},
    428: {"description": "A header is missing", **_PROBLEM},
    429: {"description": "Too many requests", **_PROBLEM},
    500: {"description": "A fault of ours, known under `instance`", **_PROBLEM},
    503: {"description": "The database is away for a moment", **_PROBLEM},
}


class Calls(FastAPI):
    """An application whose document lists the codes that hold on the day on which it is read."""

    @override
    def openapi(self) -> dict[str, Any]:
        said: dict[str, Any] = on_day(super().openapi(), UNPUBLISHED.day_of(clock.now()))
        return said


def routes(portal: Portal) -> FastAPI:
    """The portal's calls."""
    app = Calls(
        title="Provider Portal",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_REFUSALS,
    )
    app.state.portal = portal
    check_routes([*app.routes, *(route for part in PARTS for route in part.router.routes)])
    for part in PARTS:
        app.include_router(part.router, prefix="/api/v1")
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for fault in FAULTS:
        app.add_exception_handler(fault, on_fault)
    app.add_middleware(Unforeseen, answering=on_fault)
    return app
