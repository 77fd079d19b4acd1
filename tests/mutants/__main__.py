"""The command: `python -m tests.mutants [NAME...]`; exit 0 only if every mutant is caught."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from deploy.local.processes import ROOT
from tests.mutants import Mutant, mutants
from tests.stack import servers

_PATIENCE = 240  # seconds: a mutant that hangs its tests is caught, too
_FAILED = 1  # pytest's status when tests failed, as opposed to having found none


class Verdict(NamedTuple):
    """What became of one mutant."""

    name: str
    caught: bool
    how: str
    seconds: float


def copy_tree(to: Path) -> None:
    """What git knows, as it lies here; the broker's jars are shared."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    if (ROOT / ".tools").exists():
        (to / ".tools").symlink_to(ROOT / ".tools")


def apply(mutant: Mutant, tree: Path) -> None:
    """Take the guarantee away."""
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}
    subprocess.run(["git", "apply", str(mutant.patch)], cwd=tree, env=env, check=True)


def _status(tree: Path, tests: str, env: Mapping[str, str]) -> int | None:
    """How the tests end; None when they hang."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *shlex.split(tests)]
    with subprocess.Popen(
        command, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as run:
        try:
            run.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            run.kill()
            return None
    return run.returncode


def _judge(mutant: Mutant, env: Mapping[str, str]) -> Verdict:
    """Its tests pass on the tree as it is, and fail once the guarantee is gone."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        if _status(tree, mutant.tests, env) != 0:
            return Verdict(mutant.name, caught=False, how="its tests fail without it", seconds=time.monotonic() - began)
        apply(mutant, tree)
        status = _status(tree, mutant.tests, env)
    how = {None: "hangs", _FAILED: "caught"}.get(status, "SURVIVED" if status == 0 else f"pytest ended with {status}")
    return Verdict(mutant.name, status in {None, _FAILED}, how, time.monotonic() - began)


def judge_all(chosen: Sequence[Mutant], at_once: int) -> list[Verdict]:
    """One broker and one database for all."""
    kafka, postgres = servers.kafka(), servers.postgres()
    env = {**os.environ, "REHAB_KAFKA": kafka.address, "REHAB_POSTGRES": postgres.address}
    verdicts = []
    try:
        with ThreadPoolExecutor(at_once) as pool:
            for verdict, mutant in zip(pool.map(lambda one: _judge(one, env), chosen), chosen, strict=True):
                sys.stdout.write(f"{verdict.how:>26}  {verdict.seconds:5.0f} s  {verdict.name}: {mutant.guarantee}\n")
                sys.stdout.flush()
                verdicts.append(verdict)
    finally:
        kafka.stop()
        postgres.stop()
    return verdicts


def main() -> None:
    """Run, print, and say by the exit status whether all were caught."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--at-once", type=int, default=2)
    given = parser.parse_args()
    verdicts = judge_all(mutants(given.names), given.at_once)
    survivors = [verdict.name for verdict in verdicts if not verdict.caught]
    sys.stdout.write(f"{len(verdicts) - len(survivors)} of {len(verdicts)} mutants caught\n")
    raise SystemExit(1 if survivors or not verdicts else 0)


if __name__ == "__main__":
    main()
