"""One service comes back from an older backup: its keys stop with an alarm instead of losing facts in silence."""

from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

import pytest

from shared.config import metrics
from shared.database.migrate import MECHANISM
from shared.messaging import relay
from shared.messaging.envelope import Raw
from tests.stack.databases import Databases
from tests.toy import MIGRATIONS, ledger
from tests.toy.events import Nudged, Ticked
from tests.toy.inside import Inside, inside
from tests.toy.ledger.app import service as the_ledger

A, B = "counter-a", "counter-b"
KEPT = ("streams", "marks", "counters", "outbox")
_offsets = count(1)


@pytest.fixture
async def both(databases: Databases) -> AsyncIterator[tuple[Inside, Inside]]:
    """The toy and the ledger behind it."""
    folders = {"toy": [MECHANISM, MIGRATIONS], "ledger": [MECHANISM, ledger.MIGRATIONS]}
    url = await databases.clone("chain", folders)
    async with inside(url) as toy, inside(url, the_ledger) as entering:
        yield toy, entering
    await databases.drop(url)


async def pass_on(toy: Inside, entering: Inside) -> list[Raw]:
    """Return what the toy has to say, as the ledger reads it."""
    rows = await toy.pool.fetch(relay.UNSENT)
    sent = [relay.outgoing_record(b"/rehab/toy", tuple(row)) for row in rows]
    raws = [Raw(s.topic, 0, next(_offsets), s.key, s.value, list(s.headers)) for s in sent]
    await toy.pool.execute("DELETE FROM outbox")
    await entering.get_again(raws)
    return raws


async def backed_up(toy: Inside) -> dict[str, Sequence[Any]]:
    """Every table as it is now."""
    return {table: await toy.pool.fetch(f"SELECT * FROM {table}") for table in KEPT}  # noqa: S608 - names of our own


async def restore(toy: Inside, backup: dict[str, Sequence[Any]]) -> None:
    """The tables as they were."""
    async with toy.pool.acquire() as conn, conn.transaction():
        for table, rows in backup.items():
            await conn.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            if rows:
                await conn.copy_records_to_table(table, records=[tuple(row) for row in rows])


async def entries(entering: Inside) -> dict[str, int]:
    rows = await entering.pool.fetch("SELECT counter_id, entries FROM accounts")
    return {row["counter_id"]: row["entries"] for row in rows}


async def test_what_a_restored_service_says_anew_stops_the_key_with_an_alarm(both: tuple[Inside, Inside]) -> None:
    toy, entering = both
    await toy.hear(*[Ticked(counter_id=A)] * 5)
    await pass_on(toy, entering)
    backup = await backed_up(toy)
    await toy.hear(*[Ticked(counter_id=A)] * 5)
    await pass_on(toy, entering)
    assert await entries(entering) == {A: 10}
    await restore(toy, backup)
    await toy.hear(Nudged(counter_id=A), Ticked(counter_id=B))
    await pass_on(toy, entering)
    assert await entries(entering) == {A: 10, B: 1}
    assert await entering.reasons() == {6: "forked"}
    await toy.hear(*[Nudged(counter_id=A)] * 6, Ticked(counter_id=B))
    await pass_on(toy, entering)
    await entering.sweep()
    assert await entries(entering) == {A: 10, B: 2}
    assert set((await entering.reasons()).values()) == {"forked"}
    assert metrics.STOPPED.labels("ledger")._value.get() == 1


async def test_a_restored_service_sees_the_gap_in_what_it_heard(both: tuple[Inside, Inside]) -> None:
    toy, _ = both
    await toy.hear(*[Ticked(counter_id=A)] * 5)
    backup = await backed_up(toy)
    missed = await toy.hear(*[Ticked(counter_id=A)] * 5)
    await restore(toy, backup)
    await toy.hear(Ticked(counter_id=A))
    assert (await toy.tick_of(A), await toy.reasons()) == (5, {11: "early"})
    await toy.get_again(missed)
    assert (await toy.tick_of(A), await toy.parked()) == (11, [])


async def test_a_restored_service_that_says_the_same_place_again_at_the_mark_is_noticed(
    both: tuple[Inside, Inside],
) -> None:
    toy, entering = both
    backup = await backed_up(toy)
    await toy.hear(Ticked(counter_id=A))
    await pass_on(toy, entering)
    await restore(toy, backup)
    await toy.hear(Nudged(counter_id=A))
    await pass_on(toy, entering)
    assert (await entries(entering), await entering.reasons()) == ({A: 1}, {1: "forked"})


async def test_the_same_records_again_are_no_fork(both: tuple[Inside, Inside]) -> None:
    toy, entering = both
    await toy.hear(*[Ticked(counter_id=A)] * 5)
    raws = await pass_on(toy, entering)
    await entering.get_again(raws)
    assert (await entries(entering), await entering.parked()) == ({A: 5}, [])
