"""The protocol between a play and those who act in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from simulation.clients.topics import Announced


class Actors(Protocol):
    """Those who answer, treat, report, bill and decide."""

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """They learn of what concerns them."""

    def next_at(self) -> datetime | None:
        """When one of them acts next."""

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come acts."""
