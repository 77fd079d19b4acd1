"""The programs of the stack: each in a session of its own, its output in one file, never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

import psutil

from deploy.local.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Died(Exception):  # noqa: N818 - says what happened
    """A program ended although it was needed; the message shows the end of its log."""


def end_like_by_hand() -> None:
    """End the started programs on any request to end, as Ctrl-C does."""
    for number in _ENDS:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in _ENDS:  # impatience must not leave anything behind
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def last_lines(log: Path, count: int = 20) -> str:
    """The end of a log, for a person."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "(no log)"


def end_orphan(log: Path) -> None:
    """End the process that an earlier, killed launcher left behind at this log, if it still runs."""
    note = _note(log)
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        number, started = note.read_text().split()
        orphan = psutil.Process(int(number))
        if abs(orphan.create_time() - float(started)) < 1:
            orphan.send_signal(signal.SIGCONT)
            orphan.kill()
            orphan.wait(10)
    note.unlink(missing_ok=True)


def _note(log: Path) -> Path:
    return log.with_suffix(".pid")


class Process:
    """One program: started, asked to stop, killed, frozen; beside its log a note names it for a successor."""

    on_terminal = False  # whether a person sees its output instead of the log

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        end_with: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Nothing runs yet; `end_with` is the signal that the program takes as a polite end."""
        self.name, self.log, self._command, self._env, self._end_with = name, log, command, env, end_with
        self._note = _note(log)
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the running process."""
        return self._popen.pid

    @property
    def _popen(self) -> subprocess.Popen[bytes]:
        if self._running is None:
            raise Died(f"{self.name} was not started")
        return self._running

    def start(self) -> None:
        """Start it; whether it is ready is another question."""
        end_orphan(self.log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as file:
            out = None if self.on_terminal else file
            self._running = subprocess.Popen(
                self._command, cwd=ROOT, env=self._env, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        with suppress(psutil.NoSuchProcess):
            self._note.write_text(f"{self.pid} {psutil.Process(self.pid).create_time()}")

    def is_alive(self) -> bool:
        """Return whether it runs."""
        return self._running is not None and self._running.poll() is None

    def expect_alive(self) -> bool:
        """True, or the reason why it died."""
        if not self.is_alive():
            raise Died(f"{self.name} ended with status {self._popen.returncode}:\n{last_lines(self.log)}")
        return True

    def is_done(self) -> bool:
        """Return whether it has ended well; Died if it has not ended so."""
        return self._popen.poll() == 0 or not self.expect_alive()

    def ask_to_stop(self) -> None:
        """The polite signal; a frozen program is woken to hear it."""
        if self.is_alive():
            self._popen.send_signal(self._end_with)
            self._popen.send_signal(signal.SIGCONT)

    def stop(self, patience: float = 5) -> int:
        """Ask, wait, and kill what does not listen; its exit status, 0 if it never ran."""
        if self._running is None:
            return 0
        self.ask_to_stop()
        try:
            status = self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            return self.kill()
        self._note.unlink(missing_ok=True)
        return status

    def kill(self) -> int:
        """Kill -9."""
        self._popen.kill()
        status = self._popen.wait()
        self._note.unlink(missing_ok=True)
        return status

    def pause(self) -> None:
        """Freeze it, as a stalled machine would."""
        self._popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen program go on."""
        self._popen.send_signal(signal.SIGCONT)


class ServiceProcess(Process):
    """One instance of a service, `python -m services.<name>.app run`, with its health at an address of its own."""

    def __init__(self, name: str, env: Mapping[str, str], log: Path) -> None:
        """`env` is complete but for the variables of this very process; REHAB_HTTP says where it answers."""
        super().__init__(
            name, [sys.executable, "-m", f"services.{name}.app", "run"], log=log, env={**os.environ, **env}
        )
        self.address = env["REHAB_HTTP"]

    def is_ready(self) -> bool:
        """Return whether `/health/ready` says 200; Died if it is no more."""
        self.expect_alive()
        connection = HTTPConnection(self.address, timeout=1)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def wait_ready(self, within: float = 30) -> None:
        """Return once it takes work."""
        wait_until(self.is_ready, within=within, what=f"{self.name} ready (see {self.log})")


def stop_all(processes: Iterable[Process], patience: float = 5) -> None:
    """Ask all at once, then wait for each; the patience is for all together."""
    running = [process for process in processes if process.is_alive()]
    deadline = time.monotonic() + patience
    for process in running:
        process.ask_to_stop()
    for process in running:
        process.stop(max(deadline - time.monotonic(), 0))
