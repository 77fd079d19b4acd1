"""What the claims system says is read to the letter of its contract, in both modes."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.decision import Event
from shared.events import claims
from shared.messaging.cloudevents_foreign import decode_foreign
from shared.messaging.envelope import Raw, Record
from simulation.claims_system import (
    capture,
    claim_histories,
    cloudevents_encoding,
    malformed_records,
    record_validity,
    schemas,
)
from simulation.claims_system.capture import Captured

AUTUMN = Path(capture.__file__).parents[1] / "captures" / "claims-autumn-2024.jsonl.gz"
ON = date(2024, 10, 7)
READ_AT = datetime(2024, 10, 7, 19, tzinfo=UTC)
TYPES: dict[str, type[Event]] = {
    kind.type_name: kind
    for kind in vars(claims).values()
    if isinstance(kind, type) and issubclass(kind, Event) and hasattr(kind, "type_name")
}
WORDS = sorted(name.removeprefix("claims.").removesuffix(".v1") for name in schemas.KNOWN)
ODD: list[Any] = [
    None, "", " ", "x" * 200, "x" * 201, 0, -1, 5, 5.0, 5.5, True, [], {}, [None], [{}], "N", "L", "B", "or1", "or3",
    "20240916", "2024-09-16", "2024-W38-1", "2024-02-30", "2024-9-16", "2024-09-16T00:00:00Z", "0000-01-01", 1726444800,
    "1234567", "12345678", "123456789", "１２３４５６７８", "23100", "21000", "50005", "77777", "02100", "09710",  # noqa: RUF001 - digits that are no digits
    "Quesnel", "quesnel", "V2J 1A1", "V2J1A1", "9123456789", "8123456789", "en", "EN", "urgent", "a\0b", "\\u0000",
    "NaN", {"deep": {"a": ["b"]}}, ["psychosocial"], ["boredom"], ["psychosocial", "psychosocial"],
]  # fmt: skip


def said(words: str = "claim-accepted", seed: int = 1) -> cloudevents_encoding.Event:
    rng = Random(seed)
    return cloudevents_encoding.event(rng, claim_histories.sample(rng, words, "20000001", ON))


def read(post: cloudevents_encoding.Post, at: datetime = READ_AT) -> Record:
    key, headers, value = post
    return decode_foreign(Raw("claims", 0, 0, key, value, headers), TYPES, at)


def verdict(record: Record) -> str:
    return "bad" if record.fault else "valid" if record.event else "unknown"


def test_there_are_eleven_types() -> None:
    assert TYPES.keys() == schemas.KNOWN


def test_every_record_of_the_autumn_is_judged_as_by_an_independent_reader() -> None:
    for one in capture.read(AUTUMN):
        found = read(cloudevents_encoding.Post(one.key, one.headers, one.value), one.arrives_at)
        opinion = record_validity.judge(one, one.arrives_at.astimezone(claim_histories.PACIFIC).date())
        assert verdict(found) == opinion.kind, (found.fault, opinion.reason)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("mode", [cloudevents_encoding.binary, cloudevents_encoding.structured])
def test_each_type_says_the_same_in_either_mode(
    words: str, mode: Callable[[cloudevents_encoding.Event], cloudevents_encoding.Post]
) -> None:
    for seed in range(20):
        event = said(words, seed)
        record = read(mode(event))
        assert record.fault is None
        assert record.event is not None
        assert json.loads(record.event.to_bytes()) == event.data
        assert record.source_time == datetime.fromisoformat(event.attributes["time"])


@pytest.mark.parametrize("name", malformed_records.KINDS)
def test_each_kind_of_bad_record_is_put_aside_with_a_sentence(name: str) -> None:
    kind = malformed_records.KINDS[name]
    for seed in range(5):
        record = read(kind.spoil(Random(seed), said(kind.of, seed)))
        assert record.event is None
        assert record.fault


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every member and item, from the outermost in."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [p for name, value in pairs for p in ((*path, name), *places(value, (*path, name)))]


def changed(data: Any, path: tuple[str | int, ...], value: Any, *, gone: bool) -> Any:
    """The data with one place changed or left out."""
    copy = deepcopy(data)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    if gone:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return copy


def recorded(event: cloudevents_encoding.Event, data: Any, *, structured: bool) -> cloudevents_encoding.Post:
    """A record whose key and attributes stay as they were, whatever its data say."""
    whole = {**event.attributes, "data": data}
    if structured:
        return cloudevents_encoding.structured(event)._replace(value=json.dumps(whole).encode())
    return cloudevents_encoding.binary(event)._replace(value=json.dumps(data).encode())


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_whatever_one_member_holds_it_is_judged_as_by_an_independent_reader(data: st.DataObject) -> None:
    event = said(data.draw(st.sampled_from(WORDS)), data.draw(st.integers(0, 50)))
    known = [*places(event.data), *((name,) for name in schemas._schemas[event.attributes["type"]]["properties"])]
    path = data.draw(st.sampled_from([*known, ("unheard",)]))
    gone = path in places(event.data) and data.draw(st.booleans())
    odd = changed(event.data, path, data.draw(st.sampled_from(ODD)), gone=gone)
    post = recorded(event, odd, structured=data.draw(st.booleans()))
    opinion = record_validity.judge(Captured(READ_AT, *post), ON)
    assert verdict(read(post)) == opinion.kind, (path, opinion.reason)


def test_a_sentence_names_the_member_and_the_remedy_and_nothing_that_it_held() -> None:
    event = said()
    injury = event.data["injury"] | {"body_part": "23100", "side": "L"}
    assert read(cloudevents_encoding.binary(event._replace(data=event.data | {"injury": injury}))).fault == (
        "injury.side is not N at a body part without sides: send N"
    )
    worker = event.data["worker"] | {"phn": "8000000000", "birth_date": "Tuesday"}
    assert read(cloudevents_encoding.binary(event._replace(data=event.data | {"worker": worker}))).fault == (
        "worker.birth_date: must be a date written as YYYY-MM-DD; worker.phn: String should match pattern '^9[0-9]{9}$'"
    )


def test_everything_wrong_with_a_claim_is_said_at_once() -> None:
    event = said()
    injury = event.data["injury"] | {"body_part": "50005", "nature": "01200", "side": "R", "occurred_on": "1960-01-01"}
    worker = event.data["worker"] | {"birth_date": "1980-01-01", "community": "Springfield"}
    fault = (
        read(cloudevents_encoding.binary(event._replace(data=event.data | {"injury": injury, "worker": worker}))).fault
        or ""
    )
    assert [said.split(" ")[0] for said in fault.split("; ")] == [
        "worker.community", "injury.occurred_on", "injury.side", "injury.nature",
    ]  # fmt: skip


def test_a_request_of_today_is_judged_by_the_day_in_vancouver() -> None:
    post = cloudevents_encoding.binary(
        said("rehabilitation-requested")._replace(
            data=said("rehabilitation-requested").data | {"requested_on": "2024-10-08"}
        )
    )
    assert read(post, datetime(2024, 10, 8, 6, 59, tzinfo=UTC)).fault
    assert read(post, datetime(2024, 10, 8, 7, tzinfo=UTC)).fault is None


def test_a_text_that_only_looks_like_a_null_character_is_a_text() -> None:
    post = cloudevents_encoding.binary(said()._replace(data=said().data | {"occupation": r"a backslash and \u0000"}))
    assert read(post).fault is None


def test_members_nobody_knows_are_left_alone() -> None:
    post = cloudevents_encoding.binary(said()._replace(data=said().data | {"mood": {"today": [1, 2, None]}}))
    assert read(post).fault is None


def test_a_type_nobody_knows_is_counted_whatever_it_holds() -> None:
    event = said()._replace(attributes={**said().attributes, "type": "claims.satisfaction-surveyed.v1"})
    record = read(cloudevents_encoding.binary(event)._replace(value=b"\xff", key=None))
    assert verdict(record) == "unknown"


def test_an_offset_that_leads_out_of_the_calendar_is_a_fault_and_no_crash() -> None:
    event = said()._replace(attributes={**said().attributes, "time": "9999-12-31T23:59:59-08:00"})
    assert read(cloudevents_encoding.binary(event)).fault
