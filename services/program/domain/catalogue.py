"""Reading the catalogue: a file is one program or one set of terms."""

from collections.abc import Mapping
from typing import Any

from shared.events.program import ProgramPublished, ReferralTermsPublished


def read_entry(said: Mapping[str, Any]) -> ProgramPublished | ReferralTermsPublished:
    """A file of the catalogue; raises ValueError with every fault of it."""
    kind = ReferralTermsPublished if "terms_id" in said else ProgramPublished
    return kind.model_validate(said)
