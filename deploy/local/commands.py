"""What `run` does once every service is ready: fill the registers, then play."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from deploy.local.processes import ROOT, Died, Process, last_lines

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
        loading = {step: _started(step, env, _log(step, logs), ending) for step in steps}
        while sum(_is_at_work(step, program, _log(step, logs)) for step, program in loading.items()):
            time.sleep(0.02)


def _log(step: Step, logs: Path) -> Path:
    return logs / f"filling-{step.module.split('.')[1]}.log"


def _started(step: Step, env: Mapping[str, str], log: Path, ending: ExitStack) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        program = subprocess.Popen(_command(step), cwd=ROOT, env=dict(env), stdout=out, stderr=out)
    ending.callback(program.wait)
    ending.callback(program.kill)  # comes first, and does nothing to whoever has ended
    return program


def _is_at_work(step: Step, program: "subprocess.Popen[bytes]", log: Path) -> bool:
    if program.poll():
        raise Died(f"loading {step.says} ended with status {program.returncode}:\n{last_lines(log)}")
    return program.returncode is None


class Player(Process):
    """The simulator, seen by whoever started the stack."""

    on_terminal = True


def stepped_clock(folder: Path) -> str:
    """REHAB_CLOCK of a system that the simulator plays on: where its clock stood, or before the first record."""
    return f"stepped:{_simulation().prepare(folder.absolute())}"


def _simulation() -> ModuleType:
    return import_module("simulation.session")


def player(env: Mapping[str, str], logs: Path) -> Player:
    """The simulator, live on the terminal; one site it leaves to people."""
    return Player("simulation", [*_command(PLAY), "--by-hand", BY_HAND], log=logs / "simulation.log", env=env)


def _command(step: Step) -> list[str]:
    if not exists(step.module):
        raise Died(f"there is no {step.module} yet: {step.says} cannot be loaded or played")
    return [sys.executable, "-m", step.module, *step.arguments]


def exists(module: str) -> bool:
    """Whether the module is there, without running it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
