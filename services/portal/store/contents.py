"""The required contents of reports by kind, from a dated file."""

import csv
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parents[3] / "data" / "report-contents.csv"


class Part(NamedTuple):
    """A section, or a measure with its bounds."""

    kind: str
    first: date
    last: date
    part: str
    name: str
    low: int = 0
    high: int = 0


@cache
def _all() -> Sequence[Part]:
    with _FILE.open(encoding="utf-8", newline="") as lines:
        return [
            Part(
                row["kind"],
                date.fromisoformat(row["from_on"]),
                date.fromisoformat(row["to_on"]) if row["to_on"] else date.max,
                row["part"],
                row["name"],
                int(row["low"] or 0),
                int(row["high"] or 0),
            )
            for row in csv.DictReader(lines)
        ]


def parts_of(kind: str, on: date) -> Sequence[Part]:
    """Sections and measures that a kind needs on a day, in their order."""
    return [part for part in _all() if part.kind == kind and part.first <= on <= part.last]
