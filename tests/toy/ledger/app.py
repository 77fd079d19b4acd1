"""A second service behind the toy: it enters what the toy announced, and says so."""

from dataclasses import dataclass
from pathlib import Path

from shared.database.json_aggregate import AggregateTable, ColumnAggregate
from shared.domain.decision import Decision, Event, EventContext, Outcome
from shared.messaging.handlers import AggregateKeys, AggregateStore, BatchState, Handlers, no_facts
from shared.runtime.main import main
from shared.runtime.service import Service
from tests.toy.events import Counted


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


_STORED = ColumnAggregate(Account, AggregateTable("accounts", "counter_id", {"entries": "int", "ticks": "int"}))
ACCOUNTS = AggregateStore(Account, _STORED.load, _STORED.save)
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
