"""The whole mechanism around the toy's trivial decision: one aggregate, one announcement."""

from benchmarks import timed
from benchmarks.contender import Task
from shared.config.settings import Settings
from shared.database import postgres
from shared.runtime.process import Process
from tests.toy.app import service


async def run(task: Task) -> float:
    """Events per second, from the first batch to the last announcement in the journal."""
    settings = Settings(kafka=task.kafka, postgres=task.postgres, group=task.group, http="")
    pool = await postgres.open_pool(task.postgres, "toy", "toy")
    return await timed.rate(Process(service, pool, settings), task, timed.journalled(task.total))
