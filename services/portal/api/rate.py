"""How often one key may ask: so many a second, with a burst; counted in real time, in this process."""

import math
import time
from typing import NamedTuple, Self

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import clock

_MOST_KEYS = 10_000  # beyond, those that have all their burst again are forgotten


class Limits(BaseSettings):
    """REHAB_PORTAL_RATE: `<a second>/<burst>`, or `off`."""

    model_config = SettingsConfigDict(env_prefix="REHAB_PORTAL_", extra="ignore", hide_input_in_errors=True)

    rate: str = "20/60"


class Turn(NamedTuple):
    """Whether a request may pass, how many more could follow at once, and in how many seconds one may at the latest."""

    passes: bool
    left: int
    wait: int


class Rate:
    """The generic cell rate algorithm: one instant a key, at which its burst would be whole again."""

    def __init__(self, a_second: float, burst: int) -> None:
        """Nobody has asked yet."""
        self.a_second, self.burst = a_second, burst
        self._whole_at: dict[bytes, float] = {}

    @classmethod
    def of_environment(cls) -> Self | None:
        """None where it is off; a stepped clock's seconds are nobody's."""
        said = Limits().rate
        if said == "off" or clock.is_stepped():
            return None
        a_second, _, burst = said.partition("/")
        return cls(float(a_second), int(burst))

    def take(self, key: bytes, now: float | None = None) -> Turn:
        """One request of a key."""
        at = time.monotonic() if now is None else now
        whole_at = max(self._whole_at.get(key, at), at) + 1 / self.a_second
        owed = (whole_at - at) * self.a_second
        if owed > self.burst:
            return Turn(passes=False, left=0, wait=max(1, math.ceil((owed - self.burst) / self.a_second)))
        self._note(key, whole_at, at)
        return Turn(passes=True, left=int(self.burst - owed), wait=math.ceil(1 / self.a_second))

    def _note(self, key: bytes, whole_at: float, at: float) -> None:
        if len(self._whole_at) > _MOST_KEYS:
            self._whole_at = {k: t for k, t in self._whole_at.items() if t > at}
        self._whole_at[key] = whole_at
