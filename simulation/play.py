"""The claims system speaks, time goes by, clinics answer; the clock waits until everything has come to rest."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from simulation.capture import Captured
from simulation.clock import ClockFile
from simulation.course import PACIFIC
from simulation.judge import judge
from simulation.pace import without_wait
from simulation.quiet import Watch
from simulation.tail import Tail
from simulation.topics import Announced, Publisher
from simulation.waiting import Waiting, day_of

TWICE_A_DAY = 360  # minutes, a pace at which many act together
AT_ONCE = 64  # requests of people under way together
_STRETCH, _AT_NIGHT = 180, 60  # minutes; the days of the province begin an hour apart
_NIGHT = 21  # from this hour on
_LONGEST_END = timedelta(days=400)


class Actors(Protocol):
    """Those who answer, treat, report, bill and decide."""

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """They learn of what concerns them."""

    def next_at(self) -> datetime | None:
        """When one of them acts next."""

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come acts."""


class World(NamedTuple):
    """Everything outside the system."""

    clock: ClockFile
    publisher: Publisher
    watch: Watch
    tail: Tail
    people: Sequence[Actors]


class Progress(NamedTuple):
    """How far a play has come."""

    now: datetime
    played: int
    records: int
    waiting: Waiting
    news: Sequence[Announced]
    is_past: bool = False


class Unsettled(Exception):  # noqa: N818 - says what the system is
    """After the last record something waits for ever."""


class Manner(NamedTuple):
    """How a play is played: the clinics' seed, what is shown, and how fast.

    What people do stands on a grid of `pace` minutes; what falls into one such stretch, three hours at most, arrives
    together at its end. `wait` is what happens between two steps; a play that goes on leaves out what lies on the topic
    already; the sites `by_hand` are played by people.
    """

    seed: int
    show: Callable[[Progress], None]
    pace: int = 30
    wait: Callable[[], Awaitable[None]] = without_wait
    goes_on: bool = False
    by_hand: frozenset[str] = frozenset()
    at_once: int = AT_ONCE


async def play(feed: Sequence[Captured], world: World, manner: Manner) -> datetime:
    """Every record in its time, until nothing waits any more; the instant at which that is so."""
    waiting, played, is_past = Waiting(), 0, manner.goes_on
    timer = await world.watch.rest(world.clock.step)
    while True:
        news = await world.tail.news(world.watch.ends)
        waiting.hear(news)
        for actors in world.people:
            actors.hear(news, world.clock.now)
        manner.show(Progress(world.clock.now, played, len(feed), waiting, news, is_past))
        is_past = False
        acts = [at for actors in world.people if (at := actors.next_at())]
        batch, target = following(feed[played : played + 2000], (timer, *acts), manner.pace)
        if played == len(feed) and not acts and waiting.is_settled(world.clock.now):
            return world.clock.now
        if target is None or (played == len(feed) and target > feed[-1].arrives_at + _LONGEST_END):
            raise Unsettled(f"nothing more happens, and {waiting}")
        world.clock.set(max(target, world.clock.now))
        await world.publisher.send(batch, world.clock.now)
        waiting.say((judge(record, day_of(world.clock.now)) for record in batch), world.clock.now)
        played += len(batch)
        for actors in world.people:
            await actors.act(world.clock.now)
        await manner.wait()
        timer = await world.watch.rest(world.clock.step)


def following(
    feed: Sequence[Captured], ahead: Sequence[datetime | None], pace: int
) -> tuple[Sequence[Captured], datetime | None]:
    """What comes next: the records of a stretch, at its end, or before that the instant of a timer or of an act.

    At its end, so that the deadlines that begin with those records are due together, too.
    """
    limit = min(filter(None, ahead), default=None)
    end = _end_of_stretch(feed[0].arrives_at, pace) if feed else None
    if end is None or (limit and limit <= end):
        return (), limit
    return [record for record in feed if record.arrives_at <= end], end


def _end_of_stretch(at: datetime, pace: int) -> datetime:
    """The end of the stretch in which an instant lies; none crosses midnight anywhere."""
    local = at.astimezone(PACIFIC)
    minutes = min(pace, _STRETCH if local.hour < _NIGHT else _AT_NIGHT)
    into = timedelta(
        minutes=(local.hour * 60 + local.minute) % minutes, seconds=local.second, microseconds=local.microsecond
    )
    return at - into + timedelta(minutes=minutes, microseconds=-1)
