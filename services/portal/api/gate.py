"""Before any route: how often, how large, and whether it is JSON at all; after it: headers that every answer has."""

from collections.abc import Mapping
from hashlib import sha256

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.api.problems import Problem, answer
from services.portal.api.rate import Rate, Turn

_LARGEST, _LARGEST_FORM = 64 * 1024, 512 * 1024
_CALLS, _FORM = "/api/", "application/x-www-form-urlencoded"
_ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Gate:
    """Around the application."""

    def __init__(self, app: ASGIApp, rate: Rate | None) -> None:
        """`rate` may be off."""
        self._app, self._rate = app, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        turn = await self._turn(headers)
        replies = _Dressed(send, _limits(turn, self._rate))
        try:
            _pass(turn)
            if scope["method"] in {"POST", "PUT", "PATCH"}:
                receive = _again(await _body(headers, receive, is_call=scope["path"].startswith(_CALLS)), receive)
        except Problem as problem:
            await answer(problem)(scope, receive, replies)
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
    """What is left of the allowance."""
    if turn is None or rate is None:
        return {}
    return {"RateLimit-Policy": f'"key";{rate.policy}', "RateLimit": f'"key";r={turn.left};t={turn.wait}'}


async def _body(headers: Headers, receive: Receive, *, is_call: bool) -> bytes:
    """The whole body, if it can be read: 413, 415 or 400 otherwise; a form holds longer texts than a call."""
    most = _LARGEST if is_call else _LARGEST_FORM
    said = headers.get("content-length", "0")
    if said.isdigit() and int(said) > most:
        raise _too_large(most)
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        if not message.get("more_body"):
            break
    if body:
        (_check if is_call else _check_form)(headers.get("content-type", ""), bytes(body))
    return bytes(body)


def _check(kind: str, body: bytes) -> None:
    """JSON that can be kept."""
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "Send application/json.")
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Problem(400, "The body is no JSON in UTF-8.") from None
    if b"\\u0000" in body:
        raise Problem(400, "The body holds a character that no text has.")


def _check_form(kind: str, _: bytes) -> None:
    """As browsers send what was typed."""
    if kind.partition(";")[0].strip().lower() != _FORM:
        raise Problem(415, "Send a form.")


def _too_large(most: int) -> Problem:
    return Problem(413, f"At most {most} bytes.")


def _again(body: bytes, then: Receive) -> Receive:
    """The body, as if it came now; then whatever the client still says."""
    left = [body]

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await then()

    return receive
