"""The standing of a claim, derived by effective date from all that the insurer announced of it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from shared.events.values import Area, Injury, Interval, Standing

FactKind: TypeAlias = Literal[
    "accepted",
    "pended",
    "suspended",
    "resumed",
    "disallowed",
    "closed",
    "reopened",
    "amended",
    "moved",
]
_STANDS: dict[FactKind, Standing] = {
    "accepted": "accepted",
    "pended": "pended",
    "suspended": "suspended",
    "disallowed": "disallowed",
    "closed": "closed",
}
_LIFTS: dict[FactKind, frozenset[Standing]] = {
    "resumed": frozenset({"suspended", "pended"}),
    "reopened": frozenset({"closed"}),
}


class Fact(NamedTuple):
    """A fact of a claim, without identity; `decided_on` is the day of `said_at` where none was given."""

    kind: FactKind
    effective_on: date
    decided_on: date
    said_at: datetime
    reason_code: str | None = None
    areas: tuple[Area, ...] = ()
    injury: Injury | None = None
    community: str | None = None
    employer_id: str | None = None
    classification_unit: str | None = None


class _State(NamedTuple):
    """The standing after some facts; `standing` is None before the first fact that gives one."""

    standing: Standing | None = None
    reason_code: str | None = None
    areas: tuple[Area, ...] = ()
    injury: Injury | None = None
    community: str | None = None


def fold(facts: Iterable[Fact]) -> tuple[Interval, ...]:
    """Return the intervals of a claim, from its facts in the order they were read.

    By effective date; of two with the same the later decision holds (`decided_on`, then `said_at`, then order of
    reading). Nothing is listed before the first standing; neighbours that do not differ are one interval.
    """
    intervals: list[Interval] = []
    state = shown = _State()
    for fact, following in pairwise((*sorted(facts, key=_rank), None)):
        if fact is None:
            break
        state = _after(state, fact)
        is_last_of_day = following is None or following.effective_on != fact.effective_on
        if is_last_of_day and state.standing and state != shown:
            intervals.append(_interval(fact.effective_on, state, state.standing))
            shown = state
    return tuple(intervals)


def holding_on(intervals: Sequence[Interval], day: date) -> Interval | None:
    """Return the interval that holds on a day; None when no standing holds yet."""
    for interval in reversed(intervals):
        if interval.from_on <= day:
            return interval
    return None


def standing_on(intervals: Sequence[Interval], day: date) -> Interval | None:
    """Return the interval by which a day is judged: the first one for an earlier day, None when there is none."""
    return holding_on(intervals, day) or (intervals[0] if intervals else None)


def judged_on(intervals: Sequence[Interval], day: date) -> Interval | None:
    """Return the interval of `standing_on`, with missing areas, injury and community as they were first known."""
    interval = standing_on(intervals, day)
    if interval is None or (interval.areas and interval.injury and interval.community):
        return interval
    return interval.model_copy(
        update={
            "areas": interval.areas or next((i.areas for i in intervals if i.areas), ()),
            "injury": interval.injury or next((i.injury for i in intervals if i.injury), None),
            "community": interval.community or next((i.community for i in intervals if i.community), None),
        }
    )


def next_after(intervals: Sequence[Interval], day: date) -> date | None:
    """Return the first day after `day` on which another interval begins, or None."""
    return next((i.from_on for i in intervals if i.from_on > day), None)


def _rank(fact: Fact) -> tuple[date, date, datetime]:
    """Return the sort key by which facts take effect; equal facts keep the order of reading."""
    return fact.effective_on, fact.decided_on, fact.said_at


def _after(state: _State, fact: Fact) -> _State:
    """Return the standing after one more fact."""
    standing, reason_code = state.standing, state.reason_code
    if fact.kind in _STANDS:
        standing, reason_code = _STANDS[fact.kind], fact.reason_code
    elif standing in _LIFTS.get(fact.kind, ()):
        standing, reason_code = "accepted", fact.reason_code
    return _State(
        standing,
        reason_code,
        fact.areas or state.areas,
        fact.injury or state.injury,
        fact.community or state.community,
    )


def _interval(from_on: date, state: _State, standing: Standing) -> Interval:
    """Return a state as it is announced."""
    return Interval(
        from_on=from_on,
        standing=standing,
        reason_code=state.reason_code,
        areas=state.areas,
        injury=state.injury,
        community=state.community,
    )
