"""Copies that rarely change are held in memory and checked, once a batch, against one row."""

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
    """The copy was written: whoever holds it in memory reads it again."""
    await conn.execute(CHANGED, name)


class Reference(Generic[T]):
    """One copy in memory."""

    def __init__(self, name: str, load: Callable[[Connection], Awaitable[T]]) -> None:
        """`load` reads the whole copy; it is called when the version differs from the one in memory."""
        self._name, self._load = name, load
        self._held: tuple[UUID | None, T] | None = None

    async def current(self, conn: Connection) -> T:
        """The copy as this transaction sees it."""
        version: UUID | None = await conn.fetchval(VERSION, self._name)
        if self._held is None or self._held[0] != version:
            self._held = version, await self._load(conn)
        return self._held[1]
