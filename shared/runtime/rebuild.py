"""The rebuild of projections and read models from the topics, in a separate database; nothing is announced."""

from collections.abc import Sequence

from aiokafka import ConsumerRecord

from shared.config import clock
from shared.messaging import batch, kafka
from shared.messaging.catch_up import read_reference
from shared.messaging.context import ServiceContext
from shared.messaging.envelope import Record
from shared.runtime.service import Service

_APPLIED = """
SELECT EXISTS (SELECT FROM marks)
"""


async def rebuild(service: Service, context: ServiceContext) -> int:
    """Project every record from the first to the current last; return how many records were projected."""
    async with context.pool.acquire() as conn:
        if await conn.fetchval(_APPLIED):
            raise SystemExit("this database is lived in: name an empty one in REHAB_POSTGRES")
    newest: dict[tuple[str, str], int] = {}
    received = 0

    async def take(records: Sequence[ConsumerRecord]) -> None:
        nonlocal received
        now = clock.now()
        found = [service.reader.read(kafka.raw(record), now) for record in records]
        fresh = [record for record in found if _is_fresh(record, newest)]
        async with context.pool.acquire() as conn, conn.transaction():
            await batch.project(conn, service.handlers, fresh)
        received += len(fresh)

    types = {kind.type_name: kind for kinds in service.handlers.projections.values() for kind in kinds}
    topics = [topic for topic in service.listens if topic not in service.foreign]
    await read_reference(context.settings.kafka, f"rehab-{service.name}-rebuild", topics, types, take)
    return received


def _is_fresh(record: Record, newest: dict[tuple[str, str], int]) -> bool:
    """Return whether a record can be read and was not read before."""
    place = record.topic, record.key or ""
    if record.fault is not None or record.event is None or record.sequence <= newest.get(place, 0):
        return False
    newest[place] = record.sequence
    return True
