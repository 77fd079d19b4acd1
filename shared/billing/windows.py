"""Windows to bill, to put right and to wait: calendar days that end on a business day."""

from datetime import date, timedelta

from shared.domain.calendar import Calendar
from shared.events.procurement import ContractActivated


def window_end(calendar: Calendar, day: date, days: int) -> date:
    """Return the last day of a window, moved to the next business day where it would end on none."""
    return calendar.roll(day + timedelta(days=days))


def submit_until(contract: ContractActivated, calendar: Calendar, service_on: date) -> date:
    """Return the last day on which a service may be billed."""
    return window_end(calendar, service_on, contract.submit_days)


def rectify_until(contract: ContractActivated, calendar: Calendar, service_on: date, first_rejected_on: date) -> date:
    """Return the last day on which a line that was denied may be put right: the later of two windows."""
    return max(
        window_end(calendar, service_on, contract.rectify_days),
        window_end(calendar, first_rejected_on, contract.rectify_rejected_days),
    )


def wait_until(contract: ContractActivated, calendar: Calendar, since: date) -> date:
    """Return the last day on which a line waits for a fact of another service."""
    return window_end(calendar, since, contract.pend_days)


def week_of(day: date) -> date:
    """Return the Monday of the week of a day."""
    return day - timedelta(days=day.weekday())
