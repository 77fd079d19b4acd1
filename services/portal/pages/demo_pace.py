"""On one machine the days can be slowed down, sped up and stopped from the page that says which day it is."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

PACES = ("paused", "slow", "steady", "fast")
_FILE = "REHAB_PACE"  # where the player of the days looks how fast they go; nowhere but on one machine


@cache
def _place() -> Path | None:
    named = os.environ.get(_FILE)
    return Path(named) if named else None


def shown() -> dict[str, Any] | None:
    """How fast the days go; nothing where they go by themselves."""
    place = _place()
    if place is None:
        return None
    said = json.loads(place.read_text()) if place.exists() else {}
    return {"pace": said.get("pace", "fast"), "paces": PACES}


def set_pace(pace: str) -> bool:
    """Set the pace; return False where there is no such pace, or no play that goes by it."""
    place = _place()
    if place is None or pace not in PACES:
        return False
    new = place.with_suffix(".new")
    new.write_text(json.dumps({"pace": pace}))
    new.replace(place)
    return True
