"""How the pages behave under a person's hands: without scripts, by keyboard, twice, live, while others are away."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Route

from shared.events.values import Deadline
from tests.browser.conftest import Look, Sight
from tests.browser.test_quality import ALL, PAGES, UNTIL_ACTIVE, UNTIL_DUE, UNTIL_OFFER, R, happened
from tests.portal import story, treated
from tests.portal.world import World

AMOUNT = re.compile(r"^\N{MINUS SIGN}?\$\d{1,3}(,\d{3})*\.\d{2}$")
FILLED = "main .govuk-button:not(.govuk-button--secondary):not(.pp-default)"
CARET = "(({selectionStart, selectionEnd}) => [selectionStart, selectionEnd])(document.activeElement)"
LISTEN = """
window.announced = 0;
const seen = {childList: true, characterData: true, subtree: true};
for (const one of document.querySelectorAll("[role=status],[role=alert],[aria-live]"))
  new MutationObserver(() => { window.announced += 1; }).observe(one, seen);
"""
SECTION = f"{R}/reports/initial/history"


async def answered(portal: World, pressing: Any) -> None:
    """The clinic presses, referral answers."""
    pressed = asyncio.create_task(pressing)
    fact = await portal.fact("provider-acknowledged-referral")
    await portal.hear(story.acknowledged(), cause=fact.event_id)
    await pressed


DEADLINES = (
    ("a-north", ("/inbox", R, f"{R}/reports", f"{R}/plan", f"{R}/reports/initial")),
    ("a-officer", ("/inbox", "/officer", f"/officer{R}", f"/officer{R}/plans/1", f"/officer{R}/reports/initial")),
)


@pytest.mark.parametrize(("account", "places"), DEADLINES)
async def test_every_deadline_has_its_day_its_time_and_as_many_days_as_the_api_counts(
    look: Look, portal: World, account: str, places: tuple[str, ...]
) -> None:
    await happened(portal, UNTIL_DUE)
    soon = Deadline(name="plan-decision/1", due_at=story.NOON + timedelta(days=6))
    await portal.hear(treated.asked_for().model_copy(update={"deadline": soon}))
    calendar = story.CALENDAR.calendar()
    async with look(account) as sight:
        for place in places:
            await sight.page.goto(place)
            dues = await sight.page.locator("time[data-due]").all()
            lists = await sight.page.locator("details.pp-why .pp-days").all()
            assert len(dues) == len(lists) > 0, place
            for due, days in zip(dues, lists, strict=True):
                said = (await due.text_content() or "").strip()
                assert re.fullmatch(r"\w{3} \d+ \w{3} \d{4}, \d\d:\d\d", said)
                last = calendar.day_of(datetime.fromisoformat(await due.get_attribute("datetime") or ""))
                first = await days.get_attribute("data-first")
                counted = await portal.get_json(f"/calendars/bc/count?first={first}&last={last}", account)
                assert await days.locator("li").count() == len(counted["days"]) > 1, place


async def test_each_row_of_a_queue_has_one_button(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_DUE)
    await portal.hear(treated.asked_for())
    for account, place in (("a-north", "/inbox"), ("a-officer", "/inbox"), ("a-officer", "/officer")):
        async with look(account) as sight:
            await sight.page.goto(place)
            rows = await sight.page.locator("tr:has(.pp-act)").all()
            assert rows, place
            assert [await row.locator(".govuk-button").count() for row in rows] == [1] * len(rows), place


async def test_every_amount_is_dollars_and_cents(look: Look, portal: World) -> None:
    await happened(portal, ALL)
    seen = 0
    for told, account, places in PAGES:
        if told != ALL or account is None:
            continue
        async with look(account) as sight:
            for place in places:
                await sight.page.goto(place)
                amounts = await sight.page.locator("[data-money]").all_text_contents()
                seen += len(amounts)
                assert [one for one in amounts if not AMOUNT.fullmatch(one)] == [], place
    assert seen > 10


async def test_a_page_has_one_button_that_stands_out(look: Look, portal: World) -> None:
    for told, account, places in PAGES:
        await happened(portal, told)
        async with look(account) as sight:
            for place in places:
                await sight.page.goto(place)
                assert await sight.page.locator(FILLED).count() <= 1 or place == "/inbox", place


async def test_a_double_press_is_one_thing(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        await sight.page.goto(f"{R}/answer")
        await answered(portal, sight.page.get_by_role("button", name="Open the offer").dblclick())
        await sight.page.get_by_text("You opened the offer").wait_for()
    assert len(await portal.facts("provider-acknowledged-referral")) == 1


async def test_who_goes_back_sees_how_it_stands_now_and_a_second_tab_is_told(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        await sight.page.goto(f"{R}/answer")
        other = await sight.page.context.new_page()
        await other.goto(f"{R}/answer")
        await answered(portal, sight.press("Open the offer"))
        await sight.page.go_back()
        assert await sight.page.get_by_role("button", name="Open the offer").count() == 0
        async with other.expect_navigation():
            await other.get_by_role("button", name="Open the offer").click()
        words = await other.locator("main").inner_text()
    assert "What you saw has changed" in words
    assert "It changed since you read it." in words
    assert len(await portal.facts("provider-acknowledged-referral")) == 1


async def test_a_press_ends_in_words_within_two_seconds_though_nobody_answers(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        await sight.page.goto(f"{R}/answer")
        await sight.press("Open the offer")
        words = await sight.words()
    assert "Sent, being checked" in words
    assert re.search(r"Request [0-9a-f-]{36}", words)
    assert "What happens next" in words


@pytest.mark.parametrize("way", ["without scripts", "without the stream"])
async def test_an_offer_is_answered(look: Look, portal: World, way: str) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north", java_script_enabled=way != "without scripts") as sight:
        if way == "without the stream":
            await sight.page.route("**/events", lambda route: route.abort())
        await sight.page.goto("/inbox")
        await sight.page.get_by_role("link", name="Open a new referral").first.click()
        await answered(portal, sight.press("Open the offer"))
        assert "You opened the offer" in await sight.words()
        assert "What happens next." in await sight.words()


async def test_a_new_offer_appears_by_itself_and_disturbs_nobody(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_ACTIVE)
    async with look("a-north") as sight:
        await sight.page.goto("/inbox")
        await sight.page.get_by_text("Live", exact=True).wait_for()
        await asyncio.sleep(0.5)
        other = "5d1bd1b8-3f6b-5b1e-8a55-000000000077"
        await portal.hear(story.created(other, "R-24-B"), story.offered(case=other, number="R-24-B"))
        await sight.page.get_by_text("R-24-B").first.wait_for()


async def test_a_page_whose_stream_is_lost_says_since_when_and_works_on(look: Look, portal: World) -> None:
    async def late(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    await happened(portal, UNTIL_ACTIVE)
    async with look("a-north") as sight:
        await sight.page.route("**/events", lambda route: route.abort())
        await sight.page.route("**/pp*.js*", late)
        await sight.page.goto("/referrals")
        await sight.page.locator("#live", has_text="Not live since").get_by_role("link", name="Reload").wait_for()
    async with look("a-north", java_script_enabled=False) as sight:
        await sight.page.goto("/referrals")
        assert re.fullmatch(r"As of \d\d:\d\d", await sight.page.locator("#live").inner_text())


async def test_updates_leave_focus_caret_open_details_and_typed_text_alone(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_DUE)
    async with look("a-north") as sight:
        page = sight.page
        await page.goto(R)
        why = page.locator("details.pp-why").last
        await why.locator("summary").click()
        await why.locator("summary").focus()
        for n in range(50):
            await portal.hear(treated.due(report=f"progress-{n % 3 + 1}", revision=10 + n))
        await page.get_by_role("link", name="Progress report 3").wait_for()
        assert await page.locator("details.pp-why[open]").count() >= 1
        assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
        await page.goto(SECTION)
        await page.locator("textarea").fill("Half a sentence")
        await page.locator("textarea").focus()
        await page.evaluate("document.activeElement.setSelectionRange(5, 9)")
        for n in range(50):
            await portal.hear(treated.due(report="progress-9", revision=90 + n))
        await asyncio.sleep(0.5)
        assert await page.locator("textarea").input_value() == "Half a sentence"
        caret = await page.evaluate(CARET)
        assert caret == [5, 9]


async def test_fifty_updates_move_no_page_and_are_announced_to_nobody(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_DUE)
    async with look("a-north", viewport={"width": 1280, "height": 500}) as sight:
        page = sight.page
        await page.goto(R)
        await page.get_by_text("Live", exact=True).wait_for()
        await page.evaluate(LISTEN)
        await page.evaluate("scrollTo(0, 200)")
        for n in range(50):
            await portal.hear(treated.due(report=f"progress-{n % 3 + 1}", revision=10 + n))
        await page.get_by_role("link", name="Progress report 3").wait_for()
        assert await page.evaluate("scrollY") == 200
        assert await page.evaluate("announced") <= 1


async def test_what_one_types_is_saved_by_itself_and_there_in_another_browser(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_DUE)
    async with look("a-north") as sight:
        await sight.page.goto(SECTION)
        await sight.page.locator("textarea").press_sequentially("Half a sentence")
        await sight.page.locator("#save", has_text="You can close this page").wait_for()
        await sight.page.locator("textarea").press_sequentially(", and more")
        await sight.page.locator("textarea").blur()
        await sight.page.locator("#version[value='2'], #version[value='3']").wait_for(state="attached")
    await portal.pool.execute("DELETE FROM sessions")
    async with look("a-north") as sight:
        await sight.page.goto(SECTION)
        assert await sight.page.locator("textarea").input_value() == "Half a sentence, and more"


async def test_an_empty_list_says_what_will_come_and_offers_one_link(look: Look) -> None:
    for account, places in {
        "a-north": ("/inbox", "/referrals"),
        "a-north-biller": ("/invoices", "/invoices/new", "/payments"),
        "a-officer": ("/officer",),
        "a-worker": ("/my", "/my/timeline"),
    }.items():
        async with look(account) as sight:
            for place in places:
                await sight.page.goto(place)
                empty = sight.page.locator("main .pp-card").first
                assert len(await empty.inner_text()) > 40, place
                assert await empty.locator("a").count() == 1, place


async def test_nobody_s_name_is_in_an_address_a_title_or_the_browser_s_store(look: Look, portal: World) -> None:
    await happened(portal, ALL)
    async with look("a-north") as sight:
        for place in ("/inbox", R, f"{R}/plan", f"{R}/reports/initial"):
            await sight.page.goto(place)
            assert "Invented" not in await sight.page.title()
            assert re.fullmatch(r"[a-zA-Z0-9:/._?=&-]+", sight.page.url)
            assert await sight.page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_by_keyboard_alone_one_signs_in_and_opens_an_offer(look: Look, portal: World) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look(None) as sight:
        page = sight.page
        await page.goto("/sign-in")
        await tab_to(sight, "INPUT", "name")
        await page.keyboard.type("north@example.test")
        await page.keyboard.press("Tab")
        await page.keyboard.type("an invented password")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/inbox")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to main content"
        await page.keyboard.press("Enter")
        steps = await tab_to(sight, "A", "Open a new referral")
        assert steps <= 12
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/answer")
        await tab_to(sight, "BUTTON", "Open the offer")
        await answered(portal, page.keyboard.press("Enter"))
        await page.get_by_text("You opened the offer").wait_for()
        assert "Done" in await page.evaluate("document.activeElement.textContent")


async def tab_to(sight: Sight, tag: str, words: str) -> int:
    """How often Tab is pressed until the focus is there."""
    found = (
        "e => [document.activeElement.tagName, document.activeElement.id + ' ' + document.activeElement.textContent]"
    )
    for n in range(1, 40):
        await sight.page.keyboard.press("Tab")
        there = await sight.page.evaluate(found)
        if there[0] == tag and words in there[1]:
            return n
    raise AssertionError(f"no {tag} {words!r} by Tab")


@pytest.mark.parametrize(("width", "least"), [(1280, 24), (390, 44)])
async def test_buttons_can_be_hit(look: Look, portal: World, width: int, least: int) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north", viewport={"width": width, "height": 900}) as sight:
        for place in ("/inbox", R, f"{R}/answer"):
            await sight.page.goto(place)
            for button in await sight.page.locator(".govuk-button:visible, .pp-top__out:visible").all():
                box = await button.bounding_box()
                assert box is not None
                assert box["height"] >= least - 1, (place, await button.inner_text(), box)


async def test_the_first_page_is_light_and_asks_nobody_else(look: Look, portal: World) -> None:
    async with look("a-north") as sight:
        sizes: dict[str, int] = {}
        session = await sight.page.context.new_cdp_session(sight.page)
        await session.send("Network.enable")
        await session.send("Network.clearBrowserCache")
        asked: dict[str, str] = {}
        kinds: dict[str, str] = {}
        session.on("Network.requestWillBeSent", lambda e: asked.update({e["requestId"]: e["request"]["url"]}))
        session.on("Network.requestWillBeSent", lambda e: kinds.update({e["requestId"]: e["type"]}))
        session.on("Network.loadingFinished", lambda e: sizes.update({e["requestId"]: int(e["encodedDataLength"])}))
        await sight.page.goto("/inbox", wait_until="load")
        await asyncio.sleep(0.3)
        own = {key: url for key, url in asked.items() if not url.startswith("data:")}
        assert all(url.startswith(str(portal.client.base_url)) for url in own.values())
        read_again = [key for key in own if kinds[key] in {"Fetch", "XHR"}]  # its live pieces, once the stream is open
        assert len(own) - len(read_again) <= 9, own
        assert len(read_again) <= 3, own
        assert sum(sizes.values()) <= 90_000, {asked[key]: size for key, size in sizes.items()}


async def test_a_printed_page_has_its_number_and_its_time_and_neither_menus_nor_addresses(
    look: Look, portal: World
) -> None:
    await happened(portal, UNTIL_DUE)
    async with look("a-north") as sight:
        await sight.page.goto(R)
        await sight.page.emulate_media(media="print")
        assert not await sight.page.locator(".pp-nav, .pp-live, main .govuk-button").filter(visible=True).count()
        assert re.search(rf"{R}, as of .*\d\d:\d\d", await sight.page.locator(".pp-printed").inner_text())
        added = "all => all.map(e => getComputedStyle(e, '::after').content).filter(c => c.includes('/'))"
        assert await sight.page.locator("main a").evaluate_all(added) == []
        assert await sight.page.locator("details.pp-why .pp-days").first.is_visible()
