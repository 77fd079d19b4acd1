"""The state of a claim on a day, read from everything the insurer ever said, by effective date."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from simulation.claims_system.record_validity import Data, Verdict

_LAYS_DOWN = {
    "claim-accepted": "accepted",
    "claim-pended": "pended",
    "claim-suspended": "suspended",
    "claim-disallowed": "disallowed",
    "claim-closed": "closed",
}
_LIFTS = {"claim-resumed": ("suspended", "pended"), "claim-reopened": ("closed",)}
_AT_ONCE = timedelta(milliseconds=2)  # the topic's clock counts no less
_FACTS = (*_LAYS_DOWN, *_LIFTS, "claim-amended", "worker-moved")


class Read(NamedTuple):
    """A valid record that is no duplicate, and when it was read."""

    at: datetime
    verdict: Verdict


class ClaimStatement(NamedTuple):
    """One thing said of a claim that may change what holds, in the order in which they take effect."""

    effective_on: date
    decided_on: date
    time: datetime
    place: int
    words: str
    data: Data
    read_at: datetime


class Holding(NamedTuple):
    """The values that hold on a day; no standing before the first that was laid down."""

    standing: str | None = None
    areas: tuple[tuple[str, str], ...] = ()
    injury: Data | None = None
    community: str | None = None


def words_of(verdict: Verdict) -> str:
    """The name of the type without owner and version."""
    return verdict.type.split(".")[1]


def said_of(read: Read, place: int, zone: ZoneInfo) -> ClaimStatement | None:
    """A record as a part of the history; None when it changes nothing of it."""
    verdict = read.verdict
    words, data = words_of(verdict), verdict.data
    if words not in _FACTS:
        return None
    time = datetime.fromisoformat(verdict.time.upper())
    decided = data.get("decided_on") or time.astimezone(zone).date().isoformat()
    effective = data["moved_on"] if words == "worker-moved" else data["effective_on"]
    return ClaimStatement(date.fromisoformat(effective), date.fromisoformat(decided), time, place, words, data, read.at)


class History:
    """Everything said of one claim so far."""

    def __init__(self, said: Sequence[ClaimStatement] = ()) -> None:
        """Nothing yet, or what was sorted already."""
        self._said = list(said)
        self.accepted_ever = False

    def add(self, said: ClaimStatement) -> None:
        """One more; it takes effect at its place, wherever that is."""
        self._said = sorted([*self._said, said], key=lambda one: one[:4])
        self.accepted_ever |= said.words == "claim-accepted"

    def holding_on(self, day: date) -> Holding:
        """Return what holds on a day."""
        held = Holding()
        for said in self._said:
            if said.effective_on <= day:
                held = _after(held, said)
        return held

    def judged_on(self, day: date) -> Holding:
        """Return what a day is judged by: one before the first interval counts as the first, each fact for itself."""
        held = self.holding_on(max(day, self._first_day(day)))
        return held._replace(
            areas=held.areas or self._first(lambda one: one.areas) or (),
            injury=held.injury or self._first(lambda one: one.injury),
            community=held.community or self._first(lambda one: one.community),
        )

    def communities_on(self, day: date, known_at: datetime) -> set[str | None]:
        """Where the worker lives on a day, as known at an instant, with and without what was read at that instant."""
        cuts = (known_at, known_at - _AT_ONCE)
        return {History([said for said in self._said if said.read_at <= cut]).judged_on(day).community for cut in cuts}

    def days(self) -> Sequence[date]:
        """The days on which something takes effect."""
        return sorted({said.effective_on for said in self._said})

    def _first_day(self, day: date) -> date:
        return next((said.effective_on for said in self._said if said.words in _LAYS_DOWN), day)

    def _first(self, fact: Callable[[Holding], Any]) -> Any:  # noqa: ANN401 - whichever fact is asked for
        return next((found for said in self._said if (found := fact(_after(Holding(), said)))), None)


def _after(held: Holding, said: ClaimStatement) -> Holding:
    return Holding(
        _standing(held.standing, said.words),
        tuple((area["body_part"], area["side"]) for area in said.data.get("accepted_areas", ())) or held.areas,
        said.data.get("injury") or held.injury,
        said.data.get("worker", said.data).get("community") or held.community,
    )


def _standing(before: str | None, words: str) -> str | None:
    if words in _LAYS_DOWN:
        return _LAYS_DOWN[words]
    return "accepted" if before in _LIFTS.get(words, ()) else before
