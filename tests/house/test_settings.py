"""Every exception from the rules says why."""

import re
import tomllib

from deploy.local.processes import ROOT

_TEXT = (ROOT / "pyproject.toml").read_text()
_RUFF = tomllib.loads(_TEXT)["tool"]["ruff"]["lint"]


def _reason(start: str) -> bool:
    return any(re.match(rf"\s*{re.escape(start)}.*#\s\S", line) for line in _TEXT.splitlines())


def test_every_rule_that_is_off_says_why() -> None:
    assert [code for code in _RUFF["ignore"] if not _reason(f'"{code}"')] == []


def test_every_folder_that_is_let_off_says_why() -> None:
    assert [folder for folder in _RUFF["per-file-ignores"] if not _reason(f'"{folder}" =')] == []


def test_every_line_that_is_let_off_names_the_rule_and_says_why() -> None:
    folders = ("deploy", "services", "shared", "simulation", "benchmarks", "tests")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    said = [(file, found) for file in files for found in re.findall(r"  # (?:noqa)(.*)", file.read_text())]
    wrong = [(str(file), rest) for file, rest in said if not re.match(r": [A-Z]+\d+(, [A-Z]+\d+)* - \S", rest)]
    assert wrong == []
