"""`up`, `down`, `logs`: the stack of `run`, away from the terminal."""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local import accounts
from deploy.local.processes import Process, end_orphan
from deploy.local.waiting import wait_until


def up(folder: Path, arguments: list[str]) -> None:
    """Start it and wait until it is ready; nothing happens if it already runs."""
    if _runner(folder) is not None:
        print(f"already running, see {folder / 'stack.json'}")
        return
    launcher = Process(
        "stack", [sys.executable, "-m", "deploy.local", "run", *arguments], log=folder / "logs" / "stack.log"
    )
    launcher.start()

    def ready() -> bool:
        noted = _noted(folder)
        return launcher.expect_alive() and noted.get("ready") is True and noted.get("pid") == launcher.pid

    wait_until(ready, within=120, what=f"ready (see {launcher.log})")
    print(f"ready, see {folder / 'stack.json'}")
    passwords, portal = folder / "passwords.json", str(_noted(folder).get("REHAB_PORTAL", ""))
    if portal and "--quiet" not in arguments:
        wait_until(passwords.exists, within=60, what="accounts")
        print(accounts.told(passwords, portal))


def down(folder: Path) -> None:
    """End it, wherever it was started, and what a killed launcher left."""
    runner = _runner(folder)
    if runner is not None:
        runner.send_signal(signal.SIGTERM)
        with suppress(psutil.NoSuchProcess):
            runner.wait(30)
    for note in (folder / "logs").glob("*.pid"):
        end_orphan(note.with_suffix(".log"))
    print("nothing runs" if runner is None else "ended")


def logs(folder: Path) -> None:
    """Follow every log; becomes tail."""
    files = sorted(str(log) for log in (folder / "logs").glob("*.log") if ".previous" not in log.name)
    if not files:
        sys.exit("no logs yet: make up")
    os.execvp("tail", ["tail", "-n", "20", "-F", *files])  # noqa: S606, S607 - tail is on every machine


def _noted(folder: Path) -> dict[str, object]:
    file = folder / "stack.json"
    with suppress(OSError, ValueError):
        return dict(json.loads(file.read_text()))
    return {}


def _runner(folder: Path) -> psutil.Process | None:
    pid = _noted(folder).get("pid")
    with suppress(psutil.NoSuchProcess):
        runner = psutil.Process(int(str(pid))) if pid else None
        return runner if runner and "deploy.local" in runner.cmdline() else None
    return None
