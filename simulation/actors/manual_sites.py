"""Sites whose part people play: the simulated ones hear nothing of what those sites have."""

from collections.abc import Sequence
from datetime import datetime

from simulation.actors.protocol import Actors
from simulation.clients.topics import Announced


class ManualSites:
    """Somebody simulated, who leaves the referrals of some sites alone."""

    def __init__(self, actors: Actors, by_hand: frozenset[str]) -> None:
        """No referral was offered yet."""
        self._actors, self._by_hand = actors, by_hand
        self._theirs: set[str] = set()

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """All the rest; a referral that is offered on is everybody's again."""
        self._actors.hear([one for one in news if not self._is_theirs(one)], now)

    def _is_theirs(self, one: Announced) -> bool:
        if one.event_name == "referral-offered":
            (self._theirs.add if one.data["site_id"] in self._by_hand else self._theirs.discard)(one.key)
        return one.key in self._theirs

    def next_at(self) -> datetime | None:
        """When they act next."""
        return self._actors.next_at()

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come acts."""
        await self._actors.act(now)
