"""Waits for the answers to operations, with one query after each applied batch for all that wait."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from services.portal.api import deadline
from services.portal.store.operations import list_decided
from shared.database.postgres import passes
from shared.messaging.context import ServiceContext

_BLINK = 0.25  # seconds: another replica may have applied the answer


class OperationWaiter:
    """The requests that wait, by operation."""

    def __init__(self, context: ServiceContext) -> None:
        """Begins without anybody who waits."""
        self._context = context
        self._waiting: defaultdict[UUID, set[asyncio.Future[None]]] = defaultdict(set)
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, operation_id: UUID, seconds: float) -> None:
        """Returns when the operation is decided or the seconds are over."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[operation_id].add(told)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait([told], timeout=seconds)
        finally:
            self._leave(operation_id, told)

    def _leave(self, operation_id: UUID, told: "asyncio.Future[None]") -> None:
        if waiting := self._waiting.get(operation_id):
            waiting.discard(told)
            if not waiting:
                del self._waiting[operation_id]

    async def _look(self) -> None:
        """Look for decided operations as long as somebody waits."""
        deadline.outlive_request()
        while self._waiting:
            batches = self._context.batches
            for operation_id in await self._decided():
                for told in self._waiting.pop(operation_id, ()):
                    told.set_result(None)
            if self._context.batches == batches:
                await self._context.changed(_BLINK)

    async def _decided(self) -> Sequence[UUID]:
        """Return the decided operations; none while the database is away."""
        try:
            async with self._context.pool.acquire() as conn:
                return await list_decided(conn, list(self._waiting))
        except Exception as problem:
            if not passes(problem):
                raise
            return ()
