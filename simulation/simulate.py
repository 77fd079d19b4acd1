"""`simulate`: a stack of its own, a capture played to its end, and the books balanced."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.local import commands
from deploy.local.processes import ROOT
from deploy.local.rights import SERVICES
from deploy.local.stack import Stack
from simulation import capture, session
from simulation.capture import Captured
from simulation.clock import ClockFile
from simulation.feed import ALWAYS, Stretch, select
from simulation.play import Manner, Unsettled
from simulation.quiet import NotQuiet
from simulation.reconcile import Report, reconcile
from simulation.show import Gauge
from simulation.tokens import read_tokens


class Order(NamedTuple):
    """What to play, and where to write what came of it."""

    feed: Path = session.BUNDLED
    stretch: Stretch = ALWAYS
    seed: int = 1
    report: Path | None = None
    decisions: Path | None = None
    keep: bool = False


def simulate(order: Order) -> bool:
    """Whether it balances."""
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
    with Stack(folder, fast=True, clock=f"stepped:{clock.path}") as stack:
        commands.fill(stack.client_environment, stack.logs)
        known = stack.environment
        tokens = read_tokens(Path(known["REHAB_TOKENS"]))
        health = [stack.http(name) for name in SERVICES]
        where = session.Addresses(known["REHAB_KAFKA"], known["REHAB_PORTAL"], health, tokens)
        stopped: list[str] = []
        try:
            asyncio.run(session.run(feed, clock, where, Manner(order.seed, Gauge())))
        except (NotQuiet, Unsettled) as problem:
            stopped.append(f"the play stopped at {clock.now}: {problem}")
        report = asyncio.run(reconcile(known["REHAB_KAFKA"], until=clock.now))
        return report._replace(faults=[*stopped, *report.faults])


def _write(report: Report, order: Order, seconds: float) -> None:
    said = {**report.as_json(), "seconds": round(seconds, 1)}
    print("\n" + json.dumps(said, indent=2))  # noqa: T201 - to a person
    if order.report:
        order.report.write_text(json.dumps(said, indent=2) + "\n")
    if order.decisions:
        order.decisions.write_text(json.dumps(report.decisions, indent=1) + "\n")
