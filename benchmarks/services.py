"""Each service reads a played week from the first record on, beside floor and plain peer of the same moments."""

import asyncio
import statistics
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from aiokafka import AIOKafkaProducer

from benchmarks import mechanism
from benchmarks.ground import Ground
from deploy.local import commands, topics
from deploy.local.rights import SERVICES
from deploy.local.stack import Stack
from simulation.claims_system import capture
from simulation.claims_system.feed import Stretch, select
from simulation.clients.clock_file import ClockFile
from simulation.clients.topics import StoredRecord, read
from simulation.run import session
from simulation.run.play import TWICE_A_DAY, Manner

WEEK = Stretch.of(date(2024, 10, 21), 7)  # accepted on these days, and everything that follows
_IN_FLIGHT = 2000
_PEERS = ("floor", "plain")


def measure(folder: Path, *, rounds: int = 3) -> dict[str, dict[str, float]]:
    """Medians of records per second and of their ratios, by service."""
    clock = ClockFile(folder / "clock.json")
    left = _played(folder / "played", clock)
    ground = Ground.open(folder / "ground")
    try:
        asyncio.run(mechanism.lay_toys(ground))
        asyncio.run(_lay(ground, topics.names(), left))
        readings = [_round(ground, left, clock) for _ in range(rounds)]
    finally:
        ground.close()
    return {name: _summed(name, readings) for name in SERVICES}


def _played(folder: Path, clock: ClockFile) -> list[StoredRecord]:
    """Whatever lies on the topics when the week's last invoice is paid."""
    feed = select(capture.read(session.BUNDLED), WEEK)
    folder.mkdir(parents=True)
    clock.set(feed[0].arrives_at - session.BEFORE)
    with Stack(folder, fast=True, clock=f"stepped:{clock.path}") as stack:
        commands.fill(stack.client_environment, stack.logs)
        where = session.Addresses.of(stack)
        asyncio.run(session.run(feed, clock, where, Manner(1, lambda _: None, TWICE_A_DAY)))
        return asyncio.run(read(where.broker, topics.names()))


async def _lay(ground: Ground, names: Sequence[str], left: Sequence[StoredRecord]) -> None:
    """The topics anew, with exactly what lay on them."""
    await ground.fresh_topics(names)
    async with AIOKafkaProducer(bootstrap_servers=ground.broker.servers, linger_ms=5) as producer:
        some = [one for one in left if one.topic in names and all(name.isascii() for name, _ in one.headers)]
        for begin in range(0, len(some), _IN_FLIGHT):
            sent = [
                await producer.send(
                    one.topic, one.value, one.key, one.partition, int(one.at.timestamp() * 1000), list(one.headers)
                )
                for one in some[begin : begin + _IN_FLIGHT]
            ]
            await asyncio.gather(*sent)


def _round(ground: Ground, left: Sequence[StoredRecord], clock: ClockFile) -> dict[str, dict[str, float]]:
    """Everybody once; what a service announced over again is taken away before the next one reads."""
    found = {name: mechanism.once(ground, name) for name in _PEERS}
    for name in SERVICES:
        found[name] = mechanism.once(ground, f"{name}-catches-up", REHAB_CLOCK=f"stepped:{clock.path}")
        own = [f"rehab-{name}", *(["rehab-person"] if name in {"referral", "portal"} else [])]
        asyncio.run(_lay(ground, own, left))
    return found


def _summed(name: str, readings: Sequence[dict[str, dict[str, float]]]) -> dict[str, float]:
    rates = [one[name]["rate"] for one in readings]
    floor, plain = (statistics.median(one[name]["rate"] / one[peer]["rate"] for one in readings) for peer in _PEERS)
    return {
        "per_second": round(statistics.median(rates)),
        "of_floor": round(floor, 2),
        "times_plain": round(plain, 1),
        "cpu_us": round(statistics.median(one[name]["cpu_us"] for one in readings), 1),
    }
