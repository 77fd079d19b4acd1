"""The application: routes, problems, limits."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.portal.api import own, referrals
from services.portal.api.desk import Portal
from services.portal.api.problems import Problem, on_http, on_invalid, on_problem
from shared.office import Office

_REFUSALS: dict[int | str, dict[str, object]] = {
    400: {"description": "Cannot be read"},
    401: {"description": "No good key"},
    404: {"description": "Not there, or not yours"},
    409: {"description": "Not possible in this state"},
    412: {"description": "Stale"},
    428: {"description": "A header is missing"},
    202: {"description": "Sent, being checked"},
}


def make_app(office: Office) -> FastAPI:
    """The portal over HTTP."""
    app = FastAPI(
        title="Provider Portal",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
    )
    app.state.portal = Portal(office)
    app.include_router(own.router, prefix="/api/v1")
    app.include_router(referrals.router, prefix="/api/v1")
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    return app
