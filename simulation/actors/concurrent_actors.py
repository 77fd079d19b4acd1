"""Several who act at the same time."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from simulation.actors.protocol import Actors
from simulation.clients.topics import Announced


class ConcurrentActors:
    """Actors that act at the same time, none waiting for another."""

    def __init__(self, everybody: Sequence[Actors]) -> None:
        """They hear in this order."""
        self._everybody = everybody

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """Everybody learns of it."""
        for actors in self._everybody:
            actors.hear(news, now)

    def next_at(self) -> datetime | None:
        """When the first of them acts next."""
        return min(filter(None, (actors.next_at() for actors in self._everybody)), default=None)

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come acts."""
        await asyncio.gather(*(actors.act(now) for actors in self._everybody))
