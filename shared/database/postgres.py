"""Postgres: roles and pools, counted writes, and which errors pass by themselves."""

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
    """A conditional write found other values than were read: roll back and decide again."""


def passes(problem: BaseException) -> bool:
    """Whether trying the same again may help."""
    if isinstance(problem, asyncpg.PostgresError):
        return str(problem.sqlstate).startswith(_PASSING)
    mine = isinstance(
        problem, asyncpg.DataError
    )  # raised by the client while encoding: data, though an interface error
    # an internal error of the client is a session that is being ended while a statement begins
    away = asyncpg.InterfaceError | asyncpg.InternalClientError | OSError | TimeoutError
    return isinstance(problem, Missed | away) and not mine


def is_away(problem: BaseException) -> bool:
    """Whether the database could not be talked to at all."""
    if isinstance(problem, asyncpg.PostgresError):
        return str(problem.sqlstate).startswith(("08", "57P"))
    return isinstance(problem, OSError) and not isinstance(problem, TimeoutError)


def is_our_bug(problem: BaseException) -> bool:
    """SQLSTATE class 42: a statement or a right is wrong, whatever the data."""
    return isinstance(problem, asyncpg.PostgresError) and str(problem.sqlstate).startswith("42")


def expect(written: int, expected: int, what: str) -> None:
    """Every conditional write counts its rows."""
    if written != expected:
        raise Missed(f"{what}: {written} of {expected}")


def count(status: str) -> int:
    """Rows of a command tag such as `INSERT 0 500`."""
    return int(status.rsplit(" ", 1)[1])


def as_role(url: str, role: str) -> str:
    """The same database, signed in as `role` when the address names nobody."""
    parts = urlsplit(url)
    return url if "@" in parts.netloc else urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc}"))


async def open_pool(url: str, role: str, schema: str, *, size: int = 6, warm: bool = False) -> asyncpg.Pool:
    """A pool whose sessions live in one schema and never sit on locks; a warm one opens them before it is asked."""
    settings = {**_SETTINGS, "search_path": schema, "application_name": role}
    received: dict[str, Any] = {"min_size": size, "max_inactive_connection_lifetime": 0} if warm else {"min_size": 1}
    return await asyncpg.create_pool(
        as_role(url, role), max_size=size, server_settings=settings, reset=_as_it_is, **received
    )


@asynccontextmanager
async def session_within(pool: asyncpg.Pool, seconds: float) -> AsyncIterator[Connection]:
    """Yields a session of the pool for at most so many seconds, the wait for it included.

    A session that is late is ended at once: its statement fails as with a lost connection. Cancelling the statement
    instead would wait for the very server that does not answer.
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
    """Nothing is left behind in a session that the next one does not say anew: no round trip to clean up."""


async def open_session(url: str, role: str, schema: str, **settings: str) -> "asyncpg.Connection[asyncpg.Record]":
    """One session outside the pool: a leader's lock, a migration."""
    return await asyncpg.connect(
        as_role(url, role), server_settings={**_SETTINGS, "search_path": schema, "application_name": role, **settings}
    )
