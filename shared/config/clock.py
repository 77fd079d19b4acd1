"""The current time: of the real clock, or from a file that a simulator moves forward."""

import json
import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

_NEVER = datetime.min.replace(tzinfo=UTC)


class Tick(NamedTuple):
    """A reading of the clock: the step, the instant, and the instant up to which timers are due.

    `due` is `now`, or an earlier instant while records that arrived at `now` are still being read.
    """

    step: int
    now: datetime
    due: datetime


@cache
def _file() -> Path | None:
    """Return the file of the stepped clock, None unless REHAB_CLOCK is `stepped:<path>`."""
    kind, _, path = os.environ.get("REHAB_CLOCK", "real").partition(":")
    if kind not in {"real", "stepped"}:
        raise ValueError("REHAB_CLOCK is `real` or `stepped:<file>`")
    return Path(path) if kind == "stepped" else None


class _Reader:
    """A reader that reads the clock's file again only when it was replaced."""

    stamp: tuple[int, int] = (0, 0)
    last = Tick(0, _NEVER, _NEVER)

    def read(self, path: Path) -> Tick:
        found = path.stat()
        if (found.st_ino, found.st_mtime_ns) != self.stamp:
            said = json.loads(path.read_text())
            said.setdefault("due", said["now"])
            now, due = (datetime.fromisoformat(said[name]).astimezone(UTC) for name in ("now", "due"))
            self.last = Tick(said["step"], now, due)
            self.stamp = (found.st_ino, found.st_mtime_ns)
        return self.last


_reader = _Reader()


def tick() -> Tick:
    """Return the step and the instant; the real clock stays at step 0."""
    path = _file()
    return Tick(0, now := datetime.now(UTC), now) if path is None else _reader.read(path)


def now() -> datetime:
    """Return the current instant in UTC, aware of its zone."""
    return tick().now


def is_stepped() -> bool:
    """Return whether a simulator moves the clock."""
    return _file() is not None
