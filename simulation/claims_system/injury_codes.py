"""Which injuries are possible: codes that are known, at parts where they can be, on sides that the part has."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from simulation.claims_system import registers

_OF_A_PART = re.compile("0[1-5]...|09710")  # natures that need a part of the body, not a system
_OF_A_SYSTEM = re.compile("5....")
_PAIRED = re.compile("21000|25100|25400|(?!31800|41800)[34]....")


def is_possible(part: str, nature: str) -> bool:
    """Return whether a part of the body can be hurt in this way."""
    return not (_OF_A_SYSTEM.fullmatch(part) and _OF_A_PART.fullmatch(nature))


def is_paired(part: str) -> bool:
    """Return whether the body has it on two sides, of which one must be named."""
    return bool(_PAIRED.fullmatch(part))


def fault_of(data: Mapping[str, Any]) -> str:
    """Why the injury or an accepted area cannot be, as a short code; empty when all can."""
    injury = data.get("injury") or {}
    places = [*([injury] if injury else []), *(data.get("accepted_areas") or ())]
    return next((fault for fault in _faults(injury, places, data.get("worker") or {}) if fault), "")


def _faults(injury: Mapping[str, Any], places: list[Mapping[str, Any]], worker: Mapping[str, Any]) -> Iterator[str]:
    for place in places:
        yield "" if place["body_part"] in registers.BODY_PARTS else "code"
    if injury:
        yield "" if injury["nature"] in registers.NATURES else "code"
        yield "" if is_possible(injury["body_part"], injury["nature"]) else "nature-at-part"
    for place in places:
        yield "side" if (place["side"] == "N") == is_paired(place["body_part"]) else ""
    if injury and "birth_date" in worker:
        born, hurt = date.fromisoformat(worker["birth_date"]), date.fromisoformat(injury["occurred_on"])
        yield "before-birth" if hurt < born else ""
