"""The events that invoice reacts to: records of a case, actions of clinics and payment officers, and due steps."""

from services.invoice.domain import billing, running
from services.invoice.domain.judging import BillingContext
from services.invoice.domain.number import is_readable, number_id
from services.invoice.domain.records import RECORDS, concerns_case
from services.invoice.domain.running import Payee, RunContext
from services.invoice.domain.steps import CutOffReached, RunDayCame, ShareDue
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
from shared.domain.decision import Decision, Event, EventContext, Outcome
from shared.events.portal import Action, ClinicAction
from shared.messaging.handlers import AggregateKeys, BatchState, Handlers

handlers = Handlers(owner="invoice")
handlers.project(*REPLICA.contracts, by=REPLICA.project)


def of_case(event: Event, _: Facts) -> AggregateKeys:
    """Name the case of a record; a record about a claim alone has none."""
    if concerns_case(event):
        yield BILLINGS, event.key


def of_clinic_action(action: ClinicAction, _: Facts) -> AggregateKeys:
    """Name the case and, where an invoice is sent, the number that the payee uses."""
    yield BILLINGS, action.referral_id
    if isinstance(action, billing.Submitted) and is_readable(action.payee_id, action.number):
        yield NUMBERS, number_id(action.payee_id, action.number)


def of_run(event: Event, _: Facts) -> AggregateKeys:
    """Name the run."""
    yield RUNS, event.key


def of_payee(event: ShareDue, _: Facts) -> AggregateKeys:
    """Name the payee."""
    yield PAYEES, event.payee_id


def billing_context(state: BatchState[Facts], event_context: EventContext) -> BillingContext:
    """Return what a case is judged by, runs and numbers as earlier decisions of the batch left them."""
    facts = state.facts
    runs = {run.id: run for run in (*facts.runs, *state.held(RUNS).values()) if run}
    return BillingContext(facts.terms, runs, event_context.at, state.held(NUMBERS))


def run_context(event: Event, state: BatchState[Facts], event_context: EventContext) -> RunContext:
    """Return what a run is decided by, with what it pays, cases as earlier decisions of the batch left them."""
    calendar = state.facts.terms.default_calendar
    return RunContext(calendar, event_context.at, running.items_of(event.key, state.facts.items, state.held(BILLINGS)))


def on_case_record(event: Event, state: BatchState[Facts], event_context: EventContext) -> Decision:
    if not concerns_case(event):
        return Outcome()
    case = state.find(BILLINGS, event.key)
    return billing.apply(case, event, billing_context(state, event_context), event_context)


def on_clinic_action(action: ClinicAction, state: BatchState[Facts], event_context: EventContext) -> Decision:
    case = state.find(BILLINGS, action.referral_id)
    return billing.act(case, action, billing_context(state, event_context), event_context)


def on_case_step(due: Event, state: BatchState[Facts], event_context: EventContext) -> Decision:
    return billing.step(state.find(BILLINGS, due.key), due, billing_context(state, event_context), event_context)


def on_officer_action(action: Action, state: BatchState[Facts], event_context: EventContext) -> Decision:
    return running.act(state.find(RUNS, action.key), action, run_context(action, state, event_context))


def on_run_step(due: Event, state: BatchState[Facts], event_context: EventContext) -> Decision:
    return running.step(state.find(RUNS, due.key), due, run_context(due, state, event_context))


def on_share_due(event: ShareDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    payee = state.find(PAYEES, event.payee_id) or Payee(event.payee_id)
    due = [p for p in state.facts.payables if (p.item.run_id, p.item.payee_id) == (event.run_id, event.payee_id)]
    return running.pay(payee, event, due, state.facts.terms.default_calendar, event_context)


for _record in RECORDS:
    handlers.on(_record, of_case, load_facts_for_cases)(on_case_record)
for _action in billing.CLINIC_ACTIONS:
    handlers.on(_action, of_clinic_action, load_facts_for_cases)(on_clinic_action)
for _step in billing.CASE_STEPS:
    handlers.on(_step, of_case, load_facts_for_cases)(on_case_step)
for _officer_action in running.OFFICER_ACTIONS:
    handlers.on(_officer_action, of_run, load_facts_for_runs)(on_officer_action)
handlers.on(CutOffReached, of_run, load_facts_for_cut_offs)(on_run_step)
handlers.on(RunDayCame, of_run, load_facts_for_runs)(on_run_step)
handlers.on(ShareDue, of_payee, load_facts_for_shares)(on_share_due)
