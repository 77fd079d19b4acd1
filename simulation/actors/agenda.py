"""The plans of people: seeded, in working hours, on a grid."""

import heapq
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import NamedTuple
from uuid import UUID

from simulation.actors.case import Case
from simulation.claims_system.claim_histories import PACIFIC

_DAY = timedelta(days=1)
_FRIDAY = 4


class Deed(NamedTuple):
    """Something that somebody is going to do."""

    at: datetime
    place: int
    what: str
    referral_id: str
    about: str = ""

    @property
    def day(self) -> date:
        """In Vancouver."""
        return self.at.astimezone(PACIFIC).date()


class Agenda:
    """Everybody's; the same seed plans the same for the same cases."""

    def __init__(self, seed: int, pace: int) -> None:
        """Nothing is planned; deeds stand on a grid of `pace` minutes, so that many fall together."""
        self._seed, self._pace = seed, pace
        self._now = datetime.min.replace(tzinfo=PACIFIC)
        self._deeds: list[Deed] = []
        self._places = count()

    @property
    def next_at(self) -> datetime | None:
        """When somebody acts next."""
        return self._deeds[0].at if self._deeds else None

    def wake(self, now: datetime) -> None:
        """Note the instant, so that nothing is planned for a time that is over."""
        self._now = now

    def plan(self, what: str, case: Case, at: datetime, about: str = "") -> None:
        """In working hours, at this time or soon after; at once where the time has passed unnoticed."""
        at = max(at, self._now)
        heapq.heappush(self._deeds, Deed(at_work(at, self._pace), next(self._places), what, case.referral_id, about))

    def later(self, what: str, case: Case, since: datetime, days: float, about: str = "") -> None:
        """After about so many days since something happened, whenever it is heard of."""
        mind = self.mind(case, f"{what} {about} after {days}")
        self.plan(what, case, since + timedelta(days=min(mind.expovariate(1 / days), 4 * days)), about)

    def mind(self, case: Case, about: str) -> Random:
        """Chance, the same for the same question."""
        return Random(f"{self._seed}/{case.number}/{about}")

    def key(self, deed: Deed, case: Case) -> UUID:
        """By which something is done: the same in every play, another one for each time it is done anew."""
        times = case.times[deed.what, deed.about] = case.times[deed.what, deed.about] + 1
        return UUID(int=self.mind(case, f"{deed.what} {deed.about} {times}").getrandbits(128), version=4)

    def due(self, now: datetime) -> dict[str, list[Deed]]:
        """Return what is to be done now, by case, in its order."""
        found: dict[str, list[Deed]] = {}
        while self._deeds and self._deeds[0].at <= now:
            deed = heapq.heappop(self._deeds)
            found.setdefault(deed.referral_id, []).append(deed)
        return found


def at_work(at: datetime, pace: int) -> datetime:
    """The next moment of a working day, from eight to five."""
    local = at.astimezone(PACIFIC)
    if local.hour >= 17:  # noqa: PLR2004 - five in the afternoon
        local = datetime.combine(local.date() + _DAY, time(8, local.minute), PACIFIC)
    local = max(local, datetime.combine(local.date(), time(8), PACIFIC))
    while local.weekday() > _FRIDAY:
        local = datetime.combine(local.date() + _DAY, time(8, local.minute), PACIFIC)
    minutes = (local.hour * 60 + local.minute) % pace
    into = timedelta(minutes=minutes, seconds=local.second, microseconds=local.microsecond)
    return local - into + timedelta(minutes=pace)


def working(day: date, n: int) -> date:
    """The n-th weekday after a day, or before it."""
    step = _DAY if n >= 0 else -_DAY
    for _ in range(abs(n)):
        day += step
        while day.weekday() > _FRIDAY:
            day += step
    return day


def at(day: date, hour: int) -> datetime:
    """An hour of a day in Vancouver."""
    return datetime.combine(day, time(hour), PACIFIC)
