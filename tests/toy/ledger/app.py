"""A second service behind the toy: it enters what the toy announced, and says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.database.postgres import Connection, count
from shared.domain.decision import Decision, Event, EventContext, Outcome
from shared.messaging.handlers import AggregateKeys, AggregateStore, BatchState, Handlers, no_facts
from shared.runtime.main import main
from shared.runtime.service import Service
from tests.toy.events import Counted

LOAD = """
SELECT counter_id, version, entries, ticks FROM accounts
WHERE counter_id = ANY($1)
ORDER BY counter_id
FOR UPDATE
"""
SAVE = """
INSERT INTO accounts (counter_id, version, entries, ticks)
SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[])
ON CONFLICT (counter_id) DO UPDATE
SET version = excluded.version, entries = excluded.entries, ticks = excluded.ticks
WHERE accounts.version = excluded.version - 1
"""


class Entered(Event, type="rehab.ledger.entered.v1", key="counter_id"):
    """A count was entered."""

    counter_id: str
    entries: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Account:
    """What was entered of one counter."""

    id: str
    version: int = 0
    entries: int = 0
    ticks: int = 0


async def load_accounts(conn: Connection, ids: Sequence[str]) -> Sequence[Account]:
    """By id."""
    return [Account(*row) for row in await conn.fetch(LOAD, ids)]


async def save_accounts(conn: Connection, accounts: Sequence[Account]) -> int:
    """As changed."""
    rows = [(a.id, a.version + 1, a.entries, a.ticks) for a in accounts]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


ACCOUNTS = AggregateStore(Account, load_accounts, save_accounts)
handlers = Handlers()


def the_account(event: Counted, _: None) -> AggregateKeys:
    """Its own."""
    return ((ACCOUNTS, event.key),)


@handlers.on(Counted, the_account, no_facts)
def on_counted(event: Counted, state: BatchState[None], _: EventContext) -> Decision:
    """One entry more; the counter never goes back."""
    account = state.find(ACCOUNTS, event.key) or Account(event.key)
    if event.ticks < account.ticks:
        raise AssertionError("a counter went back")
    entries = account.entries + 1
    said = Entered(counter_id=event.key, entries=entries, ticks=event.ticks)
    return Outcome((Account(event.key, account.version, entries, event.ticks),), (said,))


service = Service("ledger", listens=("rehab-toy",), kinds=(ACCOUNTS,), handlers=handlers, folder=Path(__file__).parent)

if __name__ == "__main__":
    main(service)
