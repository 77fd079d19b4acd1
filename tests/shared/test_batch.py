"""One batch, one transaction: what breaks is set aside alone, and a decision is noted whole or not at all."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from shared.config import clock
from shared.database.postgres import Missed
from shared.domain.decision import Outcome
from shared.messaging import batch
from shared.messaging.handlers import AggregateStore, Handlers
from shared.messaging.inbox import Marks, advance, read_marks
from shared.runtime.consumer import OwnFaults
from tests.toy.app import service
from tests.toy.domain import Counter
from tests.toy.events import Labelled, Ticked
from tests.toy.inside import Inside, inside
from tests.toy.letters import Desk, laid
from tests.toy.store import COUNTERS, keep_labels

A, B = "counter-a", "counter-b"
WAITING = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)
"""
END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()
"""


def five_hundred(toy: Inside, mood: str) -> list[Any]:
    """One of them misbehaves."""
    moods = {250: mood}
    return [toy.desk.write(Ticked(counter_id=f"counter-{n}", mood=moods.get(n, ""))) for n in range(500)]


@pytest.mark.parametrize("mood", ["raises", "too-low", "large", "steps-and-raises"])
async def test_one_of_five_hundred_misbehaves_and_the_others_are_applied(toy: Inside, mood: str) -> None:
    await toy.get(*five_hundred(toy, mood))
    ticks = await toy.ticks()
    assert (len(ticks), set(ticks.values())) == (499, {1})
    (row,) = await toy.parked()
    assert (row["key"], row["reason"], row["sequence"]) == ("counter-250", "raised", 1)
    assert len(await toy.words("rehab.toy.counted.v1")) == 499


async def test_next_steps_are_noted_with_the_decision(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A, mood="steps"))
    assert await toy.tick_of(A) == 11
    assert ["pondered" in w.payload for w in await toy.words()] == [False, True]


async def test_when_a_next_step_raises_nothing_of_the_decision_is_noted(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A), Ticked(counter_id=A, mood="steps-and-raises"), Ticked(counter_id=A))
    assert (await toy.tick_of(A), await toy.reasons()) == (1, {2: "raised", 3: "early"})
    assert [w.sequence for w in await toy.words("rehab.toy.counted.v1")] == [1]


async def test_a_bug_that_is_mended_lets_the_key_go_on(toy_database: str) -> None:
    broken = Handlers(dict(service.handlers.rules), dict(service.handlers.projections))
    rule = broken.rules[Ticked]
    broken.rules[Ticked] = replace(rule, decide=stumble)
    state = Desk()
    async with inside(toy_database, replace(service, handlers=broken)) as toy:
        await toy.get(*(state.write(Ticked(counter_id=A)) for _ in range(3)))
        assert await toy.reasons() == {1: "raised", 2: "early", 3: "early"}
    async with inside(toy_database) as toy:
        await toy.be_patient()
        await toy.sweep()
        assert (await toy.tick_of(A), await toy.parked()) == (3, [])


def stumble(*_: object) -> Outcome:
    """A bug."""
    raise ZeroDivisionError


async def test_it_waits_longer_the_more_often_it_raised_and_then_for_somebody(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A, mood="raises"))
    seconds = []
    for _ in range(4):
        waits = await toy.pool.fetchval("SELECT extract(epoch FROM retry_at - clock_timestamp())::float FROM parked")
        seconds.append(waits and round(waits + 0.4))
        await toy.be_patient()
        await toy.sweep()
    assert seconds == [1, 5, 30, 300]
    assert await toy.pool.fetchval("SELECT retry_at FROM parked") is None


async def test_a_copy_kept_for_an_event_whose_decision_raised_is_taken_back(toy_database: str) -> None:
    both = Handlers(dict(service.handlers.rules), {keep_ticks: frozenset({Ticked}), **service.handlers.projections})
    async with inside(toy_database, replace(service, handlers=both)) as toy:
        await toy.hear(Ticked(counter_id=A, note="kept"), Ticked(counter_id=B, note="lost", mood="raises"))
        assert [tuple(r) for r in await toy.pool.fetch("SELECT counter_id, label FROM labels")] == [(A, "kept")]
        assert (await toy.ticks(), len(await toy.parked())) == ({A: 1}, 1)


async def keep_ticks(conn: Any, received: Any) -> None:
    """Ticks are copied, too."""
    labels = [k._replace(event=Labelled(counter_id=k.key, label=k.event.note)) for k in received]
    await keep_labels(conn, labels)


async def test_of_two_owners_of_a_partition_one_misses_and_nothing_counts_twice(toy: Inside) -> None:
    letters = [toy.desk.write(Ticked(counter_id=f"counter-{n}")) for n in range(20)]
    records = toy.read(*laid(letters))
    async with toy.pool.acquire() as one, toy.pool.acquire() as other, asyncio.timeout(20):
        async with one.transaction():
            await batch.apply(one, toy.running.definition, records, clock.now())
            late = asyncio.create_task(applied_by(toy, other, records))
            await asyncio.sleep(0.2)
        with pytest.raises(Missed):
            await late
    assert set((await toy.ticks()).values()) == {1}


async def applied_by(toy: Inside, conn: Any, records: Any) -> None:
    async with conn.transaction():
        await batch.apply(conn, toy.running.definition, records, clock.now())


@pytest.mark.parametrize("mark", [0, 1])
async def test_two_owners_that_only_copy_do_not_move_a_mark_twice(toy: Inside, mark: int) -> None:
    await toy.hear(*[Labelled(counter_id=A, label="x")] * mark)
    (record,) = toy.read(*laid([toy.desk.write(Labelled(counter_id=A, label="y"))]))
    async with toy.pool.acquire() as one, toy.pool.acquire() as other:
        seen = [await read_marks(c, [record], toy.running.definition.listens, frozenset()) for c in (one, other)]
        for marks in seen:
            marks.move(record)
        await advance(one, seen[0])
        with pytest.raises(Missed):
            await advance(other, seen[1])
    assert (await toy.marks())["toy-side", A] == mark + 1


async def test_marks_of_many_keys_move_together_or_the_miss_is_seen(toy: Inside) -> None:
    records = toy.read(*laid([toy.desk.write(Labelled(counter_id=f"k{n}", label="y")) for n in range(9)]))
    async with toy.pool.acquire() as conn:
        marks: Marks = await read_marks(conn, records, toy.running.definition.listens, frozenset())
        for record in records:
            marks.move(record)
        await advance(conn, await alone(conn, toy, records[4]))
        with pytest.raises(Missed):
            await advance(conn, marks)


async def alone(conn: Any, toy: Inside, record: Any) -> Marks:
    """Somebody else had this one."""
    marks = await read_marks(conn, [record], toy.running.definition.listens, frozenset())
    marks.move(record)
    return marks


async def test_a_counter_that_somebody_else_changed_meanwhile_is_decided_again(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A))
    stale = AggregateStore(Counter, load_stale, COUNTERS.save)
    definition = replace(toy.running.definition, kinds=(stale,), handlers=handlers_on(stale))
    (record,) = toy.read(*laid([toy.desk.write(Ticked(counter_id=A))]))
    async with toy.pool.acquire() as conn:
        with pytest.raises(Missed):
            async with conn.transaction():
                await batch.apply(conn, definition, [record], clock.now())
    await toy.running.persist([record])
    assert await toy.tick_of(A) == 2


async def load_stale(_conn: Any, ids: Any) -> list[Counter]:
    """As it was before."""
    return [Counter(key, 0, 0) for key in ids]


def handlers_on(kind: AggregateStore[Counter]) -> Handlers:
    """The same decisions on another kind."""
    rules = {e: replace(r, aggregates=lambda event, _: ((kind, event.key),)) for e, r in service.handlers.rules.items()}
    return Handlers(rules, service.handlers.projections)


async def test_a_batch_whose_session_is_cut_is_tried_again_until_it_is_durable(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A))
    async with toy.pool.acquire() as conn, asyncio.timeout(20):
        for times in range(1, 4):
            async with conn.transaction():
                await conn.execute("SELECT FROM counters FOR UPDATE")
                heard = asyncio.create_task(toy.hear(*[Ticked(counter_id=A)] * 10))
                while not await conn.fetchval(WAITING):
                    pass
                assert await conn.fetchval(END_OTHERS)
            await heard
            assert await toy.tick_of(A) == 1 + 10 * times


async def test_too_many_own_faults_in_a_row_stop_the_service(toy_database: str) -> None:
    async with inside(toy_database, own_faults_allowed=10) as toy:
        letters = [toy.desk.write(Ticked(counter_id=f"c{n}", mood="raises")) for n in range(12)]
        await toy.get(*letters[:5])
        await toy.hear(Ticked(counter_id=A))
        await toy.get(*letters[:10])
        with pytest.raises(OwnFaults):
            await toy.get(*[toy.desk.write(Ticked(counter_id=f"d{n}", mood="raises")) for n in range(12)])
        assert toy.running.failed


async def test_bad_input_never_stops_the_service(toy_database: str) -> None:
    async with inside(toy_database, own_faults_allowed=5) as toy:
        await toy.get(*(toy.desk.write(Ticked(counter_id=f"c{n}"))._replace(value=b"{") for n in range(50)))
        await toy.hear(Ticked(counter_id=A))
        assert (await toy.tick_of(A), len(await toy.parked())) == (1, 50)


async def test_a_wrong_statement_stops_the_service_and_parks_nothing(toy_database: str) -> None:
    wrong = AggregateStore(Counter, COUNTERS.load, save_nowhere)
    async with inside(toy_database, replace(service, kinds=(wrong,), handlers=handlers_on(wrong))) as toy:
        with pytest.raises(OwnFaults):
            await toy.hear(Ticked(counter_id=A))
        assert (toy.running.failed, await toy.parked(), await toy.marks()) == (True, [], {})


async def save_nowhere(conn: Any, _counters: Any) -> int:
    """A table that does not exist."""
    await conn.execute("UPDATE nowhere SET ticks = 1")
    return 1
