"""Before any route: how often, how large, and whether it is whole; after it: headers that every answer has."""

from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import TypeAlias

import structlog
from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from services.portal.api import deadline
from services.portal.api.problems import Problem
from services.portal.api.rate_limit import Rate, Turn
from services.portal.api.request_body import ClientLeft, announced_length, read_body, replayed

Refusing: TypeAlias = Callable[[Request, Problem], Awaitable[Response]]
CALLS = "/api/"
# what says who asks, for what and of which state: of two of them nobody could tell which one was meant
_ONCE = ("authorization", "content-type", "idempotency-key", "if-match")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Gate:
    """Around the application."""

    def __init__(self, app: ASGIApp, rate: Rate | None, refuse: Refusing) -> None:
        """`rate` may be off; `refuse` makes the answer to what is not let in."""
        self._app, self._rate, self._refuse = app, rate, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, with its own correlation and its own time on the database."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline.begin()
        correlation = str(uuid7())
        scope = {**scope, "state": {**scope.get("state", {}), "correlation": correlation}}
        with structlog.contextvars.bound_contextvars(correlation_id=correlation):
            if scope["method"] == "HEAD":
                scope, send = {**scope, "method": "GET"}, _headless(send)
            await self._one(scope, receive, send)

    async def _one(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 for a body that is not whole: it has no effect."""
        headers = Headers(scope=scope)
        turn = await self._turn(headers)
        replies = _Dressed(send, _limits(turn, self._rate))
        try:
            _pass(turn)
            _refuse_repeats(headers, scope)
            announced = announced_length(headers)
            if scope["method"] in _WITH_BODY:
                body = await read_body(headers, announced, receive, is_call=scope["path"].startswith(CALLS))
                scope["state"]["body"], receive = body, replayed(body, receive)
        except ClientLeft:
            return
        except Problem as problem:
            await (await self._refuse(Request(scope, receive), problem))(scope, receive, replies)
        else:
            await self._app(scope, receive, replies)

    async def _turn(self, headers: Headers) -> Turn | None:
        """Counted by key; who has none is told so soon enough."""
        said = headers.get("authorization")
        return await self._rate.take(sha256(said.encode()).hexdigest()) if self._rate and said else None


def _pass(turn: Turn | None) -> None:
    """429 when the allowance is used up."""
    if turn and not turn.passes:
        raise Problem(429, "Ask more slowly.", headers={"Retry-After": str(turn.wait)})


def _refuse_repeats(headers: Headers, scope: Scope) -> None:
    """400 for a header that can be meant once, or a parameter of a call, that is given twice."""
    for name in _ONCE:
        if len(headers.getlist(name)) > 1:
            raise Problem(400, f"The header {name.title()} is given more than once. Send it once.")
    if scope["path"].startswith(CALLS):
        names = [name for name, _ in QueryParams(scope["query_string"]).multi_items()]
        if len(set(names)) < len(names):
            raise Problem(400, "A parameter of the address is given more than once. Send it once.")


class _Dressed:
    """Sends an answer with the headers that every answer has."""

    def __init__(self, send: Send, more: Mapping[str, str]) -> None:
        self._send, self._more = send, more

    async def __call__(self, message: Message) -> None:
        """Only the start has headers."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in {**_ALWAYS, **self._more}.items():
                headers.setdefault(name, value)
            message = {**message, "headers": headers.raw}
        await self._send(message)


def _limits(turn: Turn | None, rate: Rate | None) -> dict[str, str]:
    """Return what is left of the allowance."""
    if turn is None or rate is None:
        return {}
    return {"RateLimit-Policy": f'"key";{rate.policy}', "RateLimit": f'"key";r={turn.left};t={turn.wait}'}


def _headless(send: Send) -> Send:
    """Sends what comes before the body and then ends the answer, an endless one as well."""
    is_over = False

    async def head(message: Message) -> None:
        nonlocal is_over
        if is_over:
            return
        is_over = message["type"] == "http.response.body"
        await send({**message, "body": b"", "more_body": False} if is_over else message)

    return head
