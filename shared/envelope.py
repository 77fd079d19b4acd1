"""CloudEvents in Kafka's binary mode: tolerant on the way in, exact on the way out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.decision import Event, Occasion

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
Types: TypeAlias = Mapping[str, type[Event]]
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSIONED = re.compile(r"(.+)\.v[0-9]+")
_MOST_DIGITS = 9  # more would not fit the column


class Raw(NamedTuple):
    """A record as it lay on the topic, byte for byte."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def headers_text(self) -> str:
        """Headers as text that gives back the same bytes, names that are no UTF-8 included."""
        pairs = [
            (_latin(n.encode("utf-8", "surrogateescape")), None if v is None else _latin(v)) for n, v in self.headers
        ]
        return orjson.dumps(pairs).decode()


def headers_of(text: str) -> Headers:
    """The inverse of `headers_text`."""
    return [
        (n.encode("latin-1").decode("utf-8", "surrogateescape"), None if v is None else v.encode("latin-1"))
        for n, v in orjson.loads(text)
    ]


def _latin(value: bytes) -> str:
    """One character a byte."""
    return value.decode("latin-1")


@dataclass(slots=True)
class Record:
    """One thing to apply: a Kafka record, a parked one or a due timer. Sequence 0 stands outside any order."""

    topic: str
    key: str | None
    sequence: int
    event_id: str
    correlation: str
    at: datetime
    read_at: datetime
    raw: Raw
    event: Event | None = None
    fault: str | None = None
    type_name: str = ""
    source: str = ""
    causation: str = ""
    trace: str = ""
    after: Sequence[tuple[str, int]] = ()
    said_at: datetime | None = None
    parked_id: UUID | None = None
    timer: tuple[str, str, datetime] | None = None

    @property
    def occasion(self) -> Occasion:
        """What a decision on this record knows of it."""
        return Occasion(
            self.event_id,
            self.correlation,
            self.key or "",
            self.at,
            self.read_at,
            self.source,
            self.trace,
            self.said_at,
            self.causation,
        )


class Unreadable(ValueError):  # noqa: N818 - says what the record is, not what went wrong with us
    """The record breaks the envelope or its contract; the sentence says how, and never what it held."""


def key_of(raw: bytes | None) -> str | None:
    """The key as text; none when there is none that Postgres could hold."""
    try:
        return raw.decode() if raw and b"\0" not in raw else None
    except UnicodeDecodeError:
        return None


def blank(raw: Raw, read_at: datetime) -> Record:
    """A record of which nothing is known yet but where it lay and what its headers say of its place."""
    headers = dict(raw.headers)
    text = headers.get("ce_sequence") or b"0"
    sequence = int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else 0
    key = key_of(raw.key)
    return Record(raw.topic, key, sequence if key is not None else 0, "", "", read_at, read_at, raw)


def sentence(problem: Exception) -> str:
    """A fault as a sentence without any of the input."""
    if isinstance(problem, ValidationError):
        flaws = problem.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, flaw['loc'])) or 'body'}: {flaw['msg']}" for flaw in flaws[:5])
        return " ".join(said.replace("\0", "").split())[:500]
    said = f"{type(problem).__name__}: {problem}" if isinstance(problem, KeyError) else str(problem)
    return " ".join(said.replace("\0", "").split())[:500]


def decode(raw: Raw, types: Types, read_at: datetime) -> Record:
    """A record of one of our own topics. Headers first, so that a broken body keeps its place; nothing is raised."""
    record = blank(raw, read_at)
    try:
        _read_envelope(record, raw)
        if contract := contract_of(record.type_name, types):
            record.event = contract.from_bytes(raw.value or b"")
            record.event.check(record.key, read_at)
    except (ValueError, RecursionError) as problem:
        record.event, record.fault = None, sentence(problem)
    return record


def contract_of(type_name: str, types: Types) -> type[Event] | None:
    """The contract of a type; None for what this service does not read; a version it cannot read is a fault."""
    if contract := types.get(type_name):
        return contract
    versioned = _VERSIONED.fullmatch(type_name)
    if versioned and any(name.rpartition(".v")[0] == versioned[1] for name in types):
        raise Unreadable(f"{type_name} is a version that this service does not read")
    return None


def _read_envelope(record: Record, raw: Raw) -> None:
    """Fill in what the headers say."""
    headers = dict(raw.headers)
    if not "".join(headers).isprintable():
        raise Unreadable("a header's name is no text")
    if record.key is None:
        raise Unreadable("the record has no readable key")
    event_id = _text(headers, "ce_id")
    if not _UUID.fullmatch(event_id):
        raise Unreadable("ce_id is no UUID")
    record.event_id = event_id
    record.type_name = _text(headers, "ce_type")
    record.correlation = _text(headers, "ce_correlationid", event_id)
    record.causation = _text(headers, "ce_causationid", "")
    record.trace = _text(headers, "traceparent", "")
    if not record.sequence:
        raise Unreadable("ce_sequence is missing or no number")
    record.at = instant(_text(headers, "ce_time"))
    if after := _text(headers, "ce_after", ""):
        record.after = after_of(after)


def _text(headers: Mapping[str, bytes | None], name: str, default: str | None = None) -> str:
    """A header as text."""
    value = headers.get(name)
    if value is None:
        if default is None:
            raise Unreadable(f"{name} is missing")
        return default
    return value.decode()


def after_of(text: str) -> Sequence[tuple[str, int]]:
    """`topic:sequence` pairs that the announcer had seen of the same key."""
    return [(topic, int(n)) for topic, n in (pair.split(":") for pair in text.split(","))]


def instant(text: str) -> datetime:
    """An aware UTC instant; anything else is unreadable."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise Unreadable("ce_time has no zone")
    return at if at.tzinfo is UTC else at.astimezone(UTC)
