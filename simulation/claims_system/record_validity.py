"""What a record on the topic `claims` is worth: valid, of an unknown type, or bad for a reason somebody can act on.

Written from the upstream contract alone (simulation/upstream), as a second opinion beside the services' own.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

from simulation.claims_system import bounds, injury_codes, registers, schemas
from simulation.claims_system.capture import Captured, Json

Data: TypeAlias = Mapping[str, Any]
Kind: TypeAlias = Literal["valid", "unknown", "bad"]

_REQUIRED = ("specversion", "id", "source", "type", "time")
_STRUCTURED = b"application/cloudevents+json"
_VERSIONED = re.compile(r"claims\.(.+)\.v[0-9]+", re.ASCII)
_HALF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")  # of a surrogate: no text if it stands alone
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


class Verdict(NamedTuple):
    """A judgement; `reason` is set for a bad record, `data` for a valid one, the rest as far as it was readable."""

    kind: Kind
    reason: str = ""
    type: str = ""
    source: str = ""
    id: str = ""
    time: str = ""
    data: Data = {}  # noqa: RUF012 - never written to


class Bad(ValueError):  # noqa: N818 - says what the record is
    """The record is unusable; the reason is a short code."""


class _Known(NamedTuple):
    """The attributes of a record that can be read before it is checked."""

    type: str
    source: str
    id: str
    time: str


class _Said(NamedTuple):
    """Attributes as text, and a way to the data that raises Bad."""

    attributes: Mapping[str, str]
    value: bytes
    data: Callable[[], Json]
    fault: str


def judge(record: Captured, read_on: date) -> Verdict:
    """The judgement of one record, read on a day in Vancouver; duplicates are not looked at."""
    try:
        said = _open(record)
    except Bad as bad:
        return Verdict("bad", str(bad))
    known = _Known(*(said.attributes.get(name, "") for name in _Known._fields))
    try:
        if not _is_known(known.type, said.fault):
            return Verdict("unknown", "", *known)
        _require_attributes(said)
        return Verdict("valid", "", *known, _valid_data(said, record, read_on))
    except Bad as bad:
        return Verdict("bad", str(bad), *known)
    except RecursionError:
        return Verdict("bad", "not-json", *known)


def _open(record: Captured) -> _Said:
    """The sound attributes and the data, whichever mode the sender chose, and what is wrong with the others."""
    contents = [value or b"" for name, value in record.headers if name == "content-type"]
    if len(contents) > 1:
        raise Bad("repeated")
    fault = bounds.bad_headers(record.headers)
    if not b"".join(contents).lower().startswith(_STRUCTURED):
        pairs = [(name[3:], _text(value)) for name, value in record.headers if name.startswith("ce_")]
        return _Said(_sound(pairs), record.value or b"", lambda: _json(record.value), fault)
    members = _members(record.value)
    fault = fault or bounds.bad_members(members)
    texts = [(name, value if isinstance(value, str) else None) for name, value in members if name != "data"]
    return _Said(_sound(texts), record.value or b"", lambda: _data_of(record.value), fault)


def _sound(pairs: Sequence[tuple[str, str | None]]) -> Mapping[str, str]:
    """Attributes that are there once and hold what an attribute may."""
    times = Counter(name for name, _ in pairs)
    return {n: v for n, v in pairs if v is not None and times[n] == 1 and not bounds.bad_text(n, v)}


def _members(value: bytes | None) -> Sequence[tuple[str, Json]]:
    """The members of a structured event, as far as its text can be taken apart at all."""
    try:
        body = json.loads((value or b"").decode(), object_pairs_hook=tuple, parse_int=bool)
    except (ValueError, RecursionError):
        raise Bad("no-value" if value is None else "not-json") from None
    if not isinstance(body, tuple):
        raise Bad("not-an-event")
    return body


def _data_of(value: bytes | None) -> Json:
    """The data of a structured event, read strictly."""
    body = _json(value)
    return body["data"] if "data" in body else _bad("no-data")


def _require_attributes(said: _Said) -> None:
    attributes = said.attributes
    if said.fault:
        raise Bad(said.fault)
    if any(not attributes.get(name) for name in _REQUIRED):
        raise Bad("attributes")
    if attributes["specversion"] != "1.0":
        raise Bad("specversion")
    if not _is_instant(attributes["time"]) or bounds.bad_instant(attributes["time"]):
        raise Bad("time")


def _is_known(type_name: str, fault: str) -> bool:
    """Return whether this very version is known; another version of a known name is bad, and so is what has no type."""
    if not type_name:
        raise Bad(fault or "attributes")
    if type_name in schemas.KNOWN:
        return True
    versioned = _VERSIONED.fullmatch(type_name)
    if versioned and f"claims.{versioned[1]}.v1" in schemas.KNOWN:
        raise Bad("other-version")
    return False


def _valid_data(said: _Said, record: Captured, read_on: date) -> Data:
    """The data when every clause of validity holds."""
    if bounds.bad_size(record.value):
        raise Bad("too-long")
    data, type_name = said.data(), said.attributes["type"]
    if fault := schemas.fault_of(type_name, data):
        raise Bad(fault)
    if b"\\u0000" in said.value and any("\0" in text for text in _texts(data)):
        raise Bad("null-character")
    if bounds.bad_key(record.key) or record.key != data["claim_number"].encode():
        raise Bad("key")
    if date.fromisoformat(data.get("requested_on", "0001-01-01")) > read_on:
        raise Bad("requested-in-future")
    if any(name not in registers.COMMUNITIES for name in _communities(data)):
        raise Bad("community")
    if fault := injury_codes.fault_of(data):
        raise Bad(fault)
    if fault := bounds.bad_data(data):
        raise Bad(fault)
    known: Data = data
    return known


def _communities(data: Data) -> Iterator[str]:
    if "worker" in data and isinstance(data["worker"], dict):
        yield data["worker"]["community"]
    if "moved_on" in data:
        yield data["community"]


def _json(value: bytes | None) -> Json:
    """The value as JSON; what is nested too deeply to be read is not."""
    if value is None:
        raise Bad("no-value")
    try:
        said = json.loads(value.decode(), parse_constant=_bad)
        if _HALF_A_PAIR.search(value):
            json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Bad("not-json") from None
    return said


def _bad(reason: str) -> NoReturn:
    raise Bad(reason)


def _texts(said: Json) -> Iterator[str]:
    """Every string in a piece of JSON, names of members included."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        for name, value in said.items():
            yield name
            yield from _texts(value)
    elif isinstance(said, list):
        for value in said:
            yield from _texts(value)


def _text(value: bytes | None) -> str | None:
    """As text; what is none becomes one that no attribute may hold."""
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _is_instant(text: str) -> bool:
    """RFC 3339 with an offset, on a day that exists."""
    if not _INSTANT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True
