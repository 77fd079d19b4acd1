"""The patches fit the tree as it is."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from deploy.local.processes import ROOT
from tests.mutants import Mutant, mutants


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_patch_applies_and_its_tests_exist(mutant: Mutant) -> None:
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)}
    subprocess.run(["git", "apply", "--check", str(mutant.patch)], cwd=ROOT, env=env, check=True)
    files = [word for word in shlex.split(mutant.tests) if word.endswith(".py")]
    assert files
    assert all(Path(ROOT, file).exists() for file in files)


def test_there_is_one_for_every_guarantee_that_was_promised() -> None:
    assert len(mutants()) >= 49
