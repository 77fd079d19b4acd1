"""Facts that decisions need besides their own state, loaded once a batch for all events that ask for the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.invoice.domain.running import Item, Payable, Run
from services.invoice.domain.steps import CutOffReached, ShareDue
from services.invoice.store.payee import list_payables
from services.invoice.store.run import close, enter
from services.invoice.store.terms import TERMS
from shared.billing.fees import Terms
from shared.database.postgres import Connection
from shared.domain.decision import Event


@dataclass(frozen=True)
class Facts:
    """Contracts, fees and calendars; the newest runs; what runs pay, and what a payee is paid for."""

    terms: Terms
    runs: Sequence[Run] = ()
    items: Sequence[Item] = ()
    payables: Sequence[Payable] = ()


async def load_facts_for_cases(conn: Connection, _events: Sequence[Event]) -> Facts:
    """Load the facts for records of cases, any of which may schedule an invoice."""
    return Facts(await TERMS.current(conn), runs=await enter(conn))


async def load_facts_for_cut_offs(conn: Connection, events: Sequence[CutOffReached]) -> Facts:
    """Load the facts for runs that are frozen."""
    return Facts(await TERMS.current(conn), items=await close(conn, [e.run_id for e in events]))


async def load_facts_for_runs(conn: Connection, _events: Sequence[Event]) -> Facts:
    """Load the facts for runs whose day came, or that people release."""
    return Facts(await TERMS.current(conn))


async def load_facts_for_shares(conn: Connection, events: Sequence[ShareDue]) -> Facts:
    """Load the facts for payees who are paid."""
    payables = await list_payables(conn, [e.run_id for e in events], [e.payee_id for e in events])
    return Facts(await TERMS.current(conn), payables=payables)
