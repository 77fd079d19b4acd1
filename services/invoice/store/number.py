"""Invoice numbers."""

from collections.abc import Sequence

from services.invoice.domain.number import Number, use
from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT n.payee_id, n.number, n.invoice_id
FROM unnest($1::text[], $2::text[]) AS u (payee_id, number)
JOIN numbers AS n ON n.payee_id = u.payee_id AND n.number = u.number
"""
TAKE = """
INSERT INTO numbers (payee_id, number, invoice_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT DO NOTHING
"""


async def load_numbers(conn: Connection, ids: Sequence[str]) -> Sequence[Number]:
    """Load the numbers that are used already; nothing is locked."""
    asked = [id_.split("\n", 1) for id_ in ids]
    return [use(*row) for row in await conn.fetch(LOAD, *zip(*asked, strict=True))]


async def save_numbers(conn: Connection, numbers: Sequence[Number]) -> int:
    """Save numbers and return how many; one that another writer used meanwhile is not counted."""
    rows = [(n.payee_id, n.number, n.invoice_id) for n in numbers]
    return count(await conn.execute(TAKE, *zip(*rows, strict=True)))


NUMBERS = AggregateStore(Number, load_numbers, save_numbers)
