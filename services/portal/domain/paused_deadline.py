"""A clock that stands still and runs again: what it began with stays known, so that its end can be explained."""

from datetime import datetime
from typing import Any

_STOPPED = "stopped_door"


def move_door(body: dict[str, Any], name: str, due_at: datetime | None, at: datetime) -> None:
    """Stops the clock of a record's door, or lets it run to another end; since when it runs and its pauses are kept."""
    if due_at is None:
        if deadline := body.get("door"):
            body[_STOPPED] = {**deadline, "stopped_at": at}
        body["door"] = None
        return
    stopped = body.pop(_STOPPED, None)
    known = body.get("door") or stopped or {}
    deadline = {"name": name, "due_at": due_at}
    if known.get("name") == name:
        pauses = [*known.get("pauses", ()), *([[stopped["stopped_at"], at]] if stopped else [])]
        deadline |= {"since": known.get("since"), **({"pauses": pauses} if pauses else {})}
    body["door"] = deadline


def stop(body: dict[str, Any], at: datetime) -> None:
    """The clock of a report stands still."""
    body.setdefault("stopped_at", at)


def run_again(body: dict[str, Any], at: datetime) -> None:
    """The clock of a report runs again; for how long it stood still is kept."""
    if stopped_at := body.pop("stopped_at", None):
        body["pauses"] = [*body.get("pauses", ()), [stopped_at, at]]
