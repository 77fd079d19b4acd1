"""A page that stays open is right within a moment, whatever changed before its stream was there."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.async_api import Page, Route

from services.portal.pages import demo_pace
from shared.domain.decision import Event
from tests.browser.conftest import Look, Sight
from tests.browser.test_quality import UNTIL_ACTIVE, UNTIL_DUE, UNTIL_OFFER, R, happened
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.world import World

OTHER, ANOTHER = "5d1bd1b8-3f6b-5b1e-8a55-000000000077", "R-24-0000000B"
SECOND = treated.due(report="progress-1", revision=9)
OFFER = (story.created(OTHER, ANOTHER), story.offered(case=OTHER, number=ANOTHER))
# what a page shows before its stream opens, what happens meanwhile, and what it must show afterwards
Meanwhile: TypeAlias = tuple[int, str, str, Sequence[Event], str]
MEANWHILE: Sequence[Meanwhile] = (
    (UNTIL_OFFER, "a-north", "/inbox", OFFER, "2 things wait for you"),
    (UNTIL_OFFER, "a-north", "/referrals", OFFER, ANOTHER),
    (UNTIL_ACTIVE, "a-north", R, (SECOND,), "Next: write the progress report 1"),
    (UNTIL_ACTIVE, "a-north", f"{R}/reports", (SECOND,), "Progress report 1"),
    (UNTIL_DUE, "a-north", f"{R}/reports/initial", (treated.taken(9),), "Accepted"),
    (UNTIL_ACTIVE, "a-north", f"{R}/plan", (treated.asked_for(),), "With the officer"),
    (UNTIL_ACTIVE, "a-north-biller", "/invoices", (treated.billed(),), "24-1"),
    (UNTIL_ACTIVE, "a-north-biller", "/payments", (treated.payee(), treated.remitted()), "$75.00 paid in 1"),
    (UNTIL_ACTIVE, "a-officer", "/officer", (treated.asked_for(),), "1 decision waits"),
    (UNTIL_ACTIVE, "a-officer", f"/officer{R}", (treated.asked_for(),), "Plan 1"),
    (UNTIL_ACTIVE, "a-officer", f"/officer{R}", (story.withdrawn(9),), "Withdrawn"),
    (UNTIL_OFFER, "a-worker", "/my", (story.acknowledged(),), "A clinic looks at your file."),
)


@asynccontextmanager
async def streams_held_up(sight: Sight) -> AsyncIterator[Page]:
    """A new tab whose stream does not open as long as this lasts."""
    is_over, page = asyncio.Event(), await sight.page.context.new_page()

    async def later(route: Route) -> None:
        await is_over.wait()
        await route.continue_()

    await page.route("**/events", later)
    yield page
    is_over.set()


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case[1]} at {case[2]}, {case[4]}") for case in MEANWHILE])
async def test_what_changed_before_the_stream_opened_is_shown_as_soon_as_it_opens(
    look: Look, portal: World, case: Meanwhile
) -> None:
    told, account, place, meanwhile, shown = case
    await happened(portal, told)
    async with look(account) as sight:
        async with streams_held_up(sight) as page:
            await page.goto(place)
            assert shown not in await page.locator("main").inner_text()
            await portal.hear(*meanwhile)
        await page.locator("main", has_text=shown).wait_for()


async def test_what_changes_while_a_page_is_looked_at_is_shown_and_counted(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        await sight.page.goto("/inbox")
        await sight.page.get_by_text("Live", exact=True).wait_for()
        assert "1 thing waits for you" in await sight.words()
        await portal.hear(*OFFER)
        await sight.page.locator("main", has_text="2 things wait for you").wait_for()


async def test_a_press_after_a_live_change_counts_for_what_is_shown_and_keeps_what_was_typed(
    look: Look, portal: World
) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-officer") as sight:
        page = sight.page
        await page.goto(f"/officer{R}")
        await page.get_by_text("Live", exact=True).wait_for()
        await page.get_by_text("Put it on hold", exact=True).click()
        await page.select_option("#reason_code", index=1)
        await page.fill("#review_on", "12 November 2027")
        await portal.hear(story.acknowledged(3))
        await page.locator("#case", has_text="Offer opened").wait_for()
        await page.locator("#actions [name=seen][value='3']").wait_for(state="attached")
        assert await page.input_value("#review_on") == "12 November 2027"
        await sight.press("Put on hold")
        assert "/operations/" in page.url
        assert "Sent, being checked" in await sight.words()


async def test_what_may_be_done_follows_a_live_change(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_ACTIVE)
    async with look("a-officer") as sight:
        await sight.page.goto(f"/officer{R}")
        await sight.page.get_by_text("Live", exact=True).wait_for()
        assert "Withdraw the referral" in await sight.words()
        await portal.hear(story.withdrawn(9))
        await sight.page.locator("#actions:empty").wait_for(state="attached")
        assert "Withdraw the referral" not in await sight.words()


async def test_a_form_that_was_sent_is_left_alone_by_a_live_change(look: Look, portal: World) -> None:
    await happened(portal, (*treated.ACTIVE, treated.billed()))
    async with look("a-north-biller") as sight:
        page = sight.page
        await page.goto(f"/invoices/{treated.INVOICE}")
        await page.get_by_text("Live", exact=True).wait_for()
        # the request is under way for ever
        await page.evaluate("document.addEventListener('submit', event => event.preventDefault())")
        await page.get_by_role("button", name="Take the invoice back").click()
        sent = page.locator("form[data-sent]")
        key = await sent.locator("[name=key]").get_attribute("value")
        await portal.hear(treated.pended(2))
        await page.locator("#invoice", has_text="Waiting").wait_for()
        assert await sent.locator("[name=key]").get_attribute("value") == key
        assert await sent.inner_text() == "Sending"


async def test_a_list_that_is_paged_stays_on_its_page(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_OFFER)
    cursor = await portal.pool.fetchval("SELECT max(changed) FROM views")
    await portal.hear(*OFFER)
    async with look("a-north") as sight:
        async with sight.page.expect_response(lambda answer: "hx-request" in answer.request.headers):
            await sight.page.goto(f"/referrals?cursor={cursor + 1}")
        await sight.page.get_by_text("Live", exact=True).wait_for()
        words = await sight.words()
    assert NUMBER in words
    assert ANOTHER not in words


async def test_the_line_that_says_which_day_it_is_goes_with_the_days(
    look: Look, portal: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = tmp_path / "pace.json"
    pace.write_text(json.dumps({"pace": "fast"}))
    monkeypatch.setattr(demo_pace, "_place", lambda: pace)
    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        await sight.page.goto(R)
        await sight.page.locator("#local", has_text="the days go fast").wait_for()
        pace.write_text(json.dumps({"pace": "slow"}))
        await sight.page.locator("#local", has_text="the days go slowly").wait_for()
        await sight.page.get_by_role("button", name="Pause").click()
        await sight.page.wait_for_url(f"**{R}")
        await sight.page.locator("#local", has_text="the days stand still").wait_for()


async def test_a_stream_that_opens_first_hears_what_was_being_written_as_it_opened(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with portal.pool.acquire() as slow:
        writing = slow.transaction()
        await writing.start()
        await slow.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await slow.execute("UPDATE views SET changed = nextval('view_changes'), revision = 99")
        await portal.hear(*OFFER)
        async with portal.client.stream("GET", "/api/v1/events", headers=portal.auth("a-north")) as answer:
            lines = answer.aiter_lines()
            assert (await anext(lines)).startswith(":")
            await writing.commit()
            async with asyncio.timeout(10):
                while "v99" not in (line := await anext(lines)):
                    assert ANOTHER not in line


@pytest.mark.parametrize("name", ["pp.js", "htmx-4.0.1.min.js", "hx-sse-4.0.1.min.js"])
async def test_a_stream_opens_however_late_a_script_arrives(look: Look, portal: World, name: str) -> None:
    is_asked = asyncio.Event()

    async def later(route: Route) -> None:
        is_asked.set()
        await asyncio.sleep(0.5)
        await route.continue_()

    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        page = await sight.page.context.new_page()
        await page.route(f"**/{name}", later)
        await page.goto("/inbox")
        assert is_asked.is_set()
        await page.get_by_text("Live", exact=True).wait_for()
