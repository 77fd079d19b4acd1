"""Aggregates in tables of one row each, loaded and saved by a description of the table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import asyncpg
from pydantic import TypeAdapter

from shared.database.postgres import Connection, count

_LOAD = """
SELECT {key} AS id, version{columns} FROM {table}
WHERE {key} = ANY($1)
ORDER BY {key}
FOR UPDATE
"""
_SAVE = """
INSERT INTO {table} ({key}, version{columns})
SELECT * FROM unnest($1::text[], $2::int[]{parameters})
ON CONFLICT ({key}) DO UPDATE SET version = excluded.version{changes}
WHERE {table}.version = excluded.version - 1
"""


class Versioned(Protocol):
    """An aggregate that counts how often its row was saved."""

    @property
    def id(self) -> str:
        """The row's key."""

    @property
    def version(self) -> int:
        """The row's version as loaded, 0 when new."""


V = TypeVar("V", bound=Versioned)
_STATE = "state"


@dataclass(frozen=True)
class AggregateTable:
    """A table of aggregates: the name of its text key and, beside `version`, its columns with their types."""

    name: str
    key: str
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for a name that is no plain identifier: it becomes part of the statements."""
        for name in (self.name, self.key, *self.columns):
            if not name.isidentifier():
                raise ValueError(f"{name!r} names no table and no column")

    @cached_property
    def load_statement(self) -> str:
        """The statement that loads rows by key in the order of their keys, and locks them."""
        return _LOAD.format(table=self.name, key=self.key, columns="".join(f", {name}" for name in self.columns))

    @cached_property
    def save_statement(self) -> str:
        """The statement that inserts rows, or updates those that still have the version before theirs."""
        return _SAVE.format(
            table=self.name,
            key=self.key,
            columns="".join(f", {name}" for name in self.columns),
            parameters="".join(f", ${n}::{type_}[]" for n, type_ in enumerate(self.columns.values(), 3)),
            changes="".join(f", {name} = excluded.{name}" for name in self.columns),
        )

    async def load(self, conn: Connection, ids: Sequence[str]) -> list[asyncpg.Record]:
        """Return the rows with these keys as `id`, `version` and the columns."""
        return await conn.fetch(self.load_statement, ids)

    async def save(self, conn: Connection, rows: Sequence[tuple[object, ...]]) -> int:
        """Save rows of key, version as loaded, and columns; return how many still had that version."""
        raised = [(id_, version + 1, *values) for id_, version, *values in rows]  # type: ignore[operator]  # an int
        return count(await conn.execute(self.save_statement, *zip(*raised, strict=True)))


@dataclass(frozen=True)
class ColumnAggregate(Generic[V]):
    """The storage of a type whose members are the columns of its table.

    `members` names the member of each column that is called otherwise.
    """

    type: Callable[..., V]
    table: AggregateTable
    members: Mapping[str, str] = field(default_factory=dict)

    async def load(self, conn: Connection, ids: Sequence[str]) -> list[V]:
        """Return the aggregates with these keys that exist."""
        return self.of(await self.table.load(conn, ids))

    def of(self, rows: Sequence[asyncpg.Record]) -> list[V]:
        """Return the aggregates of rows with `id`, `version` and the columns."""
        if not self.members:
            return [self.type(**row) for row in rows]
        return [self.type(**{self.members.get(name, name): value for name, value in row.items()}) for row in rows]

    async def save(self, conn: Connection, aggregates: Sequence[V]) -> int:
        """Save changed aggregates; return how many nobody else saved since they were loaded."""
        names = [self.members.get(column, column) for column in self.table.columns]
        return await self.table.save(conn, [(a.id, a.version, *(getattr(a, n) for n in names)) for a in aggregates])


@dataclass(frozen=True)
class JsonAggregate(Generic[V]):
    """The storage of a named tuple as JSON, by its type adapter, in the column `state`.

    Other columns of the table repeat members of the same name, so that statements can ask for them.
    """

    adapter: TypeAdapter[V]
    table: AggregateTable

    async def load(self, conn: Connection, ids: Sequence[str]) -> list[V]:
        """Return the aggregates with these keys that exist."""
        rows = await self.table.load(conn, ids)
        return [self._with_version(self.adapter.validate_json(row[_STATE]), row["version"]) for row in rows]

    async def save(self, conn: Connection, aggregates: Sequence[V]) -> int:
        """Save changed aggregates; return how many nobody else saved since they were loaded."""
        return await self.table.save(conn, [(a.id, a.version, *self._values(a)) for a in aggregates])

    @staticmethod
    def _with_version(aggregate: Any, version: int) -> V:  # noqa: ANN401 - any named tuple
        replaced: V = aggregate._replace(version=version)
        return replaced

    def _values(self, aggregate: V) -> Iterator[object]:
        for name in self.table.columns:
            is_state = name == _STATE
            yield self.adapter.dump_json(aggregate).decode() if is_state else getattr(aggregate, name)
