"""What the edges of a running service may use: verbs, loops and web pages."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import asyncpg

from shared.config.settings import Settings
from shared.domain.decision import Event


@dataclass
class ServiceContext:
    """The face that a running service shows to its own edges."""

    name: str
    pool: asyncpg.Pool
    settings: Settings
    decide: Callable[[Sequence[Event]], Awaitable[None]]
    busy: int = 0
    batches: int = 0
    relay_wake: asyncio.Event = field(default_factory=asyncio.Event)
    _turned: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit_internal(self, events: Sequence[Event]) -> None:
        """Decide own internal events now, each through its rule, durable when this returns."""
        if events:
            await self.decide(events)

    def wake_relay(self) -> None:
        """Something was announced outside a batch: the relay looks at once."""
        self.relay_wake.set()

    def notify_applied(self) -> None:
        """A batch was applied: wake who waits for it."""
        self.batches += 1
        self._turned.set()
        self._turned = asyncio.Event()

    async def changed(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's patience is the point
        """Wait until the next batch is applied; False when patience ends first."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._turned.wait(), timeout)
            return True
        return False
