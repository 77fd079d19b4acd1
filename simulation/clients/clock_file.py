"""The file that says what time it is for every service: moved forward here, and only forward."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

_INSTANT = timedelta(microseconds=1)  # no two instants lie closer together
_UNSET = datetime.min.replace(tzinfo=UTC)


class ClockFile:
    """REHAB_CLOCK is `stepped:<this file>`."""

    def __init__(self, path: Path) -> None:
        """Read where it stands, if it stands already."""
        self.path = path
        self.step, self._now = 0, _UNSET
        if path.exists():
            said = json.loads(path.read_text())
            self.step, self._now = int(said["step"]), datetime.fromisoformat(said["now"])

    @property
    def is_set(self) -> bool:
        """Return whether it was ever set."""
        return self.step > 0

    @property
    def now(self) -> datetime:
        """The instant it shows."""
        if not self.is_set:
            raise ValueError("the clock was never set")
        return self._now

    def set(self, now: datetime, *, timers_wait: bool = False) -> None:
        """One step further; the file is replaced whole, so that nobody reads half of it.

        Timers that are due at this very instant wait for another step where that is said.
        """
        if now < self._now:
            raise ValueError(f"the clock stands at {self._now} and cannot go back to {now}")
        self.step, self._now = self.step + 1, now.astimezone(UTC)
        new = self.path.with_suffix(".new")
        said = {"step": self.step, "now": self._now.isoformat()}
        if timers_wait:
            said["due"] = (self._now - _INSTANT).isoformat()
        new.write_text(json.dumps(said))
        os.replace(new, self.path)  # noqa: PTH105 - atomic, and said so


def of_environment(value: str) -> ClockFile:
    """The clock that REHAB_CLOCK names."""
    kind, _, path = value.partition(":")
    if kind != "stepped":
        raise ValueError("only a stepped clock can be moved: REHAB_CLOCK is stepped:<file>")
    return ClockFile(Path(path))
