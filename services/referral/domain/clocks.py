"""The clocks of an offer: when they end, how they stop and run again."""

from datetime import datetime, timedelta

from services.referral.domain.referral import Acknowledged, Offered, Referral
from shared.domain.calendar import Calendar
from shared.domain.decision import Event
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.procurement import ContractActivated

Moved = contract_of_service("referral", DeadlineMoved)


def acknowledge_by(contract: ContractActivated, calendar: Calendar, at: datetime) -> datetime:
    """So many elapsed hours, but not before the end of the next business day after the offer."""
    floor = calendar.add_business_days(calendar.day_of(at), contract.acknowledge_business_days)
    return max(at + timedelta(hours=contract.acknowledge_hours), calendar.end_of(floor))


def answer_by(contract: ContractActivated, calendar: Calendar, at: datetime) -> datetime:
    """The end of the n-th business day after the acknowledgement."""
    return calendar.end_of(calendar.add_business_days(calendar.day_of(at), contract.answer_business_days))


def stop(referral: Referral, at: datetime) -> tuple[Referral, tuple[Event, ...]]:
    """The clocks stand still from now on; a door that is overdue closes all the same."""
    state = referral.state
    held = referral._replace(held_at=at)
    if not isinstance(state, Offered | Acknowledged) or state.due_at is None or state.due_at <= at:
        return held, ()
    moved = Moved(record_key=referral.id, name=state.door, due_at=None)
    return held._replace(state=state._replace(due_at=None), stopped=state.due_at), (moved,)


def run_again(referral: Referral, at: datetime, calendar: Calendar) -> tuple[Referral, tuple[Event, ...]]:
    """Elapsed clocks move by the time held, business-day clocks keep the days left, at least one."""
    state, stopped, held_at = referral.state, referral.stopped, referral.held_at
    running = referral._replace(held_at=None, stopped=None)
    if not isinstance(state, Offered | Acknowledged) or stopped is None or held_at is None:
        return running, ()
    due_at = stopped + (at - held_at)
    if isinstance(state, Acknowledged):
        left = max(1, calendar.business_days_between(calendar.day_of(held_at), calendar.day_of(stopped)))
        due_at = calendar.end_of(calendar.add_business_days(calendar.day_of(at), left))
    moved = Moved(record_key=referral.id, name=state.door, due_at=due_at)
    return running._replace(state=state._replace(due_at=due_at)), (moved,)
