"""Waiting for a condition, with an end."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, within: float, what: str) -> None:
    """Return as soon as the condition holds; TimeoutError names what did not happen within so many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(0.02)
