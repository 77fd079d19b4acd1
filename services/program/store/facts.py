"""The facts that decisions on cases need, loaded once a batch."""

from collections.abc import Sequence

from services.program.domain.register import Facts
from services.program.store.register import CATALOGUE, CONTENTS, REGISTER
from shared.database.postgres import Connection
from shared.domain.decision import Event


async def load_facts_for_cases(conn: Connection, _events: Sequence[Event]) -> Facts:
    """Return the register, the catalogue and the required contents of reports as they stand."""
    return Facts(await REGISTER.current(conn), await CATALOGUE.current(conn), CONTENTS)
