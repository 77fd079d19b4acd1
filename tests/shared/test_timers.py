"""A due timer is one more record: it fires once, after what was produced before it and what its key waits for."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.config import clock
from shared.database.postgres import Missed
from shared.domain.decision import EventContext, SetTimer
from shared.messaging import timers
from simulation.clients.clock_file import ClockFile
from tests.toy.domain import WAKE
from tests.toy.events import Pondered, Ticked
from tests.toy.inside import Inside
from tests.toy.letters import Letter
from tests.toy.outside import Outside, summed, until

A, B = "counter-a", "counter-b"
PAST = datetime(2024, 1, 1, tzinfo=UTC)
ARMED = """
INSERT INTO timers (of, name, due_at, type, payload, correlation) VALUES ($1, $2, clock_timestamp(), $3, $4, 'c')
"""


def wakes(key: str, due_at: datetime) -> Ticked:
    return Ticked(counter_id=key, wake_at=due_at)


async def fire(toy: Inside) -> int:
    """Return what the leader does when everything was read."""
    now = clock.now()
    async with toy.pool.acquire() as conn:
        records = await timers.due(conn, now, toy.running.reader.types, now)
    return len(await toy.running.persist(records)) if records else 0


async def armed(toy: Inside) -> int:
    return int(await toy.pool.fetchval("SELECT count(*) FROM timers"))


async def test_a_timer_fires_once(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST))
    assert (await fire(toy), await fire(toy)) == (1, 0)
    assert (await toy.tick_of(A), await armed(toy)) == (2, 0)


async def test_a_timer_that_is_not_due_does_not_fire(toy: Inside) -> None:
    await toy.hear(wakes(A, clock.now() + timedelta(hours=1)))
    assert (await fire(toy), await armed(toy)) == (0, 1)


async def test_arming_again_moves_it(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST), wakes(A, clock.now() + timedelta(hours=1)))
    assert (await fire(toy), await armed(toy)) == (0, 1)
    await toy.hear(wakes(A, PAST))
    assert (await fire(toy), await toy.tick_of(A)) == (1, 4)


async def test_a_timer_that_a_parked_record_held_back_is_looked_for_once_that_is_applied(toy: Inside) -> None:
    """Under the stepped clock nobody looks for timers unless something tells that there may be one."""
    first, second = (toy.desk.write(Ticked(counter_id=A)) for _ in range(2))
    await toy.get(second)
    toy.process.leader._look.clear()
    await toy.get(first)
    assert (await toy.tick_of(A), toy.process.leader._look.is_set()) == (2, True)


async def test_a_timer_that_was_taken_back_does_not_fire(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST))
    now = clock.now()
    async with toy.pool.acquire() as conn:
        await timers.save_timers(conn, {(A, WAKE): (SetTimer(A, WAKE), EventContext("c", "c", A, now, now))})
    assert (await fire(toy), await armed(toy)) == (0, 0)


async def test_of_two_that_wake_the_same_timer_one_misses(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST))
    now = clock.now()
    async with toy.pool.acquire() as conn:
        seen = await timers.due(conn, now, toy.running.reader.types, now)
        assert await fire(toy) == 1
        with pytest.raises(Missed):
            await timers.delete_fired(conn, seen)


async def test_a_timer_that_was_moved_after_it_was_read_does_not_fire(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST))
    now = clock.now()
    async with toy.pool.acquire() as conn:
        seen = await timers.due(conn, now, toy.running.reader.types, now)
        await toy.hear(wakes(A, now + timedelta(hours=1)))
        with pytest.raises(Missed):
            await timers.delete_fired(conn, seen)
    assert await armed(toy) == 1


async def test_a_decision_that_raised_arms_nothing(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A, mood="raises", wake_at=PAST))
    assert await armed(toy) == 0


async def test_a_timer_that_raises_is_parked_and_others_fire(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST), wakes(B, PAST))
    await toy.pool.execute("""UPDATE timers SET payload = '{"counter_id":"counter-a","by":0}' WHERE of = $1""", A)
    await fire(toy)
    (row,) = await toy.parked()
    assert (row["topic"], row["reason"], row["key"], row["sequence"]) == ("internal", "raised", A, 0)
    assert (await toy.ticks(), await armed(toy)) == ({A: 1, B: 2}, 0)
    assert len(await toy.words("rehab.toy.event-parked.v1")) == 1


async def test_a_parked_timer_is_tried_again_and_can_be_given_up(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST))
    await toy.pool.execute("""UPDATE timers SET payload = '{"counter_id":"counter-a","by":0}'""")
    await fire(toy)
    await toy.be_patient()
    await toy.sweep()
    ((attempts, parked_id),) = [(row["attempts"], row["parked_id"]) for row in await toy.parked()]
    assert attempts == 2
    await toy.discard(parked_id)
    assert (await toy.parked(), await toy.tick_of(A)) == ([], 1)


async def test_a_record_parked_on_its_key_holds_a_timer_back_and_no_other(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST), Ticked(counter_id=A, mood="raises"), wakes(B, PAST))
    assert (await fire(toy), await toy.ticks()) == (1, {A: 1, B: 2})
    (row,) = await toy.parked()
    await toy.discard(row["parked_id"])
    assert (await fire(toy), await toy.ticks()) == (1, {A: 2, B: 2})


async def test_what_a_timer_says_is_caused_by_the_timer_at_the_time_it_was_due(toy: Inside) -> None:
    await toy.hear(wakes(A, PAST))
    await fire(toy)
    at = await toy.pool.fetchval("SELECT at FROM outbox ORDER BY seq DESC LIMIT 1")
    assert datetime.fromisoformat(at) == PAST


async def test_a_step_a_service_tells_itself_is_decided_at_once(toy: Inside) -> None:
    await toy.running.context.submit_internal([Pondered(counter_id=A, by=3)])
    assert await toy.tick_of(A) == 3


def backlog(outside: Outside, key: str, times: int) -> list[Letter]:
    return [outside.desk.write(Ticked(counter_id=key)) for _ in range(times)]


async def test_a_timer_that_fell_due_while_nobody_ran_fires_once_and_after_the_backlog(outside: Outside) -> None:
    key = outside.place.suffix
    await outside.post(*backlog(outside, key, 2_000))
    await outside.query(ARMED, key, WAKE, Pondered.type_name, Pondered(counter_id=key).to_bytes().decode())
    await outside.ready("1", REHAB_WIDEN="before-commit=0.4")
    await outside.counted(2_001)
    why = [b"pondered" in (r.value or b"") for r in await outside.said()]
    assert (why.count(True), why.index(True)) == (1, 2_000)
    assert await outside.value("SELECT count(*) FROM timers") == 0


async def test_a_timer_fires_on_partitions_that_came_back_from_a_replica_that_left(outside: Outside) -> None:
    """What the other applied meanwhile is not waited for: nothing more may come."""
    keys = [f"{outside.place.suffix}-{n}" for n in range(16)]
    first = await outside.ready("0")
    await outside.post(*(outside.desk.write(Ticked(counter_id=key)) for key in keys))
    await outside.counted(len(keys), 120)
    other = await outside.ready("1")

    async def shares() -> bool:
        await outside.post(*(outside.desk.write(Ticked(counter_id=key)) for key in keys))
        return await other.metric("rehab_records_applied_total") > 0

    async def reads_all() -> bool:
        _, quiet = await first.health("quiet")
        return sum(map(len, quiet.get("applied", {}).values())) == 3 * 4

    await until(shares, 120)
    assert await asyncio.to_thread(other.stop, 60) == 0
    await until(reads_all, 120)  # a member with a name is missed after a while
    key = outside.place.suffix
    await outside.query(ARMED, key, WAKE, Pondered.type_name, Pondered(counter_id=key).to_bytes().decode())

    async def fired() -> bool:
        return bool(await outside.value("SELECT count(*) = 0 FROM timers"))

    await until(fired, 120)


async def test_under_the_stepped_clock_a_timer_waits_while_records_of_its_instant_are_read(
    outside: Outside, tmp_path: Path
) -> None:
    now = datetime(2024, 10, 16, 6, 59, 59, tzinfo=UTC)
    stepped = ClockFile(tmp_path / "clock.json")
    stepped.set(now, timers_wait=True)
    armed = ARMED.replace("clock_timestamp()", "$5")
    for key, due_at in (("before", now - timedelta(microseconds=1)), ("with", now)):
        payload = Pondered(counter_id=key).to_bytes().decode()
        await outside.query(armed, key, WAKE, Pondered.type_name, payload, due_at)
    instance = await outside.ready(REHAB_CLOCK=f"stepped:{stepped.path}")

    async def waiting(*keys: str) -> bool:
        return [key for (key,) in await outside.query("SELECT of FROM timers")] == list(keys)

    await until(lambda: waiting("with"))
    _, quiet = await instance.health("quiet")
    assert (quiet["due"], datetime.fromisoformat(quiet["next"])) == (0, now)
    stepped.set(now)
    await until(waiting)


@pytest.mark.long
async def test_timers_survive_kills_and_each_fires_once(outside: Outside) -> None:
    keys = [f"{outside.place.suffix}-{n}" for n in range(200)]
    due_at = clock.now() + timedelta(seconds=2)
    await outside.post(*(outside.desk.write(wakes(key, due_at)) for key in keys))
    for point in ("after-commit", "before-offsets", "after-send", "before-commit", "after-send"):
        dying = outside.new(REHAB_CRASH_AT=point)
        await outside.post(*backlog(outside, "busy", 1))  # something to die over
        await until(dying.ended)
    await outside.ready()
    await outside.counted(405)
    assert await outside.ticks() == {"busy": 5} | dict.fromkeys(keys, 2)
    assert summed(await outside.said()).faults == []
