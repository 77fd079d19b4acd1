"""The copy of procurement's contracts, fee schedules and calendars, the catalogue, and what reports must carry."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

from services.program.domain.context import RequiredPart
from services.program.domain.register import Catalogue, Register
from shared.database.postgres import Connection
from shared.events.procurement import CalendarPublished, ContractActivated, FeeSchedulePublished
from shared.events.program import ProgramPublished
from shared.registers import cached_table
from shared.registers.replicated_register import ReplicatedRegister

_CONTENTS_FILE = Path(__file__).parents[3] / "data" / "report-contents.csv"
REPLICA = ReplicatedRegister("register", (ContractActivated, FeeSchedulePublished, CalendarPublished))
ENTRIES = """
SELECT document_id, body FROM documents
WHERE document_id LIKE 'program-published/%' AND document_id <> ALL($1)
"""


async def load_register(conn: Connection) -> Register:
    """Return the whole register."""
    published = await REPLICA.load(conn)
    return Register(
        published.versions(ContractActivated),
        published.versions(FeeSchedulePublished),
        published.calendars,
        published.default_calendar,
    )


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


REGISTER = cached_table.Reference(REPLICA.cache, load_register)
CATALOGUE = CachedCatalogue()
CONTENTS = load_contents()
