"""How fast the days go on one machine, as people set it at the terminal and on the page."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

_SECONDS: Mapping[str, float] = {"slow": 2.0, "steady": 0.4, "fast": 0.05}  # between two stretches
_PAUSED, _AS_IS, _UNSAID = "paused", "steady", "fast"
_LOOK = 0.2  # seconds


class Pace:
    """REHAB_PACE names the file in which it stands; without one the days go as fast as they can be shown."""

    def __init__(self, place: Path | None) -> None:
        """`place` may come into being later."""
        self._place = place

    @classmethod
    def of_environment(cls) -> "Pace":
        """Where the launcher put it."""
        named = os.environ.get("REHAB_PACE")
        return cls(Path(named) if named else None)

    async def wait(self) -> None:
        """Between two stretches; while it is paused the clock stands still, and nothing else does."""
        while (pace := self.current()) == _PAUSED:  # noqa: ASYNC110 - a file says it
            await asyncio.sleep(_LOOK)
        await asyncio.sleep(_SECONDS.get(pace, _SECONDS[_AS_IS]))

    def calm(self) -> None:
        """People have something to do: the days go slowly from here on, unless somebody said how they go."""
        if self._place is not None and not self._place.exists():
            self._place.write_text(json.dumps({"pace": "slow"}))

    def current(self) -> str:
        """Return the pace as it was set last."""
        if self._place is None or not self._place.exists():
            return _UNSAID
        return str(json.loads(self._place.read_text()).get("pace", _AS_IS))


async def without_wait() -> None:
    """No wait between two stretches."""
