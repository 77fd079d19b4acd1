"""Clocks of deadlines and reports that stop and run again, with the pauses that explain their end."""

from datetime import datetime
from typing import Any

_PAUSED = "stopped_door"


def redate_deadline(body: dict[str, Any], name: str, due_at: datetime | None, at: datetime) -> None:
    """Stops the clock of a record's deadline where `due_at` is None, else sets its new end and keeps its pauses."""
    if due_at is None:
        if deadline := body.get("door"):
            body[_PAUSED] = {**deadline, "stopped_at": at}
        body["door"] = None
        return
    paused = body.pop(_PAUSED, None)
    before = body.get("door") or paused or {}
    deadline = {"name": name, "due_at": due_at}
    if before.get("name") == name:
        pauses = [*before.get("pauses", ()), *([[paused["stopped_at"], at]] if paused else [])]
        deadline |= {"since": before.get("since"), **({"pauses": pauses} if pauses else {})}
    body["door"] = deadline


def pause_report(body: dict[str, Any], at: datetime) -> None:
    """Stops the clock of a report."""
    body.setdefault("stopped_at", at)


def resume_report(body: dict[str, Any], at: datetime) -> None:
    """Lets the clock of a report run again, and keeps the pause."""
    if stopped_at := body.pop("stopped_at", None):
        body["pauses"] = [*body.get("pauses", ()), [stopped_at, at]]
