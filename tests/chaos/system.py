"""What is put under chaos: members that may be killed, a feed, and what must hold on the topics afterwards."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from deploy.local import rights
from deploy.local.processes import Process
from deploy.local.topics import create_topics
from shared.database.migrate import MECHANISM, migrate
from tests.chaos.checker import Link
from tests.toy import MIGRATIONS, ledger
from tests.toy.events import Counted, Ticked
from tests.toy.ledger.app import Entered
from tests.toy.letters import Desk

WIDENED = "after-send=0.1,before-offsets=0.15,after-commit=0.02"
_KEYS = 200
_BURST = 25
Environment = Mapping[str, str]


class System(NamedTuple):
    """Exchangeable: the toys, or any other services."""

    topics: Sequence[str]
    members: Callable[[Environment, Path], Sequence[Process]]
    prepare: Callable[[str, str], Awaitable[str]]
    feed: Callable[[str, float], Awaitable[int]]
    links: Sequence[Link]


def toys() -> System:
    """Ticks become counts become entries: two services in a chain, two members each."""
    links = (
        Link("toy-in", Ticked.type_name, "rehab-toy", frozenset({Counted.type_name})),
        Link("rehab-toy", Counted.type_name, "rehab-ledger", frozenset({Entered.type_name})),
    )
    return System(("toy-in", "rehab-toy", "rehab-ledger"), _members, _prepare, _feed, links)


async def _prepare(servers: str, postgres: str) -> str:
    """Topics, roles, schemas; gives the database."""
    await create_topics(servers, ["toy-in", "toy-side", "toy-foreign", "rehab-toy", "rehab-ledger"], 4)
    url = rights.address(postgres, database="chaos")
    await rights.prepare_roles(url, ("toy", "ledger"))
    await rights.prepare_database(url, ("toy", "ledger"))
    await migrate(url, "toy_owner", "toy", [MECHANISM, MIGRATIONS])
    await migrate(url, "ledger_owner", "ledger", [MECHANISM, ledger.MIGRATIONS])
    return url


def _members(env: Environment, folder: Path) -> Sequence[Process]:
    """Two of each."""
    return [
        Process(
            f"{name}-{n}",
            [sys.executable, "-m", module, "run"],
            log=folder / f"{name}-{n}.log",
            env={**os.environ, **env, "REHAB_INSTANCE": str(n), "REHAB_WIDEN": WIDENED, "REHAB_HTTP": ""},
        )
        for name, module in (("toy", "tests.toy.app"), ("ledger", "tests.toy.ledger.app"))
        for n in range(2)
    ]


async def _feed(servers: str, seconds: float) -> int:
    """So long, a burst at a time; the producer waits while the broker is away. Gives how many it was."""
    state, sent = Desk(), 0
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, linger_ms=5)
    await producer.start()
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    try:
        while loop.time() < end:
            letters = [state.write(Ticked(counter_id=f"counter-{(sent + n) % _KEYS}")) for n in range(_BURST)]
            for one in letters:
                await producer.send(one.topic, one.value, one.key, headers=one.headers)
            sent += _BURST
            await asyncio.sleep(0.08)
    finally:
        await producer.stop()
    return sent
