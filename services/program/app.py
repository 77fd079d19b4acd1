"""The program service: its catalogue, its verb `load`, and what it is assembled of."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from services.program.domain.catalogue import read_entry
from services.program.handlers import handlers
from services.program.store.cases import CASES
from shared.config.log import logger
from shared.events.program import ProgramPublished, ReferralTermsPublished
from shared.messaging.context import ServiceContext
from shared.registers.published_documents import DOCUMENTS, filed, submit
from shared.runtime.main import main
from shared.runtime.service import Service

CATALOGUE = Path(__file__).parent / "catalogue"


def read_catalogue(folder: Path) -> list[ProgramPublished | ReferralTermsPublished]:
    """Return the entries of the catalogue's files; raise SystemExit with every faulty file and its faults."""
    entries, faults = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            entries.append(read_entry(tomllib.loads(path.read_text(encoding="utf-8"))))
        except ValueError as problem:
            faults.append(f"{path.name}: {problem}")
    if faults:
        raise SystemExit("\n".join(faults))
    return entries


async def load(context: ServiceContext, _: Sequence[str]) -> None:
    """Publish the entries of the catalogue's files that were not published yet."""
    documents = [filed(entry, numbered=True) for entry in read_catalogue(CATALOGUE)]
    logger(__name__).info("catalogue loaded", count=await submit(context, documents))


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
    main(service)
