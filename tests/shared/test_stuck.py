"""What is tried for too long while broker and database answer is an alarm, and the process says that it is not well."""

import asyncio

import pytest

from shared.runtime.health import Server
from shared.runtime.stuck import Watch
from tests.toy.events import Ticked
from tests.toy.inside import Inside
from tests.toy.outside import Instance, Outside, until

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
"""
PASSES, STAYS = "40001", "23514"


async def stuck(instance: Instance, what: str) -> bool:
    """The process says so by its status, in its body and to those who count."""
    status, live = await instance.health("live")
    metric = await instance.metric(f'rehab_stuck{{service="toy",what="{what}"}}')
    return (status, what in live.get("tried", ()), metric) == (503, True, 1)


async def well(instance: Instance) -> bool:
    """Nothing takes long, and nobody counts anything."""
    status, live = await instance.health("live")
    return (status, live["stuck"], await instance.metric("rehab_stuck")) == (200, False, 0)


async def breaks_and_is_mended(outside: Outside, table: str, code: str, what: str, *, begun: bool = True) -> None:
    """The alarm begins, and ends with what led to it; the process runs before that, or begins with it."""
    instance = await outside.ready(REHAB_STUCK_AFTER="2") if begun else None
    await outside.as_owner(REFUSE.format(table=table, code=code))
    await outside.post(outside.desk.write(Ticked(counter_id=outside.place.suffix)))
    instance = instance or await outside.ready(REHAB_STUCK_AFTER="2")

    async def is_stuck() -> bool:
        return await stuck(instance, what)

    async def is_well() -> bool:
        return await well(instance)

    await until(is_stuck, 60)
    await outside.as_owner("DROP FUNCTION refuse() CASCADE")
    await outside.counted(1, 60)
    await until(is_well, 60)
    lines = instance.log.read_text().splitlines()
    for line in ("batch retried", "loop started again"):
        assert sum(line in one for one in lines) <= 5


async def test_a_batch_that_is_tried_for_too_long_is_an_alarm(outside: Outside) -> None:
    await breaks_and_is_mended(outside, "counters", PASSES, "batch")


async def test_a_wave_that_is_tried_for_too_long_is_an_alarm(outside: Outside) -> None:
    await breaks_and_is_mended(outside, "journal", STAYS, "wave")


@pytest.mark.parametrize("begun", [True, False])
async def test_positions_that_do_not_move_while_there_is_lag_are_an_alarm(outside: Outside, *, begun: bool) -> None:
    await breaks_and_is_mended(outside, "counters", PASSES, "reading", begun=begun)


async def test_a_batch_that_fails_while_the_database_answers_counts_from_its_first_try(toy: Inside) -> None:
    watch = toy.running.watch
    answered_since = watch._answered_since
    await toy.as_owner(REFUSE.format(table="counters", code=PASSES))
    trying = asyncio.create_task(toy.hear(Ticked(counter_id="A")))

    async def is_tried_for_long() -> bool:
        return watch.longest() > 0.5

    await until(is_tried_for_long, 60)
    assert watch._answered_since == answered_since
    await toy.as_owner("DROP FUNCTION refuse() CASCADE")
    await trying


def test_a_failure_counts_from_the_first_one_until_it_works() -> None:
    watch = Watch(patience=60)
    watch.failed("wave")
    first = dict(watch._since)
    watch.failed("wave")
    assert watch._since == first
    watch.worked("wave")
    watch.worked("wave")
    assert watch._since == {}


def test_a_try_counts_until_it_ends_whatever_others_end_meanwhile() -> None:
    watch = Watch(patience=60)
    watch._answered_since -= 3600
    with watch.trying("batch"):
        (token,) = watch._since
        watch._since[token] -= 3600
        with watch.trying("batch"):
            assert watch.stuck()["batch"]
        assert watch.stuck() == {"batch": True, "wave": False, "sweep": False, "reading": False}
    assert not any(watch.stuck().values())


def test_time_in_which_nobody_answered_does_not_count() -> None:
    watch = Watch(patience=60)
    watch.failed("wave")
    watch._since["wave", 0] -= 3600
    assert not watch.stuck()["wave"]  # the process itself is younger
    watch._answered_since -= 3600
    assert watch.stuck()["wave"]
    watch.away()
    assert not watch.stuck()["wave"]


async def test_while_the_broker_does_not_answer_a_long_try_is_no_alarm(toy: Inside) -> None:
    toy.running.watch = Watch(patience=60)
    toy.running.watch.failed("wave")
    toy.running.watch._since["wave", 0] -= 3600
    toy.running.watch._answered_since -= 3600
    status, live = await Server(toy.running, toy.process.leader)._live()
    assert (status, live["stuck"]) == (200, False)
