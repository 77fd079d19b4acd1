"""Every referral goes a way that the rules allow."""

from collections.abc import Iterator, Mapping, Sequence

from simulation.books import Books
from simulation.topics import Announced

_NEW, _OVER = "NEW", {"WITHDRAWN", "NOT_ADMITTED", "CLOSED", "CLOSED_NOT_STARTED"}
_UNANSWERED = {
    "referral-declined": "MATCHED",
    "referral-lapsed": "MATCHED",
    "referral-offer-withdrawn": "MATCHED",
    "referral-withdrawn": "WITHDRAWN",
}
_STEPS: Mapping[str, Mapping[str, str]] = {
    _NEW: {"referral-created": "MATCHED", "referral-not-admitted": "NOT_ADMITTED"},
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
        "appointment-booked": "SCHEDULED",
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
}
_MOVES = {words for steps in _STEPS.values() for words in steps}
_HELD_TAKES = {"referral-withdrawn", "referral-offer-withdrawn"}


def legal(books: Books) -> Iterator[str]:
    """Step by step from the first word to the last; what is held takes nothing but its end."""
    for key, said in books.referrals.items():
        state, holds = _NEW, set[str]()
        for one in said:
            if one.words == "referral-held":
                holds.add(one.data["cause"])
            elif one.words == "referral-resumed":
                holds.discard(one.data["cause"])
            elif one.words in _MOVES:
                if one.words not in _STEPS.get(state, {}):
                    yield f"the referral {key} is {state} and takes {one.words}"
                elif holds and one.words not in _HELD_TAKES:
                    yield f"the referral {key} is held and takes {one.words}"
                state = _STEPS.get(state, {}).get(one.words, state)


def holds_are_causes(books: Books) -> Iterator[str]:
    """A cause holds once, only what holds is lifted, and nothing is held that is over."""
    for key, said in books.referrals.items():
        holds: set[str] = set()
        for n, one in enumerate(said):
            cause = str(one.data.get("cause"))
            if one.words == "referral-held":
                if cause in holds or state_of(said[:n]) in _OVER | {_NEW}:
                    yield f"the referral {key} is held for {cause} when it cannot be"
                holds.add(cause)
            elif one.words == "referral-resumed":
                if cause not in holds:
                    yield f"the referral {key} is resumed from {cause} and was not held for it"
                holds.discard(cause)
                if set(one.data.get("still_held", ())) != holds:
                    yield f"the referral {key} says that it is still held for something else than {sorted(holds)}"


def placed_at_the_end(books: Books) -> Iterator[str]:
    """Nothing waits for ever: what is not held was offered or is unplaced, and every offer was answered or lapsed."""
    for key, said in books.referrals.items():
        state = state_of(said)
        if state in {"MATCHED", "OFFERED", "ACKNOWLEDGED"} and not is_held(said):
            yield f"the referral {key} is still {state} at the end"


def state_of(said: Sequence[Announced]) -> str:
    """Where a referral stands after what was said of it."""
    state = _NEW
    for one in said:
        state = _STEPS.get(state, {}).get(one.words, state)
    return state


def is_held(said: Sequence[Announced]) -> bool:
    """Whether a cause still holds it."""
    holds: set[str] = set()
    for one in said:
        if one.words == "referral-held":
            holds.add(one.data["cause"])
        elif one.words == "referral-resumed":
            holds.discard(one.data["cause"])
    return bool(holds)
