"""What invoice reacts to."""

from services.invoice.domain import billing, running
from services.invoice.domain.case import scheduled
from services.invoice.domain.judging import BillingContext
from services.invoice.domain.number import is_readable, number_id
from services.invoice.domain.records import RECORDS, concerns_case
from services.invoice.domain.running import Item, Payee
from services.invoice.domain.steps import CutOffReached, RunDayCame, ShareDue, ShareReleased, WaitEnded, WindowsClosed
from services.invoice.store.billing import BILLINGS
from services.invoice.store.facts import (
    Facts,
    load_facts_for_cases,
    load_facts_for_cut_offs,
    load_facts_for_runs,
    load_facts_for_shares,
)
from services.invoice.store.number import NUMBERS
from services.invoice.store.payee import PAYEES
from services.invoice.store.run import RUNS
from services.invoice.store.terms import REPLICA
from shared.domain.calendar import Calendar
from shared.domain.decision import Decision, Event, EventContext, Outcome
from shared.events.portal import (
    PaymentOfficerReleasedRun,
    ProviderRectifiedInvoice,
    ProviderSubmittedInvoice,
    ProviderVoidedInvoice,
)
from shared.messaging.handlers import AggregateKeys, BatchState, Handlers

handlers = Handlers(owner="invoice")
handlers.project(*REPLICA.contracts, by=REPLICA.project)


def of_case(event: Event, _: Facts) -> AggregateKeys:
    """The case; what is said of a claim alone concerns none."""
    if concerns_case(event):
        yield BILLINGS, event.key


def of_invoice(event: billing.Submitted, _: Facts) -> AggregateKeys:
    """The case, and the number that the payee uses."""
    yield BILLINGS, event.referral_id
    if is_readable(event.payee_id, event.number):
        yield NUMBERS, number_id(event.payee_id, event.number)


def of_run(event: Event, _: Facts) -> AggregateKeys:
    """The run."""
    yield RUNS, event.key


def of_payee(event: ShareDue, _: Facts) -> AggregateKeys:
    """The payee."""
    yield PAYEES, event.payee_id


def calendar_of(state: BatchState[Facts]) -> Calendar:
    """The default one."""
    return state.facts.terms.default_calendar


def context_of(state: BatchState[Facts], event_context: EventContext) -> BillingContext:
    """What billing stands on, runs as earlier decisions of the batch left them."""
    facts = state.facts
    runs = {run.id: run for run in (*facts.runs, *state.held(RUNS).values()) if run}
    return BillingContext(facts.terms, runs, event_context.at)


def on_case_record(event: Event, state: BatchState[Facts], event_context: EventContext) -> Decision:
    """Whatever is said of a case: what may be billed follows from it, and what waits is judged again."""
    if not concerns_case(event):
        return Outcome()
    return billing.apply(state.find(BILLINGS, event.key), event, context_of(state, event_context), event_context)


for _kind in RECORDS:
    handlers.on(_kind, of_case, load_facts_for_cases)(on_case_record)


def on_invoice(event: billing.Submitted, state: BatchState[Facts], event_context: EventContext) -> Decision:
    """A first invoice, or one that puts another right."""
    taken = state.held(NUMBERS).get(number_id(event.payee_id, event.number))
    found = state.find(BILLINGS, event.referral_id)
    return billing.submit(found, event, taken, context_of(state, event_context), event_context)


handlers.on(ProviderSubmittedInvoice, of_invoice, load_facts_for_cases)(on_invoice)
handlers.on(ProviderRectifiedInvoice, of_invoice, load_facts_for_cases)(on_invoice)


@handlers.on(ProviderVoidedInvoice, of_case, load_facts_for_cases)
def on_provider_voided_invoice(
    event: ProviderVoidedInvoice, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return billing.void(state.find(BILLINGS, event.referral_id), event, context_of(state, event_context), event_context)


@handlers.on(WaitEnded, of_case, load_facts_for_cases)
def on_wait_ended(event: WaitEnded, state: BatchState[Facts], event_context: EventContext) -> Decision:
    return billing.wait_ended(state.find(BILLINGS, event.referral_id), context_of(state, event_context), event_context)


@handlers.on(ShareReleased, of_case, load_facts_for_cases)
def on_share_released(event: ShareReleased, state: BatchState[Facts], event_context: EventContext) -> Decision:
    return billing.paid(state.find(BILLINGS, event.referral_id), event, context_of(state, event_context), event_context)


@handlers.on(WindowsClosed, of_case, load_facts_for_cases)
def on_windows_closed(event: WindowsClosed, state: BatchState[Facts], event_context: EventContext) -> Decision:
    return billing.close(state.find(BILLINGS, event.referral_id), context_of(state, event_context), event_context)


@handlers.on(CutOffReached, of_run, load_facts_for_cut_offs)
def on_cut_off_reached(event: CutOffReached, state: BatchState[Facts], _: EventContext) -> Decision:
    run = state.find(RUNS, event.run_id)
    return running.freeze(run, items_of(event.run_id, state), calendar_of(state)) if run else Outcome()


def items_of(run_id: str, state: BatchState[Facts]) -> list[Item]:
    """What a run pays, cases as earlier decisions of the batch left them."""
    held = {id_: case for id_, case in state.held(BILLINGS).items() if case}
    received = [item for item in state.facts.items if item.run_id == run_id and item.referral_id not in held]
    moved = [
        Item(case.id, invoice.id, run_id, invoice.payee_id, invoice.allowed_cents)
        for case, invoice, slot in scheduled(held.values())
        if slot.run_id == run_id
    ]
    return [*received, *moved]


@handlers.on(RunDayCame, of_run, load_facts_for_runs)
def on_run_day_came(event: RunDayCame, state: BatchState[Facts], event_context: EventContext) -> Decision:
    run = state.find(RUNS, event.run_id)
    return running.start_run_day(run, at=event_context.at) if run else Outcome()


@handlers.on(PaymentOfficerReleasedRun, of_run, load_facts_for_runs)
def on_payment_officer_released_run(
    event: PaymentOfficerReleasedRun, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    calendar = calendar_of(state)
    return running.approve(state.find(RUNS, event.run_id), event, calendar, at=event_context.at)


@handlers.on(ShareDue, of_payee, load_facts_for_shares)
def on_share_due(event: ShareDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    payee = state.find(PAYEES, event.payee_id) or Payee(event.payee_id)
    due = [p for p in state.facts.payables if (p.item.run_id, p.item.payee_id) == (event.run_id, event.payee_id)]
    return running.pay(payee, event, due, calendar_of(state), event_context)
