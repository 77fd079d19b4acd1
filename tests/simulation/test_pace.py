"""The days go as fast as people say, and a site that people play is left to them."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.local.keys import Keys
from simulation.actors.clinics import Clinics
from simulation.actors.manual_sites import ManualSites
from simulation.clients.portal import Portal
from simulation.clients.topics import Announced, StoredRecord
from simulation.run.pace import Pace

NOON = datetime(2024, 10, 21, 19, tzinfo=UTC)


def test_the_days_go_fast_until_people_have_something_to_do(tmp_path: Path) -> None:
    place = tmp_path / "pace.json"
    Pace(place).calm()
    assert json.loads(place.read_text()) == {"pace": "slow"}


def test_what_somebody_said_about_the_pace_stays(tmp_path: Path) -> None:
    place = tmp_path / "pace.json"
    place.write_text('{"pace": "paused"}')
    Pace(place).calm()
    assert json.loads(place.read_text()) == {"pace": "paused"}


async def test_while_it_is_paused_no_step_is_taken(tmp_path: Path) -> None:
    place = tmp_path / "pace.json"
    place.write_text('{"pace": "paused"}')
    step = asyncio.create_task(Pace(place).wait())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(step), 0.3)
    place.write_text('{"pace": "fast"}')
    await asyncio.wait_for(step, 5)


@pytest.mark.parametrize(
    ("keys", "pace"),
    [("p", "paused"), ("pp", "fast"), ("-", "steady"), ("--", "slow"), ("---", "slow"), ("-+", "fast")],
)
def test_keys_at_the_terminal_set_the_pace(tmp_path: Path, keys: str, pace: str) -> None:
    state = Keys(tmp_path / "pace.json")
    state._last = "fast"
    for key in keys:
        state.press(key)
    assert json.loads((tmp_path / "pace.json").read_text()) == {"pace": pace}


@pytest.mark.parametrize(("by_hand", "acts"), [(frozenset(), 1), (frozenset({"s-1"}), 0)])
async def test_an_offer_to_a_site_that_people_play_is_left_to_them(by_hand: frozenset[str], acts: int) -> None:
    async with Portal("http://127.0.0.1:1") as portal:
        clinics = ManualSites(Clinics(portal, {"s-1": "key"}, 1, 30, asyncio.Semaphore(1)), by_hand)
        clinics.hear([_offered()], NOON)
        assert (clinics.next_at() is not None) == bool(acts)


def _offered() -> Announced:
    data = {"number": "R-1", "rank": 1, "site_id": "s-1", "opening": {"week_on": "2024-10-21"}}
    kind = "rehab.referral.referral-offered.v1"
    lying = StoredRecord("rehab-referral", 0, 0, NOON, b"r-1", (), b"")
    return Announced("rehab-referral", "r-1", 1, "e-1", kind, NOON, "", data, lying)
