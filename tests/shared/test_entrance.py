"""Every attribute of a foreign record is checked before anything can be stored, announced or logged."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.config import metrics
from shared.domain.decision import EventContext
from shared.events import limits
from shared.messaging.attributes import is_trace
from shared.messaging.cloudevents_foreign import decode_foreign
from shared.messaging.decoding import Reader
from shared.messaging.envelope import Raw, Record, decode, headers_of
from tests.toy import poison
from tests.toy.events import Counted, Heard, Pondered, Ticked
from tests.toy.inside import Inside
from tests.toy.letters import NOON, Desk, Letter

A, B = "counter-a", "counter-b"
TYPES = {kind.type_name: kind for kind in (Ticked, Heard, Pondered, Counted)}
READER = Reader(TYPES, frozenset({"toy-in", "toy-foreign"}), frozenset({"toy-foreign"}))
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CASES = [(attribute, how) for attribute in poison.ATTRIBUTES for how in poison.UNSOUND]
MODES = pytest.mark.parametrize("structured", [False, True], ids=["binary", "structured"])
UNKNOWN = "foreign.sneezed.v1"


def heard(key: str = A, event_id: str = "", source: str = "/afar") -> Letter:
    return Desk().write_foreign(Heard(counter_id=key), event_id=event_id, source=source)


def read(letter: Letter, topic: str = "toy-foreign") -> Record:
    return READER.read(letter._replace(topic=topic).at(0, 7), NOON)


def counted(name: str) -> float:
    counter: Any = getattr(metrics, name)
    return float(counter.labels("toy")._value.get())


def is_as_it_came(row: dict[str, Any], raw: Raw) -> bool:
    received = Raw(
        row["topic"], row["partition"], row["offset"], row["raw_key"], row["value"], headers_of(row["headers"])
    )
    return received == raw._replace(headers=list(raw.headers))


@MODES
async def test_an_attribute_that_breaks_a_rule_is_parked_as_it_came_and_named(toy: Inside, *, structured: bool) -> None:
    bad = [poison.unsound(toy.desk, attribute, how, structured=structured) for attribute, how in CASES]
    raws = await toy.get(*(letter for one in bad for letter in (one, heard())))
    rows = {row["offset"]: row for row in await toy.parked()}
    assert (len(rows), await toy.tick_of(A)) == (len(bad), len(bad))
    for (attribute, how), raw in zip(CASES, raws[::2], strict=True):
        row = rows[raw.offset]
        assert (row["reason"], is_as_it_came(row, raw)) == ("unreadable", True), (attribute, how)
        named = attribute if structured else f"ce_{attribute}"
        assert row["detail"].startswith(f"{named} "), (attribute, how)
    assert len(await toy.words("rehab.toy.event-parked.v1")) == len(bad)


@MODES
@pytest.mark.parametrize("attribute", ["id", "source", "subject", "correlationid"])
def test_what_names_a_record_has_at_most_200_bytes(attribute: str, *, structured: bool) -> None:
    for text, is_sound in (("é" * 100, True), ("é" * 100 + "x", False), ("x" * 201, False)):
        letter = heard()
        changed = poison.in_one_piece(letter, **{attribute: text}) if structured else letter.saying(
            **{f"ce_{attribute}": text.encode()}
        )  # fmt: skip
        fault = read(changed).fault
        assert (fault is None) == is_sound, fault
        assert fault is None or "longer than 200 bytes" in fault


@pytest.mark.parametrize(
    ("letter", "says"),
    [
        (heard().saying(**{"ce_" + "x" * 98: b"1"}), "name longer than 100 bytes"),
        (heard().saying(**{"x" * 101: b"1"}), "name longer than 100 bytes"),
        (heard().saying(**{"x-note": b"x" * 4097}), "x-note is longer than 4096 bytes"),
        (heard().saying(**{f"x-{n}": b"x" * 4000 for n in range(5)}), "longer than 16384 bytes together"),
        (heard().saying(**{"x\ny": b"1"}), "has a name that is no text"),
        (heard().saying(**{poison.ODD_NAME: b"1"}), "has a name that is no text"),
        (heard()._replace(value=b'{"counter_id":"' + b"x" * 900_000 + b'"}'), "longer than 900000 bytes"),
        (poison.in_one_piece(heard(), **{"x" * 101: "1"}), "name longer than 100 bytes"),
        (poison.in_one_piece(heard(), **{f"x{n}": "x" * 4000 for n in range(5)}), "16384 bytes together"),
        (poison.in_one_piece(heard(), **{"x\ny": "1"}), "has a name that is no text"),
        (poison.in_one_piece(heard(), data={"counter_id": "x" * 900_000}), "longer than 900000 bytes"),
    ],
)
def test_headers_members_and_values_have_limits(letter: Letter, says: str) -> None:
    assert says in (read(letter).fault or "")


@pytest.mark.parametrize(
    "letter",
    [
        heard().saying(**{"x-note": b"\xff\x00" * 2000, "x" * 100: None}),
        heard().saying(ce_office="Montréal".encode(), ce_traceparent=None),
        heard().saying(ce_office=b"x" * 4096),
        heard().saying(ce_correlationid=b""),
        poison.in_one_piece(heard(), office="Montréal", retries=10**30, weights=[1.5, {"a": "\0"}], subject=None),
    ],
    ids=["headers that are no attributes", "UTF-8", "4 kB", "an empty correlation", "members that are no text"],
)
def test_what_breaks_no_rule_is_read(letter: Letter) -> None:
    assert (read(letter).fault, read(letter).event) == (None, Heard(counter_id=A))


@MODES
@pytest.mark.parametrize("name", ["id", "source", "type", "time", "specversion", "correlationid", "office", "data"])
def test_an_attribute_that_is_given_twice_is_unreadable(name: str, *, structured: bool) -> None:
    if structured:
        whole = poison.in_one_piece(heard(), office="1")
        again = json.dumps({name: json.loads(whole.value or b"")[name] if name != "correlationid" else "1"})
        first = json.dumps({"correlationid": "1"})[1:-1].encode() + b"," if name == "correlationid" else b""
        letter = whole._replace(value=b"{" + first + again[1:-1].encode() + b"," + (whole.value or b"")[1:])
    elif name == "data":
        letter = heard()._replace(headers=[*heard().headers, *[("content-type", b"application/json")] * 2])
    else:
        letter = heard().saying(ce_office=b"1", ce_correlationid=b"1")
        letter = letter._replace(headers=[*letter.headers, (f"ce_{name}", b"1")])
    assert "given more than once" in (read(letter).fault or "")


@MODES
@pytest.mark.parametrize(
    ("attribute", "how"), [case for case in CASES if case[0] in {"id", "source", "correlationid", "time", "office"}]
)
def test_an_unknown_type_is_counted_whatever_else_is_wrong(attribute: str, how: str, *, structured: bool) -> None:
    letter = poison.unsound(Desk(), attribute, how, structured=structured)
    if structured:
        body = {**json.loads(letter.value or b""), "type": UNKNOWN}
        letter = letter._replace(value=json.dumps(body).encode())
    else:
        letter = letter.saying(ce_type=UNKNOWN.encode())
    record = read(letter._replace(key=b"\0" * 300))
    assert (record.event, record.fault, record.type_name, record.key) == (None, None, UNKNOWN, None)
    assert is_sound(record)


async def test_unknown_types_with_unsound_attributes_are_stored_nowhere(toy: Inside) -> None:
    before = counted("UNKNOWN")
    unsound = [
        poison.unsound(toy.desk, attribute, how, structured=False).saying(ce_type=UNKNOWN.encode())
        for attribute, how in CASES
    ]
    await toy.get(*unsound, heard())
    assert (await toy.parked(), await toy.tick_of(A)) == ([], 1)
    assert counted("UNKNOWN") == before + len(unsound)


@MODES
@pytest.mark.parametrize("how", poison.UNSOUND)
def test_a_type_that_cannot_be_read_is_unreadable(how: str, *, structured: bool) -> None:
    record = read(poison.unsound(Desk(), "type", how, structured=structured))
    assert (record.event, record.type_name) == (None, "")
    assert record.fault


@pytest.mark.parametrize(
    "value",
    [
        b'{"type":"foreign.sneezed.v1","data":{"a":1e9999,"b":NaN,"c":"\\ud800","d":' + b"9" * 5000 + b"}}",
        b'{"data":' + b"[" * 500 + b"]" * 500 + b',"type":"foreign.sneezed.v1"}',
        b'{"data":' + b'[{"type":"]}"},' * 20_000 + b"1" + b"]" * 20_000 + b',"type":"foreign.sneezed.v1", "x":[1]}',
        b'{"data":' + b"[" * 3000 + b'"' + b'\\"' * 200_000 + b'"' + b"]" * 3000 + b',"type":"foreign.sneezed.v1"}',
        b'{"id":"\\u0000","id":"\\ud800","source":7,"type":"foreign.sneezed.v1"}',
    ],
)
def test_the_type_of_a_structured_event_is_read_whatever_its_data_hold(value: bytes) -> None:
    mode: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json")]
    record = read(Letter("toy-foreign", b"\xff", value, mode))
    assert (record.event, record.fault, record.type_name) == (None, None, UNKNOWN)


def test_a_structured_event_whose_texts_do_not_end_is_unreadable_in_linear_time() -> None:
    mode: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json")]
    value = b'{"data":' + b"[" * 3000 + b'"' + b'\\"' * 400_000
    assert "no JSON" in (read(Letter("toy-foreign", b"\xff", value, mode)).fault or "")


@pytest.mark.parametrize("key", [b"a\x00b", b"\xff", "a\x85".encode(), b"x" * 201, b"x" * 3000, b"\n"])
async def test_a_key_that_breaks_a_rule_is_no_key(toy: Inside, key: bytes) -> None:
    raws = await toy.get(heard()._replace(key=key), toy.desk.write(Ticked(counter_id=B))._replace(key=key), heard())
    rows = {row["topic"]: row for row in await toy.parked()}
    assert (len(rows), await toy.ticks()) == (2, {A: 1})
    for raw in raws[:2]:
        row = rows[raw.topic]
        assert (row["reason"], row["key"], row["sequence"]) == ("unreadable", None, 0)
        assert "key" in row["detail"]
        assert is_as_it_came(row, raw)
    for word in await toy.words("rehab.toy.event-parked.v1"):
        assert json.loads(word.payload)["was_key"] is None


async def test_a_trace_of_another_form_is_left_out_and_counted(toy: Inside) -> None:
    before = counted("TRACES_LEFT_OUT")
    await toy.get(heard().saying(ce_traceparent=b"00-abc-1"), heard().saying(ce_traceparent=TRACE), heard())
    assert (await toy.tick_of(A), await toy.parked()) == (3, [])
    assert counted("TRACES_LEFT_OUT") == before + 1
    traces = [row["trace"] for row in await toy.pool.fetch("SELECT trace FROM outbox ORDER BY seq")]
    assert traces == ["", TRACE.decode(), ""]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (TRACE.decode(), True),
        ("cc" + TRACE.decode()[2:], True),
        ("ff" + TRACE.decode()[2:], False),
        (TRACE.decode().upper(), False),
        (TRACE.decode() + "-more", False),
        (TRACE.decode() + "\n", False),
        ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01", False),
        ("\u0660\u0660" + TRACE.decode()[2:], False),
        ("", False),
    ],
)
def test_a_trace_has_the_form_of_w3c(text: str, *, is_one: bool) -> None:
    assert is_trace(text) is is_one


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ("0001-01-01T00:00:00Z", "must lie between 1900-01-01 and 2200-12-31"),
        ("0001-01-01T00:00:00+14:00", "must lie between"),
        ("1899-12-31T23:59:59Z", "must lie between"),
        ("1900-01-01T00:00:00+00:01", "must lie between"),
        ("2201-01-01T00:00:00Z", "must lie between"),
        ("2200-12-31T23:59:59-00:01", "must lie between"),
        ("9999-12-31T23:59:59-23:59", "must lie between"),
        ("2016-12-31T23:59:60Z", "leap second (:60)"),
        ("2016-12-31t23:59:60.5+05:30", "leap second (:60)"),
        ("2024-02-30T10:00:00Z", "no date and time"),
        ("2024-10-01T24:00:00Z", "no RFC 3339"),
        ("2024-10-01T10:00:00", "no RFC 3339"),
        ("２０２４-10-01T10:00:00Z", "no RFC 3339"),  # noqa: RUF001 - digits that are no digits
        ("1900-01-01T00:00:00Z", ""),
        ("2200-12-31T23:59:59.999999999Z", ""),
    ],
)
@MODES
def test_a_time_lies_in_the_range_of_the_contracts(time: str, says: str, *, structured: bool) -> None:
    letter = poison.in_one_piece(heard(), time=time) if structured else heard().saying(ce_time=time.encode())
    assert says in (read(letter).fault or "")
    assert (read(letter).fault is None) == (not says)


@pytest.mark.parametrize(
    "time", [b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"2016-12-31T23:59:60Z", b"1899-12-31"]
)
async def test_a_time_outside_the_range_is_unreadable_on_our_own_topics_too(toy: Inside, time: bytes) -> None:
    await toy.get(toy.desk.write(Ticked(counter_id=A)).saying(ce_time=time), toy.desk.write(Ticked(counter_id=B)))
    (row,) = await toy.parked()
    assert (row["reason"], row["key"], row["sequence"]) == ("unreadable", A, 1)
    assert row["detail"].startswith("ce_time ")
    assert await toy.ticks() == {B: 1}


@pytest.mark.parametrize(
    "headers",
    [
        {"ce_correlationid": b"a\x00b"},
        {"ce_causationid": b"x" * 201},
        {"ce_source": b"\xff"},
        {"ce_after": b"toy-side:99999999999"},
        {"ce_after": "toy-side:٣".encode()},
        {"ce_after": b"toy-side:-1"},
        {"ce_after": b"toy-side:1_0"},
        {"ce_type": b"x" * 201},
        {"ce_note": b"x" * 4097},
    ],
    ids=repr,
)
async def test_our_own_topics_are_read_as_carefully_and_the_place_is_kept(
    toy: Inside, headers: dict[str, bytes]
) -> None:
    bad = toy.desk.write(Ticked(counter_id=A)).saying(**headers)
    await toy.get(bad, toy.desk.write(Ticked(counter_id=A)), toy.desk.write(Ticked(counter_id=B)))
    rows = await toy.parked()
    assert [(row["reason"], row["sequence"]) for row in rows] == [("unreadable", 1), ("early", 2)]
    assert next(iter(headers)) in rows[0]["detail"]
    assert await toy.ticks() == {B: 1}


async def test_a_place_that_is_given_twice_is_no_place(toy: Inside) -> None:
    letter = toy.desk.write(Ticked(counter_id=A))
    await toy.get(letter._replace(headers=[*letter.headers, ("ce_sequence", b"2")]), letter)
    (row,) = await toy.parked()
    assert (row["reason"], row["sequence"], await toy.tick_of(A)) == ("unreadable", 0, 1)


def test_a_record_is_judged_by_the_limits_of_the_day_on_which_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    narrower = limits.NEWEST._replace(from_on=date(2024, 11, 2), attribute_bytes=40)
    monkeypatch.setattr(limits, "ALL", (*limits.ALL, narrower))
    limits.limits_on.cache_clear()
    long_id = heard(event_id="x" * 41).at(0, 0)
    try:
        assert decode_foreign(long_id, TYPES, NOON).fault is None
        assert "40 bytes" in (decode_foreign(long_id, TYPES, NOON.replace(day=2)).fault or "")
    finally:
        limits.limits_on.cache_clear()


def test_ids_that_decisions_make_differ_wherever_source_and_id_do() -> None:
    def made(source: str, cause: str) -> object:
        return EventContext(cause, "", "", NOON, NOON, source).new_id()

    places = [("/a", "b/c"), ("/a/b", "c"), ("/a/b/c", "0"), ("/a", "b"), ("", "/a/b/c"), ("/a/b", "c/0")]
    assert len({made(*place) for place in places}) == len(places)
    assert str(made("/claims/cms", "6f2a2a54-0000-4000-8000-000000000006")) == "53485b98-0529-50be-892a-c43a9aefc455"


# any bytes in any part of any record: it is applied, unknown, or unreadable with a sentence, and reading never raises
TEXTS = st.text(max_size=20) | st.sampled_from(["a\0b", "\x85", "\ud800", "x" * 201, "x" * 5000, "é" * 101])
BYTES = (
    st.binary(max_size=20)
    | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from([b"1.0", b"2024-11-01T12:00:00Z", b"9999-12-31T23:59:59-14:00", b"0001-01-01T00:00:00+14:00"])
    | st.sampled_from([b"foreign.heard.v1", b"rehab.toyin.ticked.v1", b"foreign.heard.v7", b"toy.pondered"])
    | st.sampled_from(
        [b"application/cloudevents+json", b"application/json", TRACE, b"0190c0de-0000-7000-8000-000000000001"]
    )
)
ATTRIBUTES = [*poison.ATTRIBUTES, "type", "sequence", "after", "note"]
NAMES = (
    st.sampled_from([f"ce_{name}" for name in ATTRIBUTES] + ["content-type", "traceparent", "x-note"])
    | st.binary(max_size=6).map(lambda name: name.decode("utf-8", "surrogateescape"))
)  # fmt: skip
SOUND = heard()
PLACED = Desk().write(Ticked(counter_id=A))
MEMBERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXTS, part, max_size=3),
    max_leaves=8,
)


@st.composite
def records(draw: st.DrawFn) -> Letter:
    """A sound record of which anything is changed, given twice, added or replaced."""
    letter = draw(st.sampled_from([SOUND, PLACED, poison.in_one_piece(SOUND)]))
    if draw(st.booleans()):
        body = json.loads(letter.value or b"{}") | draw(st.dictionaries(st.sampled_from(ATTRIBUTES) | TEXTS, MEMBERS))
        letter = letter._replace(value=json.dumps(body).encode("utf-8", "surrogatepass"))
    headers = [*letter.headers, *draw(st.lists(st.tuples(NAMES, st.none() | BYTES), max_size=3))]
    if draw(st.booleans()):
        headers = draw(st.permutations(headers))[: draw(st.integers(0, len(headers)))]
    key = draw(st.just(letter.key) | st.none() | BYTES | st.binary(min_size=190, max_size=210))
    value = draw(st.just(letter.value) | st.none() | st.binary(max_size=40) | BYTES)
    return letter._replace(key=key, value=value, headers=headers)


def is_text(text: str, most: int) -> bool:
    """Return whether anybody may store, announce or log it."""
    return not any(ord(c) < 32 or 127 <= ord(c) < 160 or "\ud800" <= c <= "\udfff" for c in text) and (
        len(text.encode("utf-8", "surrogatepass")) <= most
    )


def is_sound(record: Record) -> bool:
    """Return whether nothing of what a record says of itself could break a database, a broker or a log."""
    texts = (
        record.key or "",
        record.event_id,
        record.source,
        record.type_name,
        record.correlation,
        record.causation_id,
    )
    return (
        all(is_text(text, 200) for text in texts)
        and (not record.trace or is_trace(record.trace))
        and is_text(record.fault or "", 2000)
        and all(is_text(topic, 249) and 0 <= n < 2**31 for topic, n in record.after)
        and 0 <= record.sequence < 2**31
        and (record.key is not None or not record.sequence)
    )


@settings(max_examples=600, deadline=None)
@given(records(), st.sampled_from(["toy-in", "toy-foreign", "internal"]))
def test_whatever_a_record_holds_it_is_applied_unknown_or_unreadable_with_a_sentence(
    letter: Letter, topic: str
) -> None:
    record = read(letter, topic)
    assert record.raw == letter._replace(topic=topic).at(0, 7)
    assert record.event is None or record.fault is None
    assert record.fault is None or len(record.fault) > 5
    if topic != "internal":
        assert is_sound(record)
    assert record.fault is not None or record.event is not None or record.type_name not in TYPES


@given(st.binary(max_size=200), st.lists(st.tuples(st.binary(max_size=9), st.none() | st.binary(max_size=30))))
def test_plain_noise_is_read_without_raising(value: bytes, headers: list[tuple[bytes, bytes | None]]) -> None:
    named = [(name.decode("utf-8", "surrogateescape"), content) for name, content in headers]
    for reading in (decode, decode_foreign):
        assert is_sound(reading(Raw("toy-in", 0, 0, value, value, named), TYPES, NOON))
