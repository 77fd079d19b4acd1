"""Refusals as pages: each names field, rule, reason and fix, and whatever was typed is still there."""

import asyncio
import re

import pytest

from shared.domain.decision import Violation
from tests.portal import story, treated
from tests.portal.conftest import House
from tests.portal.story import NUMBER
from tests.portal.visitor import Visitor, visiting
from tests.portal.world import World
from tests.stack.databases import Databases

R = f"/referrals/{NUMBER}"
OFFERED = (story.CALENDAR, story.created(), story.offered())
WORDS = "They live far away."
AIM = re.compile(r'<a href="#([^"]+)">')
FORMS = (
    ("a-north", f"{R}/answer", 3, {"how": "decline", "comment": "x" * 4001}),
    ("a-north", f"{R}/appointments", 4, {"how": "book", "on": "soon", "at": "nine"}),
    ("a-north", f"{R}/start", 5, {"initial_visit_on": "yesterday"}),
    ("a-north", f"{R}/hold", 6, {"how": "hold", "review_on": "later"}),
    ("a-north", f"{R}/attendance", 6, {"other_on": "Monday", "other_status": "attended"}),
    ("a-north", f"{R}/discharge", 6, {"last_on": "Friday"}),
    ("a-north", f"{R}/plan/edit", 6, {"how": "send", "lines.0.units": "some", "lines.0.from_on": "now"}),
    ("a-officer", f"/officer{R}", 6, {"how": "hold", "review_on": "later"}),
    ("a-officer", f"/officer{R}/plans/1", 9, {"how": "decide", "lines.0.line": "1", "lines.0.units": "some"}),
)


@pytest.mark.parametrize(("account", "place", "told", "typed"), FORMS)
async def test_an_unreadable_value_is_explained_beside_its_field_in_plain_words(
    portal: World, account: str, place: str, told: int, typed: dict[str, str]
) -> None:
    await portal.hear(story.CALENDAR, *treated.TREATED[:told])
    async with visiting(portal, account) as visitor:
        await visitor.open(place)
        text = (await visitor.press(typed.get("how", ""), place, **{"seen": "1", **typed})).text
        aims = AIM.findall(text)
        assert visitor.page.status_code == 422
        assert aims
        assert [aim for aim in aims if f'id="{aim}"' not in text] == []
        assert "Fix:" in text
        assert "openapi" not in text
        assert all(value in text for name, value in typed.items() if name != "how")


async def test_one_who_comes_too_late_reads_how_it_stands_and_keeps_what_they_typed(portal: World) -> None:
    await portal.hear(*OFFERED)
    async with visiting(portal, "a-north") as visitor:
        text = await declined(portal, visitor, allowed=("hold",))
        assert visitor.page.status_code == 409
        assert "What is possible now: put it on hold." in text
        assert_kept(text)


async def test_one_who_saw_an_older_state_reads_the_newer_and_keeps_what_they_typed(portal: World) -> None:
    await portal.hear(*OFFERED)
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{R}/answer")
        await portal.hear(story.acknowledged(), story.accepted())
        text = (await visitor.press("decline", comment=WORDS, reason_code="out-of-region")).text
        assert visitor.page.status_code == 412
        assert "What you saw has changed" in text
        assert "Accepted" in text.partition("how it stands now")[2]
        assert_kept(text)


@pytest.mark.parametrize("place", ["appointments", "start", "hold", "attendance"])
async def test_what_was_typed_is_kept_though_its_form_has_no_place_any_more(portal: World, place: str) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE[:4])
    typed = dict.fromkeys(("on", "initial_visit_on", "review_on", "other_on"), "2024-11-20")
    async with visiting(portal, "a-north") as visitor:
        await portal.hear(story.withdrawn(9))
        how = {"appointments": "book", "hold": "hold"}.get(place, "")
        said = {
            **typed,
            "at": "09:00",
            "other_status": "attended",
            "how": how,
            "seen": "4",
            "key": "5d1bd1b8-3f6b-5b1e-8a55-000000000077",
        }
        pressed = asyncio.create_task(visitor.client.post(f"{R}/{place}", data=said))
        if place == "attendance":
            fact = await portal.fact("attendance")
            await portal.refuse(fact, Violation(code="STATE", rule="it is over", fix="look"), allowed=("none",))
        text = (await pressed).text
        assert (await pressed).status_code in {409, 412, 422}
        assert "2024-11-20" in text


async def test_a_page_that_does_not_say_what_it_showed_is_opened_again_and_nothing_is_lost(portal: World) -> None:
    await portal.hear(*OFFERED)
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{R}/answer")
        said = {**visitor.form("decline")["fields"], "comment": WORDS, "reason_code": "out-of-region", "how": "decline"}
        answer = await visitor.client.post(f"{R}/answer", data={**said, "seen": ""})
        assert answer.status_code == 428
        assert_kept(answer.text)


async def test_while_the_database_is_away_nothing_typed_is_lost_and_it_can_be_sent_again(
    portal: World, house: House, databases: Databases
) -> None:
    await portal.hear(*OFFERED)
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{R}/answer")
        async with databases.away(house.url, but="portal_owner"):
            text = (await visitor.press("decline", comment=WORDS, reason_code="out-of-region")).text
        assert visitor.page.status_code == 503
        assert "Nothing is lost" in text
        assert_kept(text)
        answer = await visitor.press(action=f"{R}/answer")
        assert answer.headers["location"].startswith("/operations/")
    assert len(await portal.facts("provider-declined-referral")) == 1


def assert_kept(text: str) -> None:
    """In the words of the form, and as it was typed."""
    assert WORDS in text
    assert "The worker lives too far away" in text


async def declined(portal: World, visitor: Visitor, *, allowed: tuple[str, ...] = ()) -> str:
    """The owner refuses."""
    await visitor.open(f"{R}/answer")
    pressed = asyncio.create_task(visitor.press("decline", comment=WORDS, reason_code="out-of-region"))
    fact = await portal.fact("provider-declined-referral")
    await portal.refuse(fact, Violation(code="STATE", rule="it was answered", fix="read it again"), allowed=allowed)
    return (await pressed).text
