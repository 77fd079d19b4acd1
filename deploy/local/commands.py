"""The steps of `run` once every service is ready: fill the registers, then play."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from deploy.local.processes import Died, Process

NETWORK = "data/network"


class Step(NamedTuple):
    """One command that must succeed, said to the person at the terminal first."""

    says: str
    module: str
    arguments: tuple[str, ...]


ACCOUNTS = Step("the clinics' accounts", "services.portal.app", ("open-accounts", NETWORK))
# each may be repeated: a second start finds its data and changes nothing
FILLING = (
    Step("the programs", "services.program.app", ("load", NETWORK)),
    Step("the clinics, contracts and fees", "services.procurement.app", ("load", NETWORK)),
    ACCOUNTS,
)
PLAY = Step("claims arrive and clinics answer", "simulation", ("play",))
BY_HAND = "s-vancouver-1"  # the site whose clinician and biller get passwords: people play its part in the browser


def fill(env: Mapping[str, str], logs: Path) -> None:
    """Load the registers, all together, for each service loads its own; Died says which would not."""
    print(f"  loading {', '.join(step.says for step in FILLING)}", flush=True)
    run_steps(FILLING, env, logs)


def run_steps(steps: Sequence[Step], env: Mapping[str, str], logs: Path) -> None:
    """All at once; when one fails, or whoever waits is asked to end, the others end, too."""
    with ExitStack() as ending:
        loading = []
        for step in steps:
            log = logs / f"filling-{step.module.split('.')[1]}.log"
            loading.append(Process(f"loading {step.says}", _command(step), log=log, env=env))
            ending.callback(loading[-1].stop, patience=0)
            loading[-1].start()
        while not all([program.is_done() for program in loading]):  # noqa: C419 - each is looked at, whoever still runs
            time.sleep(0.02)


class Player(Process):
    """The simulator, seen by whoever started the stack."""

    on_terminal = True


def stepped_clock(folder: Path) -> str:
    """REHAB_CLOCK of a system that the simulator plays on: where its clock stood, or before the first record."""
    return f"stepped:{_simulation().prepare(folder.absolute())}"


def _simulation() -> ModuleType:
    return import_module("simulation.run.session")


def player(env: Mapping[str, str], logs: Path) -> Player:
    """The simulator, live on the terminal; one site it leaves to people."""
    return Player("simulation", [*_command(PLAY), "--by-hand", BY_HAND], log=logs / "simulation.log", env=env)


def _command(step: Step) -> list[str]:
    if not exists(step.module):
        raise Died(f"there is no {step.module} yet: {step.says} cannot be loaded or played")
    return [sys.executable, "-m", step.module, *step.arguments]


def exists(module: str) -> bool:
    """Return whether the module is there, without running it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
