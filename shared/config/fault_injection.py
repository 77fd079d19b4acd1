"""Failpoints at which a chaos run may kill the process or pause it; without one they cost nothing."""

import asyncio
import os
import signal
from pathlib import Path

_KILL_AT = os.environ.get("REHAB_CRASH_AT", "")
_ONCE = os.environ.get("REHAB_CRASH_ONCE", "")
_WIDEN = dict(p.split("=") for p in os.environ.get("REHAB_WIDEN", "").split(",") if p)


async def failpoint(name: str) -> None:
    """Pause or kill the process at this point when the environment says so."""
    if pause := _WIDEN.get(name):
        await asyncio.sleep(float(pause))
    if name == _KILL_AT:
        _die()


def _die() -> None:
    """Kill the process, unless REHAB_CRASH_ONCE names a file that shows that it was done before."""
    if _ONCE and Path(_ONCE).exists():
        return
    if _ONCE:
        Path(_ONCE).touch()
    os.kill(os.getpid(), signal.SIGKILL)
