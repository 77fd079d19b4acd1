"""A session that ends: what counts as using it, what is said of it, and that nothing typed is lost."""

import pytest

from tests.portal import story, treated
from tests.portal.conftest import PASSWORD
from tests.portal.story import NUMBER
from tests.portal.visitor import EMAIL, visiting
from tests.portal.world import World

ANSWER = f"/referrals/{NUMBER}/answer"
AWAY = "UPDATE sessions SET seen_at = now() - interval '31 minutes'"
NEARLY = "UPDATE sessions SET seen_at = now() - interval '26 minutes'"
SIGN_IN = {"name": EMAIL["a-north"], "password": PASSWORD}


@pytest.mark.parametrize(
    ("path", "headers"), [("/inbox", {"HX-Request": "true"}), (f"/operations/{treated.INVOICE}?times=1", {})]
)
async def test_a_page_that_reads_by_itself_keeps_no_session_open(
    portal: World, path: str, headers: dict[str, str]
) -> None:
    async with visiting(portal, "a-north") as visitor:
        await portal.pool.execute(NEARLY)
        await visitor.client.get(path, headers=headers)
        assert 200 < (await visitor.client.get("/session")).json()["seconds"] <= 240
        await visitor.open("/inbox")
        assert (await visitor.client.get("/session")).json()["seconds"] > 1700


async def test_a_visitor_who_is_still_there_stays_signed_in(portal: World) -> None:
    async with visiting(portal, "a-north") as visitor:
        await portal.pool.execute(NEARLY)
        assert (await visitor.client.post("/session")).json()["seconds"] > 1700
        await portal.pool.execute(AWAY)
        assert (await visitor.client.post("/session")).json()["seconds"] == 0


@pytest.mark.parametrize(
    ("place", "draft"),
    [
        (f"/referrals/{NUMBER}/reports/initial/history", f"initial report of referral {NUMBER}"),
        (f"/referrals/{NUMBER}/plan/edit", f"plan of referral {NUMBER}"),
        (f"/invoices/draft-{NUMBER}", f"invoice for referral {NUMBER}"),
    ],
)
async def test_a_session_that_ended_names_the_draft_that_is_kept_and_leads_back_to_it(
    portal: World, place: str, draft: str
) -> None:
    async with visiting(portal, "a-north-admin") as visitor:
        await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.due())
        await portal.pool.execute(AWAY)
        await visitor.open(place, 303)
        text = await visitor.open(visitor.page.headers["location"])
        assert "Your session has ended" in text
        assert draft in text
        said = {**SIGN_IN, "name": EMAIL["a-north-admin"]}
        answer = await visitor.press(action="/sign-in", **said)
        assert answer.headers["location"] == place


async def test_a_half_typed_form_is_shown_again_after_the_session_ended(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await portal.pool.execute(AWAY)
        typed = {"then": ANSWER, "at": "comment", "kept.comment": "They live", "kept.reason_code": "out-of-region"}
        visitor.page = await visitor.client.post("/session-ended", data=typed)
        answer = await visitor.press(action="/sign-in", **SIGN_IN)
        assert "They live" in answer.text
        assert "The worker lives too far away" in answer.text
        text = (await visitor.press(action="/resume#comment")).text
        assert ">They live</textarea>" in text
        assert '<option value="out-of-region" selected>' in text
        assert await portal.facts("provider-declined-referral") == []


async def test_somebody_else_s_page_cannot_be_gone_on_with(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-south") as visitor:
        answer = await visitor.client.post("/resume", data={"then": ANSWER, "kept.comment": "They live"})
        assert answer.status_code == 404


async def test_a_draft_that_saves_itself_is_told_that_the_session_has_ended_and_reading_changes_nothing(
    portal: World,
) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.due())
    place, piece = f"/referrals/{NUMBER}/reports/initial/history", {"HX-Request": "true"}
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(place)
        await portal.pool.execute(AWAY)
        said = {**visitor.form(action="/history")["fields"], "sections.history": "Half"}
        saved = await visitor.client.post(place, data=said, headers=piece)
        assert saved.text.startswith("Not saved. Your session has ended.")
        read = await visitor.client.get(f"/referrals/{NUMBER}", headers=piece)
        assert (read.headers["hx-reswap"], read.text) == ("none", "")


async def test_without_scripts_a_page_says_when_its_session_ends(portal: World) -> None:
    async with visiting(portal, "a-north") as visitor:
        text = await visitor.open("/inbox")
        assert "30 minutes after this page was opened" in text.partition("<noscript>")[2].partition("</noscript>")[0]
