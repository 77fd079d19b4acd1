"""The procurement service: its verb `load`, and what it is assembled of."""

from collections.abc import Sequence
from pathlib import Path

from services.procurement.domain import InvalidRegister, is_numbered, read_register
from services.procurement.handlers import handlers
from services.procurement.store import read_files
from shared.config.log import logger
from shared.messaging.context import ServiceContext
from shared.registers.published_documents import DOCUMENTS, filed, submit
from shared.runtime.main import main
from shared.runtime.service import Service


async def load(context: ServiceContext, arguments: Sequence[str]) -> None:
    """Publish the documents of a folder's files that were not published yet; raise SystemExit with every fault."""
    if not arguments:
        raise SystemExit("name the folder of the register's files")
    try:
        events = read_register(read_files(Path(arguments[0])))
    except InvalidRegister as problem:
        raise SystemExit("\n".join(map(str, problem.args))) from None
    documents = [filed(event, numbered=is_numbered(event)) for event in events]
    logger(__name__).info("register loaded", count=await submit(context, documents))


service = Service(
    "procurement",
    listens=("rehab-portal",),
    kinds=(DOCUMENTS,),
    handlers=handlers,
    folder=Path(__file__).parent,
    verbs={"load": load},
)

if __name__ == "__main__":
    main(service)
