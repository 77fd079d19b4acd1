"""The limits of a record on `claims`, by the contract with the upstream, in the auditor's own words."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from simulation.claims_system.capture import Headers, Json

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SHORT = {"id", "source", "type", "subject", "correlationid", "causationid"}
_ATTRIBUTE, _NAME, _TEXT, _TOGETHER, _VALUE = 200, 100, 4096, 16_384, 900_000
_PERSON_ID, _OPEN_TEXT = 180, 320
_LISTS = {"accepted_areas": 200, "barriers": 100, "job_demands": 100}
_FIRST, _LAST = "1900-01-01", "2200-12-31"
_DAYS = {"decided_on", "effective_on", "requested_on", "moved_on", "occurred_on", "birth_date"}
_IDS = (("worker", "worker_id"), ("employer", "employer_id"))


def bad_text(name: str, value: str) -> bool:
    """Return whether an attribute is too long or holds what no text of an envelope may."""
    most = _ATTRIBUTE if name in _SHORT else _TEXT
    return bool(_CONTROL.search(value)) or len(value.encode()) > most


def bad_headers(headers: Headers) -> str:
    """Return what is wrong with headers, as a short code; the first two codes are those of any record."""
    names = [name for name, _ in headers]
    sizes = [(len(name.encode("utf-8", "surrogateescape")), len(value or b"")) for name, value in headers]
    if not "".join(names).isprintable() or any(of_name > _NAME for of_name, _ in sizes):
        return "header-name"
    if any(of_value > _TEXT for _, of_value in sizes) or sum(map(sum, sizes)) > _TOGETHER:
        return "too-long"
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if any(name.startswith("ce_") or name == "content-type" for name in repeated):
        return "repeated"
    texts = [(n, v) for n, v in headers if v is not None and (n.startswith("ce_") or n == "content-type")]
    return "attributes" if any(_is_bad(name.removeprefix("ce_"), value) for name, value in texts) else ""


def _is_bad(name: str, value: bytes) -> bool:
    try:
        return bad_text(name, value.decode())
    except UnicodeDecodeError:
        return True


def bad_members(pairs: Iterable[tuple[str, Json]]) -> str:
    """Return what is wrong with the members of a structured event, as a short code."""
    members = list(pairs)
    if any(times > 1 for times in Counter(name for name, _ in members).values()):
        return "repeated"
    if any(not name.isprintable() or len(name.encode()) > _NAME for name, _ in members):
        return "header-name"
    texts = [(name, value) for name, value in members if isinstance(value, str) and name != "data"]
    if any(bad_text(name, value) for name, value in texts):
        return "attributes"
    return "too-long" if sum(len((n + v).encode()) for n, v in texts) > _TOGETHER else ""


def bad_key(key: bytes | None) -> bool:
    """Return whether a key that is there could not be one."""
    return bool(key) and _is_bad("id", key or b"")


def bad_size(value: bytes | None) -> bool:
    """Return whether the value is too long."""
    return len(value or b"") > _VALUE


def bad_instant(text: str) -> bool:
    """Return whether an instant lies out of the range."""
    at = datetime.fromisoformat(text.upper())
    first, last = date.fromisoformat(_FIRST), date.fromisoformat(_LAST)
    return not first.year <= at.year <= last.year or not first <= at.astimezone(UTC).date() <= last


def bad_data(data: Mapping[str, Any]) -> str:
    """Return what is out of bounds in data that pass their schema, as a short code."""
    if any(not _FIRST <= day <= _LAST for day in _days(data)):
        return "out-of-range"
    if any(len(data.get(name) or ()) > most for name, most in _LISTS.items()):
        return "too-many"
    ids = [data.get("worker_id", ""), *(data.get(part, {}).get(name, "") for part, name in _IDS)]
    if any(len(text.encode()) > _PERSON_ID or _CONTROL.search(text) for text in ids):
        return "id"
    open_texts = [data.get("email"), data.get("worker", {}).get("email"), data.get("worker_choice_site")]
    return "too-long" if any(len(text or "") > _OPEN_TEXT for text in open_texts) else ""


def _days(data: Mapping[str, Any]) -> Iterable[str]:
    for name, value in data.items():
        if name in _DAYS:
            yield value
        elif name in {"worker", "injury"}:
            yield from _days(value)
