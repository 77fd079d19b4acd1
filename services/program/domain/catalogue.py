"""The files of the catalogue, each of which is one program or one set of terms."""

from collections.abc import Mapping
from typing import Any

from shared.events.program import ProgramPublished, ReferralTermsPublished


def read_entry(content: Mapping[str, Any]) -> ProgramPublished | ReferralTermsPublished:
    """Return the entry that a file's content describes; raise ValueError with every fault of it."""
    contract = ReferralTermsPublished if "terms_id" in content else ProgramPublished
    return contract.model_validate(content)
