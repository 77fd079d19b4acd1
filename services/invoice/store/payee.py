"""Payees, and what a run pays them."""

from collections.abc import Sequence

import orjson

from services.invoice.domain.running import Item, Payable, Payee
from services.invoice.store.billing import remitted
from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT payee_id, version, runs FROM payees
WHERE payee_id = ANY($1)
ORDER BY payee_id
FOR UPDATE
"""
SAVE = """
INSERT INTO payees (payee_id, version, runs)
SELECT payee_id, version, ARRAY(SELECT jsonb_array_elements_text(runs))
FROM unnest($1::text[], $2::int[], $3::jsonb[]) AS u (payee_id, version, runs)
ON CONFLICT (payee_id) DO UPDATE SET version = excluded.version, runs = excluded.runs
WHERE payees.version = excluded.version - 1
"""
PAYABLES = """
SELECT referral_id, invoice_id, run_id, payee_id, cents, number, state FROM invoices
WHERE run_id = ANY($1) AND payee_id = ANY($2) AND status = 'scheduled'
ORDER BY run_id, payee_id, referral_id, invoice_id
"""


async def load_payees(conn: Connection, ids: Sequence[str]) -> Sequence[Payee]:
    """Load and lock payees."""
    return [Payee(id_, version, tuple(runs)) for id_, version, runs in await conn.fetch(LOAD, ids)]


async def save_payees(conn: Connection, payees: Sequence[Payee]) -> int:
    """Save payees and return how many; one that another writer saved meanwhile is not counted."""
    rows = [(p.id, p.version + 1, orjson.dumps(p.runs).decode()) for p in payees]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


async def list_payables(conn: Connection, run_ids: Sequence[str], payee_ids: Sequence[str]) -> Sequence[Payable]:
    """Return the invoices that frozen runs pay to payees, line by line."""
    rows = await conn.fetch(PAYABLES, sorted(set(run_ids)), sorted(set(payee_ids)))
    return [remitted(Item(*item), number, state) for *item, number, state in rows]


PAYEES = AggregateStore(Payee, load_payees, save_payees)
