"""When clinics act, and on what."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulation.actors.clinics import Act, Clinics, _first_visit
from simulation.claims_system.claim_histories import PACIFIC
from simulation.clients.portal import Portal
from simulation.clients.topics import Announced, announced
from tests.simulation.world import World, at

FRIDAY = at("2024-10-11", 16, 50)


def said(*steps: tuple[str, str, dict[str, Any]]) -> list[Announced]:
    """Return what was announced of some referrals, in order."""
    world = World()
    for words, key, data in steps:
        world.announce(f"referral.{words}", key, FRIDAY, {"referral_id": key, **data})
    return [announced(lying) for lying in world.lying]


def offer(key: str, rank: int = 1) -> tuple[str, str, dict[str, Any]]:
    opening = {"site_id": "s", "program": "or1", "week_on": "2024-10-21", "n": 1}
    return "referral-offered", key, {"number": f"R-{key}", "site_id": "s", "rank": rank, "opening": opening}


def clinics(seed: int = 1) -> Clinics:
    return Clinics(Portal("http://127.0.0.1:9"), {"s": "key"}, seed, 30, asyncio.Semaphore(1))


def agenda(seed: int, news: Sequence[Announced], now: datetime = FRIDAY) -> list[datetime]:
    made = clinics(seed)
    made.hear(news, now)
    return sorted(act.at for act in made._agenda)


def test_the_same_seed_thinks_the_same_and_another_otherwise() -> None:
    news = said(*(offer(f"{n}") for n in range(40)))
    assert agenda(1, news) == agenda(1, news)
    assert agenda(1, news) != agenda(2, news)


def test_most_offers_are_looked_at_and_some_are_not() -> None:
    acts = agenda(1, said(*(offer(f"{n}") for n in range(400))))
    assert 340 < len(acts) < 390


def test_clinics_act_on_working_days_from_eight_to_half_past_five() -> None:
    for act in agenda(1, said(*(offer(f"{n}") for n in range(300)))):
        local = act.astimezone(PACIFIC)
        assert act > FRIDAY
        assert local.weekday() < 5
        assert (8, 0) <= (local.hour, local.minute) <= (17, 30)
        assert local.minute % 30 == 0


def test_what_was_answered_before_a_pause_is_not_done_again() -> None:
    whole = said(
        offer("1"), ("referral-acknowledged", "1", {}), ("referral-accepted", "1", {}), ("appointment-booked", "1", {})
    )
    assert agenda(1, whole) == []
    assert agenda(1, said(offer("1"), ("referral-withdrawn", "1", {}))) == []
    assert len(agenda(1, whole[:3])) == 1


def test_what_a_hold_prevented_is_done_when_it_is_lifted() -> None:
    news = said(
        offer("1"), ("referral-acknowledged", "1", {}), ("referral-accepted", "1", {}), ("referral-resumed", "1", {})
    )
    made = clinics()
    made.hear(news[:3], FRIDAY)
    made._agenda.clear()
    made.hear(news[3:], FRIDAY + timedelta(days=3))
    assert made.next_at() is not None


def test_a_first_visit_that_comes_later_is_on_the_same_day_of_a_later_week() -> None:
    (offered,) = said(offer("1"))
    visits = [
        datetime.fromisoformat(_first_visit(Act(booked_at, 1, "book", offered), Random("1")))
        for booked_at in (FRIDAY, FRIDAY + timedelta(days=9), FRIDAY + timedelta(days=16))
    ]
    assert len({(visit.weekday(), visit.time()) for visit in visits}) == 1
    assert visits[0] < visits[2]
