"""Problems as pages, with words for people and everything that was typed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from services.portal.api.faults import correlation_of, note_fault
from services.portal.api.problems import Problem, allowed_at, not_found
from services.portal.domain.form_fields import KEPT
from services.portal.pages import formatting
from services.portal.pages.forms import fields_of, fields_with_secrets_of
from services.portal.pages.page_request import frame_of_anybody, frame_without_data, session_of, way_in
from services.portal.pages.rendering import HEADERS, page
from services.portal.pages.sessions import ended
from shared.database.postgres import passes

_AWAY = (
    "The portal's database does not answer just now, so that no record can be read and nothing can be sent. Nothing is "
    "lost: whatever was confirmed to you stands. Try again in a minute; whom to call until then stands below."
)
_FAILED = "It is known to us. If you call about it, name this number: {}."
_TOO_LARGE = (
    "A form holds about 500,000 characters. Go back in your browser, where what you typed stands, and shorten it."
)
_KEPT_WITH = frozenset({400, 408, 413, 428, 429, 500, 503})  # what was typed is shown again, and can be sent again
_TITLES: Mapping[int, str] = {
    400: "This did not arrive as it was sent",
    403: "This came from another site",
    404: "This page cannot be found",
    405: "This cannot be done here",
    408: "This took too long to arrive",
    413: "That is too much at once",
    415: "This cannot be read here",
    428: "Open the page again",
    429: "Too many requests",
    500: "Something of ours is wrong",
    503: "Not possible just now",
}
Handler = Callable[[Request, Exception], Awaitable[Response]]


async def on_not_signed_in(request: Request, _: Exception) -> Response:
    """To the sign-in page; what was about to be sent goes with it and is sent afterwards."""
    if is_of_script(request):
        return _line(
            request, 401, "Your session has ended. Press a button: you sign in, and what you typed goes with you."
        )
    if request.method == "GET":
        return RedirectResponse(way_in(request), 303)
    kept = {f"{KEPT}{name}": value for name, value in (await fields_of(request)).items()}
    return ended(request, {**kept, "then": request.url.path}, 401)


async def on_problem(request: Request, problem: Exception) -> Response:
    """Ours."""
    found = problem if isinstance(problem, Problem) else Problem(500, "Something of ours is wrong.")
    return await _shown(request, found)


async def on_http(request: Request, problem: Exception) -> Response:
    """Answer a request that the framework refuses."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    if status == 404:  # noqa: PLR2004 - not there
        return await _shown(request, not_found())
    return await _shown(request, Problem(status, "This cannot be done here.", headers=allowed_at(request, status)))


async def on_invalid(request: Request, _: RequestValidationError | Exception) -> Response:
    """An address that no page has: nobody types them."""
    return await _shown(request, not_found())


async def on_fault(request: Request, problem: Exception) -> Response:
    """The database is away, which passes; anything else is ours."""
    if passes(problem):
        return await _shown(request, Problem(503, _AWAY, headers={"Retry-After": "5"}))
    note_fault(request, problem)
    return await _shown(request, Problem(500, _FAILED.format(correlation_of(request))))


def is_of_script(request: Request) -> bool:
    """A piece of a page, asked for while somebody reads or types."""
    return request.headers.get("hx-request") == "true"


def _line(request: Request, status: int, text: str) -> Response:
    """Beside what somebody types it is said in a line; what somebody reads is left as it is."""
    if request.method == "GET":
        return Response(status_code=status, headers={"HX-Reswap": "none", **HEADERS})
    return HTMLResponse(f"Not saved. {text}", status, HEADERS)


async def _frame(request: Request) -> Mapping[str, Any]:
    """Around a page that is not there: who is signed in still is, and sees it, unless nothing can be read."""
    portal = request.app.state.portal
    try:
        return await frame_of_anybody(portal, "", await session_of(request, portal))
    except Exception as problem:
        if not passes(problem):
            raise
        return frame_without_data("")


async def _shown(request: Request, problem: Problem) -> Response:
    """With everything that was typed but what is secret, and the button to send it again."""
    was_read = "body" in request.scope.get("state", {})
    detail = problem.detail if was_read or problem.status != 413 else _TOO_LARGE  # noqa: PLR2004 - larger than any form
    if is_of_script(request):
        return _line(request, problem.status, f"{detail} What you typed stands on this page.")
    frame = await _frame(request) if problem.status == 404 else frame_without_data("")  # noqa: PLR2004 - not there
    again = request.method == "POST" and problem.status in _KEPT_WITH and was_read
    context = {
        **frame,
        "title": _TITLES.get(problem.status, "It was not taken"),
        "problem": problem,
        "detail": detail,
        "kept": await fields_of(request) if again else {},
        "asks_password": again and "password" in await fields_with_secrets_of(request),  # it is typed again
        "contacts": formatting.contacts() if problem.status >= 500 else (),  # noqa: PLR2004 - ours
    }
    return page(request, "problem.html", context, status=problem.status, headers=problem.headers)
