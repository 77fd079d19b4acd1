"""Cases, runs, numbers and payees come back from the database as they were saved; a whole run balances there."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import pytest
from asyncpg.exceptions import LockNotAvailableError

from services.invoice.app import service
from services.invoice.domain.case import Billing, Invoice, Slot
from services.invoice.domain.number import number_id, use
from services.invoice.domain.running import Item, Payee, Run
from services.invoice.store import billing as billings
from services.invoice.store import number as numbers
from services.invoice.store import payee as payees
from services.invoice.store import run as runs
from services.invoice.store import terms
from shared.database.postgres import Connection, Missed, open_session
from shared.domain.decision import Event
from shared.events.answers import ActionRefused, contract_of_service
from shared.events.invoice import (
    Cut,
    InvoiceAdjudicated,
    InvoicePaid,
    InvoiceReceived,
    InvoiceReturned,
    InvoiceVoided,
    JudgedLine,
    PaymentScheduled,
    RemittanceIssued,
    RunFrozen,
    RunReleased,
)
from shared.messaging import batch, timers
from shared.messaging.envelope import Raw, Record
from shared.messaging.handlers import ReceivedEvent
from tests.invoice.life import BILLED_AT, DAY, initial_report, line, reported, submitted, voided
from tests.invoice.terms import PUBLISHED, REFERRAL, START, TERMS, at, life, standing

E = TypeVar("E", bound=Event)
CUT_OFF = datetime(2024, 11, 13, 0, tzinfo=UTC)
RUN = Run("run-2024-11-13", 0, date(2024, 11, 13), CUT_OFF)
JUDGED = JudgedLine(
    line="1", code="O1-ASSESS", service_on=START, units_claimed=Decimal("1.25"), units=Decimal("0.25"),
    claimed_cents=31000, allowed_cents=23250, status="cut", fee_revision=1, percent=75, grant="g-1",
    reasons=(Cut(code="RPT-LATE", rule="late", fix="none", cents=7750),),
)  # fmt: skip


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    session = await open_session(database, "invoice", "invoice")
    yield session
    await session.close()


def invoice(n: int, payee: str = "p-1") -> Invoice:
    return Invoice(
        f"i-{n}", 2, f"N-{n}", payee, START, BILLED_AT, (line(),), "i-0", "scheduled", ("a-1",), START, (JUDGED,),
        ("answer",), START, Slot(RUN.id, RUN.run_on, RUN.cut_off_at), "m-1", 90, START,
    )  # fmt: skip


def billing(id_: str, *invoices: Invoice) -> Billing:
    heard = reported().billing
    assert heard
    return Billing(id_, heard.case, 0, 4, invoices, START, START)


async def test_a_case_comes_back_with_its_invoices_in_the_order_of_receipt(conn: Connection) -> None:
    saved = [billing("r-1", invoice(2), invoice(1)), billing("r-2"), billing("r-3", invoice(3))]
    assert await billings.save_billings(conn, saved) == len(saved)
    assert await billings.load_billings(conn, ["r-1", "r-2", "r-3"]) == [b._replace(version=1) for b in saved]


async def test_an_invoice_in_every_state_comes_back(conn: Connection) -> None:
    pended = invoice(1)._replace(status="pended", slot=None, judged=(), remittance_id=None, closes_on=None, until=None)
    others = [pended, pended._replace(id="i-2", status="rejected"), pended._replace(id="i-3", status="voided")]
    paid = invoice(5)._replace(status="paid")
    saved = billing("r-1", *others, invoice(4), paid)._replace(closes_on=None, final_on=None)
    await billings.save_billings(conn, [saved])
    assert await billings.load_billings(conn, ["r-1"]) == [saved._replace(version=1)]


async def test_a_case_that_somebody_else_saved_meanwhile_is_not_overwritten(conn: Connection) -> None:
    one = billing("r-1", invoice(1))
    await billings.save_billings(conn, [one])
    with pytest.raises(Missed, match="billings"):
        await billings.save_billings(conn, [one])


async def test_a_number_is_used_once_whoever_asks(conn: Connection) -> None:
    taken = use("p-1", "N/1 2", "i-1")
    assert await numbers.save_numbers(conn, [taken]) == 1
    assert await numbers.save_numbers(conn, [taken._replace(invoice_id="i-2")]) == 0
    assert await numbers.load_numbers(conn, [number_id("p-1", "N/1 2"), number_id("p-2", "N/1 2")]) == [taken]


async def test_a_run_and_a_payee_come_back(conn: Connection) -> None:
    run = RUN._replace(status="frozen", shares=(("p-1", 23250), ("p-2", 5)), approvals=("a-1",))
    assert await runs.save_runs(conn, [RUN]) == 1
    assert await runs.save_runs(conn, [RUN]) == 0
    assert await runs.save_runs(conn, [run._replace(version=1)]) == 1
    assert await runs.load_runs(conn, [RUN.id]) == [run._replace(version=2)]
    assert await runs.enter(conn) == [run._replace(version=2)]
    payee = Payee("p-1", 0, (RUN.id,))
    assert await payees.save_payees(conn, [payee]) == 1
    assert await payees.load_payees(conn, ["p-1", "p-2"]) == [payee._replace(version=1)]


async def test_a_run_pays_what_is_scheduled_and_each_payee_its_own_lines(conn: Connection) -> None:
    other = invoice(3)._replace(status="paid")
    await billings.save_billings(conn, [billing("r-1", invoice(1), other), billing("r-2", invoice(2, "p-2"))])
    assert await runs.close(conn, [RUN.id]) == [
        Item("r-1", "i-1", RUN.id, "p-1", 23250),
        Item("r-2", "i-2", RUN.id, "p-2", 23250),
    ]
    (due,) = await payees.list_payables(conn, [RUN.id], ["p-1"])
    assert (due.item.invoice_id, due.dispute_days) == ("i-1", 90)
    assert [(x.number, x.allowed_cents, x.reasons) for x in due.lines] == [("N-1", 23250, JUDGED.reasons)]


def kept(*events: Event) -> list[ReceivedEvent]:
    return [ReceivedEvent(e, "", "", "", e.topic, e.key, n, BILLED_AT, BILLED_AT) for n, e in enumerate(events, 1)]


async def test_terms_come_back_by_revision(conn: Connection) -> None:
    await terms.REPLICA.project(conn, kept(*PUBLISHED, *PUBLISHED))
    assert await terms.load_terms(conn) == TERMS


async def test_nothing_is_scheduled_while_a_run_is_frozen(conn: Connection, database: str) -> None:
    other = await open_session(database, "invoice", "invoice", lock_timeout="100ms")
    async with conn.transaction():
        await runs.enter(conn)
        with pytest.raises(LockNotAvailableError):
            await runs.close(other, [RUN.id])
        await runs.enter(other)
    async with conn.transaction():
        await runs.close(conn, [RUN.id])
        with pytest.raises(LockNotAvailableError):
            await runs.enter(other)
    await other.close()


class Books:
    """The service as its batches see it: records in, timers due, words out."""

    def __init__(self, conn: Connection) -> None:
        self.conn, self.n = conn, 0

    def record(self, event: Event, when: datetime) -> Record:
        self.n += 1
        id_ = f"01930d2c-7f00-7000-8000-{self.n:012d}"
        raw = Raw(event.topic, 0, self.n, event.key.encode(), event.to_bytes(), ())
        return Record(event.topic, event.key, 0, id_, id_, when, when, raw, event, type_name=event.type_name)

    async def take(self, *records: Record) -> None:
        async with self.conn.transaction():
            applied = await batch.apply(self.conn, service.definition, records, BILLED_AT)
        assert not applied.parkings, [p.detail for p in applied.parkings]

    async def hear(self, *said: tuple[Event, datetime]) -> None:
        await self.take(*(self.record(event, when) for event, when in said))

    async def until(self, now: datetime) -> None:
        types = service.handlers.types
        while due := await timers.due(self.conn, now, types, now):
            await self.take(*due)

    async def words(self, kind: type[E]) -> list[E]:
        rows = await self.conn.fetch("SELECT payload FROM outbox WHERE type = $1 ORDER BY seq", kind.type_name)
        return [kind.from_bytes(payload.encode()) for (payload,) in rows]


@pytest.fixture
async def books(conn: Connection) -> Books:
    found = Books(conn)
    await found.hear(*((event, at(START)) for event in PUBLISHED))
    return found


def case(n: int, *events: Event) -> list[tuple[Event, datetime]]:
    moved = (e.model_copy(update={"referral_id": f"{REFERRAL[:-2]}{n:02d}"}) for e in events)
    return [(e, BILLED_AT) for e in moved]


async def test_a_run_balances_from_its_invoices_to_its_remittances(books: Books) -> None:
    for n in range(10, 16):
        billed = submitted(number=f"N-{n}")
        await books.hear(*case(n, *life(), initial_report(), billed))
    await books.until(CUT_OFF + 60 * DAY)
    (frozen,) = await books.words(RunFrozen)
    (released,) = await books.words(RunReleased)
    remittances = await books.words(RemittanceIssued)
    judged = [line for said in await books.words(InvoiceAdjudicated) for line in said.lines]
    allowed = sum(line.allowed_cents for line in judged)
    paid = await books.words(InvoicePaid)
    assert allowed == 6 * 31000
    assert {allowed} == {frozen.cents, released.cents, sum(r.cents for r in remittances), sum(p.cents for p in paid)}
    lines = [(line.invoice_id, line.line) for r in remittances for line in r.lines]
    assert len(lines) == len(set(lines)) == len(judged)


async def test_runs_balance_and_pay_each_allowed_line_once_whatever_is_voided_or_denied(books: Books) -> None:
    for n in range(10, 34):
        when = BILLED_AT + (n % 4) * 5 * DAY
        billed = submitted(number=f"N-{n}", when=when)
        early = [] if n % 3 else [initial_report()]
        await books.hear(*case(n, *life(), *early), *((e, when) for e, _ in case(n, billed)))
    for received in await books.words(InvoiceReceived):
        n = int(received.number[2:])
        if n % 5 == 0:
            act = voided(received.invoice_id, 1, BILLED_AT).model_copy(update={"referral_id": received.referral_id})
            await books.hear((act, BILLED_AT))
        if n % 7 == 0:
            await books.hear(*case(n, standing((date(2024, 8, 1), "disallowed"))))
        if n % 3 == 1:
            await books.hear((case(n, initial_report())[0][0], BILLED_AT + n * DAY))
    await books.until(BILLED_AT + 90 * DAY)
    last = {said.invoice_id: said for said in await books.words(InvoiceAdjudicated)}
    gone = {said.invoice_id for said in await books.words(InvoiceVoided)}
    due = {i: [x for x in said.lines if x.allowed_cents] for i, said in last.items() if i not in gone}
    remittances = await books.words(RemittanceIssued)
    paid = [(x.invoice_id, x.line, x.allowed_cents) for r in remittances for x in r.lines]
    assert sorted(paid) == sorted((i, x.line, x.allowed_cents) for i, lines in due.items() for x in lines)
    assert len({said.run_id for said in await books.words(RunFrozen)}) > 1
    assert sum(said.cents for said in await books.words(RunFrozen)) == sum(r.cents for r in remittances)
    assert sum(cents for *_, cents in paid) == sum(said.cents for said in await books.words(InvoicePaid)) > 0
    assert gone


async def test_of_two_invoices_with_one_number_in_a_batch_the_second_is_returned(books: Books) -> None:
    await books.hear(*case(10, *life(), initial_report(), submitted()), *case(11, *life(), submitted()))
    (returned,) = await books.words(InvoiceReturned)
    assert returned.fields[0].code == "DUP"


async def test_a_run_pays_what_its_batch_scheduled_before_freezing_it_and_nothing_scheduled_after(
    books: Books,
) -> None:
    await books.hear(*case(10, *life(), initial_report(), submitted()))
    due = await timers.due(books.conn, CUT_OFF, service.handlers.types, CUT_OFF)
    others = [*case(11, *life(), initial_report(), submitted(number="N-2")), *case(12, *life(), initial_report())]
    more = [books.record(event, when) for event, when in others]
    late = books.record(case(12, submitted(number="N-3"))[0][0], CUT_OFF)
    await books.take(*more, *due, late)
    (frozen,) = await books.words(RunFrozen)
    assert frozen.cents == 2 * 31000
    assert [p.run_id for p in await books.words(PaymentScheduled)] == [frozen.run_id, frozen.run_id, "run-2024-11-20"]


async def test_a_rejected_act_leaves_nothing_but_its_answer(books: Books) -> None:
    await books.hear(*case(10, *life(), submitted(site="s-9")))
    (refused,) = await books.words(contract_of_service("invoice", ActionRefused))
    assert refused.reasons[0].code == "NOT-YOURS"
