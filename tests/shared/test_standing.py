"""Standing is read by effective date, whatever the order in which it was said."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.events.values import Area, Injury, Interval, Standing
from shared.placement.standing import Fact, FactKind, fold, holding_on, judged_on, next_after, standing_on

LUMBAR = Area(body_part="23100", side="N")
KNEE = Area(body_part="41200", side="L")
STRAIN = Injury(body_part="23100", nature="02100", side="N", occurred_on=date(2024, 9, 1))
SCIATICA = Injury(body_part="23100", nature="17210", side="N", occurred_on=date(2024, 9, 1))


def day(n: int) -> date:
    """The n-th of September 2024, and on."""
    return date(2024, 8, 31) + timedelta(days=n)


def said(
    kind: FactKind,
    effective: int,
    decided: int | None = None,
    hour: int = 12,
    reason: str | None = None,
    **facts: object,
) -> Fact:
    """Decided on the day it takes effect unless said otherwise."""
    on = day(effective if decided is None else decided)
    at = datetime(on.year, on.month, on.day, hour, tzinfo=UTC)
    if kind == "accepted":
        facts = {"areas": (LUMBAR,), "injury": STRAIN, "community": "Quesnel"} | facts
    return Fact(kind, day(effective), on, at, reason, **facts)  # type: ignore[arg-type]  # members by name


def course(*facts: Fact) -> list[tuple[int, Standing]]:
    """From which day which standing."""
    return [((i.from_on - day(0)).days, i.standing) for i in fold(facts)]


def test_an_accepted_claim_stands_from_its_effective_date() -> None:
    assert fold([said("accepted", 3, decided=16)]) == (
        Interval(
            from_on=day(3), standing="accepted", areas=(LUMBAR,), injury=STRAIN, community="Quesnel", reason_code=None
        ),
    )


def test_nothing_said_is_no_standing() -> None:
    assert fold([]) == ()


def test_a_suspension_that_is_resumed_stands_as_accepted_again() -> None:
    facts = [
        said("accepted", 1),
        said("suspended", 10, reason="refused_examination"),
        said("resumed", 20, reason="complied"),
    ]
    assert course(*facts) == [(1, "accepted"), (10, "suspended"), (20, "accepted")]
    assert [i.reason_code for i in fold(facts)] == [None, "refused_examination", "complied"]


def test_a_pending_before_the_acceptance_is_part_of_the_history() -> None:
    assert course(said("pended", 1), said("accepted", 5)) == [(1, "pended"), (5, "accepted")]


def test_a_resumption_lifts_a_pending() -> None:
    assert course(said("accepted", 1), said("pended", 5), said("resumed", 7))[-1] == (7, "accepted")


def test_a_resumption_of_a_disallowed_claim_is_recorded_and_the_standing_stays() -> None:
    assert course(said("accepted", 1), said("disallowed", 5), said("resumed", 7)) == [
        (1, "accepted"),
        (5, "disallowed"),
    ]


def test_a_resumption_of_a_closed_claim_is_recorded_and_the_standing_stays() -> None:
    assert course(said("accepted", 1), said("closed", 5), said("resumed", 7)) == [(1, "accepted"), (5, "closed")]


def test_a_reopening_lifts_a_closure() -> None:
    assert course(said("accepted", 1), said("closed", 5), said("reopened", 7))[-1] == (7, "accepted")


def test_a_reopening_of_a_suspended_claim_is_recorded_and_the_standing_stays() -> None:
    assert course(said("accepted", 1), said("suspended", 5), said("reopened", 7)) == [(1, "accepted"), (5, "suspended")]


def test_a_reopening_of_a_disallowed_claim_is_recorded_and_the_standing_stays() -> None:
    assert course(said("accepted", 1), said("disallowed", 5), said("reopened", 7))[-1] == (5, "disallowed")


def test_a_disallowed_claim_can_be_accepted_again() -> None:
    assert course(said("accepted", 1), said("disallowed", 5), said("accepted", 9))[-1] == (9, "accepted")


def test_a_resumption_with_nothing_before_it_gives_no_standing() -> None:
    assert course(said("resumed", 3), said("accepted", 9)) == [(9, "accepted")]


def test_a_late_suspension_takes_its_place_in_the_past() -> None:
    assert course(said("accepted", 1), said("closed", 30), said("suspended", 10, decided=40)) == [
        (1, "accepted"), (10, "suspended"), (30, "closed"),
    ]  # fmt: skip


def test_of_two_with_one_effective_date_the_later_decision_holds() -> None:
    accepted, closed, suspended = said("accepted", 1), said("closed", 10, decided=20), said("suspended", 10, decided=12)
    assert course(accepted, closed, suspended) == [(1, "accepted"), (10, "closed")]


def test_of_two_decided_on_one_day_the_one_said_later_holds() -> None:
    accepted, closed, suspended = said("accepted", 1), said("closed", 10, hour=15), said("suspended", 10, hour=9)
    assert course(accepted, closed, suspended) == [(1, "accepted"), (10, "closed")]


def test_of_two_equal_in_all_the_one_read_later_holds() -> None:
    accepted, closed, suspended = said("accepted", 1), said("closed", 10), said("suspended", 10)
    assert course(accepted, closed, suspended)[-1] == (10, "suspended")
    assert course(accepted, suspended, closed)[-1] == (10, "closed")


def test_a_suspension_resumed_from_its_first_day_leaves_only_its_reason() -> None:
    assert course(said("accepted", 1), said("suspended", 10), said("resumed", 10, decided=15, reason="in_error")) == [
        (1, "accepted"), (10, "accepted"),
    ]  # fmt: skip


def test_the_same_said_twice_is_one_interval() -> None:
    assert course(said("accepted", 1), said("suspended", 10), said("suspended", 12)) == [
        (1, "accepted"),
        (10, "suspended"),
    ]


def test_a_suspension_for_another_reason_is_another_interval() -> None:
    assert course(said("accepted", 1), said("suspended", 10, reason="a"), said("suspended", 12, reason="b"))[1:] == [
        (10, "suspended"), (12, "suspended"),
    ]  # fmt: skip


def test_amended_areas_hold_from_their_effective_date() -> None:
    first, second = fold([said("accepted", 1), said("amended", 8, areas=(LUMBAR, KNEE))])
    assert (first.areas, second.areas) == ((LUMBAR,), (LUMBAR, KNEE))
    assert second.injury == STRAIN


def test_an_amended_injury_replaces_the_injury_from_its_effective_date() -> None:
    first, second = fold([said("accepted", 1), said("amended", 8, injury=SCIATICA)])
    assert (first.injury, second.injury) == (STRAIN, SCIATICA)
    assert second.areas == (LUMBAR,)


def test_an_amendment_does_not_lift_a_suspension() -> None:
    assert course(said("accepted", 1), said("suspended", 5), said("amended", 8, areas=(KNEE,)))[-1] == (8, "suspended")


def test_an_amendment_that_was_said_before_its_claim_was_accepted_waits_for_it() -> None:
    (only,) = fold([said("amended", 1, areas=(KNEE,)), said("accepted", 1, decided=9)])
    assert only.areas == (LUMBAR,)


def test_an_amendment_of_the_acceptances_own_date_holds_when_it_is_decided_later() -> None:
    (only,) = fold([said("accepted", 1, decided=5), said("amended", 1, decided=9, areas=(KNEE,))])
    assert only.areas == (KNEE,)


def test_a_move_changes_the_community_from_its_day() -> None:
    facts = fold([said("accepted", 1), said("moved", 15, decided=10, community="Victoria")])
    assert [(i.from_on, i.community) for i in facts] == [(day(1), "Quesnel"), (day(15), "Victoria")]


def test_a_move_before_any_standing_is_known_to_the_first() -> None:
    (only,) = fold([said("moved", 1, community="Victoria"), said("pended", 4)])
    assert only.community == "Victoria"


def test_a_day_before_the_first_interval_is_judged_by_the_first_but_nothing_holds_on_it() -> None:
    intervals = fold([said("accepted", 10)])
    assert standing_on(intervals, day(3)) == intervals[0]
    assert holding_on(intervals, day(3)) is None
    assert standing_on((), day(3)) is None


def test_what_was_not_yet_said_on_a_day_is_judged_as_first_said() -> None:
    intervals = fold([said("pended", 1), said("accepted", 10), said("moved", 20, community="Victoria")])
    judged = judged_on(intervals, day(3))
    assert judged is not None
    assert (judged.standing, judged.injury, judged.areas) == ("pended", STRAIN, (LUMBAR,))
    assert judged.community == "Quesnel"
    assert judged_on((), day(3)) is None


def test_an_interval_holds_from_its_first_day_until_the_day_before_the_next() -> None:
    intervals = fold([said("accepted", 1), said("suspended", 10)])
    assert [holding_on(intervals, day(n)) for n in (1, 9, 10, 99)] == [
        intervals[0], intervals[0], intervals[1], intervals[1],
    ]  # fmt: skip


def test_the_next_date_ahead_is_the_first_after_today() -> None:
    intervals = fold([said("accepted", 1), said("suspended", 10), said("resumed", 20)])
    assert next_after(intervals, day(1)) == day(10)
    assert next_after(intervals, day(10)) == day(20)
    assert next_after(intervals, day(20)) is None


KINDS: list[FactKind] = [
    "accepted", "pended", "suspended", "resumed", "disallowed", "closed", "reopened", "amended", "moved",
]  # fmt: skip
facts_ = st.builds(
    said,
    st.sampled_from(KINDS),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 23),
    st.sampled_from(["a", "b"]),
    community=st.sampled_from([None, "Quesnel", "Victoria"]),
)


@given(st.lists(facts_, max_size=10, unique_by=lambda f: (f.effective_on, f.said_at)), st.randoms())
def test_the_order_of_reading_matters_only_among_equals(facts: list[Fact], random: object) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a Random
    assert fold(shuffled) == fold(facts)


@given(st.lists(facts_, max_size=10))
def test_intervals_begin_on_rising_days_and_each_differs_from_the_one_before(facts: list[Fact]) -> None:
    intervals = fold(facts)
    for before, after in pairwise(intervals):
        assert before.from_on < after.from_on
        assert before.model_dump(exclude={"from_on"}) != after.model_dump(exclude={"from_on"})


@given(st.lists(facts_, max_size=10))
def test_what_is_said_again_word_for_word_changes_nothing(facts: list[Fact]) -> None:
    again = [fact for fact in facts for _ in range(2)]
    assert fold(again) == fold(facts)
