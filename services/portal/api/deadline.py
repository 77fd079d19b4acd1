"""The time that one request may spend on the database, for all its sessions and statements together."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import asyncpg

from shared.database.postgres import Connection, session_within

SECONDS = 5.0


class Allowance:
    """The time a request has left: it runs while a session is asked for or held, not while an owner is waited for."""

    def __init__(self, seconds: float) -> None:
        """Nothing is spent yet."""
        self._left, self._until, self._open = seconds, 0.0, 0

    @contextmanager
    def spend(self) -> Iterator[float]:
        """Yields the seconds that are left; raises TimeoutError when there are none."""
        now = asyncio.get_running_loop().time
        if not self._open:
            self._until = now() + self._left
        if (left := self._until - now()) <= 0:
            raise TimeoutError
        self._open += 1
        try:
            yield left
        finally:
            self._open -= 1
            self._left = self._until - now()


_of_request: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def begin() -> None:
    """Gives the request of this task its allowance."""
    _of_request.set(Allowance(SECONDS))


def outlive_request() -> None:
    """Leaves the allowance of the request that began this task behind: from now on each session has its own."""
    _of_request.set(None)


@asynccontextmanager
async def session_of(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """Yields a session; it ends, and its statement fails, when the request's time is spent."""
    allowance = _of_request.get() or Allowance(SECONDS)
    with allowance.spend() as left:
        async with session_within(pool, left) as conn:
            yield conn


class DeadlinePool:
    """A pool whose sessions all end with the allowance of the request that holds them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """`pool` is the service's own."""
        self._pool = pool

    def acquire(self) -> Any:  # noqa: ANN401 - as asyncpg's
        """A session, as the pool's own `acquire` gives it."""
        return session_of(self._pool)
