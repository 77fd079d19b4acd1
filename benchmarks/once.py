"""One measurement in a process of its own: `python -m benchmarks.once CONTENDER KAFKA POSTGRES GROUP TOTAL`."""

import asyncio
import json
import sys

import uvloop

from benchmarks import floor, ours, plain, referral
from benchmarks.contender import Task

CONTENDERS = {"floor": floor.run, "ours": ours.run, "plain": plain.run, "referral": referral.run}


def main() -> None:
    """Measure and say it as JSON."""
    name, kafka, postgres, group, total = sys.argv[1:6]
    task = Task(kafka, postgres, group, int(total))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rate = runner.run(CONTENDERS[name](task))
    print(json.dumps({"rate": rate, "cpu_us": task.cpu_us}))


if __name__ == "__main__":
    main()
