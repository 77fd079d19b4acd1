"""Connections that ask for nothing, or never finish asking, end by themselves."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from shared.runtime import connections, health
from shared.runtime.connections import Bounds

ASKED = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
LONG = 3600.0


class Client(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def rest(self) -> bytes:
        """Everything that comes until the server closes, on whatever the client is still sending."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def ask(self, data: bytes = ASKED) -> bytes:
        """The answer to a request, after which the connection stays."""
        self.writer.write(data)
        async with asyncio.timeout(20):
            return await self.reader.readuntil(b"done")


Connect = Callable[[], Awaitable[Client]]


@asynccontextmanager
async def served(bounds: Bounds, app: Any) -> AsyncIterator[Connect]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = health._Quietly(connections.configured(app, "127.0.0.1", port, bounds=bounds, grace=1))
    serving = asyncio.create_task(server.serve())
    clients: list[Client] = []

    async def connect() -> Client:
        known = len(server.server_state.connections)
        clients.append(Client(*await asyncio.open_connection("127.0.0.1", port)))
        async with asyncio.timeout(20):
            while len(server.server_state.connections) == known < bounds.most:  # noqa: ASYNC110 - uvicorn has no event
                await asyncio.sleep(0.002)
        return clients[-1]

    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event
                await asyncio.sleep(0.002)
        yield connect
    finally:
        for client in clients:
            client.writer.close()
        server.should_exit = True
        await serving


async def done(_scope: Any, _receive: Any, send: Any) -> None:
    """Answers at once, and never waits for a body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost:", b"POST / HTTP/1.1\r\nContent-Length: 4\r\n"])
async def test_headers_that_do_not_come_in_time_are_answered_and_the_connection_ends(begun: bytes) -> None:
    async with served(Bounds(idle=LONG, headers=0.05), done) as connect:
        client = await connect()
        client.writer.write(begun)
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_headers_that_trickle_do_not_get_more_time() -> None:
    async with served(Bounds(idle=LONG, headers=0.3), done) as connect:
        client = await connect()
        ending = asyncio.create_task(client.rest())
        client.writer.write(b"GET / HTTP/1.1\r\n")
        while not ending.done():
            client.writer.write(b"X-Slow: 1\r\n")
            await asyncio.sleep(0.01)
        assert b" 200 " not in await ending


@pytest.mark.parametrize("said", [b"", b"\r\n"])
async def test_a_connection_that_asks_for_nothing_ends(said: bytes) -> None:
    async with served(Bounds(idle=0.05, headers=LONG), done) as connect:
        client = await connect()
        client.writer.write(said)
        assert await client.rest() == b""


async def test_a_connection_that_was_answered_is_idle_again_though_a_body_trickles() -> None:
    async with served(Bounds(idle=0.3, headers=LONG), done) as connect:
        client = await connect()
        await client.ask(b"GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n")
        ending = asyncio.create_task(client.rest())
        while not ending.done():
            client.writer.write(b"x")
            await asyncio.sleep(0.01)
        assert await ending == b""


async def test_what_is_being_answered_is_not_idle_and_its_connection_can_be_used_again() -> None:
    go = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await go.wait()
        await done(scope, receive, send)

    async with served(Bounds(idle=0.05, headers=0.05), slow) as connect:
        client = await connect()
        asking = asyncio.create_task(client.ask())
        other = await connect()
        assert await other.rest() == b""  # so much time has passed
        go.set()
        assert (await asking).startswith(b"HTTP/1.1 200 ")
        assert (await client.ask()).startswith(b"HTTP/1.1 200 ")


async def test_a_connection_too_many_takes_the_place_of_the_one_that_is_idle_longest() -> None:
    async with served(Bounds(idle=LONG, headers=LONG, most=3), done) as connect:
        first, second, third = [await connect() for _ in range(3)]
        await first.ask()
        fourth = await connect()
        assert await second.rest() == b""
        for client in (first, third, fourth):
            assert (await client.ask()).startswith(b"HTTP/1.1 200 ")


async def test_a_connection_too_many_is_refused_where_all_are_at_work() -> None:
    go = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.append(scope)
        await go.wait()
        await done(scope, receive, send)

    begun: list[Any] = []
    async with served(Bounds(idle=LONG, headers=LONG, most=2), slow) as connect:
        clients = [await connect() for _ in range(2)]
        asking = [asyncio.create_task(client.ask()) for client in clients]
        async with asyncio.timeout(20):
            while len(begun) < 2:  # noqa: ASYNC110 - a length
                await asyncio.sleep(0.002)
        refused = await connect()
        assert (await refused.rest()).startswith(b"HTTP/1.1 503 ")
        go.set()
        assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in await asyncio.gather(*asking))


def test_a_process_takes_no_more_connections_than_it_may_have_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, most in ((1024, 824), (100, 200), (1 << 20, 4_000), (resource.RLIM_INFINITY, 4_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        protocol: Any = connections.configured(done, "127.0.0.1", 0).http
        assert protocol.bounds.most == most


def test_the_bounds_that_hold() -> None:
    assert Bounds() == (75.0, 10.0, 4_000)
