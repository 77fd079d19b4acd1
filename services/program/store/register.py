"""Our copy of what procurement published, in memory while its version stands, and our own catalogue."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar

from services.program.domain.contents import Required
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
_CONTENTS = Path(__file__).parents[3] / "data" / "report-contents.csv"
KINDS: tuple[type[Event], ...] = (ContractActivated, FeeSchedulePublished, CalendarPublished)
KEEP = """
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
    """What procurement announced, by revision."""
    rows = [(k.event.type_name, k.key, _revision(k.event), k.event.to_bytes().decode()) for k in received]
    await conn.execute(KEEP, *zip(*rows, strict=True))
    await cached_table.changed(conn, NAME)


def _revision(event: Event) -> int:
    """Its document's."""
    revision: int = getattr(event, "revision", 1)
    return revision


async def load_register(conn: Connection) -> Register:
    """The whole copy."""
    types = {kind.type_name: kind for kind in KINDS}
    return assemble([types[kind].from_bytes(payload.encode()) for kind, payload in await conn.fetch(LOAD)])


def assemble(found: Sequence[Event]) -> Register:
    """A register from what was announced, earlier revisions first."""
    published = {e.calendar_id: e for e in found if isinstance(e, CalendarPublished)}
    default = next((c for c in published.values() if c.is_default), None)
    return Register(
        {
            id_: tuple(sorted(versions, key=lambda c: (c.holds_from, c.revision)))
            for id_, versions in _versions(found, ContractActivated).items()
        },
        _versions(found, FeeSchedulePublished),
        {id_: calendar.calendar() for id_, calendar in published.items()},
        default.calendar() if default else UNPUBLISHED,
    )


def _versions(found: Sequence[Event], kind: type[E]) -> Mapping[str, tuple[E, ...]]:
    """Every revision of each document, earlier ones first."""
    versions: dict[str, list[E]] = defaultdict(list)
    for event in found:
        if isinstance(event, kind):
            versions[event.key].append(event)
    return {id_: tuple(all_) for id_, all_ in versions.items()}


class Entries:
    """The catalogue in memory: what was announced under a revision is never changed."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: dict[str, ProgramPublished] = {}

    async def current(self, conn: Connection) -> Catalogue:
        """Every entry by program and revision."""
        for id_, body in await conn.fetch(ENTRIES, list(self._known)):
            self._known[id_] = ProgramPublished.from_bytes(body.encode())
        return {(e.program, e.revision): e for e in self._known.values()}


def load_contents() -> tuple[Required, ...]:
    """What reports must carry, from the dated file."""
    with _CONTENTS.open(encoding="utf-8", newline="") as lines:
        return tuple(_required(row) for row in csv.DictReader(lines))


def _required(row: Mapping[str, str]) -> Required:
    """A line of the file."""
    last = date.fromisoformat(row["to_on"]) if row["to_on"] else date.max
    part: Literal["section", "measure"] = "section" if row["part"] == "section" else "measure"
    bounds = int(row["low"] or 0), int(row["high"] or 0)
    return Required(row["kind"], date.fromisoformat(row["from_on"]), last, part, row["name"], *bounds)


REGISTER = cached_table.Reference(NAME, load_register)
ENTRIES_KNOWN = Entries()
CONTENTS = load_contents()
