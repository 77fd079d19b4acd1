"""HTTP connections that are bounded in number and in time, whatever their clients do or leave undone."""

import asyncio
import resource
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from asyncio.events import TimerHandle

_LATE = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n"
_OWN_FILES = 200  # logs, sessions of the database, connections to the broker
_GONE = 60_000  # milliseconds after which a peer that acknowledges nothing counts as gone


class Bounds(NamedTuple):
    """Seconds that a connection may be idle and that a request's headers may take, and how many there may be."""

    idle: float = 75.0
    headers: float = 10.0
    most: int = 4_000


class BoundedProtocol(HttpToolsProtocol):
    """One connection, closed when it is idle or its headers take too long; the longest idle one makes room."""

    bounds = Bounds()

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A connection beyond the bound takes the place of one that is idle, or is refused."""
        self._timer: TimerHandle | None = None
        super().connection_made(transport)
        _end_when_gone(transport)
        self._idle()
        if len(self.connections) > self.bounds.most and not self._make_room():
            self._end(_FULL)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    @override
    def on_message_begin(self) -> None:
        """The first byte of a request: its headers must follow soon."""
        super().on_message_begin()
        self._start_timer(self.bounds.headers, _LATE)

    @override
    def on_headers_complete(self) -> None:
        """From here on the application bounds the time."""
        self._stop_timer()
        super().on_headers_complete()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._timer is None and not self.pipeline:
            self._idle()

    def _idle(self) -> None:
        """Nothing is asked: bytes that begin no request do not prolong it."""
        self._start_timer(self.bounds.idle, b"")

    def _start_timer(self, seconds: float, last_words: bytes) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._end, last_words)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, last_words: bytes) -> None:
        """A peer that has not taken its last answer yet does not get the time to."""
        self._stop_timer()
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.write(last_words)
            self.transport.close()

    def _make_room(self) -> bool:
        """Ends the connection that has been idle for longest; False where all others are at work."""
        others = (c for c in self.connections if isinstance(c, BoundedProtocol) and c is not self)
        idle = [c for c in others if c._timer is not None and (c.cycle is None or c.cycle.response_complete)]  # noqa: SLF001 - of this class
        oldest = min(idle, key=lambda c: c._timer.when() if c._timer else 0.0, default=None)  # noqa: SLF001 - of this class
        if oldest is not None:
            oldest._end(b"")  # noqa: SLF001 - of this class
        return oldest is not None


def _end_when_gone(transport: asyncio.Transport) -> None:
    """A peer that vanished without a word is noticed by what it does not acknowledge."""
    sock = transport.get_extra_info("socket")
    if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT") and sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE)


def raise_file_limit() -> None:
    """Lets the process have as many open files as its connections need, as far as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * Bounds().most
    if 0 <= soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))


def _affordable() -> Bounds:
    """The bounds, with no more connections than the process may have files besides its own."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = Bounds().most
    return Bounds(most=most if soft == resource.RLIM_INFINITY else max(_OWN_FILES, min(most, soft - _OWN_FILES)))


def configured(app: Any, host: str, port: int, *, bounds: Bounds | None = None, grace: int = 2) -> uvicorn.Config:  # noqa: ANN401 - an ASGI application
    """How the application is served; `grace` is how many seconds what is being answered gets at the end."""
    protocol = type("Protocol", (BoundedProtocol,), {"bounds": bounds or _affordable()})
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        interface="asgi3",
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=grace,
        server_header=False,
    )
