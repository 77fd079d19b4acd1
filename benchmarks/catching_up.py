"""A service with its real handlers, new to a world that has lived: it reads everything from the first record on."""

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks import timed
from benchmarks.contender import Task
from deploy.local import ports
from shared.config import clock
from shared.config.settings import Settings
from shared.database import postgres
from shared.messaging import catch_up
from shared.runtime.process import Process
from simulation.clients.quiescence import Watch

if TYPE_CHECKING:
    from shared.runtime.service import Service


async def run(task: Task, name: str) -> float:
    """Records per second, from the first batch until nothing is in flight, timers and parked records included."""
    service: Service = import_module(f"services.{name}.app").service
    address = f"127.0.0.1:{ports.free_port()}"
    settings = Settings(kafka=task.kafka, postgres=task.postgres, group=task.group, http=address)
    pool = await postgres.open_pool(task.postgres, name, name)
    process = Process(service, pool, settings)
    kept = {kind.type_name: kind for kinds in service.handlers.projections.values() for kind in kinds}
    await catch_up.read_reference(task.kafka, task.group, service.reference, kept, process.consumer.take)
    return await timed.rate(process, task, _at_rest)


async def _at_rest(process: Process) -> int:
    async with Watch(process.consumer.settings.kafka, [process.consumer.settings.http]) as watch:
        await watch.rest(clock.tick().step)
        return sum(end for ends in watch.ends.values() for end in ends.values())
