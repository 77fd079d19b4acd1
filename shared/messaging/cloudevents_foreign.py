"""Decoding of topics that others own: CloudEvents in binary or structured mode, without sequences."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from shared.events.limits import Limits, limits_on
from shared.messaging.attributes import Attributes, Unreadable, key_fault, read_headers, read_members
from shared.messaging.envelope import Raw, Record, Types, contract_of, empty_record, instant, note_trace, sentence

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_REQUIRED = ("specversion", "id", "source", "type", "time")
_STRUCTURED = b"application/cloudevents+json"
# a text that does not end is one token, too: looking for its end from each of its quotes would take for ever
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}\[\]]|[^"{}\[\]]+', re.DOTALL)


class _Found(NamedTuple):
    """The attributes of a CloudEvent, and whether its data is a member of the value or all of it."""

    attributes: Attributes
    is_structured: bool


def decode_foreign(raw: Raw, types: Types, read_at: datetime) -> Record:
    """Decode a foreign record by the limits of the day of its first reading; never raises.

    The type is read first: a record of a type that this service does not read is counted, whatever else is wrong.
    """
    record = empty_record(raw, read_at)
    record.sequence = 0
    limits = limits_on(read_at.date())
    try:
        found = _read(raw, limits)
        _note(record, found.attributes.sound)
        _require_type(found.attributes)
        if contract := contract_of(record.type_name, types):
            record.source_time = _require(raw, found.attributes, limits)
            record.event = contract.from_bytes(_data(raw, limits, is_structured=found.is_structured))
            record.event.check(record.key, read_at)
    except Exception as problem:  # noqa: BLE001 - one record that raised here would stop everybody's
        record.event, record.fault = None, sentence(problem)
    return record


def _read(raw: Raw, limits: Limits) -> _Found:
    """Read the attributes in the mode that the sender chose; the headers must be sound in either mode."""
    contents = [value or b"" for name, value in raw.headers if name == "content-type"]
    if len(contents) > 1:
        raise Unreadable("content-type is given more than once")
    headers = read_headers(raw.headers, limits)
    if not contents or not contents[0].lower().startswith(_STRUCTURED):
        return _Found(headers, is_structured=False)
    members = read_members(_members(raw.value or b""), limits)
    return _Found(members._replace(fault=headers.fault or members.fault), is_structured=True)


def _members(value: bytes) -> tuple[tuple[str, Any], ...]:
    """Return the members of a structured event in order, repeated ones included.

    It is lenient, so that an event of an unknown type can be counted whatever its data hold; `_data` is strict.
    """
    try:
        text = value.decode()
        try:
            body = _parsed(text)
        except RecursionError:
            body = _parsed(_flattened(text))
    except ValueError:
        raise Unreadable("the structured event is no JSON in UTF-8") from None
    if not isinstance(body, tuple):
        raise Unreadable("the structured event is no JSON object")
    return body


def _parsed(text: str) -> object:
    """Parse JSON with each object as the pairs of its members."""
    return json.loads(text, object_pairs_hook=tuple, parse_int=_no_text, parse_float=_no_text, parse_constant=_no_text)


def _flattened(text: str) -> str:
    """Return the same object with null in place of each nested object and list."""
    received: list[str] = []
    depth = 0
    for token in _TOKEN.findall(text):
        if token in {"{", "["}:
            depth += 1
            received.append(token if depth == 1 else "null" if depth == 2 else "")  # noqa: PLR2004 - the members' own values
        elif depth <= 1:
            received.append(token)
        depth -= token in {"}", "]"}
    return "".join(received)


def _no_text(_: str) -> bool:
    """Return False for any number: no attribute that is read is a number."""
    return False


def _data(raw: Raw, limits: Limits, *, is_structured: bool) -> bytes:
    """Return the data of the event as bytes."""
    if raw.value is None:
        raise Unreadable("the record has no value")
    if len(raw.value) > limits.value_bytes:
        raise Unreadable(f"the value is longer than {limits.value_bytes} bytes: send less in one record")
    data = _member_data(raw.value) if is_structured else raw.value
    if not data:
        raise Unreadable("the record has no data")
    return data


def _member_data(value: bytes) -> bytes:
    """Return the member `data` as bytes, empty when there is none."""
    try:
        body = orjson.loads(value)
        return orjson.dumps(body["data"]) if "data" in body else b""
    except orjson.JSONDecodeError:
        raise Unreadable("the structured event is no JSON") from None
    except orjson.JSONEncodeError:
        raise Unreadable("the data is nested too deeply") from None


def _note(record: Record, sound: Mapping[str, str]) -> None:
    """Fill in the sound attributes before the record is checked; others are never stored, announced or logged."""
    record.source, record.type_name = sound.get("source", ""), sound.get("type", "")
    record.event_id = sound.get("id", "")
    record.correlation = sound.get("correlationid") or record.event_id
    note_trace(record, sound.get("traceparent", "").encode())


def _require_type(attributes: Attributes) -> None:
    """Raise `Unreadable` without a type: nobody could tell whether this service reads the record."""
    if not attributes.sound.get("type"):
        raise Unreadable(attributes.fault or _missing(attributes.sound) or "type is missing")


def _require(raw: Raw, attributes: Attributes, limits: Limits) -> datetime:
    """Return the event's time; raise `Unreadable` unless the required attributes and the key are sound."""
    said = attributes.sound
    if attributes.fault:
        raise Unreadable(attributes.fault)
    if missing := _missing(said):
        raise Unreadable(missing)
    if said["specversion"] != "1.0":
        raise Unreadable("specversion is not 1.0")
    if not _RFC3339.fullmatch(said["time"]):
        raise Unreadable("time is no RFC 3339 instant with an offset")
    if fault := key_fault(raw.key, limits.attribute_bytes):
        raise Unreadable(f"the record's key {fault}")
    return instant(said["time"].upper())


def _missing(said: Mapping[str, str]) -> str | None:
    missing = [name for name in _REQUIRED if not said.get(name)]
    return f"attributes are missing: {', '.join(missing)}" if missing else None
