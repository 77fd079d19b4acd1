"""A case that hears and is billed, one decision after the other, and what clinics send for it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TypeVar

from services.invoice.domain import billing as acts
from services.invoice.domain.case import Billing, Invoice
from services.invoice.domain.judging import BillingContext
from services.invoice.domain.number import Number, number_id
from services.invoice.domain.running import Run
from services.invoice.domain.steps import ShareReleased, WaitEnded, WindowsClosed
from shared.domain.decision import Decision, Event, EventContext, Outcome, Refusal, SetTimer
from shared.events.portal import BilledLine, ProviderRectifiedInvoice, ProviderSubmittedInvoice, ProviderVoidedInvoice
from shared.events.program import ReportAccepted
from shared.events.values import Actor
from tests.invoice.terms import REFERRAL, START, TERMS, at, life

E = TypeVar("E", bound=Event)
DAY = timedelta(days=1)
BILLED_ON = date(2024, 11, 7)
BILLED_AT = at(BILLED_ON)
ASSESS = 31000
CLOSED = WindowsClosed(referral_id=REFERRAL)
_causes = count(1)


def event_context(instant: datetime, cause: str = "", causation: str = "") -> EventContext:
    id_ = cause or f"01930d2c-7f00-7000-8000-{next(_causes):012d}"
    return EventContext(id_, "c", REFERRAL, instant, instant, "portal", causation_id=causation)


def context(instant: datetime, *runs: Run) -> BillingContext:
    return BillingContext(TERMS, {run.id: run for run in runs}, instant)


class Life:
    """A case that hears and is billed, one decision after the other."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.billing: Billing | None = None
        self.said: list[Event] = []
        self.timers: dict[str, SetTimer] = {}
        self.runs: dict[str, Run] = {}
        for event in events:
            self.hear(event, at(START))

    def note(self, decision: Decision) -> Outcome:
        assert isinstance(decision, Outcome), decision
        for changed in decision.changed:
            if isinstance(changed, Billing):
                self.billing = changed
            if isinstance(changed, Run):
                self.runs[changed.id] = changed
        self.said += decision.events
        for arm in decision.timers:
            self.timers[arm.name] = arm
        return decision

    def context(self, instant: datetime) -> BillingContext:
        return context(instant, *self.runs.values())

    def hear(self, event: Event, instant: datetime, cause: str = "", causation: str = "") -> Outcome:
        heard = event_context(instant, cause, causation)
        return self.note(acts.apply(self.billing, event, self.context(instant), heard))

    def bill(
        self, act: ProviderSubmittedInvoice | ProviderRectifiedInvoice, taken: Number | None = None
    ) -> tuple[Event, ...]:
        when = act.received_at
        numbers = {number_id(act.payee_id, act.number): taken}
        by = self.context(when)._replace(numbers=numbers)
        return self.note(acts.act(self.billing, act, by, event_context(when))).events

    def wait_ends(self, name: str) -> tuple[Event, ...]:
        due = self.timers.pop(name)
        assert due.due_at
        assert isinstance(due.event, WaitEnded)
        ended = acts.step(self.billing, due.event, self.context(due.due_at), event_context(due.due_at))
        return self.note(ended).events

    def invoice(self, n: int = 0) -> Invoice:
        assert self.billing
        return self.billing.invoices[n]


def line(code: str = "O1-ASSESS", on: date = START, cents: int = ASSESS, n: int = 1) -> BilledLine:
    return BilledLine(
        line=str(n), code=code, service_on=on, units=Decimal(1), cents=cents, discipline="physical_therapist"
    )


def submitted(
    *lines: BilledLine,
    number: str = "N-1",
    when: datetime = BILLED_AT,
    site: str = "s-1",
    payee: str = "p-1",
    cents: int | None = None,
) -> ProviderSubmittedInvoice:
    billed = lines or (line(),)
    return ProviderSubmittedInvoice(
        by=Actor(account_id="a", role="biller"), received_at=when, seen=0, idempotency_key="k", referral_id=REFERRAL,
        site_id=site, payee_id=payee, number=number, invoiced_on=BILLED_ON, lines=billed,
        cents=sum(x.cents for x in billed) if cents is None else cents,
    )  # fmt: skip


def rectified(old: str, number: str, when: datetime) -> ProviderRectifiedInvoice:
    first = submitted(number=number, when=when).model_dump()
    return ProviderRectifiedInvoice.model_validate(first | {"rectifies": old})


def voided(invoice_id: str, seen: int, when: datetime, site: str = "s-1") -> ProviderVoidedInvoice:
    return ProviderVoidedInvoice(
        by=Actor(account_id="a", role="biller"), received_at=when, idempotency_key="k", referral_id=REFERRAL, seen=seen,
        site_id=site, invoice_id=invoice_id,
    )  # fmt: skip


def initial_report() -> ReportAccepted:
    return ReportAccepted(
        referral_id=REFERRAL, revision=1, report="initial", report_revision=1, kind="initial", service_on=START,
        author_discipline="physical_therapist", counts_at=at(START + DAY), due_at=at(date(2024, 11, 12)),
        business_days_late=-4,
    )  # fmt: skip


def reported() -> Life:
    case = Life(life())
    case.hear(initial_report(), at(date(2024, 11, 6)))
    return case


def only(kind: type[E], events: Iterable[Event]) -> E:
    (found,) = (event for event in events if isinstance(event, kind))
    return found


def kinds(events: Iterable[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def code_of(decision: Decision) -> str:
    assert isinstance(decision, Refusal)
    return decision.flaws[0].code


def void(case: Life, act: ProviderVoidedInvoice) -> Decision:
    return acts.act(case.billing, act, case.context(act.received_at), event_context(act.received_at))


def take_back(case: Life, when: datetime) -> Decision:
    return void(case, voided(case.invoice().id, case.invoice().revision, when))


def pay(case: Life) -> tuple[Event, ...]:
    """The run that pays the first invoice of the case."""
    invoice = case.invoice()
    assert invoice.slot
    due = ShareReleased(
        referral_id=REFERRAL, remittance_id="m-1", run_on=invoice.slot.run_on, dispute_until=date(2025, 2, 11),
        invoices=(invoice.id,),
    )  # fmt: skip
    when = at(invoice.slot.run_on, 17)
    return case.note(acts.step(case.billing, due, case.context(when), event_context(when))).events
