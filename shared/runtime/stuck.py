"""What is being tried, since when, and whether it has been tried for too long while broker and database answered."""

import contextlib
import time
from collections.abc import Iterator
from itertools import count

WHATS = ("batch", "wave", "sweep", "reading")  # of records, of the relay, of parked records and timers; positions


class Watch:
    """The tries of one process. Time in which broker or database were away counts for nothing: nobody could get on."""

    def __init__(self, patience: float) -> None:
        """Nothing is tried yet; `patience` is in seconds."""
        self.patience = patience
        self._since: dict[tuple[str, int], float] = {}
        self._answered_since = time.monotonic()
        self._numbers = count(1)

    @contextlib.contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Count from the first try until this ends, however often it fails in between."""
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
        """Begin to count anew: broker or database do not answer."""
        self._answered_since = time.monotonic()

    def longest(self) -> float:
        """How many seconds the oldest try has lasted."""
        return time.monotonic() - min(self._since.values(), default=time.monotonic())

    def stuck(self) -> dict[str, bool]:
        """What has been tried for longer than the patience lasts."""
        since = dict.fromkeys(WHATS, time.monotonic())
        for (what, _), began in self._since.items():
            since[what] = min(since[what], max(began, self._answered_since))
        return {what: time.monotonic() - began > self.patience for what, began in since.items()}
