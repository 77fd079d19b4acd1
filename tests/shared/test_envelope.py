"""What is written can be read again, and what cannot be read raises nothing and says nothing of its content."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decision import EventContext
from shared.messaging import outbox, relay
from shared.messaging.cloudevents_foreign import decode_foreign
from shared.messaging.envelope import Raw, decode, headers_of, key_of
from shared.messaging.handlers import Handlers
from shared.messaging.parked import parked_id_of
from shared.messaging.timers import own_record, read_own
from tests.toy.events import Counted, Heard, Pondered, Ticked
from tests.toy.letters import NOON

KEY = "0190c0de-0000-7000-8000-000000000001"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
TRACES = st.just("") | st.from_regex(r"00-[0-9a-f]{31}1-[0-9a-f]{15}2-0[01]", fullmatch=True)
NAMES = st.binary(max_size=8).map(lambda name: name.decode("utf-8", "surrogateescape"))
HEADERS = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=12)), max_size=8)
PLACES = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**62))
KNOWN = st.sampled_from(["ce_id", "ce_type", "ce_time", "ce_sequence", "ce_after", "ce_source", "ce_specversion"])
ODD = st.none() | st.binary(max_size=40) | st.sampled_from([b"rehab.toyin.ticked.v1", b"1", b"2024-11-01T12:00:00Z"])
TYPES = {kind.type_name: kind for kind in (Ticked, Heard, Pondered, Counted)}


@given(HEADERS)
def test_headers_come_back_byte_for_byte(headers: list[tuple[str, bytes | None]]) -> None:
    text = Raw("t", 0, 0, None, None, headers).headers_text()
    assert headers_of(text) == headers
    assert "\0" not in text


@given(st.none() | st.binary(max_size=20))
def test_a_key_is_text_that_a_database_can_hold_or_none(raw: bytes | None) -> None:
    key = key_of(raw)
    assert key is None or (key.encode() == raw and "\0" not in key)


@given(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=200), HEADERS, st.dictionaries(KNOWN, ODD))
def test_whatever_lies_on_a_topic_is_read_or_has_a_fault(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], known: dict[str, bytes | None]
) -> None:
    raw = Raw("toy-in", 0, 7, key, value, [*headers, *known.items()])
    for read in (decode, decode_foreign):
        record = read(raw, TYPES, NOON)
        assert record.raw == raw
        assert (record.event is None) or (record.fault is None)
        assert record.sequence == 0 or record.key is not None
        assert "\0" not in (record.fault or "")


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        (rb"a\u0000b", "a text holds a null character: send it without"),
        (rb"a\\\u0000b", "a text holds a null character: send it without"),
        (rb"a\\u0000b", None),
    ],
    ids=["null character", "null character behind a backslash", "backslash and the letters of the escape"],
)
def test_a_null_character_in_a_text_of_a_contract_is_unreadable(note: bytes, fault: str | None) -> None:
    headers = [("ce_type", b"rehab.toyin.ticked.v1"), ("ce_id", KEY.encode()), ("ce_sequence", b"1")]
    headers.append(("ce_time", NOON.isoformat().encode()))
    value = b'{"counter_id":"c","note":"' + note + b'"}'
    assert decode(Raw("toy-in", 0, 0, b"c", value, headers), TYPES, NOON).fault == fault


@given(st.binary(max_size=100).filter(lambda value: b"{" not in value))
def test_a_fault_says_nothing_of_what_the_record_held(value: bytes) -> None:
    secret = b'{"counter_id":7,"note":"Narpelmi","wake_at":"Narpelmi"}'
    headers = [("ce_type", b"rehab.toyin.ticked.v1"), ("ce_id", KEY.encode()), ("ce_sequence", b"1")]
    headers.append(("ce_time", NOON.isoformat().encode()))
    record = decode(Raw("toy-in", 0, 0, KEY.encode(), secret + value, headers), TYPES, NOON)
    assert record.fault
    assert "Narpelmi" not in record.fault


@given(TEXT, st.integers(1, 10**9 - 1), TRACES, st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)))  # noqa: DTZ001 - made aware below
def test_what_leaves_is_what_arrives(note: str, sequence: int, trace: str, at: datetime) -> None:
    event = Counted(counter_id=KEY, ticks=3, why="test", note=note)
    event_context = EventContext(KEY, KEY, KEY, at.replace(tzinfo=UTC), NOON, trace=trace)
    word = outbox.message_of(event, event_context)
    texts = (word.key, word.payload, KEY, word.type_name, event_context.at.isoformat(), str(sequence))
    row = (1, word.topic, *(t.encode() for t in (*texts, KEY, KEY, "toy-in:3,toy-side:4", trace)))
    sent = relay.outgoing_record(b"/rehab/toy", row)
    record = decode(Raw(sent.topic, 0, 0, sent.key, sent.value, sent.headers), TYPES, NOON)
    assert (record.fault, record.event, record.sequence, record.at) == (None, event, sequence, event_context.at)
    assert (record.event_id, record.causation_id, record.correlation, record.trace) == (KEY, KEY, KEY, trace)
    assert list(record.after) == [("toy-in", 3), ("toy-side", 4)]


@given(st.integers(-5, 5), st.uuids(), TEXT)
def test_what_a_service_says_to_itself_survives_being_parked(by: int, cause: object, correlation: str) -> None:
    record = own_record(Pondered(counter_id=KEY, by=by), str(cause), correlation, NOON)
    again = read_own(record.raw, TYPES, NOON)
    assert (again.event, again.event_id, again.correlation, again.at) == (
        record.event,
        record.event_id,
        correlation,
        NOON,
    )
    assert parked_id_of(again.raw) == parked_id_of(record.raw)


@given(PLACES, PLACES)
def test_each_place_on_a_topic_has_a_parked_id_of_its_own(one: tuple[int, int], other: tuple[int, int]) -> None:
    ids = [parked_id_of(Raw("toy-in", *place, None, None, [])) for place in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


def test_types_of_a_service_are_those_it_decides_and_those_it_keeps() -> None:
    assert Handlers().types == {}
