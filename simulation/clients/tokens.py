"""The keys of people's software, as the portal's command handed them out."""

import json
from collections.abc import Mapping
from pathlib import Path


def read_tokens(path: Path) -> Mapping[str, str]:
    """By account; the file is named by REHAB_TOKENS."""
    said: Mapping[str, str] = json.loads(path.read_text())
    return said
