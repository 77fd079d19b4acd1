"""The claims system speaks, time goes by, clinics answer; the clock waits until everything has come to rest."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from simulation.actors.protocol import Actors
from simulation.audit.waiting import Waiting, day_of
from simulation.claims_system.capture import Captured
from simulation.claims_system.record_validity import judge
from simulation.clients.clock_file import ClockFile
from simulation.clients.quiescence import Watch
from simulation.clients.topic_tail import Tail
from simulation.clients.topics import Announced, Publisher
from simulation.run.pace import without_wait

TWICE_A_DAY = 360  # minutes, a pace at which many act together
AT_ONCE = 64  # requests of people under way together
_LONGEST_END = timedelta(days=400)


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

    What people do stands on a grid of `pace` minutes, and `wait` is what happens between two such stretches; a play
    that goes on leaves out what lies on the topic already; the sites `by_hand` are played by people.
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
        batch, target = following(feed[played : played + 2000], (timer, *acts))
        if played == len(feed) and not acts and waiting.is_settled(world.clock.now):
            return world.clock.now
        if target is None or (played == len(feed) and target > feed[-1].arrives_at + _LONGEST_END):
            raise Unsettled(f"nothing more happens, and {waiting}")
        before = world.clock.now
        world.clock.set(max(target, before), timers_wait=bool(batch))
        await world.publisher.send(batch, world.clock.now)
        waiting.say((judge(record, day_of(world.clock.now)) for record in batch), world.clock.now)
        played += len(batch)
        for actors in world.people:
            await actors.act(world.clock.now)
        if _stretch_of(world.clock.now, manner.pace) != _stretch_of(before, manner.pace):
            await manner.wait()
        timer = await world.watch.rest(world.clock.step)


def following(feed: Sequence[Captured], ahead: Sequence[datetime | None]) -> tuple[Sequence[Captured], datetime | None]:
    """Return what comes next: the records of the next instant, or before that the instant of a timer or of an act.

    Records of different instants never share a step: a decision may set a deadline that ends at once, such as a
    referral that is tried again because an opening was given back, and the next record comes after it.
    """
    limit = min(filter(None, ahead), default=None)
    if not feed or (limit and limit < feed[0].arrives_at):
        return (), limit
    at = feed[0].arrives_at
    return list(takewhile(lambda record: record.arrives_at == at, feed)), at


def _stretch_of(at: datetime, pace: int) -> int:
    """The number of the stretch of so many minutes in which an instant lies."""
    return int(at.timestamp() // (60 * pace))
