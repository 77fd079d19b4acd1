"""Topics that others own: CloudEvents in binary or structured mode, without any sequence."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from shared.envelope import Raw, Record, Types, Unreadable, blank, contract_of, instant, sentence

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_REQUIRED = ("specversion", "id", "source", "type", "time")
_STRUCTURED = "application/cloudevents+json"


class _Said(NamedTuple):
    """The attributes of a CloudEvent and its data."""

    attributes: Mapping[str, str]
    data: bytes


def decode_foreign(raw: Raw, types: Types, read_at: datetime) -> Record:
    """A foreign record, judged as of when it was first read; one of an unknown type is counted, whatever it holds."""
    record = blank(raw, read_at)
    record.sequence = 0
    try:
        said = _read(raw)
        _note(record, said.attributes)
        contract = contract_of(record.type_name, types)
        record.said_at = _require(said.attributes, raw)
        if contract and raw.value is None:
            raise Unreadable("the record has no value")
        if contract:
            if not said.data:
                raise Unreadable("the record has no data")
            record.event = contract.from_bytes(said.data)
            record.event.check(record.key, read_at)
    except (ValueError, OverflowError, RecursionError) as problem:  # an offset may lead out of the calendar
        record.event, record.fault = None, sentence(problem)
    return record


def _read(raw: Raw) -> _Said:
    """Attributes and data, whichever mode the sender chose."""
    headers = dict(raw.headers)
    content = headers.get("content-type") or b""
    if content.decode("latin-1").lower().startswith(_STRUCTURED):
        return _read_structured(raw.value or b"")
    pairs = {n[3:]: v.decode() for n, v in headers.items() if n.startswith("ce_") and v is not None}
    return _Said(pairs, raw.value or b"")


def _read_structured(value: bytes) -> _Said:
    """The event is one JSON object whose member `data` is the body."""
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise Unreadable("the structured event is no JSON") from None
    if not isinstance(body, dict):
        raise Unreadable("the structured event is no JSON object")
    return _Said({k: v for k, v in body.items() if isinstance(v, str) and k != "data"}, _data(body))


def _data(body: Mapping[str, Any]) -> bytes:
    """The body as bytes again; nothing where there is none."""
    try:
        return orjson.dumps(body["data"]) if "data" in body else b""
    except orjson.JSONEncodeError:
        raise Unreadable("the data is nested too deeply") from None


def _note(record: Record, attributes: Mapping[str, str]) -> None:
    """What can be said of the record before it is checked."""
    record.source, record.type_name = attributes.get("source", ""), attributes.get("type", "")
    record.event_id = attributes.get("id", "")
    record.correlation = attributes.get("correlationid") or record.event_id
    record.trace = attributes.get("traceparent", "")


def _require(attributes: Mapping[str, str], raw: Raw) -> datetime:
    """The attributes that every event must have; gives its time."""
    if any(not name.isprintable() for name, _ in raw.headers):
        raise Unreadable("a header's name is no text")
    if missing := [name for name in _REQUIRED if not attributes.get(name)]:
        raise Unreadable(f"attributes are missing: {', '.join(missing)}")
    if any("\0" in attributes[name] for name in _REQUIRED):
        raise Unreadable("an attribute holds a null character")
    if attributes["specversion"] != "1.0":
        raise Unreadable("specversion is not 1.0")
    if not _RFC3339.fullmatch(attributes["time"]):
        raise Unreadable("time is no RFC 3339 instant with an offset")
    return instant(attributes["time"].upper())
