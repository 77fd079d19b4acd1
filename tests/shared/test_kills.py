"""Killed wherever it hurts: nothing is lost, nothing counts twice, nothing is out of order."""

import asyncio
import signal

import pytest

from tests.toy.events import Ticked
from tests.toy.letters import Letter
from tests.toy.outside import Outside, summed, until

KEYS, EACH = 20, 30


def letters(outside: Outside, times: int = EACH) -> list[Letter]:
    return [
        outside.desk.write(Ticked(counter_id=f"{outside.place.suffix}-{k}")) for _ in range(times) for k in range(KEYS)
    ]


async def balanced(outside: Outside, each: int = EACH) -> int:
    """Every counter stands where it must and every announcement came once or again as itself; gives the repeats."""
    assert set((await outside.ticks()).values()) == {each}
    await until(outside.all_sent)
    found = summed(await outside.said())
    assert (found.first, found.faults) == (KEYS * each, [])
    return found.repeats


@pytest.mark.parametrize("point", ["before-commit", "after-commit", "after-send", "before-offsets"])
async def test_killed_at_a_named_point_and_started_again_it_goes_on(outside: Outside, point: str) -> None:
    once = outside.place.folder / "died"
    first = outside.new(REHAB_CRASH_AT=point, REHAB_CRASH_ONCE=str(once))
    await outside.post(*letters(outside))
    await until(first.ended)
    assert once.exists()
    await outside.ready()
    await outside.counted(KEYS * EACH)
    repeats = await balanced(outside)
    assert repeats or point != "after-send"


@pytest.mark.long
async def test_killed_again_and_again_it_goes_on(outside: Outside) -> None:
    await outside.post(*letters(outside))
    for point in ("after-send", "before-offsets", "after-commit", "after-send"):
        dying = outside.new(REHAB_CRASH_AT=point)
        await until(dying.ended)
        await outside.post(*letters(outside, 1))
    await outside.ready()
    await outside.counted(KEYS * (EACH + 4))
    assert await balanced(outside, EACH + 4) > 0


async def test_asked_to_stop_in_mid_batch_it_ends_cleanly_and_nothing_comes_twice(outside: Outside) -> None:
    instance = await outside.ready(REHAB_WIDEN="before-commit=0.2,after-send=0.3")
    await outside.post(*letters(outside))
    await asyncio.sleep(0.5)  # into the middle of a widened batch
    assert await asyncio.to_thread(instance.stop, 12) == 0
    await outside.ready("1")
    await outside.counted(KEYS * EACH)
    assert await balanced(outside) == 0


async def test_a_frozen_leader_is_replaced_and_harmless_when_it_wakes(outside: Outside) -> None:
    frozen = await outside.ready("frozen", REHAB_WIDEN="after-send=0.3")
    await until(frozen.leads)
    heir = await outside.ready("heir")
    await outside.post(*letters(outside, 10))
    await asyncio.sleep(0.2)
    frozen.pause()
    await outside.post(*letters(outside, 20))
    await until(heir.leads, 25)
    frozen.resume()
    await outside.counted(KEYS * EACH, 40)
    await balanced(outside)
    assert (await frozen.health("ready"))[0] == 200
    assert not (await heir.leads() and await frozen.leads())


async def test_too_many_own_faults_end_the_process_with_a_status_that_says_so(outside: Outside) -> None:
    instance = await outside.ready(REHAB_OWN_FAULTS_ALLOWED="5")
    await outside.post(*(outside.desk.write(Ticked(counter_id=f"c{n}", mood="raises")) for n in range(20)))
    await until(instance.ended)
    assert instance.stop() == 3
    assert "too many of its own decisions raised" in instance.log.read_text()


async def test_a_killed_process_comes_back_to_its_partitions_at_once(outside: Outside) -> None:
    for times in range(1, 4):
        instance = outside.new()
        await outside.post(*letters(outside, 2))
        await outside.counted(KEYS * 2 * times, 8)
        instance._popen.send_signal(signal.SIGKILL)
        await until(instance.ended)
    await balanced(outside, 6)
