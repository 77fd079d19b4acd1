"""Assembly."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from services.program.domain.catalogue import read_entry
from services.program.handlers import handlers
from services.program.store.cases import CASES
from shared.filing import DOCUMENTS, filed, submit
from shared.log import logger
from shared.office import Office
from shared.service import Service

CATALOGUE = Path(__file__).parent / "catalogue"


async def load(office: Office, _: Sequence[str]) -> None:
    """Publish what the catalogue's files say and nobody was told yet."""
    entries = [read_entry(tomllib.loads(path.read_text())) for path in sorted(CATALOGUE.glob("*.toml"))]
    documents = [filed(entry, numbered=True) for entry in entries]
    logger(__name__).info("catalogue loaded", count=await submit(office, documents))


service = Service(
    "program",
    listens=("rehab-referral", "rehab-portal", "rehab-procurement", "rehab-invoice"),
    kinds=(CASES, DOCUMENTS),
    handlers=handlers,
    folder=Path(__file__).parent,
    reference=("rehab-procurement",),
    verbs={"load": load},
)

if __name__ == "__main__":
    service.main()
