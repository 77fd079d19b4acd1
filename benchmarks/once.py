"""One measurement in a process of its own: `python -m benchmarks.once CONTENDER KAFKA POSTGRES GROUP TOTAL`."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import uvloop

from benchmarks import catching_up, floor, ours, plain, referral
from benchmarks.contender import Task
from deploy.local.rights import SERVICES

CONTENDERS: Mapping[str, Callable[[Task], Awaitable[float]]] = {
    "floor": floor.run,
    "ours": ours.run,
    "plain": plain.run,
    "referral": referral.run,
    **{f"{name}-catches-up": partial(catching_up.run, name=name) for name in SERVICES},
}


def main() -> None:
    """Measure and say it as JSON."""
    name, kafka, postgres, group, total = sys.argv[1:6]
    task = Task(kafka, postgres, group, int(total))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rate = runner.run(_measured(name, task))
    print(json.dumps({"rate": rate, "cpu_us": task.cpu_us}))


async def _measured(name: str, task: Task) -> float:
    return await CONTENDERS[name](task)


if __name__ == "__main__":
    main()
