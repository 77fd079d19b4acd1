"""`run`: the stack in the foreground, watched, until somebody ends it."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from deploy.local import accounts, commands
from deploy.local.keys import Keys
from deploy.local.processes import Process, end_like_by_hand, last_lines
from deploy.local.stack import Stack

_LONGEST_PAUSE = 30.0
_LONG_ENOUGH = 60.0  # whoever ran so long starts again at once


class Watch:
    """Starts a program again that ended by itself, at growing intervals."""

    def __init__(self, program: Process) -> None:
        """It runs."""
        self._program, self._pause, self._due, self._since = program, 1.0, 0.0, 0.0

    def look(self, now: float) -> None:
        """Report a death once, and end it when its pause is over."""
        if self._program.is_alive():
            return
        if not self._due:
            if now - self._since > _LONG_ENOUGH:
                self._pause = 1.0
            print(f"\n{self._program.name} ended by itself; the end of {self._program.log}:", flush=True)
            print(last_lines(self._program.log), flush=True)
            print(f"starting it again in {self._pause:.0f} s", flush=True)
            self._due, self._pause = now + self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        elif now >= self._due:
            self._due, self._since = 0.0, now
            self._program.start()


def run(stack: Stack, *, play: bool) -> None:
    """Start, say where everything is, fill the registers, play, and stay until a signal; then end all of it."""
    end_like_by_hand()
    began = time.monotonic()
    with suppress(KeyboardInterrupt):
        try:
            print("starting broker, database and mail", flush=True)
            stack.start_ground()
            print(f"starting the services ({time.monotonic() - began:.0f} s)", flush=True)
            stack.start_services()
            print(_where(stack, time.monotonic() - began), flush=True)
            _stay(stack, play=play)
        finally:
            print("\nending", flush=True)
            stack.stop()
            print(
                f"what was done is kept in {_near(stack.folder)}: start it again to go on, `make clean` forgets it",
                flush=True,
            )


def _stay(stack: Stack, *, play: bool) -> None:
    if not play:
        return _watch(stack.programs)
    env = stack.client_environment
    commands.fill(env, stack.logs)
    print(accounts.told(stack.passwords, env["REHAB_PORTAL"]), flush=True)
    player = commands.player(env, stack.logs)
    player.start()
    try:
        with Keys(stack.pace) as keys:
            return _watch(stack.programs, keys.look)
    finally:
        player.stop(patience=1)


def _watch(programs: Collection[Process], then: Callable[[], None] = lambda: None) -> None:
    watches = [Watch(program) for program in programs]
    while True:
        time.sleep(0.3)
        for watch in watches:
            watch.look(time.monotonic())
        then()


def _where(stack: Stack, seconds: float) -> str:
    known = stack.environment
    return "\n".join(
        [
            f"broker, database, mail and services run after {seconds:.1f} s",
            f"  broker     {known['REHAB_KAFKA']}",
            f"  database   {known['REHAB_POSTGRES']}",
            f"  mail       {known['REHAB_SMTP']}, kept in {_near(stack.folder / 'mail')}",
            f"  logs       {_near(stack.logs)}",
            f"  addresses  {_near(stack.folder / 'stack.json')}",
            *([f"  portal     {known['REHAB_PORTAL']}"] if "REHAB_PORTAL" in known else []),
        ]
    )


def _near(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
