"""A play against a stack that runs: everything outside it, put together and taken apart."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from deploy.local.rights import SERVICES
from deploy.local.stack import Stack
from simulation.actors.agenda import Agenda
from simulation.actors.clinics import Clinics
from simulation.actors.concurrent_actors import ConcurrentActors
from simulation.actors.manual_sites import ManualSites
from simulation.actors.payment_officers import Payers
from simulation.actors.service_outage import Away, Leave
from simulation.actors.treatment import Treatment
from simulation.claims_system import capture
from simulation.claims_system.capture import Captured
from simulation.clients.clock_file import ClockFile
from simulation.clients.credentials import find
from simulation.clients.portal import Portal
from simulation.clients.quiescence import Watch
from simulation.clients.tokens import read_tokens
from simulation.clients.topic_tail import Tail
from simulation.clients.topics import CLAIMS, Publisher, read
from simulation.run.play import Manner, World, play

BUNDLED = Path(__file__).parents[1] / "captures" / "claims-autumn-2024.jsonl.gz"
BEFORE = timedelta(hours=1)  # the registers are loaded before the first record arrives


class Addresses(NamedTuple):
    """Where the stack is reached."""

    broker: str
    portal: str
    health: Sequence[str]
    tokens: Mapping[str, str]

    @classmethod
    def of(cls, stack: Stack) -> "Addresses":
        """Of a stack that this process started."""
        known = stack.environment
        health = [stack.http(name) for name in SERVICES]
        return cls(known["REHAB_KAFKA"], known["REHAB_PORTAL"], health, read_tokens(Path(known["REHAB_TOKENS"])))

    @classmethod
    def noted(cls, text: str, tokens: Mapping[str, str]) -> "Addresses":
        """As a launcher notes them in stack.json."""
        said = json.loads(text)
        return cls(said["REHAB_KAFKA"], said["REHAB_PORTAL"], [said[name] for name in SERVICES], tokens)


def prepare(folder: Path) -> Path:
    """The clock of a system that is played on; a new one stands before the first record of the bundled capture."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = ClockFile(folder / "clock.json")
    if not clock.is_set:
        clock.set(capture.read(BUNDLED)[0].arrives_at - BEFORE)
    return clock.path


async def run(
    feed: Sequence[Captured], clock: ClockFile, where: Addresses, manner: Manner, leave: Leave | None = None
) -> datetime:
    """Play the feed to its end; where it goes on, without what lies on the topic already; somebody may be on leave."""
    async with AsyncExitStack() as parts:
        portal = await parts.enter_async_context(Portal(where.portal))
        publisher = await parts.enter_async_context(Publisher(where.broker))
        watch = await parts.enter_async_context(Watch(where.broker, where.health))
        tail = await parts.enter_async_context(Tail(where.broker))
        keys = await find(portal, where.tokens)
        gate = asyncio.Semaphore(manner.at_once)
        clinics = Clinics(portal, keys.clinicians, manner.seed, manner.pace, gate)
        treatment = Treatment(portal, keys, Agenda(manner.seed, manner.pace), gate)
        payers = Payers(portal, keys.insurers.get("payment_officer", []), manner.seed, manner.pace)
        people = (ManualSites(clinics, manner.by_hand), ManualSites(treatment, manner.by_hand), payers)
        acting = (
            [ConcurrentActors(people)] if manner.at_once > 1 else people
        )  # alone, one group after the other: always the same
        away = [Away(leave, watch, portal)] if leave else []
        world = World(clock, publisher, watch, tail, (*away, *acting))
        left = await _unplayed(feed, where.broker) if manner.goes_on else feed
        return await play(left, world, manner)


async def _unplayed(feed: Sequence[Captured], broker: str) -> list[Captured]:
    """Return what does not lie on the topic yet, whatever part of the last step reached it."""
    lying = Counter(one.captured[1:] for one in await read(broker, [CLAIMS]))
    left = []
    for record in feed:
        if lying[record[1:]]:
            lying[record[1:]] -= 1
        else:
            left.append(record)
    return left
