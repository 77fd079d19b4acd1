"""The copy of what other services publish: every revision of each document, in one table."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.published import Published, revision_of
from shared.messaging.handlers import ReceivedEvent
from shared.registers import cached_table

_SAVE = """
INSERT INTO {table} (kind, id, revision, payload)
SELECT DISTINCT ON (kind, id, revision) kind, id, revision, payload
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) WITH ORDINALITY AS u (kind, id, revision, payload, place)
ORDER BY kind, id, revision, place DESC
ON CONFLICT (kind, id, revision) DO UPDATE SET payload = excluded.payload
"""
_LOAD = """
SELECT kind, payload FROM {table}
ORDER BY kind, id, revision
"""


@dataclass(frozen=True)
class ReplicatedRegister:
    """A table of `kind, id, revision, payload` with everything that these contracts published.

    `cached_as` is the name under which the register built from it is cached; by default the table's name.
    """

    table: str
    contracts: tuple[type[Event], ...]
    cached_as: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a table name that is no plain identifier, as it becomes part of statements."""
        if not self.table.isidentifier():
            raise ValueError(f"{self.table!r} names no table")

    @property
    def cache(self) -> str:
        """The name of the cached register."""
        return self.cached_as or self.table

    async def project(self, conn: Connection, received: Sequence[ReceivedEvent]) -> None:
        """Save documents by revision, replacing a repeated one; the cached register is loaded again."""
        rows = [(r.event.type_name, r.key, revision_of(r.event), r.event.to_bytes().decode()) for r in received]
        await conn.execute(_SAVE.format(table=self.table), *zip(*rows, strict=True))
        await cached_table.changed(conn, self.cache)

    async def load(self, conn: Connection) -> Published:
        """Load the whole copy."""
        contracts = {contract.type_name: contract for contract in self.contracts}
        rows = await conn.fetch(_LOAD.format(table=self.table))
        return Published(contracts[kind].from_bytes(payload.encode()) for kind, payload in rows)
