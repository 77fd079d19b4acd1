"""A counter."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.decision import Decision, Outcome, SetTimer, refuse
from tests.toy.events import Counted, Pondered

WAKE = "wake"
MOST_ASKED = 3


@dataclass(frozen=True, slots=True)
class Counter:
    """How often."""

    id: str
    version: int = 0
    ticks: int = 0


def count(counter: Counter, *, why: str, by: int = 1, note: str = "") -> Outcome:
    """So many more."""
    ticks = counter.ticks + by
    said = Counted(counter_id=counter.id, ticks=ticks, why=why, note=note)
    return Outcome((Counter(counter.id, counter.version, ticks),), (said,))


def tick(counter: Counter, *, mood: str, note: str, wake_at: datetime | None) -> Decision:
    """Once more, in the mood of the event."""
    counted = count(counter, why="tick", note=note)
    match mood:
        case "raises":
            raise ZeroDivisionError("a bug")
        case "too-low":
            return Outcome((Counter(counter.id, counter.version, -1),))
        case "steps":
            return counted._replace(then=(Pondered(counter_id=counter.id, by=10),))
        case "steps-and-raises":
            return counted._replace(then=(Pondered(counter_id=counter.id, by=0),))
        case "large":
            return Outcome(events=(Counted(counter_id=counter.id, ticks=0, why="x" * 1_000_000),))
        case _ if wake_at:
            return counted._replace(timers=(SetTimer(counter.id, WAKE, wake_at, Pondered(counter_id=counter.id)),))
        case _:
            return counted


def ponder(counter: Counter, *, by: int) -> Decision:
    """A second thought."""
    if not by:
        raise ZeroDivisionError("a bug in the second step")
    return count(counter, why="pondered", by=by)


def grant(counter: Counter, *, by: int) -> Decision:
    """Up to three; nothing is an answer, too."""
    if by > MOST_ASKED:
        return refuse("TOO-MANY", "at most three are granted", "ask for three", "by")
    return count(counter, why="asked", by=by) if by else Outcome()
