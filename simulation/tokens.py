"""The keys of the clinics' software, as the portal gave them out."""

import json
from collections.abc import Mapping
from pathlib import Path

NAME = "tokens.json"


def tokens_of(folder: Path) -> Mapping[str, str]:
    """By site; written by the portal's command that opens the clinics' accounts."""
    said: Mapping[str, str] = json.loads((folder / NAME).read_text())
    return said
