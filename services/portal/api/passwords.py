"""Checking passwords: counted before they are checked, two at a time, and strangers hold up nobody who is known."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.portal.store.attempts import Attempts, Place, Try
from shared.config import metrics

AT_ONCE = 2  # a check takes 64 MB
MOST_WAITING = 20  # of known devices, and as many of others
_HASHER = PasswordHasher()


class TooManyTries(Exception):  # noqa: N818 - an answer
    """No place is left for another try."""


class TooBusy(Exception):  # noqa: N818 - an answer
    """Too many people sign in at this moment; nothing was checked."""


def hashed(password: str) -> str:
    """As it is kept."""
    return _HASHER.hash(password)


def verify(kept: str, password: str) -> bool:
    """Return whether it is the password that was kept; takes as long for a wrong one."""
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


class CheckQueue:
    """Runs checks in threads: two at a time, known devices before others, each in the order in which they came."""

    def __init__(self) -> None:
        """Nothing runs."""
        self._running = 0
        self._known: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def run(self, check: Callable[[], bool], *, is_known: bool) -> bool:
        """Returns what the check says, or raises TooBusy at once when too many wait already."""
        await self._turn(self._known if is_known else self._others)
        metrics.PASSWORDS_CHECKED.labels("portal").inc()
        work = asyncio.ensure_future(asyncio.to_thread(check))
        work.add_done_callback(lambda _: self._next())  # whoever waits for it may leave before it is done
        return await asyncio.shield(work)

    async def _turn(self, waiting: "deque[asyncio.Future[None]]") -> None:
        if self._running < AT_ONCE:
            self._running += 1
            return
        if len(waiting) >= MOST_WAITING:
            raise TooBusy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in waiting:
                waiting.remove(turn)
            elif not turn.cancelled():
                self._next()
            raise

    def _next(self) -> None:
        """The place of a check that is done goes to whoever is first."""
        for waiting in (self._known, self._others):
            while waiting:
                if not (turn := waiting.popleft()).done():
                    turn.set_result(None)
                    return
        self._running -= 1


class PasswordChecks:
    """Every try to sign in to this process."""

    def __init__(self) -> None:
        """`pause` is how many seconds apart strangers are served whose name is tried very often."""
        self.attempts, self.queue, self.pause = Attempts(), CheckQueue(), 1.0
        self._slow: dict[bytes, float] = {}

    async def is_right(self, kept: Callable[[], Awaitable[str]], password: str, one: Try) -> bool:
        """Return whether `kept` finds this password; raises TooManyTries or TooBusy without having looked at it."""
        place = await self.attempts.reserve(one)
        if place is None:
            raise TooManyTries
        try:
            await self._wait(place, one.name)
            found = await kept()
            is_right = await self.queue.run(lambda: verify(found, password), is_known=one.device is not None)
        except Exception:  # nothing was checked
            await self.attempts.release(place)
            raise
        if is_right:
            await self.attempts.release(place)
        return is_right

    async def _wait(self, place: Place, name: bytes) -> None:
        """One after another with a pause before each, where a name is guessed at from everywhere."""
        if not place.is_slow:
            return
        now = asyncio.get_running_loop().time()
        self._slow = {who: until for who, until in self._slow.items() if until > now}
        begins = self._slow.get(name, now)
        if begins - now >= MOST_WAITING * self.pause:
            raise TooBusy
        self._slow[name] = begins + self.pause
        await asyncio.sleep(begins + self.pause - now)
