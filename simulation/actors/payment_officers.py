"""Payment officers: runs above the limit are released by people; now and then one tries it needlessly."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from simulation.actors.agenda import at_work
from simulation.clients.portal import Portal
from simulation.clients.topics import Announced

_NEEDLESS = 0.1


class _Release(NamedTuple):
    """A run that somebody is going to release."""

    at: datetime
    run_id: str
    key: str


class Payers:
    """All of them; the same seed does the same with the same runs."""

    def __init__(self, portal: Portal, keys: Sequence[str], seed: int, pace: int) -> None:
        """`keys` of those who hold the role."""
        self._portal, self._keys, self._seed, self._pace = portal, keys, seed, pace
        self._planned: list[_Release] = []

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """A run was frozen or released."""
        for one in news:
            if one.event_name in {"run-frozen", "run-released"}:
                self._consider(one.data, one.event_name, now)

    def _consider(self, run: Mapping[str, object], words: str, now: datetime) -> None:
        needless = Random(f"{self._seed}/{run['run_id']}/{words}").random() < _NEEDLESS
        wanted = int(str(run.get("approvals_needed", 0))) or int(needless)
        for n, key in enumerate(self._keys[:wanted]):
            at = at_work(now + timedelta(hours=1 + n), self._pace)
            self._planned = sorted([*self._planned, _Release(at, str(run["run_id"]), key)])

    def next_at(self) -> datetime | None:
        """When one of them acts next."""
        return self._planned[0].at if self._planned else None

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come, one after the other."""
        while self._planned and self._planned[0].at <= now:
            due = self._planned.pop(0)
            mind = Random(f"{self._seed}/{due}")
            key = UUID(int=mind.getrandbits(128), version=4)
            await self._portal.act(due.key, f"/runs/{due.run_id}/commands/release", {}, seen=0, key=key)
