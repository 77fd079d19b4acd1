"""Who kills: one member after the other, and the broker and the database once each."""

import asyncio
import random
from collections.abc import Sequence

from deploy.local.kafka import Broker
from deploy.local.postgres import Postgres
from deploy.local.processes import Process

_EVERY = 1.4  # seconds between kills


class Nemesis:
    """Counts what it did; `stop` ends it and everybody is alive again."""

    def __init__(self, members: Sequence[Process], broker: Broker, postgres: Postgres, seed: int) -> None:
        """The same seed kills in the same order."""
        self.members, self.broker, self.postgres = members, broker, postgres
        self.kills, self.servers_killed = 0, 0
        self._chance = random.Random(seed)

    async def rage(self, seconds: float) -> None:
        """Members all the time, the database after a third, the broker after two thirds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for member in self.members:
            member.start()
        waiting: list[Broker | Postgres] = [self.postgres, self.broker]
        async with asyncio.TaskGroup() as restarts:
            while (passed := loop.time() - began) < seconds:
                await asyncio.sleep(_EVERY)
                if waiting and passed > seconds * (3 - len(waiting)) / 3:
                    restarts.create_task(self._kill_server(waiting.pop(0)))
                await asyncio.to_thread(self._kill_member)
        for member in self.members:
            if not member.is_alive():
                member.start()

    async def _kill_server(self, server: Broker | Postgres) -> None:
        """Kill -9 and start again with its data."""
        server.kill()
        self.servers_killed += 1
        await asyncio.to_thread(server.start)

    def _kill_member(self) -> None:
        """Kill -9 and start again."""
        member = self._chance.choice(self.members)
        if member.is_alive():
            member.kill()
            self.kills += 1
        member.start()
