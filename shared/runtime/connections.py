"""HTTP connections with bounds on their number and duration, whatever their clients do."""

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
    """The seconds a connection may be idle and request headers may take, and the number of connections."""

    idle: float = 75.0
    headers: float = 10.0
    most: int = 4_000


class BoundedProtocol(HttpToolsProtocol):
    """A connection that is closed when it is idle or slow; the longest idle one makes room for a new one."""

    bounds = Bounds()

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Admit the connection, in the place of an idle one where all are taken, or refuse it."""
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
        """Start the time in which the request's headers must be complete."""
        super().on_message_begin()
        self._start_timer(self.bounds.headers, _LATE)

    @override
    def on_headers_complete(self) -> None:
        """Stop that time: from here on the application bounds it."""
        self._stop_timer()
        super().on_headers_complete()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._timer is None and not self.pipeline:
            self._idle()

    def _idle(self) -> None:
        """Start the idle time; bytes that begin no request do not prolong it."""
        self._start_timer(self.bounds.idle, b"")

    def _start_timer(self, seconds: float, last_words: bytes) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._end, last_words)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, last_words: bytes) -> None:
        """End the connection without waiting for a peer that has not taken its last answer."""
        self._stop_timer()
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.write(last_words)
            self.transport.close()

    def _make_room(self) -> bool:
        """End the connection that was idle for longest; return False when none is idle."""
        others = (c for c in self.connections if isinstance(c, BoundedProtocol) and c is not self)
        idle = [c for c in others if c._timer is not None and (c.cycle is None or c.cycle.response_complete)]  # noqa: SLF001 - of this class
        oldest = min(idle, key=lambda c: c._timer.when() if c._timer else 0.0, default=None)  # noqa: SLF001 - of this class
        if oldest is not None:
            oldest._end(b"")  # noqa: SLF001 - of this class
        return oldest is not None


def _end_when_gone(transport: asyncio.Transport) -> None:
    """Let the system notice a vanished peer by missing acknowledgements."""
    sock = transport.get_extra_info("socket")
    if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT") and sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE)


def raise_file_limit() -> None:
    """Raise the limit of open files as far as the connections need and the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * Bounds().most
    if 0 <= soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))


def _affordable() -> Bounds:
    """Return the bounds with no more connections than the process may have files besides its own."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = Bounds().most
    return Bounds(most=most if soft == resource.RLIM_INFINITY else max(_OWN_FILES, min(most, soft - _OWN_FILES)))


def configured(app: Any, host: str, port: int, *, bounds: Bounds | None = None, grace: int = 2) -> uvicorn.Config:  # noqa: ANN401 - an ASGI application
    """Return the server's configuration; `grace` is the seconds that open requests get at the end."""
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
