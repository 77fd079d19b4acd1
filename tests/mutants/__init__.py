"""Patches that each take one guarantee away, and the proof that the suite notices every one of them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PATCHES = Path(__file__).parent / "patches"
_HEAD = re.compile(r"Guarantee: (.+)\nTests: (.+)\n")


class Mutant(NamedTuple):
    """One patch: what it takes away, and which tests must fail with it."""

    name: str
    patch: Path
    guarantee: str
    tests: str


def mutants(names: Sequence[str] = ()) -> list[Mutant]:
    """All, or those named."""
    found = []
    for patch in sorted(PATCHES.glob("*.patch")):
        head = _HEAD.match(patch.read_text())
        if head is None:
            raise ValueError(f"{patch.name} must begin with its guarantee and its tests")
        found.append(Mutant(patch.stem, patch, head[1], head[2]))
    return [mutant for mutant in found if not names or mutant.name in names]
