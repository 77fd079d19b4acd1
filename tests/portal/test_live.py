"""Whoever waits or listens goes on when the database went away in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest

from services.portal.api.event_stream import Bounds
from shared.database.postgres import Connection, open_session
from tests.portal import story
from tests.portal.story import NUMBER
from tests.portal.visitor import visiting
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
    """Return who waits for the table."""
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


async def test_a_waiting_request_gets_its_answer_although_the_database_was_away(portal: World) -> None:
    await portal.hear(story.created(), story.offered())
    path = f"/referrals/{NUMBER}/commands/acknowledge"
    asking = asyncio.create_task(portal.post(path, CLINIC, etag='"2"', wait=9))
    fact = await portal.fact("acknowledged-referral")
    async with struck(portal, "operations", "%operation_id = ANY($1) AND status%"):
        await portal.hear(story.acknowledged(), cause=fact.event_id)
        async with asyncio.timeout(5):  # not only when patience ends
            assert (await asking).status_code == 200


@asynccontextmanager
async def stream(client: httpx2.AsyncClient, path: str, **asked: Any) -> AsyncIterator[AsyncIterator[str]]:
    """A stream that has begun, as its lines."""
    async with client.stream("GET", path, **asked) as answer:
        assert answer.status_code == 200
        lines = answer.aiter_lines()
        assert await anext(lines) == ": live"
        yield lines


async def ended(lines: AsyncIterator[str]) -> list[str]:
    """Return what a stream says of records until it ends, as it does at the next look."""
    begins = {"event: live", "data: now"}  # a page's stream asks its live pieces to read themselves again
    async with asyncio.timeout(20):
        return [line async for line in lines if line and not line.startswith(":") and line not in begins]


@pytest.fixture
def bounds(portal: World) -> Iterator[Callable[[Bounds], None]]:
    """Other bounds than those that hold, until the test is over."""

    def hold(said: Bounds) -> None:
        portal.portal.live.bounds = said

    yield hold
    hold(Bounds())


SIGN_OUT = "DELETE FROM sessions"
IDLE = "UPDATE sessions SET seen_at = now() - interval '31 minutes'"
OLD = "UPDATE sessions SET opened_at = now() - interval '13 hours'"
CLOSED = "UPDATE accounts SET closed = true WHERE account_id = 'a-north'"
KEY_GONE = "DELETE FROM tokens WHERE account_id = 'a-north'"
ROLES_GONE = "DELETE FROM roles WHERE account_id = 'a-north'"


@pytest.mark.parametrize("what", [SIGN_OUT, IDLE, OLD, CLOSED, ROLES_GONE])
async def test_the_streams_of_a_session_end_with_it_and_others_go_on(portal: World, what: str) -> None:
    await portal.hear(story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor, stream(visitor.client, "/events") as lines:
        owner = await open_session(portal.running.settings.postgres, "portal_owner", "portal")
        async with stream(portal.client, "/api/v1/events", headers=portal.auth("a-north-admin")) as others:
            await owner.execute(what)
            assert await ended(lines) == []
            await portal.hear(story.acknowledged())
            while not (line := await anext(others)).startswith("data:"):
                pass
            assert line == f"data: {NUMBER} v3"
        await owner.close()


@pytest.mark.parametrize("what", [CLOSED, KEY_GONE])
async def test_the_stream_of_a_key_ends_with_it(portal: World, what: str) -> None:
    owner = await open_session(portal.running.settings.postgres, "portal_owner", "portal")
    async with stream(portal.client, "/api/v1/events", headers=portal.auth("a-north")) as lines:
        await owner.execute(what)
        assert await ended(lines) == []
    await owner.close()


async def test_a_stream_ends_when_its_time_is_over(portal: World, bounds: Callable[[Bounds], None]) -> None:
    bounds(Bounds(seconds=0.0))
    async with visiting(portal, "a-north") as visitor, stream(visitor.client, "/events") as lines:
        assert await ended(lines) == []


def test_streams_are_bounded_a_session_an_account_a_process_and_in_time() -> None:
    assert Bounds() == (6, 50, 2000, 12 * 3600)


async def test_a_session_has_six_streams_and_a_place_is_free_once_one_ends(portal: World) -> None:
    async with visiting(portal, "a-north") as visitor, AsyncExitStack() as streams:
        opened = [await streams.enter_async_context(stream(visitor.client, "/events")) for _ in range(5)]
        assert len(opened) == 5
        async with stream(visitor.client, "/events"):
            refused = await visitor.client.get("/events")
            assert refused.status_code == 429
            async with visiting(portal, "a-north") as other, stream(other.client, "/events"):
                pass
        await left(portal, 5)
        async with stream(visitor.client, "/events"):
            pass
    await left(portal, 0)


async def left(portal: World, count: int) -> None:
    """Until so many streams are open."""
    async with asyncio.timeout(20):
        while len(portal.portal.live._streams) != count:  # noqa: ASYNC110 - a length
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("said", "status"), [(Bounds(of_account=2), 429), (Bounds(of_process=2), 503)])
async def test_an_account_and_a_process_have_so_many_streams_and_no_more(
    portal: World, bounds: Callable[[Bounds], None], said: Bounds, status: int
) -> None:
    bounds(said)
    async with visiting(portal, "a-north") as visitor, stream(visitor.client, "/events"):
        async with stream(portal.client, "/api/v1/events", headers=portal.auth("a-north")):
            assert (await visitor.client.get("/events")).status_code == status
        await left(portal, 1)
        async with stream(visitor.client, "/events"):
            pass


async def test_a_second_stream_of_a_key_ends_the_first(portal: World) -> None:
    headers = portal.auth("a-north")
    async with (
        stream(portal.client, "/api/v1/events", headers=headers) as first,
        stream(portal.client, "/api/v1/events", headers=headers),
    ):
        assert await ended(first) == []
