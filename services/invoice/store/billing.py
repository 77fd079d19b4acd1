"""Cases as billing sees them, and their invoices."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import orjson
from pydantic import TypeAdapter

from services.invoice.domain.case import Billing, Invoice, Slot
from services.invoice.domain.running import Item, Payable
from shared.billing.entitlement import dump, load
from shared.database.json_aggregate import AggregateTable
from shared.database.postgres import Connection, expect
from shared.events.invoice import JudgedLine, RemittanceLine
from shared.events.portal import BilledLine
from shared.messaging.handlers import AggregateStore

_TABLE = AggregateTable("billings", "referral_id", {"revision": "int", "final_on": "date", "state": "jsonb"})
INVOICES = """
SELECT referral_id, invoice_id, revision, number, payee_id, status, state FROM invoices
WHERE referral_id = ANY($1)
ORDER BY referral_id, place
"""
# an invoice that did not change keeps its row as it is
SAVE_INVOICES = """
INSERT INTO invoices (invoice_id, referral_id, place, revision, payee_id, number, status, run_id, cents, state)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
    $10::jsonb[]
)
ON CONFLICT (invoice_id) DO UPDATE
SET revision = excluded.revision, status = excluded.status, run_id = excluded.run_id, cents = excluded.cents,
    state = excluded.state
WHERE (invoices.revision, invoices.state) IS DISTINCT FROM (excluded.revision, excluded.state)
"""
State: TypeAlias = dict[str, Any]
_BILLED = TypeAdapter(tuple[BilledLine, ...])
_JUDGED = TypeAdapter(tuple[JudgedLine, ...])


async def load_billings(conn: Connection, ids: Sequence[str]) -> Sequence[Billing]:
    """Load and lock cases with their invoices."""
    rows = await _TABLE.load(conn, ids)
    invoices: dict[str, list[Invoice]] = defaultdict(list)
    for referral_id, *row in await conn.fetch(INVOICES, ids) if rows else ():
        invoices[referral_id].append(_invoice(*row))
    return [_billing(*row)._replace(invoices=tuple(invoices[row["id"]])) for row in rows]


async def save_billings(conn: Connection, billings: Sequence[Billing]) -> int:
    """Save cases, then their invoices; raises when another writer saved one of the cases meanwhile."""
    written = await _TABLE.save(conn, [_row(billing) for billing in billings])
    expect(written, len(billings), "billings")
    if invoices := [row for billing in billings for row in _invoice_rows(billing)]:
        await conn.execute(SAVE_INVOICES, *zip(*invoices, strict=True))
    return written


BILLINGS = AggregateStore(Billing, load_billings, save_billings)


def _row(billing: Billing) -> tuple[object, ...]:
    """Return a case as columns."""
    state = {"case": dump(billing.case), "closes_on": billing.closes_on}
    return billing.id, billing.version, billing.revision, billing.final_on, orjson.dumps(state).decode()


def _billing(id_: str, version: int, revision: int, final_on: date | None, text: str) -> Billing:
    """Return a case from its columns."""
    state = orjson.loads(text)
    return Billing(id_, load(state["case"]), version, revision, (), _day(state["closes_on"]), final_on)


def _invoice_rows(billing: Billing) -> Iterator[tuple[object, ...]]:
    """Yield the invoices of a case as columns, in the order of receipt."""
    for place, invoice in enumerate(billing.invoices, 1):
        yield (
            invoice.id,
            billing.id,
            place,
            invoice.revision,
            invoice.payee_id,
            invoice.number,
            invoice.status,
            invoice.slot.run_id if invoice.slot else None,
            invoice.allowed_cents,
            orjson.dumps(_state(invoice), default=tuple).decode(),
        )


def _state(invoice: Invoice) -> State:
    """Return the members of an invoice that no query asks for."""
    return {
        "invoiced_on": invoice.invoiced_on,
        "received_at": invoice.received_at,
        "lines": _BILLED.dump_python(invoice.lines, mode="json"),
        "rectifies": invoice.rectifies,
        "after": invoice.after,
        "heard_on": invoice.heard_on,
        "judged": _JUDGED.dump_python(invoice.judged, mode="json"),
        "waits_for": invoice.waits_for,
        "until": invoice.until,
        "slot": invoice.slot,
        "remittance_id": invoice.remittance_id,
        "dispute_days": invoice.dispute_days,
        "closes_on": invoice.closes_on,
        "site_id": invoice.site_id,
    }


def _invoice(id_: str, revision: int, number: str, payee_id: str, status: Any, text: str) -> Invoice:  # noqa: ANN401, PLR0913, PLR0917 - the columns of INVOICES; a status is checked by its column
    """Return an invoice from its columns and its state."""
    state: State = orjson.loads(text)
    return Invoice(
        id_,
        revision,
        number,
        payee_id,
        date.fromisoformat(state["invoiced_on"]),
        datetime.fromisoformat(state["received_at"]),
        _BILLED.validate_python(state["lines"]),
        state["rectifies"],
        status,
        tuple(state["after"]),
        _day(state["heard_on"]),
        _JUDGED.validate_python(state["judged"]),
        tuple(state["waits_for"]),
        _day(state["until"]),
        _slot(state["slot"]),
        state["remittance_id"],
        state["dispute_days"],
        _day(state["closes_on"]),
        state.get("site_id", ""),
    )


def _slot(columns: Sequence[str] | None) -> Slot | None:
    """Return the run that pays an invoice; None where there is none."""
    if columns is None:
        return None
    run_id, run_on, cut_off_at = columns
    return Slot(run_id, date.fromisoformat(run_on), datetime.fromisoformat(cut_off_at))


def _day(text: str | None) -> date | None:
    """Return a day from its text; None where there is none."""
    return date.fromisoformat(text) if text else None


def remitted(item: Item, number: str, text: str) -> Payable:
    """Return an invoice as its remittance shows it."""
    state: State = orjson.loads(text)
    lines = tuple(_remitted(item, number, line) for line in _JUDGED.validate_python(state["judged"]))
    return Payable(item, lines, state["dispute_days"])


def _remitted(item: Item, number: str, line: JudgedLine) -> RemittanceLine:
    """Return a line as its remittance shows it."""
    return RemittanceLine(
        referral_id=item.referral_id,
        invoice_id=item.invoice_id,
        number=number,
        line=line.line,
        code=line.code,
        service_on=line.service_on,
        claimed_cents=line.claimed_cents,
        allowed_cents=line.allowed_cents,
        reasons=line.reasons,
    )
