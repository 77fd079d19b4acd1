"""A plan line by line as it holds: what was asked for, what is granted now, and what was granted before."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_DECIDED = frozenset({"approved", "declined"})
_HELD = frozenset({"approved", "declined", "deemed", "discontinued"})
_AT = "lines."  # begins the field that names a line in the reason for which nothing of it is granted


class Line(NamedTuple):
    """A line of a plan; `grant` is what holds of it, or held last, `before` what an earlier decision had granted."""

    asked: Mapping[str, Any]
    grant: Mapping[str, Any] | None
    before: Sequence[Mapping[str, Any]]
    refused: Mapping[str, Any] | None
    is_decided: bool

    @property
    def cents(self) -> int:
        """Return the worth of what is granted in cents; before a decision, of what is asked for."""
        if self.grant:
            return int(self.grant["cents"])
        return 0 if self.is_decided else int(self.asked["cents"])


def lines_of(plan: Mapping[str, Any]) -> Sequence[Line]:
    """Each line by the newest decision: what was deemed granted holds no more once a decision was notified."""
    return [_line(plan, asked) for asked in plan.get("lines", ())]


def _line(plan: Mapping[str, Any], asked: Mapping[str, Any]) -> Line:
    grants = [grant for grant in plan.get("grants", ()) if grant["line"] == asked["line"]]
    field = f"{_AT}{asked['line']}"
    refused = next((flaw for flaw in plan.get("declined", ()) if flaw.get("field") == field), None)
    is_refused = plan.get("state") == "declined" or (refused is not None and plan.get("state") in _DECIDED)
    grant = grants[-1] if grants and not is_refused else None
    before = grants if is_refused else grants[:-1]
    return Line(asked, grant, before, refused, plan.get("state") in _HELD)
