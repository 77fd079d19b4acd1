"""The clocks of an offer: when they end, how a hold stops them, and how they run again."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.referral.domain.referral import Acknowledged, Offered, Referral
from shared.domain.calendar import Calendar
from shared.domain.transition import Transition
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.procurement import ContractActivated

Moved = contract_of_service("referral", DeadlineMoved)


def acknowledge_by(contract: ContractActivated, calendar: Calendar, at: datetime) -> datetime:
    """Return the deadline for opening an offer made at `at`: the contract's elapsed hours after it.

    It is never before the end of the last of the contract's business days after the offer.
    """
    floor = calendar.add_business_days(calendar.day_of(at), contract.acknowledge_business_days)
    return max(at + timedelta(hours=contract.acknowledge_hours), calendar.end_of(floor))


def answer_by(contract: ContractActivated, calendar: Calendar, at: datetime) -> datetime:
    """Return the end of the last of the contract's business days after the acknowledgement at `at`."""
    return calendar.end_of(calendar.add_business_days(calendar.day_of(at), contract.answer_business_days))


def stop(transition: Transition[Referral], at: datetime) -> Transition[Referral]:
    """Stop the clock of an open offer; a deadline that is overdue already keeps its instant."""
    state = transition.document.state
    held = transition.to(held_at=at)
    if not isinstance(state, Offered | Acknowledged) or state.due_at is None or state.due_at <= at:
        return held
    moved = Moved(record_key=held.document.id, name=state.deadline_name, due_at=None)
    return held.to(state=replace(state, due_at=None), paused_due_at=state.due_at).also(moved)


def run_again(transition: Transition[Referral], at: datetime, calendar: Calendar) -> Transition[Referral]:
    """Let a stopped clock run: elapsed hours move by the time held, business days keep what was left, at least one."""
    referral, running = transition.document, transition.to(held_at=None, paused_due_at=None)
    state, paused_due_at, held_at = referral.state, referral.paused_due_at, referral.held_at
    if not isinstance(state, Offered | Acknowledged) or paused_due_at is None or held_at is None:
        return running
    due_at = paused_due_at + (at - held_at)
    if isinstance(state, Acknowledged):
        left = max(1, calendar.business_days_between(calendar.day_of(held_at), calendar.day_of(paused_due_at)))
        due_at = calendar.end_of(calendar.add_business_days(calendar.day_of(at), left))
    moved = Moved(record_key=referral.id, name=state.deadline_name, due_at=due_at)
    return running.to(state=replace(state, due_at=due_at)).also(moved)
