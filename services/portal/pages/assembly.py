"""The pages, in front of them the check where a press comes from, and the API beside them."""

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal.api.assembly import routes as api_routes
from services.portal.api.deadline import DeadlinePool
from services.portal.api.dependencies import Portal
from services.portal.api.faults import Unforeseen
from services.portal.api.middleware import CALLS, Gate
from services.portal.api.problems import FAULTS, Problem
from services.portal.api.problems import on_problem as refuse_call
from services.portal.api.rate_limit import Rate
from services.portal.pages import (
    assets,
    inbox,
    invoices,
    officer,
    operations,
    payments,
    plans,
    referrals,
    reports,
    sessions,
    sign_in,
    treatment,
    worker,
)
from services.portal.pages.page_request import NotSignedIn, check_pages, refused_origin
from services.portal.pages.problems import on_fault, on_http, on_invalid, on_not_signed_in, on_problem
from shared.messaging.context import ServiceContext
from shared.runtime.asgi import App

if TYPE_CHECKING:
    import asyncpg

PARTS = (
    assets,
    sign_in,
    sessions,
    inbox,
    operations,
    referrals,
    treatment,
    plans,
    reports,
    invoices,
    payments,
    officer,
    worker,
)
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def page_routes(portal: Portal) -> FastAPI:
    """Every page."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.portal = portal
    check_pages([route for part in PARTS for route in part.router.routes])
    for part in PARTS:
        app.include_router(part.router)
    app.add_exception_handler(NotSignedIn, on_not_signed_in)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for fault in FAULTS:
        app.add_exception_handler(fault, on_fault)
    app.add_middleware(Unforeseen, answering=on_fault)
    return app


class Front:
    """The application that sends paths below /api/ to the API and all others to the pages."""

    def __init__(self, portal: Portal) -> None:
        """Both stand on the same portal."""
        self.portal = portal
        self._api: ASGIApp = api_routes(portal)
        self._pages: ASGIApp = page_routes(portal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a press that another site caused is not taken."""
        if scope["path"].startswith(CALLS):
            await self._api(scope, receive, send)
        elif scope["method"] in _CHANGES and not is_from_here(Headers(scope=scope)):
            await (await on_problem(Request(scope, receive), refused_origin()))(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def is_from_here(headers: Headers) -> bool:
    """Browsers say where a press comes from; who says nothing is no browser that another site could use."""
    if said := headers.get("sec-fetch-site"):
        return said in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


async def refuse(request: Request, problem: Problem) -> Response:
    """Answer a request that is not let in: with a problem for programs, with a page for people."""
    is_call = request.scope["path"].startswith(CALLS)
    return await (refuse_call if is_call else on_problem)(request, problem)


def make_app(context: ServiceContext) -> App:
    """The portal over HTTP; its sessions end with the time that a request may spend on the database."""
    context.pool = cast("asyncpg.Pool", DeadlinePool(context.pool))
    return Gate(Front(Portal(context)), Rate.of_environment(), refuse)
