"""One of our services against the clock, from its first batch until all is done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from benchmarks.contender import Task
from shared.running import Running, quiet_collector

# returns when all is done: how many records there were
Done: TypeAlias = Callable[[Running], Awaitable[int]]
_COUNT = """
SELECT count(*) FROM outbox
"""


async def rate(running: Running, task: Task, done: Done) -> float:
    """Records per second; what is in the first batch already is not counted."""
    quiet_collector(rings=False)
    app = asyncio.create_task(running.app.run())
    while not any(running.applied.values()):
        await asyncio.sleep(0.001)
    task.start()
    first = sum(running.applied.values())
    found = task.rate(await done(running) - first)
    running.app.exit()
    await app
    await running.pool.close()
    return found


def journalled(total: int) -> Done:
    """So many records are applied, and what was announced of them stands in the journal."""

    async def done(running: Running) -> int:
        while sum(running.applied.values()) < total:
            await asyncio.sleep(0.005)
        while await running.pool.fetchval(_COUNT):
            await asyncio.sleep(0.002)
        return total

    return done
