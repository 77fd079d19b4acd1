"""PostgreSQL: pools and sessions by role, counted writes, and the classes of its errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

# what a statement runs on: asyncpg's pool hands out a proxy that is no Connection to the type checker
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

# connection, transaction rollback, resources, operator intervention, object not in state
_PASSING = ("08", "25", "40", "53", "55", "57")
_SETTINGS = {
    "idle_in_transaction_session_timeout": "10s",  # a frozen process must not hold its row locks for ever
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "timezone": "UTC",
}


class Missed(Exception):  # noqa: N818 - not a fault: somebody else was first
    """A conditional write met other values than were read; the batch is rolled back and decided again."""


def passes(problem: BaseException) -> bool:
    """Return whether trying the same again may help."""
    if isinstance(problem, asyncpg.PostgresError):
        return str(problem.sqlstate).startswith(_PASSING)
    mine = isinstance(
        problem, asyncpg.DataError
    )  # raised by the client while encoding: data, though an interface error
    # an internal error of the client is a session that is being ended while a statement begins
    away = asyncpg.InterfaceError | asyncpg.InternalClientError | OSError | TimeoutError
    return isinstance(problem, Missed | away) and not mine


def is_away(problem: BaseException) -> bool:
    """Return whether the database cannot be reached at all."""
    if isinstance(problem, asyncpg.PostgresError):
        return str(problem.sqlstate).startswith(("08", "57P"))
    return isinstance(problem, OSError) and not isinstance(problem, TimeoutError)


def is_our_bug(problem: BaseException) -> bool:
    """Return whether a statement or a right is wrong whatever the data (SQLSTATE class 42)."""
    return isinstance(problem, asyncpg.PostgresError) and str(problem.sqlstate).startswith("42")


def expect(written: int, expected: int, what: str) -> None:
    """Raise `Missed` unless a conditional write wrote as many rows as were expected."""
    if written != expected:
        raise Missed(f"{what}: {written} of {expected}")


def count(status: str) -> int:
    """Return the number of rows in a command tag such as `INSERT 0 500`."""
    return int(status.rsplit(" ", 1)[1])


def as_role(url: str, role: str) -> str:
    """Return the address with `role` as its user, unless it names a user already."""
    parts = urlsplit(url)
    return url if "@" in parts.netloc else urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc}"))


async def open_pool(url: str, role: str, schema: str, *, size: int = 6, warm: bool = False) -> asyncpg.Pool:
    """Open a pool of sessions in one schema; a warm pool opens all of its sessions at once."""
    settings = {**_SETTINGS, "search_path": schema, "application_name": role}
    received: dict[str, Any] = {"min_size": size, "max_inactive_connection_lifetime": 0} if warm else {"min_size": 1}
    return await asyncpg.create_pool(
        as_role(url, role), max_size=size, server_settings=settings, reset=_as_it_is, **received
    )


@asynccontextmanager
async def session_within(pool: asyncpg.Pool, seconds: float) -> AsyncIterator[Connection]:
    """Yield a session of the pool for at most so many seconds, including the wait for it.

    A session that takes longer is ended at once and its statement fails as if the connection were lost. Cancelling the
    statement instead would wait for the very server that does not answer.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    conn = await pool.acquire(timeout=seconds)
    late = loop.call_at(until, conn.terminate)
    try:
        yield conn
    finally:
        late.cancel()
        await pool.release(conn)


async def _as_it_is(_conn: Connection) -> None:
    """Leave the session as it is: nothing in it needs a round trip to be reset."""


async def open_session(url: str, role: str, schema: str, **settings: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Open one session outside the pool, for a leader's lock or a migration."""
    return await asyncpg.connect(
        as_role(url, role), server_settings={**_SETTINGS, "search_path": schema, "application_name": role, **settings}
    )
