"""Captures of our own."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from simulation.claims_system import capture, claim_histories, malformed_records, record_validity, schemas
from simulation.claims_system.capture import Captured
from simulation.claims_system.generate import Plan, generate

PLAN = Plan(seed=5, from_on=date(2024, 10, 14), days=40, claims=3000)


@pytest.fixture(scope="module")
def records() -> list[Captured]:
    return generate(PLAN)


@pytest.fixture(scope="module")
def verdicts(records: list[Captured]) -> list[record_validity.Verdict]:
    return [
        record_validity.judge(record, record.arrives_at.astimezone(claim_histories.PACIFIC).date())
        for record in records
    ]


def test_the_same_seed_gives_the_same_capture(records: list[Captured]) -> None:
    assert generate(PLAN) == records


def test_another_seed_gives_other_claims(records: list[Captured]) -> None:
    other = generate(PLAN._replace(seed=6))
    assert {record.key for record in other} & {record.key for record in records} <= {
        None,
        b"",
        b"\xff\x00\xfe",
        b"\xff\x00",
    } | {record.key for record in other if (record.key or b"").startswith((b"8", b"7"))}


def test_a_capture_survives_its_file(records: list[Captured], tmp_path: Path) -> None:
    for again in range(2):
        capture.write(tmp_path / f"{again}.jsonl.gz", records)
    assert capture.read(tmp_path / "0.jsonl.gz") == records
    assert (tmp_path / "0.jsonl.gz").read_bytes() == (tmp_path / "1.jsonl.gz").read_bytes()


def test_records_stand_in_order_of_arrival(records: list[Captured]) -> None:
    arrivals = [record.arrives_at for record in records]
    assert arrivals == sorted(arrivals)
    assert arrivals[0].date() < date(2024, 11, 1) < arrivals[-1].date()


def test_all_eleven_types_are_said(verdicts: list[record_validity.Verdict]) -> None:
    assert {verdict.type for verdict in verdicts if verdict.kind == "valid"} == schemas.KNOWN


def test_every_kind_of_bad_record_is_there(verdicts: list[record_validity.Verdict]) -> None:
    reasons = {verdict.reason for verdict in verdicts if verdict.kind == "bad"}
    assert all(any(reason.startswith(kind.reason) for reason in reasons) for kind in malformed_records.KINDS.values())
    assert sum(verdict.kind == "bad" for verdict in verdicts) >= len(malformed_records.KINDS)
    assert sum(verdict.kind == "unknown" for verdict in verdicts) >= 7


def test_some_arrive_twice_and_some_requests_are_said_anew(verdicts: list[record_validity.Verdict]) -> None:
    valid = [verdict for verdict in verdicts if verdict.kind == "valid"]
    ids = Counter(verdict.id for verdict in valid)
    requests = {(verdict.data["request_id"], verdict.id) for verdict in valid if "request_id" in verdict.data}
    assert 0 < sum(count > 1 for count in ids.values()) < len(ids) / 20
    assert len(requests) > len({request for request, _ in requests})


def test_a_bad_record_may_carry_the_id_of_the_right_one_behind_it(verdicts: list[record_validity.Verdict]) -> None:
    bad = {verdict.id for verdict in verdicts if verdict.kind == "bad" and verdict.id}
    assert bad & {verdict.id for verdict in verdicts if verdict.kind == "valid"}


def test_requests_overtake_the_acceptances_they_need_and_some_never_get_one() -> None:
    records = generate(PLAN._replace(claims=3000, seed=8))
    seen: set[str] = set()
    waiting: dict[str, bool] = {}
    for record in records:
        verdict = record_validity.judge(record, record.arrives_at.astimezone(claim_histories.PACIFIC).date())
        number = verdict.data.get("claim_number", "")
        if verdict.type == "claims.claim-accepted.v1" and verdict.kind == "valid":
            seen.add(number)
            waiting.pop(number, None)
        elif "request_id" in verdict.data and number not in seen:
            waiting.setdefault(number, True)
    assert waiting
    assert all(number.startswith("87") for number in waiting)


def test_claims_are_accepted_on_working_days_of_the_stretch(verdicts: list[record_validity.Verdict]) -> None:
    days: dict[str, date] = {}
    for verdict in verdicts:
        if verdict.kind == "valid" and verdict.type == "claims.claim-accepted.v1":
            days.setdefault(verdict.data["claim_number"], date.fromisoformat(verdict.data["decided_on"]))
    assert {day.weekday() for day in days.values()} == set(range(5))
    assert min(days.values()) == PLAN.from_on
    assert max(days.values()) < PLAN.from_on + timedelta(days=PLAN.days)
