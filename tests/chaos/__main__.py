"""The command: `python -m tests.chaos [--seconds 60] [--json FILE] [--seed N]`; exit 0 only if every promise held."""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.kafka import Broker
from deploy.local.postgres import Postgres
from deploy.local.processes import stop_all
from shared.messaging.position import read_up_to, reading
from tests.chaos.checker import Report, Seen, check, seen
from tests.chaos.nemesis import Nemesis
from tests.chaos.system import System, toys

_PATIENCE = 90  # seconds until what has not drained counts as lost
_DRAINED_IN = 15
_KILLS_A_MINUTE = 30
_REPEATS_A_MINUTE = 100


class Figures(NamedTuple):
    """One run."""

    seconds: float
    sent: int
    kills: int
    servers_killed: int
    drained_in: float
    report: Report

    @property
    def faults(self) -> list[str]:
        """Return what did not hold, in words."""
        share = self.seconds / 60
        goals = {
            f"{self.report.lost} lost": self.report.lost == 0,
            f"{self.report.double} double": self.report.double == 0,
            f"{self.report.gaps} gaps": self.report.gaps == 0,
            f"drained in {self.drained_in:.1f} s": self.drained_in <= _DRAINED_IN,
            f"only {self.kills} kills": self.kills >= int(_KILLS_A_MINUTE * share),
            f"only {self.servers_killed} servers killed": self.servers_killed == len(("postgres", "kafka")),
            f"only {self.report.repeats} repeats": self.report.repeats >= int(_REPEATS_A_MINUTE * share),
        }
        return [sentence for sentence, holds in goals.items() if not holds] + self.report.faults


class Reader:
    """Reads on where it stood."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        """Assigned to all partitions."""
        self._consumer = consumer
        self.records: list[Seen] = []

    async def read(self) -> None:
        """To the ends as they are now."""
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        async for found in read_up_to(self._consumer, ends):
            self.records += [seen(record) for records in found.values() for record in records]


async def _drain(servers: str, system: System, sent: int) -> tuple[float, Report]:
    """Read until everything balances, or patience ends; how long that took."""
    consumer = reading(servers)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, p) for topic in system.topics for p in range(4)])
        reader, began = Reader(consumer), time.monotonic()
        while True:
            await reader.read()
            took, report = time.monotonic() - began, check(reader.records, system.links)
            fed = report.events[system.topics[0]]
            if (report.is_clean and fed == sent) or took > _PATIENCE:
                report.lost += sent - fed
                return took, report
            await asyncio.sleep(0.2)
    finally:
        await consumer.stop()


async def torment(folder: Path, system: System, seconds: float, seed: int) -> Figures:
    """One run on a stack of its own."""
    broker, postgres = Broker(folder / "kafka"), Postgres(folder / "postgres", guests=True)
    broker.start()
    postgres.start()
    url = await system.prepare(broker.servers, postgres.url)
    members = system.members({"REHAB_KAFKA": broker.servers, "REHAB_POSTGRES": url}, folder)
    nemesis = Nemesis(members, broker, postgres, seed)
    try:
        sent, _ = await asyncio.gather(system.feed(broker.servers, seconds), nemesis.rage(seconds))
        took, report = await _drain(broker.servers, system, sent)
        return Figures(seconds, sent, nemesis.kills, nemesis.servers_killed, took, report)
    finally:
        stop_all(members)
        broker.stop()
        postgres.stop()


def _told(figures: Figures) -> dict[str, object]:
    """As a person and a machine read it."""
    report = figures.report
    return {
        "seconds": figures.seconds,
        "sent": figures.sent,
        "announced": dict(report.events),
        "kills": figures.kills,
        "servers_killed": figures.servers_killed,
        "duplicates_absorbed": report.repeats,
        "lost": report.lost,
        "double": report.double,
        "gaps": report.gaps,
        "drained_in": round(figures.drained_in, 1),
        "faults": figures.faults,
    }


def main() -> None:
    """Run, print, and say by the exit status whether it held."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the broker is away on purpose
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        told = _told(asyncio.run(torment(Path(folder), toys(), given.seconds, given.seed)))
    told["seed"] = given.seed
    if given.json:
        given.json.write_text(json.dumps(told, indent=2) + "\n")
    for name, value in told.items():
        sys.stdout.write(f"{name:>20}  {value}\n")
    raise SystemExit(1 if told["faults"] else 0)


if __name__ == "__main__":
    main()
