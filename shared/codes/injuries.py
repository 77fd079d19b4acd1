"""Body parts and natures of injury by their codes, as the claims system's tables name them."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parents[2] / "data" / "injury-codes.csv"


@cache
def _meanings() -> Mapping[tuple[str, str], str]:
    with _FILE.open(encoding="utf-8", newline="") as lines:
        return {(row["list"], row["code"]): row["meaning"] for row in csv.DictReader(lines)}


def body_part(code: str) -> str:
    """What was injured; a code that the tables do not have stays as it is, for people look it up by it."""
    return _meanings().get(("body_part", code), f"body part {code}")


def nature(code: str) -> str:
    """How it was injured; a code that the tables do not have stays as it is, for people look it up by it."""
    return _meanings().get(("nature", code), f"nature {code}")
