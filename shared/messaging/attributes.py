"""The attributes of a record: those that are sound text within the limits, and the first fault."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from shared.events.limits import Limits

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f\ud800-\udfff]")  # C0, C1, and halves of surrogate pairs
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_SHORT = frozenset({"id", "source", "type", "subject", "correlationid", "causationid"})
_PREFIX, _CONTENT_TYPE = "ce_", "content-type"
# W3C Trace Context: version, trace, parent and flags; neither a trace nor a parent is all zeros
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Unreadable(ValueError):  # noqa: N818 - says what the record is, not what went wrong with us
    """A record that breaks the envelope or its contract; the message says how, and never repeats its content."""


class Attributes(NamedTuple):
    """The sound attributes by their CloudEvents names, and a sentence on the first that breaks a rule."""

    sound: dict[str, str]
    fault: str | None = None


def is_trace(text: str) -> bool:
    """Return whether a text has the form of a W3C traceparent."""
    return _TRACE.fullmatch(text) is not None


def key_fault(key: bytes | None, most: int) -> str | None:
    """Return what is wrong with a record's key, None when it is sound or absent."""
    if not key or (len(key) <= most and key.isascii() and key.decode().isprintable()):
        return None
    return _fault_of_bytes(key, most)


def read_headers(headers: Headers, limits: Limits) -> Attributes:
    """Return the attributes of the binary mode without the prefix `ce_`; a header without a value is absent."""
    plain = _read_plain(headers, limits)
    return plain if plain is not None else _read_carefully(headers, limits)


def _read_plain(headers: Headers, limits: Limits) -> Attributes | None:
    """Read short, printable ASCII headers at a third of the cost; return None for any others."""
    places = _places_of(tuple([name for name, _ in headers]), limits)
    values = [value or b"" for _, value in headers]
    together = b"".join(values)
    if places is None or not together.isascii() or not together.decode().isprintable():
        return None
    if max(map(len, values), default=0) > limits.attribute_bytes or len(together) > limits.headers_bytes - places.size:
        return None
    return Attributes({name: value.decode() for n, name in places.read if (value := headers[n][1]) is not None})


class _Places(NamedTuple):
    """The total length of header names, and the positions of the attributes among them."""

    size: int
    read: Sequence[tuple[int, str]]


@lru_cache(maxsize=256)
def _places_of(names: tuple[str, ...], limits: Limits) -> _Places | None:
    """Return the positions for a list of header names, None when one of the names needs a closer look."""
    together = "".join(names)
    if not (together.isascii() and together.isprintable()) or len(set(names)) < len(names):
        return None
    if max(map(len, names), default=0) > limits.header_name_bytes:
        return None
    read = [(n, name.removeprefix(_PREFIX)) for n, name in enumerate(names) if name.startswith(_PREFIX)]
    return _Places(len(together), read)


def _read_carefully(headers: Headers, limits: Limits) -> Attributes:
    """Read header by header; a header whose name is no plain word is named by its number."""
    faults: list[str] = []
    sound: dict[str, str] = {}
    repeated = _repeated(name for name, _ in headers if _is_attribute(name))
    for number, (name, value) in enumerate(headers, 1):
        called = name if _WORD.fullmatch(name) else f"header {number}"
        fault = _fault_of_header(name, value, limits) or (name in repeated and "is given more than once") or None
        if fault:
            faults.append(f"{called} {fault}")
        elif value is not None and name.startswith(_PREFIX):
            sound[name.removeprefix(_PREFIX)] = value.decode()
    size = sum(len(name.encode("utf-8", "replace")) + len(value or b"") for name, value in headers)
    return _within(sound, faults, size, "the headers", limits)


def _fault_of_header(name: str, value: bytes | None, limits: Limits) -> str | None:
    """Return the fault of a header; of one that is no attribute only name and length are checked."""
    if fault := _fault_of_name(name, limits):
        return fault
    if len(value or b"") > limits.header_value_bytes:
        return _longer(limits.header_value_bytes)
    if value is None or not _is_attribute(name):
        return None
    return _fault_of_bytes(value, _most(name.removeprefix(_PREFIX), limits))


def read_members(pairs: Iterable[tuple[str, Any]], limits: Limits) -> Attributes:
    """Return the attributes of a structured event: its members with text, except `data`."""
    members = list(pairs)
    faults: list[str] = []
    sound: dict[str, str] = {}
    repeated = _repeated(name for name, _ in members)
    for number, (name, value) in enumerate(members, 1):
        called = name if _WORD.fullmatch(name) else f"member {number}"
        fault = _fault_of_member(name, value, limits) or (name in repeated and "is given more than once") or None
        if fault:
            faults.append(f"{called} {fault}")
        elif isinstance(value, str) and name != "data":
            sound[name] = value
    texts = [(name, value) for name, value in members if isinstance(value, str) and name != "data"]
    size = sum(len((name + value).encode("utf-8", "replace")) for name, value in texts)
    return _within(sound, faults, size, "the attributes", limits)


def _fault_of_member(name: str, value: object, limits: Limits) -> str | None:
    if fault := _fault_of_name(name, limits):
        return fault
    if not isinstance(value, str) or name == "data":
        return None
    return _fault_of_text(value, _most(name, limits))


def _within(sound: dict[str, str], faults: list[str], size: int, what: str, limits: Limits) -> Attributes:
    """Add the fault that the attributes are too long together, and return them with the first fault."""
    if size > limits.headers_bytes:
        faults.append(f"{what} are longer than {limits.headers_bytes} bytes together: send fewer or shorter ones")
    return Attributes(sound, faults[0] if faults else None)


def _is_attribute(name: str) -> bool:
    return name.startswith(_PREFIX) or name == _CONTENT_TYPE


def _most(attribute: str, limits: Limits) -> int:
    return limits.attribute_bytes if attribute in _SHORT else limits.header_value_bytes


def _repeated(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name, times in Counter(names).items() if times > 1)


def _fault_of_name(name: str, limits: Limits) -> str | None:
    if not name.isprintable():
        return "has a name that is no text: send it under a printable name"
    if len(name.encode()) > limits.header_name_bytes:
        return f"has a name longer than {limits.header_name_bytes} bytes: send it under a shorter name"
    return None


def _fault_of_bytes(value: bytes, most: int) -> str | None:
    if len(value) > most:
        return _longer(most)
    try:
        return _fault_of_text(value.decode(), most)
    except UnicodeDecodeError:
        return "is no UTF-8: send it as text in UTF-8"


def _fault_of_text(text: str, most: int) -> str | None:
    if _CONTROL.search(text):
        return "holds a control character: send it without"
    return _longer(most) if len(text.encode()) > most else None


def _longer(most: int) -> str:
    return f"is longer than {most} bytes: send it shorter"
