"""The copy of procurement's contracts, fee schedules and calendars, the catalogue, and what reports must carry."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar

from services.program.domain.context import RequiredPart
from services.program.domain.register import Catalogue, Register
from shared.database.postgres import Connection
from shared.domain.calendar import UNPUBLISHED
from shared.domain.decision import Event
from shared.events.procurement import CalendarPublished, ContractActivated, FeeSchedulePublished
from shared.events.program import ProgramPublished
from shared.messaging.handlers import ReceivedEvent
from shared.registers import cached_table

E = TypeVar("E", ContractActivated, FeeSchedulePublished, CalendarPublished)
NAME = "register"
_CONTENTS_FILE = Path(__file__).parents[3] / "data" / "report-contents.csv"
CONTRACTS: tuple[type[Event], ...] = (ContractActivated, FeeSchedulePublished, CalendarPublished)
UPSERT = """
INSERT INTO register (kind, id, revision, payload)
SELECT DISTINCT ON (kind, id, revision) kind, id, revision, payload
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) WITH ORDINALITY AS u (kind, id, revision, payload, place)
ORDER BY kind, id, revision, place DESC
ON CONFLICT (kind, id, revision) DO UPDATE SET payload = excluded.payload
"""
LOAD = """
SELECT kind, payload FROM register
ORDER BY kind, id, revision
"""
ENTRIES = """
SELECT document_id, body FROM documents
WHERE document_id LIKE 'program-published/%' AND document_id <> ALL($1)
"""


async def project_register(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Store what procurement announced, one row for each revision."""
    rows = [(r.event.type_name, r.key, _revision(r.event), r.event.to_bytes().decode()) for r in received]
    await conn.execute(UPSERT, *zip(*rows, strict=True))
    await cached_table.changed(conn, NAME)


def _revision(event: Event) -> int:
    """Return the revision of a document; those without one have the first."""
    revision: int = getattr(event, "revision", 1)
    return revision


async def load_register(conn: Connection) -> Register:
    """Return the whole register."""
    types = {kind.type_name: kind for kind in CONTRACTS}
    return assemble([types[kind].from_bytes(payload.encode()) for kind, payload in await conn.fetch(LOAD)])


def assemble(documents: Sequence[Event]) -> Register:
    """Return the register that announced documents make, which come in the order of their revisions."""
    published = {e.calendar_id: e for e in documents if isinstance(e, CalendarPublished)}
    default = next((c for c in published.values() if c.is_default), None)
    return Register(
        {
            id_: tuple(sorted(versions, key=lambda c: (c.holds_from, c.revision)))
            for id_, versions in _versions(documents, ContractActivated).items()
        },
        _versions(documents, FeeSchedulePublished),
        {id_: calendar.calendar() for id_, calendar in published.items()},
        default.calendar() if default else UNPUBLISHED,
    )


def _versions(documents: Sequence[Event], kind: type[E]) -> Mapping[str, tuple[E, ...]]:
    """Return every revision of each document of a kind, earlier ones first."""
    versions: dict[str, list[E]] = defaultdict(list)
    for event in documents:
        if isinstance(event, kind):
            versions[event.key].append(event)
    return {id_: tuple(revisions) for id_, revisions in versions.items()}


class CachedCatalogue:
    """The catalogue in memory, which only grows: an announced revision is never changed."""

    def __init__(self) -> None:
        """Begin without an entry."""
        self._entries: dict[str, ProgramPublished] = {}

    async def current(self, conn: Connection) -> Catalogue:
        """Return every entry by program and revision; only those not known yet are read."""
        for id_, body in await conn.fetch(ENTRIES, list(self._entries)):
            self._entries[id_] = ProgramPublished.from_bytes(body.encode())
        return {(e.program, e.revision): e for e in self._entries.values()}


def load_contents() -> tuple[RequiredPart, ...]:
    """Return what reports must carry, from the dated file."""
    with _CONTENTS_FILE.open(encoding="utf-8", newline="") as lines:
        return tuple(_required(row) for row in csv.DictReader(lines))


def _required(row: Mapping[str, str]) -> RequiredPart:
    """Return one row of the file as a required part; without a last day it holds for good."""
    last = date.fromisoformat(row["to_on"]) if row["to_on"] else date.max
    part: Literal["section", "measure"] = "section" if row["part"] == "section" else "measure"
    bounds = int(row["low"] or 0), int(row["high"] or 0)
    return RequiredPart(row["kind"], date.fromisoformat(row["from_on"]), last, part, row["name"], *bounds)


REGISTER = cached_table.Reference(NAME, load_register)
CATALOGUE = CachedCatalogue()
CONTENTS = load_contents()
