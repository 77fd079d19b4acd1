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
    """Return the meaning of a body part's code; an unknown code is shown as it is, so that it can be looked up."""
    return _meanings().get(("body_part", code), f"body part {code}")


def nature(code: str) -> str:
    """Return the meaning of an injury's nature; an unknown code is shown as it is, so that it can be looked up."""
    return _meanings().get(("nature", code), f"nature {code}")
