"""When a service is stopped for simulated days."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Self

from typing_extensions import override

from simulation.claims_system.claim_histories import PACIFIC

SERVICES = ("referral", "program", "procurement", "invoice", "notification")  # people act through the portal: it stays
_NOON = time(12, 7)  # people act on the hour: whether the service still saw what they did must be sure


class ServiceOutage(NamedTuple):
    """Which service is away, from when until when."""

    service: str
    begins_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, said: str) -> Self:
        """`program:2024-11-04:5` is away from noon of a day for five days."""
        service, _, when = said.partition(":")
        first, _, days = when.partition(":")
        if service not in SERVICES or not days.isdecimal() or int(days) < 1:
            raise ValueError(f"{said} is no absence: say <one of {', '.join(SERVICES)}>:<first day>:<how many days>")
        begins_at = datetime.combine(date.fromisoformat(first), _NOON, PACIFIC)
        return cls(service, begins_at, begins_at + timedelta(days=int(days)))

    def read_at(self, arrived_at: datetime) -> datetime:
        """When the service read what arrived at an instant: at its return, what arrived while it was away."""
        return self.ends_at if self.begins_at < arrived_at < self.ends_at else arrived_at

    @override
    def __str__(self) -> str:
        """In words."""
        return f"{self.service} away from {self.begins_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"
