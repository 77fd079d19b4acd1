"""What a claim says at the edge of the calendar is decided or put aside with a sentence, never a fault of ours."""

from collections.abc import AsyncIterator
from datetime import date
from random import Random
from typing import Any

import pytest

from services.referral.app import service
from shared.database.migrate import MECHANISM
from simulation.claims_system import claim_histories, cloudevents_encoding
from tests.stack.databases import Databases
from tests.toy.inside import Inside, inside
from tests.toy.letters import Letter

FIRST, LAST = "1900-01-01", "2200-12-31"
TIMES = ["1900-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "2024-10-01T09:00:00-07:00"]
OUTSIDE = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2016-12-31T23:59:60Z"]
FOLLOWERS = ["claim-amended", "worker-moved", "worker-contact-changed", "claim-suspended", "rehabilitation-requested"]


@pytest.fixture
async def referral(databases: Databases) -> AsyncIterator[Inside]:
    """Referral on a real database, fed by the test."""
    url = await databases.clone("edges", {"referral": [MECHANISM, service.folder / "migrations"]})
    async with inside(url, service) as found:
        yield found
    await databases.drop(url)


def said(words: str, number: str, time: str, **days: str) -> Letter:
    """Something said of a claim at a time; the days that it has are changed."""
    rng = Random(number + words)
    event = cloudevents_encoding.event(rng, claim_histories.sample(rng, words, number, date(2024, 10, 1)))
    data: dict[str, Any] = {k: days[k] if k in days and isinstance(v, str) else v for k, v in event.data.items()}
    if words == "claim-accepted":
        data["worker"] = data["worker"] | {"birth_date": FIRST}
        data["injury"] = data["injury"] | {"occurred_on": days.get("effective_on", FIRST)}
    post = cloudevents_encoding.binary(event._replace(attributes={**event.attributes, "time": time}, data=data))
    return Letter("claims", post.key, post.value, list(post.headers))


async def test_days_and_times_at_the_edges_are_decided(referral: Inside) -> None:
    letters = []
    for n, (day, time) in enumerate([(day, time) for day in (FIRST, LAST) for time in TIMES]):
        days = {"effective_on": day, "decided_on": day, "moved_on": day, "requested_on": FIRST}
        letters += [said(words, f"2000000{n}", time, **days) for words in ("claim-accepted", *FOLLOWERS)]
    await referral.get(*letters)
    assert [(row["reason"], row["detail"]) for row in await referral.parked()] == []
    assert await referral.pool.fetchval("SELECT count(*) FROM claims") == 6


@pytest.mark.parametrize("time", OUTSIDE)
async def test_a_time_outside_the_range_is_parked_unreadable(referral: Inside, time: str) -> None:
    await referral.get(*(said(words, "20000001", time) for words in ("claim-accepted", *FOLLOWERS)))
    rows = await referral.parked()
    assert [row["reason"] for row in rows] == ["unreadable"] * 6
    assert all(row["detail"].startswith("time ") for row in rows)
    assert referral.running.own_faults == 0
