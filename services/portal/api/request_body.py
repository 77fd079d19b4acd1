"""The body of a request: whole, within its limits and time, and of the kind that its path takes."""

import asyncio
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from services.portal.api.problems import Problem
from services.portal.domain.form_fields import MOST_FIELDS

LARGEST, LARGEST_FORM = 64 * 1024, 512 * 1024  # bytes
WITHIN = 30.0  # seconds until the last byte must be there
_FORM = "application/x-www-form-urlencoded"
_CLOSE = {"Connection": "close"}


class ClientLeft(Exception):  # noqa: N818 - says what happened
    """The client went before its request was whole: nobody is there to be answered."""


async def read_body(headers: Headers, announced: int | None, receive: Receive, *, is_call: bool) -> bytes:
    """Returns the whole body, or raises a Problem of status 400, 408, 413 or 415, or ClientLeft."""
    most = LARGEST if is_call else LARGEST_FORM
    if announced is not None and announced > most:
        raise _too_large(most)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem(415, "Send it as it is, not compressed.")
    try:
        async with asyncio.timeout(WITHIN):
            body = await _received(receive, most)
    except TimeoutError:
        raise Problem(408, "The request did not arrive in time. Send it again.", headers=_CLOSE) from None
    if announced is not None and announced != len(body):
        raise Problem(400, "The request is shorter or longer than it announced.", headers=_CLOSE)
    if body:
        (_check_json if is_call else _check_form)(headers.get("content-type", ""), body)
    return body


def announced_length(headers: Headers) -> int | None:
    """The length that the client announced; None where it announced none, as with chunks; a Problem where two."""
    lengths = headers.getlist("content-length")
    if len(lengths) > 1 or (lengths and "transfer-encoding" in headers):
        raise Problem(400, "The request announces its length in two ways.", headers=_CLOSE)
    if not lengths:
        return None
    if not (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) < 20):  # noqa: PLR2004 - digits of a length
        raise Problem(400, "The request announces a length that is no number.", headers=_CLOSE)
    return int(lengths[0])


async def _received(receive: Receive, most: int) -> bytes:
    """Everything up to the end that the server saw; a connection that ends earlier is no end of a body."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientLeft
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        if not message.get("more_body"):
            return bytes(body)


def _too_large(most: int) -> Problem:
    return Problem(413, f"At most {most // 1024} kB can be taken at once.")


def _check_json(kind: str, body: bytes) -> None:
    """JSON that can be kept: a database's text holds no NUL."""
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "Send application/json.")
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Problem(400, "The body is no JSON in UTF-8.") from None
    if b"\\u0000" in body and _holds_nul(said):
        raise Problem(400, "The body holds a character that no text has.")


def _holds_nul(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether any text in it does; without recursion, however deep it is."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text if "\x00" in text:
                return True
            case dict() as members:
                waiting += [*members, *members.values()]
            case list() as items:
                waiting += items
    return False


def _check_form(kind: str, body: bytes) -> None:
    """A form as browsers send what was typed."""
    if kind.partition(";")[0].strip().lower() != _FORM:
        raise Problem(415, "A page takes what its own form sends, and no files.")
    if body.count(b"&") >= MOST_FIELDS:
        raise Problem(413, f"A form has at most {MOST_FIELDS} fields.")


def replayed(body: bytes, then: Receive) -> Receive:
    """A receiver that gives the whole body once more and goes on with what the client does afterwards."""
    left = [body]

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await then()

    return receive
