"""The auditor's judgement of what arrives on `claims`."""

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simulation.claims_system import (
    capture,
    claim_histories,
    cloudevents_encoding,
    malformed_records,
    record_validity,
    schemas,
)
from simulation.claims_system.capture import Captured
from simulation.claims_system.cloudevents_encoding import Event, Post

AUTUMN = Path(capture.__file__).parents[1] / "captures" / "claims-autumn-2024.jsonl.gz"
ON = date(2024, 10, 7)
READ_AT = datetime(2024, 10, 7, 12, tzinfo=claim_histories.PACIFIC)


def said(words: str = "claim-accepted", seed: int = 1) -> Event:
    rng = Random(seed)
    return cloudevents_encoding.event(rng, claim_histories.sample(rng, words, "20000001", ON))


def changed(event: Event, **members: Any) -> Event:
    return event._replace(data=event.data | members)


def judged(post: Post, on: date = ON) -> record_validity.Verdict:
    return record_validity.judge(Captured(READ_AT, *post), on)


def test_the_bundled_autumn_holds_94_bad_records_and_7_of_an_unknown_type() -> None:
    verdicts = [
        record_validity.judge(one, one.arrives_at.astimezone(claim_histories.PACIFIC).date())
        for one in capture.read(AUTUMN)
    ]
    assert Counter(verdict.kind for verdict in verdicts) == {"valid": 17_245, "bad": 94, "unknown": 7}
    assert Counter(verdict.reason.split(":")[0] for verdict in verdicts if verdict.kind == "bad") == {
        "not-json": 22, "community": 15, "no-value": 11, "schema": 29, "attributes": 7, "nature-at-part": 5, "key": 5,
    }  # fmt: skip


@pytest.mark.parametrize("words", [name.removeprefix("claims.").removesuffix(".v1") for name in sorted(schemas.KNOWN)])
def test_each_type_is_valid_in_either_mode(words: str) -> None:
    for event in (said(words, seed) for seed in range(20)):
        for post in (cloudevents_encoding.binary(event), cloudevents_encoding.structured(event)):
            assert judged(post).kind == "valid"
            assert judged(post).data == event.data


@pytest.mark.parametrize("name", malformed_records.KINDS)
def test_each_kind_of_bad_record_is_bad_for_its_reason(name: str) -> None:
    kind = malformed_records.KINDS[name]
    for seed in range(20):
        verdict = judged(kind.spoil(Random(seed), said(kind.of, seed)))
        assert verdict.kind == "bad"
        assert verdict.reason.startswith(kind.reason)


@pytest.mark.parametrize("part", ["31800", "41800", "23100"])
def test_parts_without_sides_take_none(part: str) -> None:
    for side in "LRBN":
        verdict = judged(
            cloudevents_encoding.binary(changed(said(), accepted_areas=[{"body_part": part, "side": side}]))
        )
        assert (verdict.kind == "valid") == (side == "N")


@pytest.mark.parametrize("part", ["21000", "25100", "25400", "31100", "34001", "44000"])
def test_paired_parts_need_a_side(part: str) -> None:
    for side in "LRBN":
        verdict = judged(
            cloudevents_encoding.binary(changed(said(), accepted_areas=[{"body_part": part, "side": side}]))
        )
        assert (verdict.kind == "valid") == (side != "N")


def test_an_injury_on_the_day_of_birth_is_possible() -> None:
    born = said().data["injury"]["occurred_on"]
    worker = said().data["worker"] | {"birth_date": born}
    assert judged(cloudevents_encoding.binary(changed(said(), worker=worker))).kind == "valid"


def test_an_address_that_is_no_address_is_nobodys_business() -> None:
    worker = said().data["worker"] | {"email": "not an address"}
    assert judged(cloudevents_encoding.binary(changed(said(), worker=worker))).kind == "valid"


def test_a_request_of_today_is_valid_and_one_of_tomorrow_is_not() -> None:
    today = cloudevents_encoding.binary(changed(said("rehabilitation-requested"), requested_on=ON.isoformat()))
    assert judged(today).kind == "valid"
    assert judged(today, date(2024, 10, 6)).reason == "requested-in-future"


def test_members_that_nobody_knows_are_ignored() -> None:
    assert judged(cloudevents_encoding.binary(changed(said(), news={"deep": [{"a": None}]}))).kind == "valid"


def test_a_backslash_before_a_u_is_no_null_character() -> None:
    assert judged(cloudevents_encoding.binary(changed(said(), occupation="C:\\u0000"))).kind == "valid"


@pytest.mark.parametrize("value", [None, b"", b"\xff\x00", b"[" * 20_000, b'{"a": "\\u0000"}'])
@pytest.mark.parametrize("key", [None, b"", b"\xff", b"1792000"])
def test_an_unknown_type_is_counted_whatever_its_key_and_data(value: bytes | None, key: bytes | None) -> None:
    event = said()._replace(attributes={**said().attributes, "type": "claims.satisfaction-surveyed.v1"})
    assert judged(cloudevents_encoding.binary(event)._replace(value=value, key=key)).kind == "unknown"


@pytest.mark.parametrize(
    "time", ["2024-10-01T10:00:00Z", "2024-10-01t10:00:00.123456789z", "2024-10-01T10:00:00-07:00"]
)
def test_times_with_an_offset_are_times(time: str) -> None:
    event = said()._replace(attributes={**said().attributes, "time": time})
    assert judged(cloudevents_encoding.structured(event)).kind == "valid"


def test_a_mode_is_recognised_by_its_content_type_alone() -> None:
    post = cloudevents_encoding.structured(said())
    assert judged(post._replace(headers=(("content-type", b"Application/CloudEvents+JSON"),))).kind == "valid"
    assert judged(post._replace(headers=(("content-type", b"application/json"),))).reason == "attributes"
