"""Many records that wait must not slow down the one whose turn has come."""

import time

import pytest

from tests.toy.events import Ticked
from tests.toy.inside import Inside

MANY = 50_000
TURN = 2.0  # seconds, generous: a turn over all rows would take far longer
BLOCKED = """
INSERT INTO parked (parked_id, topic, key, sequence, source, event_id, type, partition, "offset", raw_key, headers,
                    value, reason, detail, after_topics, after_sequences, parked_at)
SELECT gen_random_uuid(), 'toy-in', p.key, p.sequence, '', uuidv7()::text, 'rehab.toyin.ticked.v1', 0, 1000000 + n,
       convert_to(p.key, 'UTF8'), '[]', '\\x7b7d', 'early', '', '{}', '{}', now()
FROM generate_series(1, $1) AS n,
     LATERAL (SELECT CASE WHEN $2 THEN 'k' || n ELSE 'deep' END AS key, CASE WHEN $2 THEN 2 ELSE n + 1 END AS sequence)
     AS p
"""


async def timed_sweeps(toy: Inside, turns: int) -> float:
    """The longest turn."""
    longest = 0.0
    for _ in range(turns):
        began = time.perf_counter()
        await toy.sweep()
        longest = max(longest, time.perf_counter() - began)
    return longest


@pytest.mark.parametrize("wide", [True, False], ids=["fifty thousand keys", "one key"])
async def test_a_turn_over_fifty_thousand_blocked_rows_is_short(toy: Inside, *, wide: bool) -> None:
    await toy.pool.execute(BLOCKED, MANY, wide)
    first, second, third = (toy.desk.write(Ticked(counter_id="live")) for _ in range(3))
    await toy.get(first, third)
    assert await timed_sweeps(toy, 5) < TURN
    began = time.perf_counter()
    await toy.get(second)
    assert time.perf_counter() - began < TURN
    assert await toy.tick_of("live") == 3
    assert len(await toy.parked()) == MANY


async def test_the_slow_sweep_comes_to_every_key(toy: Inside) -> None:
    ticks = [Ticked(counter_id=f"counter-{n:05d}") for n in range(1_500)]
    pairs = [(toy.desk.write(tick), toy.desk.write(tick)) for tick in ticks]
    for n in range(0, 1_500, 500):
        await toy.get(*(second for _, second in pairs[n : n + 500]))
    toy.running.may_be_parked = False  # whoever applied the firsts did not know of the seconds
    for n in range(0, 1_500, 500):
        await toy.get(*(first for first, _ in pairs[n : n + 500]))
    assert len(await toy.parked()) == 1_500
    for _ in range(4):
        await toy.sweep()
    assert (await toy.parked(), set((await toy.ticks()).values())) == ([], {2})
