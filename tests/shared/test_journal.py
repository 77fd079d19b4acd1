"""What was sent is history: nobody changes it, and its head is told once a day."""

import asyncpg
import pytest

from shared.runtime.leader import Leader
from tests.toy.events import Ticked
from tests.toy.inside import Inside

HEAD = "rehab.toy.journal-head-announced.v1"
MOVED = r"""
WITH sent AS (DELETE FROM outbox RETURNING *)
INSERT INTO journal
SELECT seq, event_id, topic, key, sequence, type, at, after, cause, correlation, trace, payload, '\x01'::bytea
FROM sent
"""


async def sent(toy: Inside) -> None:
    """Something was announced and left."""
    await toy.hear(Ticked(counter_id="counter-a"))
    await toy.pool.execute(MOVED)


@pytest.mark.parametrize("statement", ["UPDATE journal SET payload = ''", "DELETE FROM journal", "TRUNCATE journal"])
async def test_a_service_can_neither_change_nor_remove_what_it_sent(toy: Inside, statement: str) -> None:
    await sent(toy)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await toy.pool.execute(statement)


async def test_the_head_of_the_journal_is_told_once_a_day_whoever_leads(toy: Inside) -> None:
    await sent(toy)
    for _ in range(2):
        toy.process.leader = Leader(toy.running)
        await toy.sweep()
        await toy.sweep()
    assert len(await toy.words(HEAD)) == 1
    await toy.pool.execute(MOVED)
    toy.process.leader = Leader(toy.running)
    await toy.sweep()
    assert await toy.words(HEAD) == []
