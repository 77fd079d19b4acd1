"""Requests byte by byte, as a client's socket sends them."""

import asyncio
from collections.abc import Mapping

from tests.portal.world import World


def request(
    method: str, path: str, body: bytes, headers: Mapping[str, str], *, chunk: int = 0, close: bool = True
) -> bytes:
    """A whole request, announced by its length or sent in chunks of so many bytes."""
    framing = {"Transfer-Encoding": "chunked"} if chunk else {"Content-Length": str(len(body))}
    said = {"Host": "portal.test", **headers, **framing, **({"Connection": "close"} if close else {})}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return head.encode() + b"\r\n" + (chunked(body, chunk) if chunk else body)


def chunked(body: bytes, size: int) -> bytes:
    """With the last chunk that says that it is whole."""
    parts = [body[n : n + size] for n in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


async def connect(portal: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = portal.client.base_url
    return await asyncio.open_connection(url.host, url.port)


async def send(portal: World, data: bytes, *, leave: bool = False) -> bytes:
    """The answer to these bytes, until the server closes; who leaves sends nothing more and hears nothing."""
    reader, writer = await connect(portal)
    try:
        writer.write(data)
        await writer.drain()
        if leave:
            writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def settled(portal: World) -> None:
    """Until the server has nothing more to do for anybody."""
    async with asyncio.timeout(20):
        while portal.server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.002)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])
