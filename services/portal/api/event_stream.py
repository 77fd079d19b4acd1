"""The stream of hints: which record changed, by its topic, number and version; who wants more reads it again."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from fastapi.sse import ServerSentEvent

from services.portal.api import deadline
from services.portal.api.problems import Problem
from services.portal.store.accounts import Caller
from services.portal.store.change_feed import Hint, list_hints, newest_change
from services.portal.store.sessions import list_holding
from shared.config import metrics
from shared.database.postgres import passes
from shared.messaging.context import ServiceContext

_BLINK = 1.0  # seconds: another replica may have applied what changed, and a session may have ended
_MOST = 1000  # hints that a slow reader may be behind; the newest of them are enough to read everything again
_OVERLAP = 200  # changes that may be seen late, since they are not committed in the order of their numbers


class Bounds(NamedTuple):
    """How many streams there may be at once, and how long one lasts."""

    of_session: int = 6
    of_account: int = 50
    of_process: int = 2_000
    seconds: float = 12 * 3600


class Client(NamedTuple):
    """A listener, by the hash of its session or key; a new stream of the same name ends the old one."""

    caller: Caller
    credential: bytes
    name: str


class Stream(NamedTuple):
    """One client that listens, until when at the latest."""

    client: Client
    until: float
    hints: "asyncio.Queue[Hint | None]"


class Live:
    """All streams of this process; one look a batch for all of them."""

    def __init__(self, context: ServiceContext) -> None:
        """Start without listeners."""
        self._context = context
        self.bounds = Bounds()
        self._streams: dict[str, Stream] = {}
        self._looking: asyncio.Task[None] | None = None
        self._checked_at = 0.0

    @asynccontextmanager
    async def open(self, client: Client) -> AsyncIterator[Stream]:
        """Yields a new stream; a Problem of status 429 or 503 where there are too many."""
        async with self._context.pool.acquire() as conn:
            newest = await newest_change(conn)
            known = await list_hints(conn, newest - _OVERLAP, [])
        self._close(client.name)
        self._check_bounds(client)
        until = asyncio.get_running_loop().time() + self.bounds.seconds
        stream = self._streams[client.name] = Stream(client, until, asyncio.Queue(_MOST))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(newest, _numbers(known)))
        metrics.STREAMS.labels("portal").inc()
        try:
            yield stream
        finally:
            metrics.STREAMS.labels("portal").dec()
            if self._streams.get(client.name) is stream:
                del self._streams[client.name]

    def _check_bounds(self, client: Client) -> None:
        """Raise a Problem where the session, the account or the process has as many streams as it may have."""
        streams = [stream.client for stream in self._streams.values()]
        if len(streams) >= self.bounds.of_process:
            raise Problem(503, "Too many people watch for changes just now. Open the page again to see what is new.")
        of_account = [other for other in streams if other.caller.account_id == client.caller.account_id]
        of_session = [other for other in of_account if other.credential == client.credential]
        if len(of_account) >= self.bounds.of_account or len(of_session) >= self.bounds.of_session:
            raise Problem(429, "You watch for changes on too many pages. Close some of them.")

    def _close(self, name: str) -> None:
        """Ends a stream, where there is one of the name."""
        if found := self._streams.pop(name, None):
            _put(found, None)

    async def _look(self, first: int, known: Sequence[int]) -> None:
        """As long as somebody listens; should it end otherwise, so do the streams, and their clients come again.

        `known` are the changes up to `first` that were there when the first stream opened: what was being written then
        is told once it is there.
        """
        deadline.outlive_request()
        seen = deque(known, 2 * _OVERLAP)
        last = first
        try:
            while self._streams:
                batches = self._context.batches
                hints = await self._changes(last - _OVERLAP, seen)
                seen.extend(_numbers(hints))
                last = max(last, *(hint.changed for hint in hints)) if hints else last
                self._tell(hints)
                if self._context.batches == batches:
                    await self._context.changed(_BLINK)
        finally:
            for name in list(self._streams):
                self._close(name)

    async def _changes(self, after: int, seen: Sequence[int]) -> list[Hint]:
        """Nothing while the database is away: what changes meanwhile is told when it is back.

        Nobody is told anything whose session or key was not found to hold within the last second.
        """
        try:
            async with self._context.pool.acquire() as conn:
                now = asyncio.get_running_loop().time()
                if now - self._checked_at >= _BLINK:
                    self._end_all_but(await list_holding(conn, self._credentials()), now)
                    self._checked_at = now
                return await list_hints(conn, after, list(seen))
        except Exception as problem:
            if not passes(problem):
                raise
            return []

    def _credentials(self) -> list[bytes]:
        return list({stream.client.credential for stream in self._streams.values()})

    def _end_all_but(self, holding: frozenset[bytes], now: float) -> None:
        """A stream ends with its session or key, and when its time is over."""
        for name, stream in list(self._streams.items()):
            if stream.client.credential not in holding or stream.until <= now:
                self._close(name)

    def _tell(self, hints: Sequence[Hint]) -> None:
        """Those whom they concern."""
        if not hints:
            return
        listening: defaultdict[str, list[Stream]] = defaultdict(list)
        for stream in self._streams.values():
            for recipient in stream.client.caller.recipients:
                listening[recipient].append(stream)
        for hint in hints:
            for stream in listening.get(hint.recipient, ()):
                _put(stream, hint)


def _numbers(hints: Sequence[Hint]) -> list[int]:
    """The changes that hints tell of, each once: several recipients hear of one."""
    return list(dict.fromkeys(hint.changed for hint in hints))


def _put(stream: Stream, hint: Hint | None) -> None:
    """The oldest hint gives way: whatever changed is read again anyway."""
    if stream.hints.full():
        stream.hints.get_nowait()
    stream.hints.put_nowait(hint)


async def follow(stream: Stream) -> AsyncIterable[ServerSentEvent]:
    """From now on, until the client goes or the stream ends."""
    yield ServerSentEvent(comment="live")
    while (hint := await stream.hints.get()) is not None:
        said = f"{hint.number} v{hint.version}" if hint.version else hint.number
        yield ServerSentEvent(event=hint.topic, id=str(hint.changed), raw_data=said)
