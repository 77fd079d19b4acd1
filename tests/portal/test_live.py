"""Whoever waits or listens goes on when the database went away in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from shared.postgres import Connection, open_session
from tests.portal import story
from tests.portal.story import NUMBER
from tests.portal.world import World

CLINIC = "a-north"
STUCK = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'portal' AND wait_event_type = 'Lock' AND query LIKE $1
"""


@asynccontextmanager
async def struck(portal: World, table: str, question: str) -> AsyncIterator[None]:
    """The session that asks is ended by the database in the midst of its question."""
    owner = await open_session(portal.running.settings.postgres, "portal_owner", "portal")
    same = await open_session(portal.running.settings.postgres, "portal", "portal")
    try:
        async with owner.transaction():
            await owner.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            await same.execute("SELECT pg_terminate_backend($1)", await stuck(same, question))
        yield
    finally:
        await owner.close()
        await same.close()


async def stuck(conn: Connection, question: str) -> int:
    """Who waits for the table."""
    async with asyncio.timeout(10):
        while not (rows := await conn.fetch(STUCK, question)):  # noqa: ASYNC110 - a row of the database
            await asyncio.sleep(0.01)
    pid: int = rows[0][0]
    return pid


@pytest.fixture
async def listening(portal: World) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """A clinic's stream, open: each call gives the next hint."""
    async with portal.client.stream("GET", "/api/v1/events", headers=portal.auth(CLINIC)) as answer:
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith(":")

        async def heard() -> str:
            async with asyncio.timeout(10):
                while not (line := await anext(lines)).startswith("data:"):
                    pass
            return line

        yield heard


async def test_a_stream_tells_what_changed_while_the_database_was_away(
    portal: World, listening: Callable[[], Awaitable[str]]
) -> None:
    await portal.hear(story.created(), story.offered())
    assert await listening() == f"data: {NUMBER} v2"
    async with struck(portal, "views", "%AS hints%"):
        await portal.hear(story.acknowledged())
        assert await listening() == f"data: {NUMBER} v3"


async def test_who_waits_for_an_answer_gets_it_although_the_database_was_away(portal: World) -> None:
    await portal.hear(story.created(), story.offered())
    path = f"/referrals/{NUMBER}/commands/acknowledge"
    asking = asyncio.create_task(portal.post(path, CLINIC, etag='"2"', wait=9))
    fact = await portal.fact("acknowledged-referral")
    async with struck(portal, "operations", "%operation_id = ANY($1) AND status%"):
        await portal.hear(story.acknowledged(), cause=fact.event_id)
        async with asyncio.timeout(5):  # not only when patience ends
            assert (await asking).status_code == 200
