"""The communities and injury codes that the upstream contract refers to."""

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).resolve().parents[2] / "data"


class Community(NamedTuple):
    """A place, as far as a claims system needs it."""

    name: str
    population: int
    health_authority: str
    postal_area: str


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def communities() -> dict[str, Community]:
    """Every community by name."""
    return {
        row["community"]: Community(
            row["community"], int(row["population"]), row["health_authority"], re.split(r"\W", row["postal_areas"])[0]
        )
        for row in _rows("communities.csv")
    }


def _codes(kind: str) -> frozenset[str]:
    return frozenset(row["code"] for row in _rows("injury-codes.csv") if row["list"] == kind)


COMMUNITIES = frozenset(communities())
BODY_PARTS = _codes("body_part")
NATURES = _codes("nature")
