"""The whole mechanism around the toy's trivial decision: one aggregate, one announcement."""

import asyncio

from benchmarks.contender import Task
from shared import postgres
from shared.running import Running, quiet_collector
from shared.settings import Settings
from tests.toy.app import service

_COUNT = """
SELECT count(*) FROM outbox
"""


async def run(task: Task) -> float:
    """Events per second, from the first batch to the last announcement in the journal."""
    settings = Settings(kafka=task.kafka, postgres=task.postgres, group=task.group, http="")
    pool = await postgres.open_pool(task.postgres, "toy", "toy")
    running = Running(service, pool, settings)
    quiet_collector()
    app = asyncio.create_task(running.app.run())
    while not running.applied:
        await asyncio.sleep(0.001)
    task.start()
    first = sum(running.applied.values())
    while sum(running.applied.values()) < task.total:
        await asyncio.sleep(0.005)
    while await pool.fetchval(_COUNT):
        await asyncio.sleep(0.002)
    rate = task.rate(task.total - first)
    running.app.exit()
    await app
    await pool.close()
    return rate
