"""One of our services against the clock, from its first batch until all is done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from benchmarks.contender import Task
from shared.runtime.process import Process, quiet_collector

# returns when all is done: how many records there were
Done: TypeAlias = Callable[[Process], Awaitable[int]]
_COUNT = """
SELECT count(*) FROM outbox
"""


async def rate(process: Process, task: Task, done: Done) -> float:
    """Records per second; what is in the first batch already is not counted."""
    quiet_collector(makes_cycles=False)
    app = asyncio.create_task(process.app.run())
    while not any(process.consumer.applied.values()):
        await asyncio.sleep(0.001)
    task.start()
    first = sum(process.consumer.applied.values())
    found = task.rate(await done(process) - first)
    process.app.exit()
    await app
    await process.pool.close()
    return found


def journalled(total: int) -> Done:
    """So many records are applied, and what was announced of them stands in the journal."""

    async def done(process: Process) -> int:
        while sum(process.consumer.applied.values()) < total:
            await asyncio.sleep(0.005)
        while await process.pool.fetchval(_COUNT):
            await asyncio.sleep(0.002)
        return total

    return done
