"""Time goes by: to the next instant of a record, of a timer or of an act, and each in its place."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.config.clock import _Reader
from simulation.audit.waiting import Waiting
from simulation.claims_system.capture import Captured
from simulation.claims_system.record_validity import judge
from simulation.clients import quiescence
from simulation.clients.clock_file import ClockFile, of_environment
from simulation.clients.topics import Announced
from simulation.run import play
from tests.simulation.world import NUMBER, World, at

INSTANT = timedelta(microseconds=1)
NOON = datetime(2024, 10, 7, 19, tzinfo=UTC)


def record(minutes: float) -> Captured:
    return Captured(NOON + timedelta(minutes=minutes), b"1", (), b"")


def saying(
    service: str = "referral", step: int = 3, outbox: int = 0, due: int = 0, busy: int = 0
) -> quiescence.ServiceState:
    said = {"service": service, "step": step, "applied": {"claims": {"0": 5}}, "next": None}
    return quiescence.ServiceState.of({**said, "outbox": outbox, "due": due, "busy": busy})


def test_only_records_of_one_instant_go_together() -> None:
    feed = [record(1), record(1), record(1.5), record(30)]
    assert play.following(feed, ()) == (feed[:2], feed[0].arrives_at)
    assert play.following(feed[2:], ()) == ([feed[2]], feed[2].arrives_at)


@pytest.mark.parametrize("first", ["timer", "action"])
def test_a_timer_or_an_act_waits_for_what_arrives_before_it_or_with_it(first: str) -> None:
    feed = [record(5), record(6)]
    far = NOON + timedelta(days=1)
    for limit, follows in [
        (feed[0].arrives_at + INSTANT, (feed[:1], feed[0].arrives_at)),
        (feed[0].arrives_at, (feed[:1], feed[0].arrives_at)),
        (feed[0].arrives_at - INSTANT, ((), feed[0].arrives_at - INSTANT)),
    ]:
        assert play.following(feed, (limit, far) if first == "timer" else (far, limit)) == follows


def test_without_records_time_goes_to_the_next_timer() -> None:
    assert play.following([], (NOON + timedelta(1), NOON)) == ((), NOON)
    assert play.following([], (None, None)) == ((), None)


class Played:
    """In place of everything that a play talks to: timers that records and other timers set, as quick as can be."""

    def __init__(self, clock: ClockFile, delays: Mapping[int, Sequence[int]], acts: Sequence[datetime]) -> None:
        """The n-th thing that happens sets timers that are due so many microseconds later."""
        self.clock, self.ends, self._delays, self._acts = clock, dict[str, Any](), delays, sorted(acts)
        self._timers: list[datetime] = []
        self.happened: list[tuple[datetime, str, datetime]] = []

    def _note(self, at: datetime, what: str) -> None:
        self._timers += [self.clock.now + delay * INSTANT for delay in self._delays.get(len(self.happened), ())]
        self.happened.append((at, what, self.clock.now))

    def _wake(self) -> None:
        due = _Reader().read(self.clock.path).due
        while self._timers and min(self._timers) <= due:
            self._timers.remove(at := min(self._timers))
            self._note(at, "timer")

    async def send(self, batch: Sequence[Captured], _: datetime) -> None:
        self._wake()
        for one in batch:
            self._note(one.arrives_at, "record")

    async def rest(self, _: int) -> datetime | None:
        self._wake()
        return min(self._timers, default=None)

    async def news(self, _: object) -> Sequence[Announced]:
        return ()

    def hear(self, news: Sequence[Announced], now: datetime) -> None: ...

    def next_at(self) -> datetime | None:
        return self._acts[0] if self._acts else max(self._timers, default=None)  # so that it goes on to the last timer

    async def act(self, now: datetime) -> None:
        while self._acts and self._acts[0] <= now:
            del self._acts[0]


instants = st.integers(0, 5) | st.integers(0, 10**9)  # microseconds: often together, and within a quarter of an hour


@given(
    arrivals=st.lists(instants, min_size=1, max_size=12),
    delays=st.dictionaries(st.integers(0, 20), st.lists(instants, max_size=3), max_size=8),
    acts=st.lists(instants, max_size=4),
)
@example(arrivals=[0, 5], delays={0: [5]}, acts=[])  # a timer falls due as a record arrives
async def test_records_and_timers_happen_in_the_order_of_their_instants(
    arrivals: list[int], delays: dict[int, list[int]], acts: list[int]
) -> None:
    feed = [Captured(NOON + at * INSTANT, b"1", (), b"%d" % n) for n, at in enumerate(sorted(arrivals))]
    with TemporaryDirectory() as folder:
        clock = ClockFile(Path(folder) / "clock.json")
        clock.set(NOON - timedelta(hours=1))
        world = Played(clock, delays, [NOON + at * INSTANT for at in acts])
        manner = play.Manner(1, lambda _: None)
        await play.play(feed, play.World(clock, *cast("Any", (world, world, world, (world,)))), manner)
    order = [(at, what != "record") for at, what, _ in world.happened]
    assert order == sorted(order)
    assert all(at == clock_showed for at, _, clock_showed in world.happened)
    assert [at for at, what, _ in world.happened if what == "record"] == [one.arrives_at for one in feed]


async def test_the_days_wait_between_two_stretches_and_not_within_one(tmp_path: Path) -> None:
    waits: list[datetime] = []
    clock = ClockFile(tmp_path / "clock.json")
    clock.set(NOON)

    async def wait() -> None:
        waits.append(clock.now)

    world = Played(clock, {}, ())
    feed = [record(minutes) for minutes in (1, 2, 9, 11, 12, 25)]
    manner = play.Manner(1, lambda _: None, pace=10, wait=wait)
    await play.play(feed, play.World(clock, *cast("Any", (world, world, world, (world,)))), manner)
    assert waits == [record(minutes).arrives_at for minutes in (11, 25)]


def test_the_clock_is_a_file_that_moves_forward_only(tmp_path: Path) -> None:
    moved = ClockFile(tmp_path / "clock.json")
    with pytest.raises(ValueError, match="never set"):
        _ = moved.now
    moved.set(NOON)
    moved.set(NOON + timedelta(hours=1))
    assert json.loads(moved.path.read_text()) == {"step": 2, "now": "2024-10-07T20:00:00+00:00"}
    with pytest.raises(ValueError, match="cannot go back"):
        moved.set(NOON)
    moved.set(NOON + timedelta(hours=1), timers_wait=True)
    assert json.loads(moved.path.read_text())["due"] == "2024-10-07T19:59:59.999999+00:00"
    again = of_environment(f"stepped:{moved.path}")
    assert (again.step, again.now) == (3, NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (saying(step=2), "has seen step 2 of 3"),
        (saying(outbox=1), "has 1 to send"),
        (saying(due=2), "2 timers due"),
        (saying(busy=1), "1 in work"),
    ],
)
def test_what_is_in_flight_is_said(said: quiescence.ServiceState, why: str) -> None:
    assert why in said.waits_for(3, {"claims": {"0": 5}})


def test_what_was_not_read_is_in_flight() -> None:
    assert "has applied 5 of 6 in claims/0" in saying().waits_for(3, {"claims": {"0": 6}})
    assert "has applied 0 of 1 in claims/1" in saying().waits_for(3, {"claims": {"0": 5, "1": 1}})
    assert not saying().waits_for(3, {"claims": {"0": 5, "1": 0}})


def test_a_play_is_over_when_nothing_waits_and_no_date_lies_ahead() -> None:
    world = World()
    world.accept("2024-09-10")
    world.request("2024-10-07")
    world.decide("closed", "2024-10-08", "2024-10-10")
    world.decide("closed", "2024-10-08", "2999-01-01")
    waiting = Waiting()
    for lying in world.lying:
        verdict = judge(lying.captured, lying.at.date())
        waiting.say([verdict], lying.at)
    assert not waiting.is_settled(at("2024-10-10"))
    assert str(waiting) == "1 requests wait for their claim, 0 referrals for a clinic, 0 invoices for their end"
    waiting.decided.add((NUMBER, "R1"))
    assert not waiting.is_settled(at("2024-10-09", 23))
    assert waiting.is_settled(at("2024-10-10", 0))
