"""Throughput of the mechanism beside its floor and a plain peer, interleaved, each in a process of its own."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks import referral
from benchmarks.ground import Ground
from deploy.local import topics
from deploy.local.rights import SERVICES

TOTAL = 60_000
_FEW = 4_000  # a plain handler needs no more to show its rate
_CLAIMS = 4_000
_TOPICS = ("toy-in", "toy-side", "toy-foreign", "rehab-toy")


def measure(ground: Ground, keys: int, *, rounds: int = 3) -> dict[str, float]:
    """Medians of events per second over so many keys, and their ratios."""
    asyncio.run(lay_toys(ground, keys))
    names = ("floor", "ours", "plain")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(once(ground, name))
    rates = {name: statistics.median(reading["rate"] for reading in found[name]) for name in names}
    return {
        "keys": keys,
        **{f"{name}_per_second": round(rate) for name, rate in rates.items()},
        "of_floor": round(_median_ratio(found["ours"], found["floor"]), 2),
        "times_plain": round(_median_ratio(found["ours"], found["plain"]), 1),
        "our_cpu_us": round(statistics.median(reading["cpu_us"] for reading in found["ours"]), 1),
    }


def measure_referral(ground: Ground, *, rounds: int = 3) -> dict[str, float]:
    """The referral service with its real handlers, beside floor and plain peer of the same moments."""
    asyncio.run(lay_toys(ground))
    asyncio.run(ground.fresh_topics(topics.names()))
    asyncio.run(referral.fill(ground.broker.servers, _CLAIMS))
    found: dict[str, list[dict[str, float]]] = {"referral": [], "floor": [], "plain": []}
    for _ in range(rounds):
        for name, readings in found.items():
            readings.append(once(ground, name))
    return {
        "referral_per_second": round(statistics.median(reading["rate"] for reading in found["referral"])),
        "of_floor": round(_median_ratio(found["referral"], found["floor"]), 2),
        "times_plain": round(_median_ratio(found["referral"], found["plain"]), 1),
        "our_cpu_us": round(statistics.median(reading["cpu_us"] for reading in found["referral"]), 1),
    }


def _median_ratio(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]) -> float:
    """Of neighbours in time: a noisy moment hits both."""
    return statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, theirs, strict=True))


async def lay_toys(ground: Ground, keys: int = 2_000) -> None:
    """The topics of the toy: as many ticks as ever, over so many counters."""
    await ground.fresh_topics(_TOPICS)
    await ground.fill(keys, TOTAL)


def once(ground: Ground, name: str, **environment: str) -> dict[str, float]:
    """One contender, one empty database, one new group."""
    service = name.partition("-")[0]
    url = asyncio.run(ground.service_database(service) if service in SERVICES else ground.database())
    total = {"plain": _FEW, "referral": 2 * _CLAIMS}.get(name, TOTAL)
    command = [
        sys.executable,
        "-m",
        "benchmarks.once",
        name,
        ground.broker.servers,
        url,
        f"g{time.time_ns()}",
        f"{total}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    asyncio.run(ground.drop(url))
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    reading: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return reading
