"""The keys of the clinics' software, as the portal's command handed them out."""

import json
from collections.abc import Mapping
from pathlib import Path


def read_tokens(path: Path) -> Mapping[str, str]:
    """By site; the file is named by REHAB_TOKENS."""
    said: Mapping[str, str] = json.loads(path.read_text())
    return said
