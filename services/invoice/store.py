"""Copies of what invoices will be judged by."""

from collections.abc import Sequence

from shared.handlers import Kept
from shared.postgres import Connection

KEEP_TERMS = """
INSERT INTO terms (kind, id, revision, payload)
SELECT DISTINCT ON (kind, id, revision) kind, id, revision, payload
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) WITH ORDINALITY AS u (kind, id, revision, payload, place)
ORDER BY kind, id, revision, place DESC
ON CONFLICT (kind, id, revision) DO UPDATE SET payload = excluded.payload
"""


async def keep_terms(conn: Connection, kept: Sequence[Kept]) -> None:
    """Contracts and fee schedules, every revision."""
    rows = [(k.event.type_name, k.key, getattr(k.event, "revision", 1), k.event.to_bytes().decode()) for k in kept]
    await conn.execute(KEEP_TERMS, *zip(*rows, strict=True))
