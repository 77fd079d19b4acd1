"""What cannot be shown or done, as a page: never a bare sentence of the machine, and what was typed is kept."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from services.portal.api.problems import Problem, not_found
from services.portal.pages.frame import HEADERS, page
from services.portal.pages.press import fields_of
from services.portal.pages.sessions import KEPT, ended
from services.portal.pages.visit import frame_of_anybody, frame_without_data, session_of, way_in
from shared.log import logger
from shared.postgres import passes

_TITLES: Mapping[int, str] = {
    403: "This came from another site",
    404: "This page cannot be found",
    405: "This cannot be done here",
    413: "That is too much at once",
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
    return await ended(request, request.app.state.portal, {**kept, "then": request.url.path}, 401)


async def on_problem(request: Request, problem: Exception) -> Response:
    """Ours."""
    found = problem if isinstance(problem, Problem) else Problem(500, "Something of ours is wrong.")
    return await _shown(request, found)


async def on_http(request: Request, problem: Exception) -> Response:
    """What the framework refuses."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    return await _shown(request, not_found() if status == 404 else Problem(status, "This cannot be done here."))  # noqa: PLR2004 - not there


async def on_invalid(request: Request, _: RequestValidationError | Exception) -> Response:
    """An address that no page has: nobody types them."""
    return await _shown(request, not_found())


async def on_fault(request: Request, problem: Exception) -> Response:
    """The database is away, which passes; anything else is ours."""
    if passes(problem):
        return await _shown(request, Problem(503, "Nothing can be read or done for a moment. Nothing is lost."))
    logger(__name__).error(
        "page failed", path=request.scope["route"].path if "route" in request.scope else "", exc_info=problem
    )
    return await _shown(request, Problem(500, "It is known to us now. Nothing of what you typed is lost."))


def is_of_script(request: Request) -> bool:
    """A piece of a page, asked for while somebody reads or types."""
    return request.headers.get("hx-request") == "true"


def _line(request: Request, status: int, text: str) -> Response:
    """Beside what somebody types it is said in a line; what somebody reads is left as it is."""
    if request.method == "GET":
        return Response(status_code=status, headers={"HX-Reswap": "none", **HEADERS})
    return HTMLResponse(f"Not saved. {text}", status, HEADERS)


async def _frame(request: Request) -> Mapping[str, Any]:
    """Around a page that is not there: who is signed in still is, and sees it."""
    portal = request.app.state.portal
    return await frame_of_anybody(portal, "", await session_of(request, portal))


async def _shown(request: Request, problem: Problem) -> Response:
    """With everything that was typed, and the button to send it again."""
    if is_of_script(request):
        return _line(request, problem.status, f"{problem.detail} What you typed stands on this page.")
    frame = await _frame(request) if problem.status == 404 else frame_without_data("")  # noqa: PLR2004 - not there
    again = request.method == "POST" and problem.status in {428, 429, 500, 503}
    kept = await fields_of(request) if again else {}
    context = {
        **frame,
        "title": _TITLES.get(problem.status, "It was not taken"),
        "problem": problem,
        "kept": kept,
    }
    headers = {"Retry-After": "5"} if problem.status == 503 else {}  # noqa: PLR2004 - away for a moment
    return page(request, "problem.html", context, status=problem.status, headers=headers)
