"""Payment runs, whom they pay, and what each payee was told."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import orjson

from shared.database.postgres import Connection
from shared.events.invoice import RemittanceIssued, RunFrozen, RunReleased
from shared.events.procurement import PayeeRegistered
from shared.messaging.handlers import ReceivedEvent

KEEP_PAYEES = """
INSERT INTO payees (payee_id, organisation_id)
SELECT DISTINCT ON (payee_id) payee_id, organisation_id
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (payee_id, organisation_id, place)
ORDER BY payee_id, place DESC
ON CONFLICT (payee_id) DO UPDATE SET organisation_id = excluded.organisation_id
"""
KEEP_REMITTANCES = """
INSERT INTO remittances (remittance_id, payee_id, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[])
ON CONFLICT DO NOTHING
"""
# what a run pays is said when it is frozen, that it was paid when it is released
KEEP_RUNS = """
INSERT INTO runs (run_id, state, body, changed)
SELECT u.*, nextval('view_changes')
FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS u (run_id, state, body)
ON CONFLICT (run_id) DO UPDATE
SET state = excluded.state, body = runs.body || excluded.body, changed = excluded.changed
"""
LIST_REMITTANCES = """
SELECT remittance_id, body, changed FROM remittances
WHERE changed > $1
ORDER BY changed
LIMIT $2
"""
LIST_NEWEST_REMITTANCES = """
SELECT remittance_id, body, changed FROM remittances
WHERE changed < coalesce($1, 9223372036854775807)
ORDER BY changed DESC
LIMIT $2
"""
FIND_REMITTANCE = """
SELECT body FROM remittances
WHERE remittance_id = $1
"""
LIST_RUNS = """
SELECT run_id, state, body, changed FROM runs
WHERE changed > $1
ORDER BY changed
LIMIT $2
"""
FIND_RUN = """
SELECT run_id, state, body, changed FROM runs
WHERE run_id = $1
"""


class Run(NamedTuple):
    """A run as it was frozen, and as it was paid."""

    run_id: str
    state: str
    body: Mapping[str, Any]


async def project_payees(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Keeps the organisation of each payee."""
    rows = [(k.key, k.event.organisation_id) for k in received if isinstance(k.event, PayeeRegistered)]
    await conn.execute(KEEP_PAYEES, *zip(*rows, strict=True))


async def project_remittances(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Keeps remittances as they were issued."""
    rows = [
        (e.remittance_id, e.payee_id, e.to_bytes().decode())
        for k in received
        if isinstance(e := k.event, RemittanceIssued)
    ]
    await conn.execute(KEEP_REMITTANCES, *zip(*rows, strict=True))


async def project_runs(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Projects freezes before releases, since a batch may hold both of a run."""
    for kind, state in ((RunFrozen, "frozen"), (RunReleased, "released")):
        rows = [(k.key, state, k.event.to_bytes().decode()) for k in received if isinstance(k.event, kind)]
        if rows:
            await conn.execute(KEEP_RUNS, *zip(*rows, strict=True))


async def list_remittances(conn: Connection, after: int, limit: int) -> list[tuple[Mapping[str, Any], int]]:
    """Returns the remittances of the reader's payees behind a cursor, in the order in which they were issued."""
    rows = await conn.fetch(LIST_REMITTANCES, after, limit)
    return [(orjson.loads(row["body"]), row["changed"]) for row in rows]


async def list_newest_remittances(
    conn: Connection, before: int | None, limit: int
) -> list[tuple[Mapping[str, Any], int]]:
    """Return remittances of the reader's payees before a cursor, the one issued last first."""
    rows = await conn.fetch(LIST_NEWEST_REMITTANCES, before, limit)
    return [(orjson.loads(row["body"]), row["changed"]) for row in rows]


async def find_remittance(conn: Connection, remittance_id: str) -> Mapping[str, Any] | None:
    """Returns a remittance of the reader's payees, or None."""
    body = await conn.fetchval(FIND_REMITTANCE, remittance_id)
    found: Mapping[str, Any] | None = orjson.loads(body) if body else None
    return found


async def list_runs(conn: Connection, after: int, limit: int) -> list[tuple[Run, int]]:
    """Returns runs behind a cursor, in the order in which they changed."""
    return [(_run(row), row["changed"]) for row in await conn.fetch(LIST_RUNS, after, limit)]


async def find_run(conn: Connection, run_id: str) -> Run | None:
    """Returns a run, or None."""
    row = await conn.fetchrow(FIND_RUN, run_id)
    return _run(row) if row else None


def _run(row: asyncpg.Record) -> Run:
    return Run(row["run_id"], row["state"], orjson.loads(row["body"]))
