"""The envelope: CloudEvents in Kafka's binary mode, read tolerantly and written exactly."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.domain.decision import Event, EventContext
from shared.events.limits import BETWEEN, FIRST_INSTANT, LAST_INSTANT, NEWEST, limits_on
from shared.messaging.attributes import Headers, Unreadable, is_trace, key_fault, read_headers

Types: TypeAlias = Mapping[str, type[Event]]
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSIONED = re.compile(r"(.+)\.v[0-9]+")
_AFTER = re.compile(r"[A-Za-z0-9._-]{1,249}:[0-9]{1,9}(,[A-Za-z0-9._-]{1,249}:[0-9]{1,9})*")
_LEAP_SECOND = re.compile(r"T[0-9]{2}:[0-9]{2}:60", re.IGNORECASE)
_MEMBER = re.compile(r"[a-z][a-z0-9_]{0,39}")
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
        """Return the headers as text from which `headers_of` restores the same bytes."""
        pairs = [
            (_latin(n.encode("utf-8", "surrogateescape")), None if v is None else _latin(v)) for n, v in self.headers
        ]
        return orjson.dumps(pairs).decode()


def headers_of(text: str) -> Headers:
    """Return the headers that `headers_text` wrote."""
    return [
        (n.encode("latin-1").decode("utf-8", "surrogateescape"), None if v is None else v.encode("latin-1"))
        for n, v in orjson.loads(text)
    ]


def _latin(value: bytes) -> str:
    """Return one character for each byte."""
    return value.decode("latin-1")


@dataclass(slots=True)
class Record:
    """A record to apply: from Kafka, from the parked ones, or of a due timer; sequence 0 is outside any order."""

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
    causation_id: str = ""
    trace: str = ""
    after: Sequence[tuple[str, int]] = ()
    source_time: datetime | None = None
    parked_id: UUID | None = None
    timer: tuple[str, str, datetime] | None = None
    trace_left_out: bool = False

    @property
    def context(self) -> EventContext:
        """Return the context for decisions on this record."""
        return EventContext(
            self.event_id,
            self.correlation,
            self.key or "",
            self.at,
            self.read_at,
            self.source,
            self.trace,
            self.source_time,
            self.causation_id,
        )


def key_of(raw: bytes | None, most: int = NEWEST.attribute_bytes) -> str | None:
    """Return the key as text, None where there is none or it breaks a rule and must not be stored or shown."""
    return raw.decode() if raw and key_fault(raw, most) is None else None


def empty_record(raw: Raw, read_at: datetime) -> Record:
    """Return a record with nothing but its offset, its key and what its headers say of its sequence."""
    headers = dict(raw.headers)
    text = headers.get("ce_sequence") or b"0"
    if len(headers) < len(raw.headers) and sum(name == "ce_sequence" for name, _ in raw.headers) > 1:
        text = b"0"
    sequence = int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else 0
    key = key_of(raw.key, limits_on(read_at.date()).attribute_bytes)
    return Record(raw.topic, key, sequence if key is not None else 0, "", "", read_at, read_at, raw)


def sentence(problem: Exception) -> str:
    """Return a fault as a sentence of printable text that repeats nothing of the input."""
    if isinstance(problem, ValidationError):
        flaws = problem.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{_place(flaw['loc'])}: {flaw['msg'].removeprefix('Value error, ')}" for flaw in flaws[:5])
    elif isinstance(problem, RecursionError):
        said = "the record is nested too deeply"
    elif isinstance(problem, ValueError):
        said = str(problem)
    else:
        said = f"it cannot be read: {type(problem).__name__}"
    return " ".join("".join(letter if letter.isprintable() else " " for letter in said[:1000]).split())[:500]


def _place(loc: Sequence[int | str]) -> str:
    """Return the path of the faulty member; a name that the sender chose is not repeated."""
    return ".".join(str(n) if isinstance(n, int) or _MEMBER.fullmatch(n) else "*" for n in loc) or "body"


def decode(raw: Raw, types: Types, read_at: datetime) -> Record:
    """Decode a record of an own topic, headers first so that a broken body keeps its sequence; never raises."""
    record = empty_record(raw, read_at)
    try:
        _read_envelope(record, raw)
        if contract := contract_of(record.type_name, types):
            record.event = contract.from_bytes(raw.value or b"")
            record.event.check(record.key, read_at)
    except Exception as problem:  # noqa: BLE001 - one record that raised here would stop everybody's
        record.event, record.fault = None, sentence(problem)
    return record


def contract_of(type_name: str, types: Types) -> type[Event] | None:
    """Return the contract of a type, None for one that is not read; raise `Unreadable` for an unknown version."""
    if contract := types.get(type_name):
        return contract
    versioned = _VERSIONED.fullmatch(type_name)
    if versioned and any(name.rpartition(".v")[0] == versioned[1] for name in types):
        raise Unreadable(f"{type_name} is a version that this service does not read")
    return None


def _read_envelope(record: Record, raw: Raw) -> None:
    """Fill in the sound headers, then raise `Unreadable` for the first fault."""
    found = read_headers(raw.headers, limits_on(record.read_at.date()))
    said = found.sound
    record.type_name = said.get("type", "")
    record.event_id = event_id if _UUID.fullmatch(event_id := said.get("id", "")) else ""
    record.correlation = said.get("correlationid") or record.event_id
    record.causation_id = said.get("causationid", "")
    note_trace(record, dict(raw.headers).get("traceparent"))
    if found.fault:
        raise Unreadable(found.fault)
    _require(record, said)
    record.at = instant(said["time"], "ce_time")
    if after := said.get("after", ""):
        record.after = after_of(after)


def _require(record: Record, said: Mapping[str, str]) -> None:
    """Raise `Unreadable` unless every required attribute is there."""
    if record.key is None:
        raise Unreadable("the record has no readable key")
    if missing := [f"ce_{name}" for name in ("id", "type", "time") if name not in said]:
        raise Unreadable(f"{', '.join(missing)} is missing")
    if not record.event_id:
        raise Unreadable("ce_id is no UUID")
    if not record.sequence:
        raise Unreadable("ce_sequence is missing or no number")


def note_trace(record: Record, value: bytes | None) -> None:
    """Take over a trace context of W3C's form; leave out any other, as its specification asks, and count it."""
    text = (value or b"").decode("latin-1")
    record.trace = text if is_trace(text) else ""
    record.trace_left_out = bool(text) and not record.trace


def after_of(text: str) -> Sequence[tuple[str, int]]:
    """Parse the `topic:sequence` pairs that the announcer had applied of the same key."""
    if not _AFTER.fullmatch(text):
        raise Unreadable("ce_after is no list of topics and sequences")
    return [(topic, int(n)) for topic, n in (pair.split(":") for pair in text.split(","))]


def instant(text: str, called: str = "time") -> datetime:
    """Parse an instant into aware UTC; raise `Unreadable` for anything outside the contracts' range."""
    if _LEAP_SECOND.search(text):
        raise Unreadable(f"{called} names a leap second (:60): send the second before or after it")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"{called} is no date and time") from None
    if at.tzinfo is None:
        raise Unreadable(f"{called} has no zone")
    if not FIRST_INSTANT <= at <= LAST_INSTANT:
        raise Unreadable(f"{called} {BETWEEN}")
    return at if at.tzinfo is UTC else at.astimezone(UTC)
