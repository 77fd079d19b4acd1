"""Time goes by: to the end of a stretch with records, or before that to a timer or an act."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulation import play, quiet
from simulation.capture import Captured
from simulation.clock import ClockFile, of_environment
from simulation.judge import judge
from simulation.waiting import Waiting
from tests.simulation.world import NUMBER, World, at

INSTANT = timedelta(microseconds=1)
NOON = datetime(2024, 10, 7, 19, tzinfo=UTC)


def record(minutes: float) -> Captured:
    return Captured(NOON + timedelta(minutes=minutes), b"1", (), b"")


def saying(service: str = "referral", step: int = 3, outbox: int = 0, due: int = 0, busy: int = 0) -> quiet.Saying:
    said = {"service": service, "step": step, "applied": {"claims": {"0": 5}}, "next": None}
    return quiet.Saying.of({**said, "outbox": outbox, "due": due, "busy": busy})


def test_records_of_ten_minutes_go_together_at_their_end() -> None:
    feed = [record(minutes) for minutes in (1, 4, 9.5, 10, 30)]
    assert play.following(feed, (), 10) == (feed[:3], feed[3].arrives_at - INSTANT)


@pytest.mark.parametrize("first", ["timer", "action"])
def test_what_is_due_in_a_stretch_comes_before_its_records(first: str) -> None:
    feed = [record(minutes) for minutes in (1, 4, 9.5)]
    limit, far = NOON + timedelta(minutes=5), NOON + timedelta(days=1)
    timer, action = (limit, far) if first == "timer" else (far, limit)
    assert play.following(feed, (timer, action), 10) == ((), limit)
    assert play.following(feed, (far,), 10) == (feed, NOON + timedelta(minutes=10) - INSTANT)


def test_at_the_last_instant_of_a_stretch_timers_come_first() -> None:
    end = NOON + timedelta(minutes=10) - INSTANT
    assert play.following([record(1)], (end,), 10) == ((), end)


def test_no_stretch_crosses_midnight() -> None:
    late = [Captured(at("2024-10-07", 23, 59), b"1", (), b""), Captured(at("2024-10-08", 0, 0), b"2", (), b"")]
    assert play.following(late, (None, None), 30) == (late[:1], late[1].arrives_at - INSTANT)


def test_a_stretch_is_three_hours_at_most_and_shorter_at_night() -> None:
    times = [("2024-10-07", 15, 0), ("2024-10-07", 17, 59), ("2024-10-07", 18, 0)]
    day = [Captured(at(*time), b"1", (), b"") for time in times]
    assert play.following(day, (), play.TWICE_A_DAY) == (day[:2], day[2].arrives_at - INSTANT)
    night = [Captured(at("2024-10-07", 22, 59), b"1", (), b""), Captured(at("2024-10-07", 23, 0), b"2", (), b"")]
    assert play.following(night, (), play.TWICE_A_DAY) == (night[:1], night[1].arrives_at - INSTANT)


def test_without_records_time_goes_to_the_next_timer() -> None:
    assert play.following([], (NOON + timedelta(1), NOON), 10) == ((), NOON)
    assert play.following([], (None, None), 10) == ((), None)


def test_the_clock_is_a_file_that_moves_forward_only(tmp_path: Path) -> None:
    moved = ClockFile(tmp_path / "clock.json")
    with pytest.raises(ValueError, match="never set"):
        _ = moved.now
    moved.set(NOON)
    moved.set(NOON + timedelta(hours=1))
    assert json.loads(moved.path.read_text()) == {"step": 2, "now": "2024-10-07T20:00:00+00:00"}
    with pytest.raises(ValueError, match="cannot go back"):
        moved.set(NOON)
    again = of_environment(f"stepped:{moved.path}")
    assert (again.step, again.now) == (2, NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (saying(step=2), "has seen step 2 of 3"),
        (saying(outbox=1), "has 1 to send"),
        (saying(due=2), "2 timers due"),
        (saying(busy=1), "1 in work"),
    ],
)
def test_what_is_in_flight_is_said(said: quiet.Saying, why: str) -> None:
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
