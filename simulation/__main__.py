"""`python -m simulation play|simulate|compare|generate|reconcile|rebuild`: the world outside, and the auditor."""

import argparse
import json
import os
import sys
from datetime import date
from pathlib import Path

import uvloop

from deploy.local import accounts
from deploy.local.processes import Died, end_like_by_hand
from simulation.audit import compare
from simulation.audit.read_model_rebuild import differences
from simulation.audit.reconcile import reconcile
from simulation.claims_system import capture
from simulation.claims_system.claim_histories import PACIFIC
from simulation.claims_system.feed import ALWAYS, Stretch, select
from simulation.claims_system.generate import Plan, generate
from simulation.clients import clock_file
from simulation.clients.outage import SERVICES, ServiceOutage
from simulation.clients.quiescence import NotQuiet
from simulation.clients.tokens import read_tokens
from simulation.run import session
from simulation.run.pace import Pace
from simulation.run.play import Manner, Progress, Unsettled
from simulation.run.simulate import Order, simulate
from simulation.run.terminal import Terminal


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    player = verbs.add_parser("play", help="play a capture against the stack that runs, and show it")
    player.add_argument("--by-hand", action="append", default=[], help="a site whose part people play in the browser")
    simulator = verbs.add_parser("simulate", help="play a capture on a stack of its own, and balance the books")
    simulator.add_argument("--json", type=Path, help="where to write the counts and the faults")
    simulator.add_argument(
        "--decisions", type=Path, help="where to write every admission decision and what became of it"
    )
    simulator.add_argument("--kill-every", type=float, default=0, help="kill a service every so many seconds")
    simulator.add_argument("--partitions", type=int, help="of each topic; one makes two plays the same")
    simulator.add_argument(
        "--away", help="a service that is stopped for simulated days: <service>:<first day>:<how many days>"
    )
    simulator.add_argument("--keep", action="store_true", help="keep the stack's folder")
    for one in (player, simulator):
        one.add_argument("--feed", type=Path, default=session.BUNDLED, help="a capture of the topic claims")
        one.add_argument("--seed", type=int, default=1, help="of the clinics' answers")
    generator = verbs.add_parser("generate", help="write a capture of invented claims")
    generator.add_argument("out", type=Path)
    generator.add_argument("--seed", type=int, default=1)
    generator.add_argument("--claims", type=int, default=1000)
    for one, needed in ((simulator, False), (generator, True)):
        one.add_argument("--from", dest="from_on", type=date.fromisoformat, required=needed, help="the first day")
        one.add_argument("--days", type=int, default=None if one is simulator else 30, help="how many days")
    comparer = verbs.add_parser("compare", help="say in what two plays differ that may not, by their --decisions")
    comparer.add_argument("undisturbed", type=Path)
    comparer.add_argument("disturbed", type=Path)
    comparer.add_argument("--away", required=True, choices=SERVICES, help="the service that was away")
    verbs.add_parser("rebuild", help="build every read model of the stack that runs anew, and compare")
    auditor = verbs.add_parser("reconcile", help="audit the topics of the stack that runs")
    auditor.add_argument("--json", type=Path, help="where to write the counts and the faults")
    return parser.parse_args()


def _play(asked: argparse.Namespace) -> bool:
    """Live on the terminal; goes on where it stopped before."""
    moved = clock_file.of_environment(os.environ["REHAB_CLOCK"])
    tokens = read_tokens(Path(os.environ["REHAB_TOKENS"]))
    where = session.Addresses.noted((moved.path.parent / "stack.json").read_text(), tokens)
    by_hand = frozenset(asked.by_hand)
    pace, ways_in = Pace.of_environment(), accounts.ways_in(Path(os.environ.get("REHAB_PASSWORDS", "")))

    def show(progress: Progress) -> None:
        terminal(progress)
        if any(one.event_name == "referral-offered" and one.data["site_id"] in by_hand for one in progress.news):
            pace.calm()

    manner = Manner(asked.seed, show, pace=10, wait=pace.wait, goes_on=True, by_hand=by_hand)
    print(f"claims arrive and clinics answer; it is {moved.now.astimezone(PACIFIC):%A, %d %B %Y}", flush=True)  # noqa: T201 - to a person
    with Terminal(by_hand, where.portal, ways_in, pace.current) as terminal:
        uvloop.run(session.run(select(capture.read(asked.feed), ALWAYS), moved, where, manner))
    print("every claim was heard and every offer answered; the clock stands still", flush=True)  # noqa: T201 - to a person
    return True


def _simulate(asked: argparse.Namespace) -> bool:
    stretch = Stretch.of(asked.from_on, asked.days)
    order = Order(asked.feed, stretch, asked.seed, asked.json, asked.decisions, asked.keep, asked.kill_every)
    away = ServiceOutage.of(asked.away) if asked.away else None
    return simulate(order._replace(partitions=asked.partitions, away=away))


def _compare(asked: argparse.Namespace) -> bool:
    before, after = (json.loads(place.read_text()) for place in (asked.undisturbed, asked.disturbed))
    found = compare.differences(before, after, asked.away)
    print("\n".join(found) or "nothing differs that may not")  # noqa: T201 - to a person
    return not found


def _generate(asked: argparse.Namespace) -> bool:
    records = generate(Plan(asked.seed, asked.from_on, asked.days, asked.claims))
    capture.write(asked.out, records)
    print(f"{len(records)} records in {asked.out}")  # noqa: T201 - to a person
    return True


def _reconcile(asked: argparse.Namespace) -> bool:
    """As things stand, while requests may still wait."""
    report = uvloop.run(reconcile(os.environ["REHAB_KAFKA"], at_the_end=False))
    said = json.dumps(report.as_json(), indent=2)
    print(said)  # noqa: T201 - to a person
    if asked.json:
        asked.json.write_text(said + "\n")
    return report.balanced


def _rebuild(_: argparse.Namespace) -> bool:
    """As things stand: on a system that has come to rest."""
    found = differences(os.environ)
    print("\n".join(found) or "every read model is what the topics say")  # noqa: T201 - to a person
    return not found


_VERBS = {
    "play": _play,
    "simulate": _simulate,
    "compare": _compare,
    "generate": _generate,
    "reconcile": _reconcile,
    "rebuild": _rebuild,
}

if __name__ == "__main__":
    chosen = _arguments()
    end_like_by_hand()
    try:
        sys.exit(0 if _VERBS[chosen.verb](chosen) else 1)
    except (ValueError, OSError, Died, Unsettled, NotQuiet) as problem:
        sys.exit(f"{type(problem).__name__}: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
