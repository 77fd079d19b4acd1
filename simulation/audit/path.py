"""Every referral goes a way that the rules allow."""

from collections.abc import Iterable, Iterator, Mapping

from simulation.audit.observations import Books
from simulation.clients.topics import Announced

NEW = "NEW"
_NOT_HELD = {NEW, "WITHDRAWN", "NOT_ADMITTED", "CLOSED", "CLOSED_NOT_STARTED"}
SOUGHT = {"MATCHED", "OFFERED", "ACKNOWLEDGED"}  # a clinic is being sought
_UNANSWERED = {
    "referral-declined": "MATCHED",
    "referral-lapsed": "MATCHED",
    "referral-offer-withdrawn": "MATCHED",
}
STEPS: Mapping[str, Mapping[str, str]] = {
    NEW: {"referral-created": "MATCHED", "referral-not-admitted": "NOT_ADMITTED"},
    "MATCHED": {
        "program-selected": "MATCHED",
        "referral-offered": "OFFERED",
        "referral-unplaced": "UNPLACED",
        "referral-withdrawn": "WITHDRAWN",
    },
    "OFFERED": {"referral-acknowledged": "ACKNOWLEDGED", **_UNANSWERED},
    "ACKNOWLEDGED": {"referral-accepted": "ACCEPTED", **_UNANSWERED},
    "ACCEPTED": {
        "appointment-booked": "SCHEDULED",
        "referral-withdrawn": "WITHDRAWN",
        "referral-closed-not-started": "CLOSED_NOT_STARTED",
    },
    "SCHEDULED": {
        "appointment-moved": "SCHEDULED",
        "appointment-missed": "SCHEDULED",
        "program-started": "ACTIVE",
        "referral-withdrawn": "WITHDRAWN",
        "referral-closed-not-started": "CLOSED_NOT_STARTED",
    },
    "UNPLACED": {
        "program-selected": "UNPLACED",
        "referral-offered": "OFFERED",
        "referral-unplaced": "UNPLACED",
        "referral-withdrawn": "WITHDRAWN",
    },
    "ACTIVE": {
        "program-ended": "ACTIVE",
        "referral-discharged": "DISCHARGED",
        "referral-withdrawn": "WITHDRAWN",
    },
    "DISCHARGED": {"referral-closed": "CLOSED"},
    "WITHDRAWN": {"referral-closed": "CLOSED"},
}
_MOVES = {words for steps in STEPS.values() for words in steps}
_HELD_TAKES = {"referral-withdrawn", "referral-offer-withdrawn"}


class Way:
    """Where a referral stands after what was said of it so far."""

    def __init__(self, said: Iterable[Announced] = ()) -> None:
        """Nothing, or what was said already."""
        self.state, self.holds = NEW, set[str]()
        for one in said:
            self.go(one)

    def go(self, one: Announced) -> str:
        """One word further; why it should not have been said, empty when it may be."""
        fault = self._fault(one)
        cause = str(one.data.get("cause"))
        if one.event_name == "referral-held":
            self.holds.add(cause)
        elif one.event_name == "referral-resumed":
            self.holds.discard(cause)
        elif one.event_name == "referral-withdrawn":
            self.holds.clear()
        self.state = STEPS.get(self.state, {}).get(one.event_name, self.state)
        return fault

    def _fault(self, one: Announced) -> str:
        cause = str(one.data.get("cause"))
        if one.event_name == "referral-held":
            return f"is {self.state} and held for {cause}" if cause in self.holds or self.state in _NOT_HELD else ""
        if one.event_name == "referral-resumed":
            still = set(one.data.get("still_held", ()))
            right = cause in self.holds and still == self.holds - {cause}
            return "" if right else f"is resumed from {cause}, held for {sorted(self.holds)}, still for {sorted(still)}"
        if one.event_name in _MOVES and one.event_name not in STEPS.get(self.state, {}):
            return f"is {self.state} and takes {one.event_name}"
        return f"is held and takes {one.event_name}" if self.holds and one.event_name in _MOVES - _HELD_TAKES else ""


def legal(books: Books) -> Iterator[str]:
    """Step by step from the first word to the last; what is held takes nothing but its end."""
    for key, said in books.referrals.items():
        way = Way()
        for one in said:
            if fault := way.go(one):
                yield f"the referral {key} {fault}"


def placed_at_the_end(books: Books) -> Iterator[str]:
    """Nothing waits for ever: what is not held was offered or is unplaced, and every offer was answered or lapsed."""
    for key, said in books.referrals.items():
        way = Way(said)
        if way.state in SOUGHT and not way.holds:
            yield f"the referral {key} is still {way.state} at the end"


def state_of(said: Iterable[Announced]) -> str:
    """Where a referral stands."""
    return Way(said).state
