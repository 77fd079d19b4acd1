"""The selection of a program: the first in force, by precedence, whose choice fits."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from shared.events.program import Choice, ProgramPublished
from shared.events.values import Barrier, Fired, Injury
from shared.placement.register import Register


class Asked(NamedTuple):
    """The facts by which a program is chosen."""

    on: date
    community: str
    injury: Injury
    barriers: Sequence[Barrier]


class Chosen(NamedTuple):
    """The chosen program, None if no choice fits, and the receipt of every choice evaluated."""

    program: ProgramPublished | None
    fired: tuple[Fired, ...]


def choose(register: Register, asked: Asked) -> Chosen:
    """Choose the program of a day."""
    fired: list[Fired] = []
    for program in register.programs_on(asked.on):
        reason = _misfit(register, program.choice, asked)
        fired.append(Fired(rule=f"choice/{program.program}", said=reason or "fits", passed=reason is None))
        if reason is None:
            return Chosen(program, tuple(fired))
    return Chosen(None, tuple(fired))


def _misfit(register: Register, choice: Choice, asked: Asked) -> str | None:
    """Return why a choice does not fit, or None when it does."""
    areas = choice.areas_of
    if areas and not any(asked.community in register.covered(program, asked.on) for program in areas):
        return "no area covers the community on that day"
    if choice.natures and asked.injury.nature not in choice.natures:
        return "another nature of injury"
    if choice.body_parts and not asked.injury.body_part.startswith(choice.body_parts):
        return "another body part"
    if choice.barriers and not set(choice.barriers) & set(asked.barriers):
        return "none of its barriers"
    return None
