"""What a Dockerfile says, and the files that its instructions would find."""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

from deploy.local.processes import ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"


class Instruction(NamedTuple):
    """One line, its continuations joined."""

    verb: str
    rest: str


def stages() -> dict[str, list[Instruction]]:
    """Instructions by stage; those before the first stage under no name."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[Instruction]] = {"": []}
    stage = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        verb, _, rest = line.partition(" ")
        if verb == "FROM":
            stage = rest.rpartition(" AS ")[2]
        found.setdefault(stage, []).append(Instruction(verb, rest.strip()))
    return found


def ignored(path: str, lines: list[str]) -> bool:
    """By the last line of .dockerignore that fits the path or a folder above it."""
    last = False
    for line in lines:
        pattern, excluded = line.removeprefix("!").rstrip("/"), not line.startswith("!")
        if _fits(pattern, path):
            last = excluded
    return last


def _fits(pattern: str, path: str) -> bool:
    words = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(f"{words}(/.*)?", path) is not None


def context() -> list[str]:
    """Every file that goes to the builder."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    folders = [ROOT / name for name in ("shared", "services", "data", "deploy", "simulation", "tests", "docs")]
    files = [p for p in ROOT.iterdir() if p.is_file()]
    files += [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return [name for p in sorted(files) if not ignored(name := str(p.relative_to(ROOT)), rules)]


def copied(stage: str, **arguments: str) -> dict[str, str]:
    """Where each file lands (relative to /app) by the COPY lines of a stage, from the context."""
    found: dict[str, str] = {}
    for verb, rest in stages()[stage]:
        if verb == "COPY" and not rest.startswith("--from"):
            for name, value in arguments.items():
                rest = rest.replace(f"${{{name}}}", value)  # noqa: PLW2901 - the line with its arguments filled in
            source, target = rest.split()
            inside = [name for name in context() if name.startswith(source)]
            assert inside, f"{rest}: nothing to copy"
            found |= {name: target + name.removeprefix(source) for name in inside}
    return found


def build(into: Path, stage: str, **arguments: str) -> list[str]:
    """The same files in a folder."""
    files = copied(stage, **arguments)
    for source, target in files.items():
        (into / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, into / target)
    return sorted(files.values())
