"""What invoice reacts to."""

from services.invoice.domain import billing, running
from services.invoice.domain.case import scheduled
from services.invoice.domain.judging import Ground
from services.invoice.domain.number import is_readable, number_id
from services.invoice.domain.records import RECORDS, concerns_case
from services.invoice.domain.running import Item, Payee
from services.invoice.domain.steps import CutOffReached, RunDayCame, ShareDue, ShareReleased, WaitEnded, WindowsClosed
from services.invoice.store.billing import BILLINGS
from services.invoice.store.facts import Facts, about_cases, about_cut_offs, about_runs, about_shares
from services.invoice.store.number import NUMBERS
from services.invoice.store.payee import PAYEES
from services.invoice.store.run import RUNS
from services.invoice.store.terms import KINDS, keep_terms
from shared.calendar import Calendar
from shared.decision import Decision, Event, Occasion, Outcome
from shared.events.portal import (
    PaymentOfficerReleasedRun,
    ProviderRectifiedInvoice,
    ProviderSubmittedInvoice,
    ProviderVoidedInvoice,
)
from shared.handlers import Desk, Handlers, Touched

handlers = Handlers(owner="invoice")
handlers.keep(*KINDS, by=keep_terms)


def of_case(event: Event, _: Facts) -> Touched:
    """The case; what is said of a claim alone concerns none."""
    if concerns_case(event):
        yield BILLINGS, event.key


def of_invoice(event: billing.Submitted, _: Facts) -> Touched:
    """The case, and the number that the payee uses."""
    yield BILLINGS, event.referral_id
    if is_readable(event.payee_id, event.number):
        yield NUMBERS, number_id(event.payee_id, event.number)


def of_run(event: Event, _: Facts) -> Touched:
    """The run."""
    yield RUNS, event.key


def of_payee(event: ShareDue, _: Facts) -> Touched:
    """The payee."""
    yield PAYEES, event.payee_id


def calendar_of(desk: Desk[Facts]) -> Calendar:
    """The default one."""
    return desk.facts.terms.default_calendar


def ground_of(desk: Desk[Facts], occasion: Occasion) -> Ground:
    """What billing stands on, runs as earlier decisions of the batch left them."""
    facts = desk.facts
    runs = {run.id: run for run in (*facts.runs, *desk.held(RUNS).values()) if run}
    return Ground(facts.terms, runs, occasion.at)


def on_case_record(event: Event, desk: Desk[Facts], occasion: Occasion) -> Decision:
    """Whatever is said of a case: what may be billed follows from it, and what waits is judged again."""
    if not concerns_case(event):
        return Outcome()
    return billing.hear(desk.find(BILLINGS, event.key), event, ground_of(desk, occasion), occasion)


for _kind in RECORDS:
    handlers.on(_kind, of_case, about_cases)(on_case_record)


def on_invoice(event: billing.Submitted, desk: Desk[Facts], occasion: Occasion) -> Decision:
    """A first invoice, or one that puts another right."""
    taken = desk.held(NUMBERS).get(number_id(event.payee_id, event.number))
    found = desk.find(BILLINGS, event.referral_id)
    return billing.submit(found, event, taken, ground_of(desk, occasion), occasion)


handlers.on(ProviderSubmittedInvoice, of_invoice, about_cases)(on_invoice)
handlers.on(ProviderRectifiedInvoice, of_invoice, about_cases)(on_invoice)


@handlers.on(ProviderVoidedInvoice, of_case, about_cases)
def on_provider_voided_invoice(event: ProviderVoidedInvoice, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return billing.void(desk.find(BILLINGS, event.referral_id), event, ground_of(desk, occasion), occasion)


@handlers.on(WaitEnded, of_case, about_cases)
def on_wait_ended(event: WaitEnded, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return billing.wait_ended(desk.find(BILLINGS, event.referral_id), ground_of(desk, occasion), occasion)


@handlers.on(ShareReleased, of_case, about_cases)
def on_share_released(event: ShareReleased, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return billing.paid(desk.find(BILLINGS, event.referral_id), event, ground_of(desk, occasion), occasion)


@handlers.on(WindowsClosed, of_case, about_cases)
def on_windows_closed(event: WindowsClosed, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return billing.close(desk.find(BILLINGS, event.referral_id), ground_of(desk, occasion), occasion)


@handlers.on(CutOffReached, of_run, about_cut_offs)
def on_cut_off_reached(event: CutOffReached, desk: Desk[Facts], _: Occasion) -> Decision:
    run = desk.find(RUNS, event.run_id)
    return running.freeze(run, items_of(event.run_id, desk), calendar_of(desk)) if run else Outcome()


def items_of(run_id: str, desk: Desk[Facts]) -> list[Item]:
    """What a run pays, cases as earlier decisions of the batch left them."""
    held = {id_: case for id_, case in desk.held(BILLINGS).items() if case}
    kept = [item for item in desk.facts.items if item.run_id == run_id and item.referral_id not in held]
    moved = [
        Item(case.id, invoice.id, run_id, invoice.payee_id, invoice.allowed_cents)
        for case, invoice, slot in scheduled(held.values())
        if slot.run_id == run_id
    ]
    return [*kept, *moved]


@handlers.on(RunDayCame, of_run, about_runs)
def on_run_day_came(event: RunDayCame, desk: Desk[Facts], occasion: Occasion) -> Decision:
    run = desk.find(RUNS, event.run_id)
    return running.come(run, at=occasion.at) if run else Outcome()


@handlers.on(PaymentOfficerReleasedRun, of_run, about_runs)
def on_payment_officer_released_run(
    event: PaymentOfficerReleasedRun, desk: Desk[Facts], occasion: Occasion
) -> Decision:
    calendar = calendar_of(desk)
    return running.approve(desk.find(RUNS, event.run_id), event, calendar, at=occasion.at)


@handlers.on(ShareDue, of_payee, about_shares)
def on_share_due(event: ShareDue, desk: Desk[Facts], occasion: Occasion) -> Decision:
    payee = desk.find(PAYEES, event.payee_id) or Payee(event.payee_id)
    due = [p for p in desk.facts.payables if (p.item.run_id, p.item.payee_id) == (event.run_id, event.payee_id)]
    return running.pay(payee, event, due, calendar_of(desk), occasion)
