"""The rules, from their file."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.notification.domain.rule import Patience, Rule

_RULES = Path(__file__).parents[1] / "rules"


def load_rules() -> dict[str, Rule]:
    """The newest file, by name."""
    newest = max(_RULES.glob("*.toml"))
    return {said["name"]: _rule(said) for said in tomllib.loads(newest.read_text())["rule"]}


def _rule(said: Mapping[str, Any]) -> Rule:
    """One line; a member that no rule has is an error."""
    members = dict(said)
    patience = members.pop("escalate_after", None)
    to = members.pop("escalate_to", None)
    if (patience is None) != (to is None):
        raise ValueError(f"the rule {said['name']} says after what time or to whom, not both")
    members["channels"] = tuple(members["channels"])
    members["useful"] = timedelta(hours=members.pop("useful_hours"))
    return Rule(**members, patience=Patience(to, **patience) if patience else None)


RULES = load_rules()
