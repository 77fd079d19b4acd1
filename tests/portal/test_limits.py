"""Calls and forms know the same limits as the contracts, and say them."""

from typing import Any

import pytest

from services.portal.api.problems import Problem
from services.portal.api.request_bodies import Appointment, End, Invoice, Plan, PlanDecision
from services.portal.pages.forms import body_of
from shared.events.limits import NEWEST
from tests.portal import treated
from tests.portal.story import NUMBER
from tests.portal.world import World

CLINIC, BILLER = "a-north", "a-north-biller"
LINE = {"line": "1", "code": "A", "service_on": "2024-11-12", "units": "1", "cents": 1}
BETWEEN = "must lie between 1900-01-01 and 2200-12-31"


def bill(lines: int) -> dict[str, Any]:
    return {"number": "24-1", "invoiced_on": "2024-11-19", "lines": [LINE] * lines, "cents": lines}


@pytest.fixture
async def case(portal: World) -> World:
    """A worker who is treated in the north."""
    await portal.hear(*treated.ACTIVE, treated.payee())
    return portal


async def test_an_invoice_of_500_lines_is_taken_and_one_more_is_refused_with_the_limit(case: World) -> None:
    path = f"/referrals/{NUMBER}/commands/invoice"
    assert (await case.post(path, BILLER, bill(NEWEST.lines))).status_code == 202
    answer = await case.post(path, BILLER, bill(NEWEST.lines + 1))
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["rule"]) == (422, "/lines", "TOO-MANY")
    assert (error["reason"], error["fix"]["text"]) == ("at most 500 of these are taken at once", "leave some out")


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31"])
async def test_a_day_outside_the_range_is_refused_with_the_range(case: World, day: str) -> None:
    answer = await case.post(f"/referrals/{NUMBER}/commands/end", CLINIC, {"last_on": day})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["rule"]) == (422, "/last_on", "OUT-OF-RANGE")
    assert error["reason"] == f"this {BETWEEN}"


@pytest.mark.parametrize(
    ("kind", "members", "says"),
    [
        (End, {"last_on": "1899-12-31"}, BETWEEN),
        (End, {"last_on": "9999-12-31"}, BETWEEN),
        (Appointment, {"starts_at": "0001-01-01T00:00:00+14:00"}, BETWEEN),
        (Appointment, {"starts_at": "9999-12-31T23:59:59-14:00"}, BETWEEN),
        (Appointment, {"starts_at": "2201-01-01T00:00:00Z"}, BETWEEN),
        (Plan, {"lines": [{"line": "1"}] * 501}, "at most 500 of these are taken"),
        (Invoice, bill(501), "at most 500 of these are taken"),
        (PlanDecision, {"plan": 1, "lines": [{"line": "1", "units": "1"}] * 501}, "at most 500 of these are taken"),
    ],
)
def test_a_form_says_the_same_limits(kind: Any, members: dict[str, Any], says: str) -> None:
    with pytest.raises(Problem) as refused:
        body_of(kind, members)
    (error,) = refused.value.errors
    assert says in error["reason"]


@pytest.mark.parametrize("day", ["1900-01-01", "2200-12-31"])
def test_a_day_at_the_edge_is_taken(day: str) -> None:
    assert body_of(End, {"last_on": day}).last_on.isoformat() == day
    assert body_of(Appointment, {"starts_at": f"{day}T12:00:00Z"}).starts_at.year == int(day[:4])


def test_a_leap_second_is_refused_with_a_sentence() -> None:
    with pytest.raises(Problem) as refused:
        body_of(Appointment, {"starts_at": "2016-12-31T23:59:60Z"})
    assert refused.value.errors[0]["reason"] == "a visit has a day and a time"
