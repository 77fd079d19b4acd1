"""Assembly; TOY_SUFFIX gives each test topics of its own."""

import os
from pathlib import Path

from shared.runtime.main import main
from shared.runtime.service import Service
from tests.toy.handlers import handlers
from tests.toy.store import COUNTERS

SUFFIX = os.environ.get("TOY_SUFFIX", "")
service = Service(
    "toy",
    listens=(f"toy-in{SUFFIX}", f"toy-side{SUFFIX}", f"toy-foreign{SUFFIX}"),
    kinds=(COUNTERS,),
    handlers=handlers,
    folder=Path(__file__).parent,
    foreign=(f"toy-foreign{SUFFIX}",),
)

if __name__ == "__main__":
    main(service)
