"""How often one key may ask: so many in so long, over a sliding window; counted in real time, in this process."""

import math
import time
from typing import NamedTuple, Self

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.config import clock


class Limits(BaseSettings):
    """REHAB_PORTAL_RATE: `<how many> per <n> second`, or `off`."""

    model_config = SettingsConfigDict(env_prefix="REHAB_PORTAL_", extra="ignore", hide_input_in_errors=True)

    rate: str = "60 per 3 second"


class Turn(NamedTuple):
    """A request's turn: whether it may pass, how many more could follow, and in how many seconds one may."""

    passes: bool
    left: int
    wait: int


class Rate:
    """Each key has the same allowance."""

    def __init__(self, allowance: RateLimitItem) -> None:
        """Start with full allowances."""
        self._allowance = allowance
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    @classmethod
    def of_environment(cls) -> Self | None:
        """None where it is off; a stepped clock's seconds are nobody's."""
        said = Limits().rate
        return None if said == "off" or clock.is_stepped() else cls(parse(said))

    @property
    def policy(self) -> str:
        """The allowance as a header says it."""
        return f"q={self._allowance.amount};w={self._allowance.get_expiry()}"

    async def take(self, key: str) -> Turn:
        """One request of a key."""
        passes = await self._limiter.hit(self._allowance, key)
        again_at, left = await self._limiter.get_window_stats(self._allowance, key)
        return Turn(passes, left, max(1, math.ceil(again_at - time.time())))
