"""Unforeseen exceptions: logged with route and correlation, counted, and answered in words."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.config import metrics
from shared.config.log import logger

Answering = Callable[[Request, Exception], Awaitable[Response]]
NO_ROUTE = "(none)"


def note_fault(request: Request, problem: Exception) -> None:
    """Logs and counts a fault of ours, with the route and the number that the answer names."""
    route, correlation = route_of(request), correlation_of(request)
    words = {"route": route, "status": 500, "correlation_id": correlation}
    logger(__name__).error("request failed", exc_info=(type(problem), problem, None), **words)
    metrics.FAILED_REQUESTS.labels("portal", route).inc()


def route_of(request: Request) -> str:
    """Method and path of the route, with the names of its parts instead of what stood there."""
    path = getattr(request.scope.get("route"), "path", NO_ROUTE)
    return f"{request.method} {path}" if path != NO_ROUTE else path


def correlation_of(request: Request) -> str:
    """The number of the request, under which its log lines are found."""
    return str(getattr(request.state, "correlation", ""))


class Unforeseen:
    """Around the routes: answers every exception that no handler took, as long as no answer has begun."""

    def __init__(self, app: ASGIApp, answering: Answering) -> None:
        """`answering` notes the fault and makes the answer."""
        self._app, self._answering = app, answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; an answer that has begun is cut off, so that nobody takes it for whole."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as problem:
            request = Request(scope, receive)
            if begun:
                note_fault(request, problem)
                raise
            await (await self._answering(request, problem))(scope, receive, send)
