"""One list of commands, each with its sentence."""

import re
import subprocess

from deploy.local.processes import ROOT

_WANTED = {
    "run", "check", "test", "test-fast", "test-all", "mutants", "bench", "chaos", "simulate", "contracts",
    "up", "down", "logs", "clean",
}  # fmt: skip


def _targets() -> dict[str, str]:
    lines = (ROOT / "Makefile").read_text().splitlines()
    named = [re.match(r"([a-z-]+):(?:[^=]*?##\s*(.*))?", line) for line in lines]
    return {found[1]: found[2] or "" for found in named if found}


def test_every_command_has_a_sentence() -> None:
    assert [name for name, sentence in _targets().items() if not re.fullmatch(r"[A-Z].+\.", sentence)] == []


def test_every_promised_command_is_there() -> None:
    assert set(_targets()) >= _WANTED


def test_every_command_is_one_even_if_a_file_has_its_name() -> None:
    text = (ROOT / "Makefile").read_text()
    assert {name for line in re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE) for name in line.split()} == set(
        _targets()
    )


def test_make_alone_prints_them_all() -> None:
    said = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [name for name in _targets() if f"make {name} " not in said] == []


def test_continuous_integration_runs_make_test_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', "exec make test"]
