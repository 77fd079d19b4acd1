"""Days and prices on pages: the zone and the fees of the day that is meant, never of today or of an offset."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.domain import tasks
from services.portal.pages import formatting
from services.portal.store.register import assemble
from shared.billing.fees import Terms
from shared.config import clock
from shared.events.examples import example_of
from shared.events.procurement import ContractActivated, FeeLine, FeeSchedulePublished
from shared.events.published import Published
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.visitor import visiting
from tests.portal.world import World

BC = story.CALENDAR.calendar()
DAYS = st.dates(date(2023, 1, 1), date(2030, 12, 31))


@given(DAYS)
def test_the_day_of_a_deadline_is_the_day_that_ends_with_it_in_summer_and_in_winter(on: date) -> None:
    ends = BC.end_of(on)
    assert formatting.day(ends.isoformat()) == formatting.day(on)
    assert formatting.day(ends.isoformat().replace("+00:00", "Z")) == formatting.day(on)
    assert formatting.when(ends) == f"{formatting.day(on)}, 23:59"
    assert formatting.day(on.isoformat()) == formatting.day(on)


@given(DAYS)
def test_a_refused_line_is_put_right_until_the_end_of_its_day_in_the_contract_s_calendar(until: date) -> None:
    lines = [{"status": "denied", "claimed_cents": 100}]
    task = tasks.of_invoice(NUMBER, "i-1", {"lines": lines, "rectify_until": until.isoformat(), "number": "1"}, BC)
    assert task is not None
    assert task.due_at == BC.end_of(until)
    assert formatting.when(task.due_at) == f"{formatting.day(until)}, 23:59"


@given(DAYS, st.integers(0, 23))
def test_a_visit_is_to_be_told_of_from_its_beginning_and_late_only_once_its_day_is_over(on: date, hour: int) -> None:
    starts = BC.start_of(on) + timedelta(hours=hour)
    body = {"starts_at": starts.isoformat()}
    (task,) = tasks.of_referral("scheduled", NUMBER, body, starts, BC)
    assert task.due_at == BC.end_of(BC.day_of(starts))
    assert tasks.grouped([task], starts, BC)[0][0] == "Today and tomorrow"
    assert not list(tasks.of_referral("scheduled", NUMBER, body, starts - timedelta(minutes=1), BC))


async def test_the_inbox_counts_a_visit_as_overdue_only_once_its_day_is_over(
    portal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE[:5])
    starts = story.booked().starts_at
    async with visiting(portal, "a-north") as visitor:
        for at, is_late in ((starts, False), (BC.end_of(BC.day_of(starts)), True)):
            monkeypatch.setattr(clock, "now", lambda at=at: at + timedelta(seconds=1))
            text = await visitor.open("/inbox")
            assert "Say whether the first visit took place" in text
            assert ("1 overdue" in text) == is_late


def fee(code: str, cents: int, **members: Any) -> FeeLine:
    return FeeLine(code=code, description=code.lower(), unit=members.pop("unit", "day"), cents=cents, **members)


def schedule(revision: int, effective_from: date, *lines: FeeLine) -> FeeSchedulePublished:
    return FeeSchedulePublished(
        fee_schedule_id="f-1", revision=revision, effective_from=effective_from, basis="invented", lines=lines
    )


def contract(**members: Any) -> ContractActivated:
    said = {"contract_id": "c-1", "fee_schedule_id": "f-1", "revision": 1, "holds_from": date(2024, 1, 1)}
    return ContractActivated.model_validate(example_of(ContractActivated) | said | members)


OLD = (fee("OR-DAY", 9_000, attendance="day"), fee("O1-ASSESS", 40_000, unit="report", needs_report="initial"))


@given(
    st.lists(st.tuples(DAYS, st.integers(1, 6)), min_size=1, max_size=6, unique_by=lambda one: one[1]),
    st.lists(st.tuples(DAYS, st.integers(1, 6)), min_size=1, max_size=6, unique_by=lambda one: one[1]),
    DAYS,
)
def test_pages_price_a_day_as_the_money_rules_do(
    contracts: list[tuple[date, int]], schedules: list[tuple[date, int]], on: date
) -> None:
    published = [
        *(
            contract(revision=revision, holds_from=held, calendar_id="bc")
            for held, revision in sorted(contracts, key=lambda one: one[1])
        ),
        *(
            schedule(revision, begun, fee("OR-DAY", 100 * revision))
            for begun, revision in sorted(schedules, key=lambda one: one[1])
        ),
        story.CALENDAR,
    ]
    terms = Terms.of(Published(published))
    priced = terms.fee_on(terms.contract_on("c-1", on), "OR-DAY", on)
    assert assemble(Published(published)).fees("c-1", on).get("OR-DAY") == (priced and priced.fee)


async def test_services_before_a_withdrawal_are_billed_and_put_right_on_the_pages(
    portal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: BC.start_of(treated.DAY + timedelta(days=14)))
    fees = schedule(1, date(2024, 1, 1), *OLD)
    adjudicated, *_ = treated.decided()
    refused = adjudicated.model_copy(update={"lines": (treated.judged("denied", 0),)})
    terms = contract(effective_from=date(2024, 1, 1), effective_to=None, run_off_to=None, submit_days=90)
    await portal.hear(story.CALENDAR, terms, fees, *treated.ACTIVE)
    await portal.hear(treated.attended((treated.DAY, "attended"), (treated.DAY + timedelta(days=1), "attended")))
    await portal.hear(story.withdrawn(9), treated.billed(), refused, treated.rejected())
    async with visiting(portal, "a-north-biller") as visitor:
        assert "Put right invoice 24-1" in await visitor.open("/inbox")
        text = await visitor.open("/invoices/new")
        assert NUMBER in text
        answer = await visitor.client.post("/invoices/new", data={"number": NUMBER})
        assert 'value="90.00"' in await visitor.open(answer.headers["location"])
        again = await visitor.client.post(f"/invoices/{treated.INVOICE}", data={"how": "rectify"})
        assert again.status_code in {303, 409}


async def test_the_list_shows_when_the_next_report_of_a_referral_is_due(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.due(), treated.due("progress-1", 3))
    async with visiting(portal, "a-north") as visitor:
        text = await visitor.open("/referrals")
        assert formatting.when(treated.due().due_at) in text
        await portal.hear(treated.taken(9))
        await portal.hear(
            treated.due("progress-1", 10).model_copy(update={"due_at": datetime(2024, 12, 3, 7, 59, 59, tzinfo=UTC)})
        )
        assert "Mon 2 Dec 2024, 23:59" in await visitor.open("/referrals")


async def test_an_accepted_report_shows_the_last_day_on_which_it_was_due(portal: World) -> None:
    ends = BC.end_of(date(2024, 9, 27))
    due = treated.due().model_copy(update={"due_at": ends})
    taken = treated.taken(9).model_copy(update={"due_at": ends})
    await portal.hear(story.CALENDAR, *treated.ACTIVE, due, taken)
    for account, place in (
        ("a-north", f"/referrals/{NUMBER}"),
        ("a-north", f"/referrals/{NUMBER}/reports"),
        ("a-officer", f"/officer/referrals/{NUMBER}"),
    ):
        async with visiting(portal, account) as visitor:
            text = await visitor.open(place)
            assert "Fri 27 Sep 2024" in text, place
            assert "28 Sep 2024" not in text, place


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (-2, "2 business days early"),
        (-1, "1 business day early"),
        (0, "on the day it was due"),
        (1, "1 business day late"),
        (5, "5 business days late"),
    ],
)
def test_how_late_a_report_was_is_said_for_none_one_and_many(days: int, says: str) -> None:
    assert formatting.lateness(days) == says


@pytest.mark.parametrize(("amount", "says"), [("0", "0 units"), ("1.000", "1 unit"), ("2.5", "2.5 units")])
def test_units_are_counted_in_words(amount: str, says: str) -> None:
    assert formatting.counted_units(amount) == says
