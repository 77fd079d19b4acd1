"""Payment runs, and what they pay."""

from collections.abc import Sequence
from datetime import date, datetime

import orjson

from services.invoice.domain.running import Item, Run, Status
from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT run_id, version, run_on, cut_off_at, status, shares, approvals FROM runs
WHERE run_id = ANY($1)
ORDER BY run_id
FOR UPDATE
"""
SAVE = """
INSERT INTO runs (run_id, version, run_on, cut_off_at, status, shares, approvals)
SELECT run_id, version, run_on, cut_off_at, status, shares, ARRAY(SELECT jsonb_array_elements_text(approvals))
FROM unnest($1::text[], $2::int[], $3::date[], $4::timestamptz[], $5::text[], $6::jsonb[], $7::jsonb[])
    AS u (run_id, version, run_on, cut_off_at, status, shares, approvals)
ON CONFLICT (run_id) DO UPDATE
SET version = excluded.version, status = excluded.status, shares = excluded.shares, approvals = excluded.approvals
WHERE runs.version = excluded.version - 1
"""
NEWEST = """
SELECT run_id, version, run_on, cut_off_at, status, shares, approvals FROM runs
ORDER BY cut_off_at DESC
LIMIT 30
"""
ITEMS = """
SELECT referral_id, invoice_id, run_id, payee_id, cents FROM invoices
WHERE run_id = ANY($1) AND status = 'scheduled'
ORDER BY payee_id, referral_id, invoice_id
"""
# whoever schedules holds the gate with others, whoever freezes holds it alone, until the transaction ends:
# what is scheduled into a run is seen by its freezing, and nothing is scheduled into a frozen one
ENTER = """
SELECT pg_advisory_xact_lock_shared(hashtext('invoice/runs'))
"""
CLOSE = """
SELECT pg_advisory_xact_lock(hashtext('invoice/runs'))
"""


async def load_runs(conn: Connection, ids: Sequence[str]) -> Sequence[Run]:
    """Load and lock runs."""
    return [_run(*row) for row in await conn.fetch(LOAD, ids)]


async def save_runs(conn: Connection, runs: Sequence[Run]) -> int:
    """Save runs and return how many; one that another writer opened meanwhile is not counted."""
    return count(await conn.execute(SAVE, *zip(*map(_row, runs), strict=True)))


async def enter(conn: Connection) -> Sequence[Run]:
    """Return the newest runs; none of them is frozen by another before this transaction ends."""
    await conn.execute(ENTER)
    return [_run(*row) for row in await conn.fetch(NEWEST)]


async def close(conn: Connection, run_ids: Sequence[str]) -> Sequence[Item]:
    """Return what these runs pay; nothing more is scheduled before this transaction ends."""
    await conn.execute(CLOSE)
    return [Item(*row) for row in await conn.fetch(ITEMS, sorted(set(run_ids)))]


RUNS = AggregateStore(Run, load_runs, save_runs)


def _row(run: Run) -> tuple[object, ...]:
    """Return a run as columns."""
    return (
        run.id,
        run.version + 1,
        run.run_on,
        run.cut_off_at,
        run.status,
        orjson.dumps(run.shares).decode(),
        orjson.dumps(run.approvals).decode(),
    )


def _run(  # noqa: PLR0913, PLR0917 - the columns of LOAD
    id_: str, version: int, run_on: date, cut_off_at: datetime, status: Status, shares: str, approvals: Sequence[str]
) -> Run:
    """Return a run from its columns."""
    paid = tuple((payee_id, cents) for payee_id, cents in orjson.loads(shares))
    return Run(id_, version, run_on, cut_off_at, status, paid, tuple(approvals))
