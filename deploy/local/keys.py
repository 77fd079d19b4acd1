"""Keys at the terminal that slow the days down, speed them up or stop them; only where there is a terminal."""

import json
import os
import select
import sys
import termios
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

_PACES = ("slow", "steady", "fast")


class Keys:
    """Reads single keys while the stack runs, and leaves the terminal as it was."""

    def __init__(self, place: Path) -> None:
        """`place` is the file by which the player goes, and the portal's page too."""
        self._place = place
        self._before: list[object] | None = None
        self._last = "steady"

    def __enter__(self) -> Self:
        """Keys come one by one; Ctrl-C still interrupts."""
        if sys.stdin.isatty() and os.getpgrp() == os.tcgetpgrp(sys.stdin.fileno()):
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As it was."""
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]  # as it was read

    def look(self) -> None:
        """Whatever was pressed since."""
        while self._before is not None and select.select([sys.stdin], [], [], 0)[0]:
            self.press(os.read(sys.stdin.fileno(), 1).decode("ascii", "replace"))

    def press(self, key: str) -> None:
        """One key; others mean nothing."""
        pace = self._read()
        if key == "p":
            self._last = pace if pace in _PACES else self._last
            self._write(self._last if pace == "paused" else "paused")
        elif key in {"+", "-"}:
            place = _PACES.index(pace if pace in _PACES else self._last) + (1 if key == "+" else -1)
            self._write(_PACES[min(max(place, 0), len(_PACES) - 1)])

    def _read(self) -> str:
        return str(json.loads(self._place.read_text())["pace"]) if self._place.exists() else "fast"

    def _write(self, pace: str) -> None:
        new = self._place.with_suffix(".new")
        new.write_text(json.dumps({"pace": pace}))
        new.replace(self._place)
