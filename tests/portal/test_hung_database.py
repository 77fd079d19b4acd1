"""A database that takes connections and statements and answers none is said in words, soon."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from services.portal.api import deadline
from services.portal.api.deadline import session_of
from services.portal.api.event_stream import Client
from services.portal.store.accounts import Caller
from shared.database.postgres import open_session, passes
from tests.portal import story
from tests.portal.conftest import PASSWORD, House
from tests.portal.story import NUMBER
from tests.portal.visitor import EMAIL, visiting
from tests.portal.world import World

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
ANSWER = f"/referrals/{NUMBER}/answer"


def is_here(pid: int) -> bool:
    """Return whether the process of a session runs on this machine."""
    said = Path(f"/proc/{pid}/cmdline")
    return said.exists() and b"postgres" in said.read_bytes()


@asynccontextmanager
async def stopped(house: House) -> AsyncIterator[None]:
    """Every session of the portal's database stands still, its connection open."""
    pids = [pid for (pid,) in await house.owner.fetch(SESSIONS)]
    if not all(map(is_here, pids)):
        pytest.skip("the database runs elsewhere: its processes cannot be stopped from here")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def locked(portal: World, *tables: str) -> AsyncIterator[None]:
    """Whoever reads these tables waits."""
    owner = await open_session(portal.running.settings.postgres, "portal_owner", "portal")
    try:
        async with owner.transaction():
            await owner.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await owner.close()


async def test_sessions_that_stand_still_are_said_in_words_and_nothing_typed_is_lost(
    portal: World, house: House
) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(ANSWER)
        async with stopped(house):
            ready = await portal.client.get("/health/ready")
            assert (ready.status_code, ready.json()["database"]) == (503, False)
            text = (await visitor.press("decline", comment="They live far away.", reason_code="out-of-region")).text
            assert visitor.page.status_code == 503
        assert "Nothing is lost" in text
        assert "They live far away." in text
        assert "Procurement Services" in text
        assert await portal.facts("provider-declined") == []
        await visitor.open("/inbox")


async def test_a_page_and_a_call_that_wait_for_a_lock_are_answered_while_it_is_held(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open("/inbox")
        async with locked(portal, "views", "accounts", "credentials"):
            page, call, sign_in, contacts = await asyncio.gather(
                visitor.client.get(f"/referrals/{NUMBER}"),
                portal.client.get(f"/api/v1/referrals/{NUMBER}", headers=portal.auth("a-north")),
                portal.client.post("/sign-in", data={"name": EMAIL["a-south"], "password": PASSWORD}),
                portal.client.get("/contacts"),
            )
        assert [one.status_code for one in (page, call, sign_in, contacts)] == [503, 503, 503, 200]
        assert "does not answer just now" in page.text
        assert "Who to contact" in contacts.text
        assert call.headers["content-type"] == "application/problem+json"
        assert PASSWORD not in sign_in.text
        await visitor.open(f"/referrals/{NUMBER}")


async def test_all_sessions_and_statements_of_a_request_share_its_time(portal: World) -> None:
    now = asyncio.get_running_loop().time
    deadline.begin()
    allowance = deadline._of_request.get()
    assert allowance is not None
    full, allowance._left = allowance._left, 0.4
    async with session_of(portal.pool) as outer, session_of(portal.pool) as inner:
        assert await inner.fetchval("SELECT 1 FROM pg_sleep(0.1)") == await outer.fetchval("SELECT 1") == 1
    assert allowance._left <= 0.31
    left = allowance._left
    await asyncio.sleep(0.05)  # who waits for an owner's answer spends nothing
    assert allowance._left == left
    began = now()
    with pytest.raises(Exception, match=r"connection|closed") as ended:
        async with session_of(portal.pool) as conn, conn.transaction():
            await conn.execute("SELECT pg_sleep(60)")
    assert passes(ended.value)
    assert now() - began < 59
    with pytest.raises(TimeoutError):
        async with session_of(portal.pool):
            pass
    assert (deadline.SECONDS, full) == (5.0, 5.0)
    deadline._of_request.set(None)


async def test_a_shared_look_up_spends_no_single_requests_time(portal: World) -> None:
    live = portal.portal.live
    caller = Caller("a-north", "provider", "o-north", (("clinician", "s-north-1"),))
    key = sha256(portal.keys["a-north"].encode()).digest()
    deadline.begin()
    allowance = deadline._of_request.get()
    assert allowance is not None
    async with live.open(Client(caller, key, "a-north")) as stream:
        allowance._left = 0.0
        await portal.hear(story.created(), story.offered())
        async with asyncio.timeout(20):
            hint = await stream.hints.get()
    assert hint is not None
    assert hint.number == NUMBER
    deadline._of_request.set(None)
