"""The rules of notices, read from their dated file."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.notification.domain.rule import Escalation, Rule

_RULES = Path(__file__).parents[1] / "rules"


def load_rules() -> dict[str, Rule]:
    """Return the rules of the newest file by their names."""
    newest = max(_RULES.glob("*.toml"))
    return {row["name"]: _rule(row) for row in tomllib.loads(newest.read_text())["rule"]}


def _rule(row: Mapping[str, Any]) -> Rule:
    """Return a rule; raise TypeError for a member that no rule has, ValueError for half an escalation."""
    members = dict(row)
    after = members.pop("escalate_after", None)
    to = members.pop("escalate_to", None)
    if (after is None) != (to is None):
        raise ValueError(f"the rule {row['name']} says after what time or to whom, not both")
    members["channels"] = tuple(members["channels"])
    members["useful"] = timedelta(hours=members.pop("useful_hours"))
    return Rule(**members, escalation=Escalation(to, **after) if after else None)


RULES = load_rules()
