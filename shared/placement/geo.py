"""Great-circle distances between communities, computed once."""

import csv
from functools import cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

_DATA = Path(__file__).parents[2] / "data" / "communities.csv"
_EARTH_KM = 6371.0088  # mean radius, IUGG


@cache
def _places() -> dict[str, tuple[float, float]]:
    """Return latitude and longitude of each community in radians."""
    with _DATA.open(encoding="utf-8", newline="") as lines:
        return {
            row["community"]: (radians(float(row["latitude"])), radians(float(row["longitude"])))
            for row in csv.DictReader(lines)
        }


@cache
def health_authorities() -> dict[str, str]:
    """Return the health authority of each community."""
    with _DATA.open(encoding="utf-8", newline="") as lines:
        return {row["community"]: row["health_authority"] for row in csv.DictReader(lines)}


@cache
def kilometres(one: str, other: str) -> float:
    """Return the kilometres between two communities by the haversine formula; infinity where one is not known."""
    places = _places()
    if one not in places or other not in places:
        return float("inf")
    (lat, lon), (lat2, lon2) = places[one], places[other]
    a = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(a))
