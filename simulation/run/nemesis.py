"""Kills a service every few seconds while a play goes on, and now and then what all of them stand on."""

import threading
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Self

from deploy.local.processes import Died
from deploy.local.stack import Stack

WIDENED = "after-send=0.05,before-offsets=0.1,after-commit=0.02"  # seconds at the points where a kill hurts most
_DATABASE, _BROKER = 12, 24  # at which kill of each round of as many the servers are killed
_ROUND = 30
_PAUSE = 1.0


class Nemesis:
    """A thread of its own; on leaving everything runs again."""

    def __init__(self, stack: Stack, every: float, seed: int) -> None:
        """The same seed chooses the same victims, one every so many seconds."""
        self._stack, self._every, self._chance = stack, every, Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._rage, name="nemesis", daemon=True)
        self._problem: Exception | None = None
        self.kills = self.servers_killed = 0

    def __enter__(self) -> Self:
        """From now on."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """No more; what it could not start again is told."""
        self._over.set()
        self._thread.join()
        if self._problem and problem is None:
            raise self._problem

    def _rage(self) -> None:
        try:
            while not self._over.wait(self._every):
                self._kill_service()
                if self.kills % _ROUND in {_DATABASE, _BROKER}:
                    self._kill_server()
        except Exception as problem:  # noqa: BLE001 - told when the thread is joined
            self._problem = problem

    def _kill_service(self) -> None:
        """Kill -9 and start again; it is waited for by whoever needs it."""
        victim = self._chance.choice([*self._stack.services.values()])
        victim.kill()
        self.kills += 1
        victim.start()

    def _kill_server(self) -> None:
        """Kill -9 and start again with its data."""
        server = self._stack.postgres if self.kills % _ROUND == _DATABASE else self._stack.broker
        server.kill()
        self.servers_killed += 1
        with suppress(Died):  # what the killed one left behind may still be ending
            server.start()
            return
        self._over.wait(_PAUSE)
        server.start()
