"""Our copy of what procurement published, in memory while its version stands, and our own catalogue."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

from services.program.domain.contents import Required
from services.program.domain.register import Catalogue, Register
from shared.database.postgres import Connection
from shared.events.procurement import CalendarPublished, ContractActivated, FeeSchedulePublished
from shared.events.program import ProgramPublished
from shared.registers import cached_table
from shared.registers.replicated_register import ReplicatedRegister

_CONTENTS = Path(__file__).parents[3] / "data" / "report-contents.csv"
REPLICA = ReplicatedRegister("register", (ContractActivated, FeeSchedulePublished, CalendarPublished))
ENTRIES = """
SELECT document_id, body FROM documents
WHERE document_id LIKE 'program-published/%' AND document_id <> ALL($1)
"""


async def load_register(conn: Connection) -> Register:
    """Load the whole copy."""
    published = await REPLICA.load(conn)
    return Register(
        published.versions(ContractActivated),
        published.versions(FeeSchedulePublished),
        published.calendars,
        published.default_calendar,
    )


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


REGISTER = cached_table.Reference(REPLICA.cache, load_register)
ENTRIES_KNOWN = Entries()
CONTENTS = load_contents()
