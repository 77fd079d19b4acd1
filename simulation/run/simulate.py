"""`simulate`: a stack of its own, a capture played to its end, and the books balanced."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

import uvloop

from deploy.local import commands
from deploy.local.processes import ROOT
from deploy.local.stack import Stack
from simulation.actors.service_outage import Leave
from simulation.audit.coverage import in_words
from simulation.audit.reconcile import Report, reconcile
from simulation.claims_system import capture
from simulation.claims_system.capture import Captured
from simulation.claims_system.feed import ALWAYS, Stretch, select
from simulation.clients.clock_file import ClockFile
from simulation.clients.outage import ServiceOutage
from simulation.clients.quiescence import NotQuiet
from simulation.run import session
from simulation.run.nemesis import WIDENED, Nemesis
from simulation.run.play import AT_ONCE, TWICE_A_DAY, Manner, Unsettled
from simulation.run.progress import Gauge


class Order(NamedTuple):
    """An order to play: the feed, its days, and where to write the results."""

    feed: Path = session.BUNDLED
    stretch: Stretch = ALWAYS
    seed: int = 1
    report: Path | None = None
    decisions: Path | None = None
    keep: bool = False
    kill_every: float = 0  # seconds; never where it is nothing
    partitions: int | None = None  # of each topic; as ever where it is nothing
    away: ServiceOutage | None = None


def simulate(order: Order) -> bool:
    """Return whether it balances."""
    began = time.monotonic()
    feed = select(capture.read(order.feed), order.stretch)
    if not feed:
        raise ValueError("nothing of the capture falls into these days")
    place = ROOT / ".local" / "simulate"
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=place))
    try:
        report = _played(feed, order, folder)
    finally:
        if not order.keep:
            shutil.rmtree(folder, ignore_errors=True)
    _write(report, order, time.monotonic() - began)
    return report.balanced


def _played(feed: Sequence[Captured], order: Order, folder: Path) -> Report:
    clock = ClockFile(folder / "clock.json")
    clock.set(feed[0].arrives_at - session.BEFORE)
    if order.kill_every:
        os.environ["REHAB_WIDEN"] = WIDENED
    with Stack(folder, fast=not order.kill_every, clock=f"stepped:{clock.path}", given=_given(order)) as stack:
        commands.fill(stack.client_environment, stack.logs)
        where = session.Addresses.of(stack)
        stopped: list[str] = []
        manner = Manner(order.seed, Gauge(), pace=TWICE_A_DAY, at_once=_at_once(order))
        with _nemesis(stack, order) as nemesis:
            try:
                uvloop.run(session.run(feed, clock, where, manner, _leave(stack, order)))
            except (NotQuiet, Unsettled) as problem:
                stopped.append(f"the play stopped at {clock.now}: {problem}")
        report = uvloop.run(reconcile(where.broker, until=clock.now, away=order.away, played=feed))
        killed = {"kills": nemesis.kills, "servers_killed": nemesis.servers_killed} if nemesis else {}
        return report._replace(counts={**report.counts, **killed}, faults=[*stopped, *report.faults])


def _given(order: Order) -> dict[str, str]:
    return {"REHAB_PARTITIONS": str(order.partitions)} if order.partitions else {}


def _at_once(order: Order) -> int:
    """How many people act together: with one partition one after the other, so that two plays are the same."""
    return 1 if order.partitions == 1 else AT_ONCE


def _leave(stack: Stack, order: Order) -> Leave | None:
    away = order.away
    return Leave(away, stack.services[away.service], stack.http(away.service)) if away else None


def _nemesis(stack: Stack, order: Order) -> Nemesis | AbstractContextManager[None]:
    return Nemesis(stack, order.kill_every, order.seed) if order.kill_every else nullcontext()


def _write(report: Report, order: Order, seconds: float) -> None:
    said = {**report.as_json(), "seconds": round(seconds, 1), "events_per_second": round(report.announced / seconds)}
    shown = {name: value for name, value in said.items() if name != "coverage"}
    print("\n" + json.dumps(shown, indent=2) + "\n" + in_words(report.covered))  # noqa: T201 - to a person
    if order.report:
        order.report.write_text(json.dumps(said, indent=2) + "\n")
    if order.decisions:
        order.decisions.write_text(json.dumps(report.decisions, indent=1) + "\n")
