"""The context in which a service's commands, loops and pages run."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import asyncpg

from shared.config.settings import Settings
from shared.domain.decision import Event


@dataclass
class ServiceContext:
    """The part of a running service that its own commands, loops and pages may use."""

    name: str
    pool: asyncpg.Pool
    settings: Settings
    decide: Callable[[Sequence[Event]], Awaitable[None]]
    busy: int = 0
    batches: int = 0
    relay_wake: asyncio.Event = field(default_factory=asyncio.Event)
    _turned: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit_internal(self, events: Sequence[Event]) -> None:
        """Decide own internal events now; what they change is durable when this returns."""
        if events:
            await self.decide(events)

    def wake_relay(self) -> None:
        """Make the relay look at once, after something was announced outside a batch."""
        self.relay_wake.set()

    def notify_applied(self) -> None:
        """Wake everything that waits for the next applied batch."""
        self.batches += 1
        self._turned.set()
        self._turned = asyncio.Event()

    async def changed(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's patience is the point
        """Wait until the next batch is applied; return False when `timeout` seconds pass first."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._turned.wait(), timeout)
            return True
        return False
