"""The checker of a chaos run finds what it looks for."""

import pytest

from tests.chaos.checker import Link, Report, Seen, check

LINK = Link("in", "asked", "out", frozenset({"done", "refused"}))


def asked(n: int, key: str = "k", event_id: str = "") -> Seen:
    return Seen("in", key, n, event_id or f"{key}/a{n}", "", "asked")


def done(n: int, key: str = "k", cause: str = "", event_id: str = "") -> Seen:
    return Seen("out", key, n, event_id or f"{key}/d{n}", cause or f"{key}/a{n}", "done")


GOOD = [asked(1), done(1), asked(2), asked(1, "l"), done(2), done(1, "l")]


def found(records: list[Seen]) -> Report:
    return check(records, [LINK])


def test_what_is_whole_is_clean() -> None:
    report = found(GOOD)
    assert (report.is_clean, report.repeats, report.events) == (True, 0, {"in": 3, "out": 3})


def test_repeats_are_counted_and_are_no_fault() -> None:
    report = found([*GOOD, done(1), done(2), asked(1)])
    assert (report.is_clean, report.repeats) == (True, 3)


@pytest.mark.parametrize(
    ("records", "lost", "double", "gaps"),
    [
        ([asked(1), asked(2), done(1)], 1, 0, 0),
        ([asked(1), done(1), done(2, cause="k/a1")], 0, 1, 0),
        ([asked(1), done(1), asked(2), done(3, cause="k/a2")], 0, 0, 1),
        ([asked(1), asked(2), done(2), done(1)], 0, 0, 2),
        ([asked(1), done(1), done(1, event_id="other", cause="k/a1")], 0, 2, 0),
        ([asked(2), done(1, cause="k/a2")], 0, 0, 1),
    ],
    ids=["lost", "two effects", "a gap", "out of order", "two events at a place", "the beginning is missing"],
)
def test_what_is_wrong_is_counted(records: list[Seen], lost: int, double: int, gaps: int) -> None:
    report = found(records)
    assert (report.lost, report.double, report.gaps) == (lost, double, gaps)
    assert not report.is_clean
    assert report.faults


def test_an_effect_from_nowhere_is_a_fault() -> None:
    assert found([asked(1), done(1), done(2, cause="nobody")]).faults


def test_a_topic_without_places_is_judged_by_ids() -> None:
    report = found([asked(0, event_id="x"), asked(0, event_id="y"), asked(0, event_id="x"), done(1, cause="x")])
    assert (report.repeats, report.lost, report.gaps) == (1, 1, 0)
