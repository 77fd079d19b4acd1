"""How far a long play has come, on one line."""

import sys
import time

from simulation.claims_system.claim_histories import PACIFIC
from simulation.run.play import Progress


class Gauge:
    """One line that says how far a long play has come."""

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self._began = time.monotonic()
        self._last = 0.0
        self._pause = 0.5 if sys.stderr.isatty() else 15.0

    def __call__(self, progress: Progress) -> None:
        """Not more often than a person can read."""
        now = time.monotonic()
        if now - self._last < self._pause:
            return
        self._last = now
        waiting = progress.waiting
        self._write(
            f"{progress.now.astimezone(PACIFIC):%a %d %b %Y %H:%M}  {progress.played} of {progress.records} records,"
            f" {len(waiting.requests)} requests, {len(waiting.decided)} decided,"
            f" {waiting.unanswered} unanswered, {now - self._began:.0f} s"
        )

    @staticmethod
    def _write(line: str) -> None:
        start, end = ("\r\x1b[K", "") if sys.stderr.isatty() else ("", "\n")
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)  # noqa: T201 - to a person
