"""One service that is stopped for simulated days while everybody else goes on."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from simulation.clients.outage import ServiceOutage
from simulation.clients.portal import Portal
from simulation.clients.quiescence import Watch
from simulation.clients.topics import Announced

_PATIENCE = 120.0  # seconds; it has days to read up on, and the machine may be busy


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
