"""Captures of the topic `claims`: gzipped lines of JSON, one record a line, in order of arrival."""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

Json: TypeAlias = Any  # whatever JSON can say
Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

_PAIR = 2


class Captured(NamedTuple):
    """A record as the claims system sent it; a header's name may hold bytes that are no UTF-8, as surrogates."""

    arrives_at: datetime
    key: bytes | None
    headers: Headers
    value: bytes | None


def read(path: Path) -> list[Captured]:
    """A whole capture, ordered by arrival; records of one instant stay as they stand."""
    with gzip.open(path, "rt", encoding="utf-8") if _is_gzip(path) else path.open(encoding="utf-8") as lines:
        return sorted((parse(line) for line in lines if line.strip()), key=lambda record: record.arrives_at)


def write(path: Path, records: Iterable[Captured]) -> None:
    """The same bytes for the same records, whenever they are written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(format_line(record) for record in records)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def parse(line: str) -> Captured:
    """One line; whatever odd thing its headers hold becomes bytes."""
    said = json.loads(line)
    return Captured(
        datetime.fromisoformat(said["arrives_at"]),
        _bytes(said["key"]),
        tuple(_headers(said.get("headers"))),
        _value(said),
    )


def format_line(record: Captured) -> str:
    """The inverse of `parse`."""
    return (
        json.dumps(
            {
                "arrives_at": record.arrives_at.isoformat(),
                "key": _text(record.key),
                "headers": [[name, _text(value)] for name, value in record.headers],
                **_said(record.value),
            }
        )
        + "\n"
    )


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _headers(said: Json) -> Iterator[tuple[str, bytes | None]]:
    for pair in said or ():
        if isinstance(pair, list) and len(pair) == _PAIR:
            yield str(pair[0]), _bytes(pair[1])


def _value(said: dict[str, Json]) -> bytes | None:
    if "value_base64" in said:
        return base64.b64decode(said["value_base64"])
    return _bytes(said.get("value"))


def _bytes(said: Json) -> bytes | None:
    """Text as UTF-8, surrogates as the bytes they stand for, anything else as its JSON."""
    if said is None:
        return None
    return (said if isinstance(said, str) else json.dumps(said)).encode("utf-8", "surrogateescape")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _said(value: bytes | None) -> dict[str, str | None]:
    try:
        return {"value": None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value or b"").decode()}
