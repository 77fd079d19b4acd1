"""Until when one may bill, put right, and wait: calendar days that end on a business day."""

from datetime import date, timedelta

from shared.domain.calendar import Calendar
from shared.events.procurement import ContractActivated


def window_end(calendar: Calendar, day: date, days: int) -> date:
    """The last day of a window; one that ends while nobody works ends on the next business day."""
    return calendar.roll(day + timedelta(days=days))


def submit_until(contract: ContractActivated, calendar: Calendar, service_on: date) -> date:
    """The last day on which a service may be billed."""
    return window_end(calendar, service_on, contract.submit_days)


def rectify_until(contract: ContractActivated, calendar: Calendar, service_on: date, first_rejected_on: date) -> date:
    """The last day on which a line that was denied may be put right: the later of two windows."""
    return max(
        window_end(calendar, service_on, contract.rectify_days),
        window_end(calendar, first_rejected_on, contract.rectify_rejected_days),
    )


def wait_until(contract: ContractActivated, calendar: Calendar, since: date) -> date:
    """The last day on which a line waits for what another service may still say."""
    return window_end(calendar, since, contract.pend_days)


def week_of(day: date) -> date:
    """The Monday of the week."""
    return day - timedelta(days=day.weekday())
