"""Copies that rarely change: held in memory and compared, once a batch, with a version in the database."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from shared.database.postgres import Connection

if TYPE_CHECKING:
    from uuid import UUID

T = TypeVar("T")

VERSION = """
SELECT version FROM reference_versions WHERE name = $1
"""
# a version is never used twice, not even by a transaction that was rolled back
CHANGED = """
INSERT INTO reference_versions (name, version)
VALUES ($1, uuidv7())
ON CONFLICT (name) DO UPDATE SET version = excluded.version
"""


async def changed(conn: Connection, name: str) -> None:
    """Give the copy a new version, so that every process loads it again."""
    await conn.execute(CHANGED, name)


class Reference(Generic[T]):
    """A copy in memory."""

    def __init__(self, name: str, load: Callable[[Connection], Awaitable[T]]) -> None:
        """Use `load` to read the whole copy whenever the version differs from the one in memory."""
        self._name, self._load = name, load
        self._held: tuple[UUID | None, T] | None = None

    async def current(self, conn: Connection) -> T:
        """Return the copy as this transaction sees it."""
        version: UUID | None = await conn.fetchval(VERSION, self._name)
        if self._held is None or self._held[0] != version:
            self._held = version, await self._load(conn)
        return self._held[1]
