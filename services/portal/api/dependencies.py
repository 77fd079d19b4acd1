"""The parts that every call uses: the service behind it, and the read side under row-level security."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

import asyncpg
from fastapi import Depends, Request

from services.portal.api.deadline import SECONDS, session_of
from services.portal.api.event_stream import Live
from services.portal.api.operation_waiter import OperationWaiter
from services.portal.api.passwords import PasswordChecks
from services.portal.store.accounts import Caller
from shared.database import postgres
from shared.database.postgres import Connection
from shared.messaging.context import ServiceContext

# for the session, not for a transaction: whoever reads next over it says all of them anew
_SCOPE = """
SELECT set_config('app.organisation', $1, false), set_config('app.account', $2, false),
       set_config('app.recipients', $3, false), set_config('app.kind', $4, false),
       set_config('app.person', $5, false)
"""


@dataclass
class Portal:
    """The portal's side of every call."""

    context: ServiceContext
    _readers: asyncpg.Pool | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @cached_property
    def answers(self) -> OperationWaiter:
        """Return those who wait for an owner's answer."""
        return OperationWaiter(self.context)

    @cached_property
    def passwords(self) -> PasswordChecks:
        """Return the checks of passwords with their queues."""
        return PasswordChecks()

    @cached_property
    def live(self) -> Live:
        """Return the open streams of changes."""
        return Live(self.context)

    @asynccontextmanager
    async def reading(self, caller: Caller) -> AsyncIterator[Connection]:
        """A session in which only the caller's own rows exist; the one way to read over this pool.

        Nobody who reads asks for a second session, or eight of them would wait for each other.
        """
        readers = self._readers or await self._open()
        async with session_of(readers) as conn:
            told, person = " ".join(caller.recipients), caller.person_id or ""
            await conn.execute(_SCOPE, caller.organisation_id or "", caller.account_id, told, caller.kind, person)
            yield conn

    async def _open(self) -> asyncpg.Pool:
        """Once, when somebody first reads."""
        async with asyncio.timeout(SECONDS), self._opening:
            if self._readers is None:
                url = self.context.settings.postgres
                self._readers = await postgres.open_pool(url, "portal_reader", "portal", size=8, warm=True)
            return self._readers


async def portal_of(request: Request) -> Portal:
    """The one of this process; nothing is awaited, but a plain function would be run in a thread."""
    portal: Portal = request.app.state.portal
    return portal


Here = Annotated[Portal, Depends(portal_of)]
