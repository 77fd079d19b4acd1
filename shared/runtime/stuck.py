"""Detection of work that is tried for too long while broker and database answer."""

import contextlib
import time
from collections.abc import Iterator
from itertools import count

WHATS = ("batch", "wave", "sweep", "reading")  # of records, of the relay, of parked records and timers; positions


class Watch:
    """The tries of one process; time in which broker or database were away does not count."""

    def __init__(self, patience: float) -> None:
        """Start without a try; `patience` is in seconds."""
        self.patience = patience
        self._since: dict[tuple[str, int], float] = {}
        self._answered_since = time.monotonic()
        self._numbers = count(1)

    @contextlib.contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Count from the first try until the block ends, however often it fails in between."""
        token = what, next(self._numbers)
        self._since[token] = time.monotonic()
        try:
            yield
        finally:
            del self._since[token]

    def failed(self, what: str) -> None:
        """Count from the first failure on."""
        self._since.setdefault((what, 0), time.monotonic())

    def worked(self, what: str) -> None:
        """Stop counting."""
        self._since.pop((what, 0), None)

    def away(self) -> None:
        """Count anew: broker or database do not answer."""
        self._answered_since = time.monotonic()

    def longest(self) -> float:
        """Return for how many seconds the oldest try has lasted."""
        return time.monotonic() - min(self._since.values(), default=time.monotonic())

    def stuck(self) -> dict[str, bool]:
        """Return by name whether each try has lasted longer than the patience."""
        since = dict.fromkeys(WHATS, time.monotonic())
        for (what, _), began in self._since.items():
            since[what] = min(since[what], max(began, self._answered_since))
        return {what: time.monotonic() - began > self.patience for what, began in since.items()}
