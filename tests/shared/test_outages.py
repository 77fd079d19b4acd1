"""Broker and database go away and come back: work waits, nothing is lost, and health says which of them is missing."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from deploy.local import rights
from deploy.local.kafka import Broker
from deploy.local.postgres import Postgres
from deploy.local.topics import create_topics
from shared.database.migrate import MECHANISM, migrate
from tests.stack.servers import folder
from tests.toy import MIGRATIONS
from tests.toy.events import Ticked
from tests.toy.inside import inside
from tests.toy.letters import Desk, Letter
from tests.toy.outside import Outside, Place, summed, until

KEYS = 20
pytestmark = pytest.mark.stack  # each test starts servers of its own


class Own(NamedTuple):
    """Servers that a test may kill."""

    broker: Broker
    postgres: Postgres


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Own]:
    """A broker and a durable database of this module's own."""
    mine = folder() / "own"
    servers = Own(Broker(mine / "kafka", fast=True), Postgres(mine / "postgres", guests=True))
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
    yield servers
    for server in servers:
        server.resume()
        server.stop()


@pytest.fixture
async def outside(own: Own, request: pytest.FixtureRequest) -> AsyncIterator[Outside]:
    """The toy on them."""
    name = f"t{abs(hash(request.node.name)) % 10**8}"
    url = rights.address(own.postgres.url, database=name)
    await rights.prepare_roles(url, ("toy",))
    await rights.prepare_database(url, ("toy",))
    await migrate(url, "toy_owner", "toy", [MECHANISM, MIGRATIONS])
    place = Place(own.broker.servers, url, f"-{name}", folder() / name)
    await create_topics(place.kafka, [*place.topics, "rehab-toy"], 4)
    found = Outside(place)
    yield found
    found.close()


def letters(outside: Outside, times: int) -> list[Letter]:
    return [
        outside.desk.write(Ticked(counter_id=f"{outside.place.suffix}-{k}")) for _ in range(times) for k in range(KEYS)
    ]


async def whole(outside: Outside, each: int) -> None:
    await outside.counted(KEYS * each, 90)
    assert set((await outside.ticks()).values()) == {each}
    found = summed(await outside.said())
    assert (found.first, found.faults) == (KEYS * each, [])


async def test_a_database_that_is_killed_in_mid_batch_comes_back_to_a_service_that_waited(
    own: Own, outside: Outside
) -> None:
    instance = await outside.ready(REHAB_WIDEN="before-commit=0.1")
    posting = asyncio.create_task(outside.post(*letters(outside, 100)))
    for _ in range(2):
        await asyncio.sleep(0.6)
        own.postgres.kill()
        assert instance.is_alive()
        await asyncio.to_thread(own.postgres.start)
    await posting
    await whole(outside, 100)
    assert await instance.is_ready()


async def away(own: Own, outside: Outside, seconds: float) -> None:
    """The outbox fills while the broker is frozen, and empties when it wakes."""
    instance = await outside.ready(REHAB_STUCK_AFTER="4")
    await outside.post(*letters(outside, 5))
    await outside.counted(KEYS * 5)
    own.broker.pause()
    edge = Desk()
    async with inside(outside.place.postgres) as toy, asyncio.timeout(seconds + 60):
        for _ in range(20):
            await toy.get(*(edge.write(Ticked(counter_id=f"{outside.place.suffix}-{k}")) for k in range(KEYS)))
        await asyncio.sleep(seconds)
        status, body = await instance.health("ready")
        assert (status, body["broker"], body["database"]) == (503, False, True)
        assert (await instance.health("live"))[0] == 200
        assert await outside.value("SELECT count(*) FROM outbox") >= KEYS * 20
    own.broker.resume()
    await whole(outside, 25)
    await until(instance.is_ready)


async def test_while_the_broker_is_away_announcements_wait_in_the_outbox(own: Own, outside: Outside) -> None:
    await away(own, outside, 12)


@pytest.mark.long
async def test_the_broker_may_be_away_for_minutes(own: Own, outside: Outside) -> None:
    await away(own, outside, 150)


@pytest.mark.long
async def test_a_broker_that_is_killed_comes_back_with_what_it_had(own: Own, outside: Outside) -> None:
    await outside.ready()
    await outside.post(*letters(outside, 10))
    own.broker.kill()
    await asyncio.to_thread(own.broker.start)
    await outside.post(*letters(outside, 10))
    await whole(outside, 20)


async def test_a_process_whose_database_is_away_is_well_however_long_it_tries(own: Own, outside: Outside) -> None:
    instance = await outside.ready(REHAB_STUCK_AFTER="1")
    own.postgres.kill()
    await outside.post(*letters(outside, 1))

    async def has_tried() -> bool:
        return await instance.metric("rehab_batches_retried_total") >= 9

    async with asyncio.timeout(90):
        while not await has_tried():
            status, live = await instance.health("live")
            assert (status, live["stuck"]) == (200, False)
    await asyncio.to_thread(own.postgres.start)
    await whole(outside, 1)


async def test_a_service_that_starts_first_waits_for_database_and_broker(own: Own, outside: Outside) -> None:
    await outside.post(*letters(outside, 3))
    own.postgres.kill()
    own.broker.kill()
    instance = outside.new()
    await asyncio.sleep(3)  # long enough to have given up
    assert instance.is_alive()
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in own))
    await until(instance.is_ready, 60)
    await whole(outside, 3)


async def test_timers_wait_for_a_broker_that_is_away(own: Own, outside: Outside) -> None:
    instance = await outside.ready()
    await until(instance.leads)
    own.broker.pause()
    key = outside.place.suffix
    async with inside(outside.place.postgres) as toy:
        await toy.pool.execute(
            "INSERT INTO timers (of, name, due_at, type, payload, correlation)"
            " VALUES ($1, 'wake', clock_timestamp(), 'toy.pondered', $2, 'c')",
            key,
            f'{{"counter_id":"{key}"}}',
        )
        await asyncio.sleep(3)
        assert await toy.ticks() == {}
    own.broker.resume()
    await outside.counted(1, 60)
    assert await outside.value("SELECT count(*) FROM timers") == 0


async def test_health_says_what_is_missing_and_what_is_in_flight(own: Own, outside: Outside) -> None:
    instance = await outside.ready()
    await outside.post(*letters(outside, 3))
    await outside.counted(KEYS * 3)

    async def rests() -> bool:
        _, quiet = await instance.health("quiet")
        applied = quiet["applied"].get(outside.place.topics[0], {})
        busy = quiet["outbox"], quiet["due"], quiet["busy"], quiet["next"]
        return (sum(applied.values()), *busy) == (60, 0, 0, 0, None)

    await until(rests)
    _, live = await instance.health("live")
    assert (live["consuming"], live["stuck"], live["lag"]) == (True, False, 0)
    assert await instance.metric("rehab_records_applied_total") == KEYS * 3
    assert await instance.metric("rehab_leader") == 1
    assert (await instance.ask("/elsewhere"))[0] == 404
    own.postgres.kill()
    status, ready = await instance.health("ready")
    assert (status, ready["broker"], ready["database"]) == (503, True, False)
    await asyncio.to_thread(own.postgres.start)
    await until(instance.is_ready)
