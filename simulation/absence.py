"""One service that is stopped for simulated days while everybody else goes on."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol, Self

from typing_extensions import override

from simulation.course import PACIFIC
from simulation.portal import Portal
from simulation.quiet import Watch
from simulation.topics import Announced

SERVICES = ("referral", "program", "procurement", "invoice", "notification")  # people act through the portal: it stays
_PATIENCE = 120.0  # seconds; it has days to read up on, and the machine may be busy
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


class Program(Protocol):
    """The service's process."""

    def stop(self) -> int:
        """Ask it to end, and wait until it has."""

    def start(self) -> None:
        """Start it again."""

    def wait_ready(self, within: float) -> None:
        """Until it takes work."""


class Leave(NamedTuple):
    """An absence, and what is needed to bring it about."""

    absence: ServiceOutage
    program: Program
    address: str


class Away:
    """Acts like everybody else in a play: once to go, once to come back."""

    def __init__(self, leave: Leave, watch: Watch, portal: Portal) -> None:
        """It is there."""
        self._leave, self._watch, self._portal = leave, watch, portal
        self._instants = [leave.absence.begins_at, leave.absence.ends_at]

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """Nothing that is announced changes it."""

    def next_at(self) -> datetime | None:
        """When it goes, then when it returns."""
        return self._instants[0] if self._instants else None

    async def act(self, now: datetime) -> None:
        """Go, or return; nobody asks who is away, and nobody waits for its answers."""
        while self._instants and self._instants[0] <= now:
            del self._instants[0]
            await (self._go() if self._instants else self._return())

    async def _go(self) -> None:
        self._watch.leave_out(self._leave.address)
        self._portal.away.add(self._leave.absence.service)
        await asyncio.to_thread(self._leave.program.stop)

    async def _return(self) -> None:
        self._leave.program.start()
        await asyncio.to_thread(self._leave.program.wait_ready, _PATIENCE)
        self._portal.away.discard(self._leave.absence.service)
        self._watch.take_in(self._leave.address)
