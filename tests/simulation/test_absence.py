"""An absence as it is named, and what arrives while it lasts."""

from datetime import timedelta

import pytest

from simulation.clients.outage import ServiceOutage
from tests.simulation.world import at

AWAY = ServiceOutage.of("program:2024-11-04:5")


def test_an_absence_is_a_service_a_first_day_and_how_many_days() -> None:
    assert (AWAY.service, AWAY.ends_at - AWAY.begins_at) == ("program", timedelta(days=5))
    assert at("2024-11-04", 12) < AWAY.begins_at < at("2024-11-04", 13)


@pytest.mark.parametrize(
    "said", ["portal:2024-11-04:5", "program", "program:2024-11-04", "program:2024-11-04:0", "program:Monday:5"]
)
def test_what_is_no_absence_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"is no absence|Invalid isoformat"):
        ServiceOutage.of(said)


def test_what_arrives_meanwhile_is_read_at_the_return() -> None:
    before, meanwhile, after = at("2024-11-04", 12), at("2024-11-06"), at("2024-11-10")
    assert [AWAY.read_at(one) for one in (before, meanwhile, after)] == [before, AWAY.ends_at, after]
