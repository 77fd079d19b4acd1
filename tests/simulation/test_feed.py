"""Which records of a capture are played."""

from collections import Counter
from datetime import date, timedelta

import pytest

from simulation.claims_system import capture, record_validity
from simulation.claims_system.capture import Captured
from simulation.claims_system.claim_histories import PACIFIC
from simulation.claims_system.feed import ALWAYS, Stretch, select
from simulation.claims_system.generate import Plan, generate

PLAN = Plan(seed=3, from_on=date(2024, 9, 30), days=21, claims=700)
FIRST = Stretch.of(date(2024, 10, 7), 7)


@pytest.fixture(scope="module")
def records() -> list[Captured]:
    return generate(PLAN)


@pytest.fixture(scope="module")
def chosen(records: list[Captured]) -> list[record_validity.Verdict]:
    return [record_validity.judge(one, one.arrives_at.astimezone(PACIFIC).date()) for one in select(records, FIRST)]


def test_without_days_everything_is_played(records: list[Captured]) -> None:
    assert select(records, ALWAYS) == records


def test_every_claim_of_the_week_is_played_whole_and_no_other(
    records: list[Captured], chosen: list[record_validity.Verdict]
) -> None:
    accepted = {
        one.data["claim_number"] for one in chosen if one.type == "claims.claim-accepted.v1" and one.kind == "valid"
    }
    assert 150 < len(accepted) < 350
    whole = [record_validity.judge(one, one.arrives_at.date()) for one in records]
    expected = sum(one.kind == "valid" and one.data["claim_number"] in accepted for one in whole)
    played = [one for one in chosen if one.kind == "valid" and one.data["claim_number"] in accepted]
    assert len(played) == expected
    assert len({one.type for one in played}) > 5


def test_bad_records_and_requests_without_acceptance_are_those_that_arrive_in_the_week(records: list[Captured]) -> None:
    counts: Counter[str] = Counter()
    for one in select(records, FIRST):
        day = one.arrives_at.astimezone(PACIFIC).date()
        verdict = record_validity.judge(one, day)
        if verdict.kind != "valid" or (one.key or b"").startswith(b"87"):
            assert FIRST.holds(day)
            counts[verdict.kind] += 1
    assert counts["bad"] > 3


def test_weeks_together_are_the_whole_but_for_what_arrives_outside(records: list[Captured]) -> None:
    weeks = [select(records, Stretch.of(PLAN.from_on + timedelta(weeks=n), 7)) for n in range(3)]
    lines = Counter(capture.format_line(one) for week in weeks for one in week)
    missing = Counter(capture.format_line(one) for one in records) - lines
    assert sum(lines.values()) + sum(missing.values()) == len(records)
    assert sum(missing.values()) < len(records) / 20
