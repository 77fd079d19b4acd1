"""The stream of hints: which record changed, by its topic, number and version; who wants more reads it again."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterable, Sequence
from typing import NamedTuple

from fastapi.sse import ServerSentEvent

from services.portal.store.accounts import Caller
from services.portal.store.changes import Hint, list_hints, newest_change
from shared.office import Office
from shared.postgres import passes

_BLINK = 1.0  # seconds: another replica may have applied what changed
_MOST = 1000  # hints that a slow reader may be behind; the newest of them are enough to read everything again
_OVERLAP = 200  # changes that may be seen late, since they are not committed in the order of their numbers


class Stream(NamedTuple):
    """One client."""

    recipients: frozenset[str]
    hints: "asyncio.Queue[Hint | None]"


class Live:
    """All streams of this process; one look a batch for all of them."""

    def __init__(self, office: Office) -> None:
        """Nobody listens."""
        self._office = office
        self._streams: dict[str, Stream] = {}
        self._looking: asyncio.Task[None] | None = None

    async def open(self, caller: Caller, client: str) -> Stream:
        """One stream a client: a new one ends the one before."""
        async with self._office.pool.acquire() as conn:
            newest = await newest_change(conn)
            known = await list_hints(conn, newest - _OVERLAP, [])
        self.close(client)
        stream = Stream(frozenset(caller.recipients), asyncio.Queue(_MOST))
        self._streams[client] = stream
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(newest, _numbers(known)))
        return stream

    def close(self, client: str, stream: Stream | None = None) -> None:
        """The client went, or opened another."""
        found = self._streams.get(client)
        if found and (stream is None or found is stream):
            del self._streams[client]
            _put(found, None)

    async def _look(self, first: int, known: Sequence[int]) -> None:
        """As long as somebody listens; should it end otherwise, so do the streams, and their clients come again.

        `known` are the changes up to `first` that were there when the first stream opened: what was being written then
        is told once it is there.
        """
        seen = deque(known, 2 * _OVERLAP)
        last = first
        try:
            while self._streams:
                batches = self._office.batches
                hints = await self._changes(last - _OVERLAP, seen)
                seen.extend(_numbers(hints))
                last = max(last, *(hint.changed for hint in hints)) if hints else last
                self._tell(hints)
                if self._office.batches == batches:
                    await self._office.changed(_BLINK)
        finally:
            for client in list(self._streams):
                self.close(client)

    async def _changes(self, after: int, seen: Sequence[int]) -> list[Hint]:
        """Nothing while the database is away: what changes meanwhile is told when it is back."""
        try:
            async with self._office.pool.acquire() as conn:
                return await list_hints(conn, after, list(seen))
        except Exception as problem:
            if not passes(problem):
                raise
            return []

    def _tell(self, hints: Sequence[Hint]) -> None:
        """Those whom they concern."""
        if not hints:
            return
        listening: defaultdict[str, list[Stream]] = defaultdict(list)
        for stream in self._streams.values():
            for recipient in stream.recipients:
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


async def follow(live: Live, caller: Caller, client: str) -> AsyncIterable[ServerSentEvent]:
    """From now on, until the client goes or opens another stream."""
    stream = await live.open(caller, client)
    try:
        yield ServerSentEvent(comment="live")
        while (hint := await stream.hints.get()) is not None:
            said = f"{hint.number} v{hint.version}" if hint.version else hint.number
            yield ServerSentEvent(event=hint.topic, id=str(hint.changed), raw_data=said)
    finally:
        live.close(client, stream)
