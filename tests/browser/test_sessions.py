"""The page warns before a session ends, and leads back to what was typed."""

from tests.browser.conftest import Look, Sight
from tests.browser.test_quality import AXE, RULES, UNTIL_DUE, UNTIL_OFFER, R, happened
from tests.portal.conftest import PASSWORD
from tests.portal.visitor import EMAIL
from tests.portal.world import World

NEARLY = "UPDATE sessions SET seen_at = now() - interval '26 minutes'"
AWAY = "UPDATE sessions SET seen_at = now() - interval '31 minutes'"


async def test_five_minutes_before_its_session_ends_the_page_asks_and_one_press_keeps_it(
    look: Look, portal: World
) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        await sight.page.clock.install()
        await sight.page.goto(f"{R}/answer")
        await sight.page.fill("#comment", "They live")
        await portal.pool.execute(NEARLY)
        await sight.page.clock.fast_forward("25:30")
        asked = sight.page.get_by_role("dialog", name="Are you still there?")
        await asked.wait_for()
        assert "You are signed out in 4 minutes" in await asked.get_by_role("status").inner_text()
        await sight.page.evaluate(AXE)
        assert (await sight.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES))["violations"] == []
        async with sight.page.expect_response("**/session"):
            await sight.page.keyboard.press("Enter")
        await asked.wait_for(state="hidden")
        assert await sight.page.input_value("#comment") == "They live"
    assert await portal.pool.fetchval("SELECT max(seen_at) > now() - interval '1 minute' FROM sessions")


async def test_what_is_half_typed_when_a_session_ends_stands_in_its_field_after_signing_in(
    look: Look, portal: World
) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north") as sight:
        await out_while_typing(sight, portal, f"{R}/answer", "#comment")
        await sign_in_again(sight)
        await sight.press("Go on typing")
        assert await sight.page.input_value("#comment") == "Half a sentence"
        assert await sight.page.evaluate("document.activeElement.id") == "comment"
        assert await sight.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await portal.facts("provider-declined-referral") == []


async def test_a_draft_that_was_open_when_its_session_ended_is_named_and_opened_again(
    look: Look, portal: World
) -> None:
    await happened(portal, UNTIL_DUE)
    async with look("a-north") as sight:
        place = f"{R}/reports/initial/history"
        await out_while_typing(sight, portal, place, "textarea")
        assert "draft of the initial report of referral" in await sight.words()
        await sign_in_again(sight)
        assert sight.page.url.endswith(place)
        assert await sight.page.input_value("textarea") == "Half a sentence"


async def out_while_typing(sight: Sight, portal: World, place: str, field: str) -> None:
    """Half an hour goes by with half a sentence on the page."""
    await sight.page.clock.install()
    await sight.page.goto(place)
    await sight.page.fill(field, "Half a sentence")
    if field == "textarea":
        await sight.page.clock.run_for(4000)
        await sight.page.locator("#save", has_text="You can close this page").wait_for()
    await portal.pool.execute(AWAY)
    await sight.page.clock.fast_forward("30:30")
    await sight.page.get_by_role("heading", name="Your session has ended").wait_for()


async def sign_in_again(sight: Sight) -> None:
    await sight.page.fill("#name", EMAIL["a-north"])
    await sight.page.fill("#password", PASSWORD)
    await sight.press("Sign in")
