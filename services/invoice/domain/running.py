"""Payment runs: frozen at the cut-off, released on their day, paid payee by payee with a remittance each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from services.invoice.domain.calendar import Planned, release_at
from services.invoice.domain.case import Billing, scheduled
from services.invoice.domain.limits import approvals_needed
from services.invoice.domain.steps import CutOffReached, RunDayCame, ShareDue, ShareReleased
from shared.billing.windows import window_end
from shared.domain.calendar import Calendar
from shared.domain.decision import Decision, Event, EventContext, Outcome, Refusal, SetTimer, refuse
from shared.events.invoice import (
    PayeeShare,
    PaymentReleased,
    RemittanceIssued,
    RemittanceLine,
    RunFrozen,
    RunReleased,
)
from shared.events.portal import Action, PaymentOfficerReleasedRun

MOST_LINES = 1000  # of a remittance: more would not fit a record; a larger share is paid with several, each whole
CUT_OFF, DAY = "cut-off", "run-day"
Status = Literal["open", "frozen", "released"]


class Item(NamedTuple):
    """An invoice that a run pays."""

    referral_id: str
    invoice_id: str
    run_id: str
    payee_id: str
    cents: int


class Payable(NamedTuple):
    """An invoice as its remittance shows it, and for how many days that may be disputed."""

    item: Item
    lines: tuple[RemittanceLine, ...]
    dispute_days: int


class Run(NamedTuple):
    """A payment run; `approvals` are the accounts that released it so far."""

    id: str
    version: int
    run_on: date
    cut_off_at: datetime
    status: Status = "open"
    shares: tuple[tuple[str, int], ...] = ()
    approvals: tuple[str, ...] = ()

    @property
    def cents(self) -> int:
        """The cents that it pays in all."""
        return sum(cents for _, cents in self.shares)

    @property
    def needed(self) -> int:
        """The number of people who must release it."""
        return approvals_needed(self.cents, self.run_on)


class RunContext(NamedTuple):
    """The default calendar, the instant of the decision, and what the run pays where it is frozen."""

    calendar: Calendar
    at: datetime
    items: Sequence[Item] = ()


class Payee(NamedTuple):
    """A payee, with the runs that have paid it."""

    id: str
    version: int = 0
    runs: tuple[str, ...] = ()


def open_run(planned: Planned) -> tuple[Run, SetTimer]:
    """Open a run for its first invoice, with the timer of its cut-off."""
    due = CutOffReached(run_id=planned.run_id)
    return Run(planned.run_id, 0, planned.run_on, planned.cut_off_at), SetTimer(
        planned.run_id, CUT_OFF, planned.cut_off_at, due
    )


def items_of(run_id: str, stored: Iterable[Item], held: Mapping[str, Billing | None]) -> list[Item]:
    """Return what a run pays: of cases that the batch holds as they are there, of others as they are stored."""
    unchanged = [item for item in stored if item.run_id == run_id and held.get(item.referral_id) is None]
    changed = [
        Item(case.id, invoice.id, run_id, invoice.payee_id, invoice.allowed_cents)
        for case, invoice, slot in scheduled(case for case in held.values() if case)
        if slot.run_id == run_id
    ]
    return [*unchanged, *changed]


def freeze(run: Run, context: RunContext) -> Outcome:
    """Fix what a run pays to each payee at its cut-off; nothing of it can be taken back afterwards."""
    if run.status != "open":
        return Outcome()
    shares = tuple(_shares(context.items))
    frozen = run._replace(status="frozen", shares=tuple((s.payee_id, s.cents) for s in shares))
    announced = RunFrozen(
        run_id=run.id,
        run_on=run.run_on,
        cut_off_at=run.cut_off_at,
        payees=shares,
        cents=frozen.cents,
        approvals_needed=frozen.needed,
    )
    return Outcome((frozen,), (announced,), (_day_of(run, context.calendar),))


def _shares(items: Sequence[Item]) -> Iterator[PayeeShare]:
    """Yield what each payee is paid, each invoice once."""
    for payee_id in sorted({item.payee_id for item in items}):
        own = sorted(item for item in items if item.payee_id == payee_id)
        yield PayeeShare(payee_id=payee_id, cents=sum(i.cents for i in own), invoices=tuple(i.invoice_id for i in own))


def start_run_day(run: Run, context: RunContext) -> Outcome:
    """Pay a run whose day has come, unless too few people released it."""
    if run.status != "frozen" or len(run.approvals) < run.needed:
        return Outcome()
    return _release(run, context.at)


def act(run: Run | None, action: Action, context: RunContext) -> Decision:
    """Decide an action of a payment officer on a run by its row of OFFICER_ACTIONS."""
    if run is None:
        return refuse("NOT-FOUND", "there is no such run", "check the run", "run_id")
    return OFFICER_ACTIONS[type(action)](run, action, context)


def step(run: Run | None, due: Event, context: RunContext) -> Outcome:
    """Take a step of a run that is due by its row of RUN_STEPS; nothing follows where there is no run."""
    return RUN_STEPS[type(due)](run, context) if run else Outcome()


def approve(run: Run, action: PaymentOfficerReleasedRun, context: RunContext) -> Decision:
    """Release a run above the limit once two people have approved it; it pays on its day or later."""
    if refusal := _not_approvable(run, action.by.account_id):
        return refusal
    approved = run._replace(approvals=(*run.approvals, action.by.account_id))
    if len(approved.approvals) < approved.needed:
        return Outcome((approved,))
    if context.at < release_at(context.calendar, run.run_on):
        # armed again: its day may have come and gone while this release was on its way
        return Outcome((approved,), timers=(_day_of(run, context.calendar),))
    return _release(approved, context.at)


def _day_of(run: Run, calendar: Calendar) -> SetTimer:
    """Return the timer of the day on which a run is paid."""
    return SetTimer(run.id, DAY, release_at(calendar, run.run_on), RunDayCame(run_id=run.id))


def _not_approvable(run: Run, account_id: str) -> Refusal | None:
    """Return why this person cannot release the run; None when they can."""
    if run.status == "open":
        return _refuse_by_state("RUN-OPEN", "the cut-off of the run has not passed yet", "wait until it has", "wait")
    if run.status == "released":
        return _refuse_by_state("RUN-RELEASED", "the run is released already", "nothing is left to do", "look")
    if not run.needed:
        rule = "the run is under the limit and releases itself on its day"
        return _refuse_by_state("RUN-UNDER-LIMIT", rule, "nothing is to be done", "wait")
    if account_id in run.approvals:
        rule = "you have released this run already, and a run above the limit takes two different people"
        return refuse("TWO-PERSON", rule, "ask another payment officer", "by")
    return None


def _refuse_by_state(code: str, rule: str, fix: str, allowed: str) -> Refusal:
    """Return a refusal because of the state of the run, with the action that it allows."""
    return Refusal(refuse(code, rule, fix, "run_id").flaws, (allowed,))


def _release(run: Run, at: datetime) -> Outcome:
    """Release a run; each payee's share is paid by a timer of its own."""
    announced = RunReleased(run_id=run.id, run_on=run.run_on, cents=run.cents, released_by=run.approvals)
    shares = tuple(
        SetTimer(
            payee_id, f"share/{run.id}", at, ShareDue(payee_id=payee_id, run_id=run.id, run_on=run.run_on, cents=cents)
        )
        for payee_id, cents in run.shares
    )
    return Outcome((run._replace(status="released"),), (announced,), shares)


def pay(
    payee: Payee, due: ShareDue, payables: Sequence[Payable], calendar: Calendar, event_context: EventContext
) -> Outcome:
    """Pay a payee's share of a run with remittances; each case is told by a timer of its own.

    Raises AssertionError when the invoices do not make the sum that was frozen.
    """
    if due.run_id in payee.runs:
        return Outcome()
    if due.cents is not None and (total := sum(p.item.cents for p in payables)) != due.cents:
        raise AssertionError(f"{due.run_id} froze {due.cents} cents for {due.payee_id}, its invoices make {total}")
    events: list[Event] = []
    timers: list[SetTimer] = []
    for n, part in enumerate(_parts(sorted(payables))):
        remittance = _remittance(due, part, str(event_context.new_id(n)), calendar)
        events += [_payment(remittance), remittance]
        timers += _tell_cases(part, remittance, event_context.at)
    return Outcome((payee._replace(runs=(*payee.runs, due.run_id)),), tuple(events), tuple(timers))


def _parts(payables: Sequence[Payable]) -> Iterator[Sequence[Payable]]:
    """Divide invoices into remittances of at most MOST_LINES lines, each invoice whole."""
    part: list[Payable] = []
    for payable in payables:
        if part and sum(len(p.lines) for p in part) + len(payable.lines) > MOST_LINES:
            yield part
            part = []
        part.append(payable)
    if part:
        yield part


def _remittance(due: ShareDue, part: Sequence[Payable], id_: str, calendar: Calendar) -> RemittanceIssued:
    """Return the remittance of a payment; it may be disputed as long as the longest of its contracts says."""
    return RemittanceIssued(
        payee_id=due.payee_id,
        remittance_id=id_,
        run_id=due.run_id,
        run_on=due.run_on,
        cents=sum(p.item.cents for p in part),
        dispute_until=window_end(calendar, due.run_on, max(p.dispute_days for p in part)),
        lines=tuple(line for p in part for line in p.lines),
    )


def _payment(remittance: RemittanceIssued) -> PaymentReleased:
    """Return the payment that a remittance explains."""
    return PaymentReleased(
        payee_id=remittance.payee_id,
        run_id=remittance.run_id,
        run_on=remittance.run_on,
        remittance_id=remittance.remittance_id,
        cents=remittance.cents,
    )


def _tell_cases(part: Sequence[Payable], remittance: RemittanceIssued, at: datetime) -> Iterator[SetTimer]:
    """Yield a timer for each case that a remittance pays."""
    cases: Mapping[str, list[str]] = {p.item.referral_id: [] for p in part}
    for payable in part:
        cases[payable.item.referral_id].append(payable.item.invoice_id)
    for referral_id, invoices in cases.items():
        released = ShareReleased(
            referral_id=referral_id,
            remittance_id=remittance.remittance_id,
            run_on=remittance.run_on,
            dispute_until=remittance.dispute_until,
            invoices=tuple(invoices),
        )
        yield SetTimer(referral_id, f"paid/{remittance.remittance_id}", at, released)


OFFICER_ACTIONS: Mapping[type[Action], Callable[[Run, Any, RunContext], Decision]] = {
    PaymentOfficerReleasedRun: approve,
}
RUN_STEPS: Mapping[type[Event], Callable[[Run, RunContext], Outcome]] = {
    CutOffReached: freeze,
    RunDayCame: start_run_day,
}
