"""What decisions need besides their own state, loaded once a batch for all events that ask for the same."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.program.domain.case import Case, CaseContext
from services.program.domain.register import Catalogue, Register
from services.program.store.register import ENTRIES_KNOWN, REGISTER
from shared.database.postgres import Connection
from shared.domain.decision import Event


class Facts(NamedTuple):
    """The register and the catalogue."""

    register: Register
    catalogue: Catalogue

    def context(self, case: Case, at: datetime) -> CaseContext:
        """What a decision on a case stands on."""
        return self.register.context(case, self.catalogue, at)


async def load_facts_for_cases(conn: Connection, _events: Sequence[Event]) -> Facts:
    """For whatever concerns a case."""
    return Facts(await REGISTER.current(conn), await ENTRIES_KNOWN.current(conn))
