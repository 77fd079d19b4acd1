"""What a clinic sees and does on the pages of its referrals, without scripts."""

import asyncio
from datetime import timedelta

import pytest

from shared.config import clock
from shared.domain.decision import Event, Violation
from shared.events.referral import AppointmentMissed
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.test_access import notice
from tests.portal.visitor import Visitor, visiting
from tests.portal.world import World

PAGES = ("", "/answer", "/appointments", "/start", "/hold", "/attendance", "/discharge")


@pytest.mark.parametrize("told", range(len(treated.TREATED) + 1))
async def test_every_page_of_a_referral_can_be_read_in_every_state(portal: World, told: int) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    await portal.hear(*treated.TREATED[2:told])
    async with visiting(portal, "a-north") as visitor:
        await visitor.open("/inbox")
        await visitor.open("/referrals")
        for place in PAGES:
            text = await visitor.open(f"/referrals/{NUMBER}{place}")
            assert NUMBER in text


async def test_an_offer_is_opened_by_one_press_and_the_page_says_what_happens_next(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        assert "Open a new referral" in await visitor.open("/inbox")
        await visitor.open(f"/referrals/{NUMBER}/answer")
        pressed = asyncio.create_task(visitor.press("acknowledge"))
        fact = await portal.fact("provider-acknowledged-referral")
        await portal.hear(story.acknowledged(), cause=fact.event_id)
        answer = await pressed
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"/referrals/{NUMBER}/answer?did=")
        text = await visitor.open(answer.headers["location"])
        assert "You opened the offer" in text
        assert "What happens next." in text


async def test_a_refusal_stands_beside_its_field_and_what_was_typed_is_kept(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"/referrals/{NUMBER}/answer")
        pressed = asyncio.create_task(visitor.press("decline", comment="They live far away."))
        fact = await portal.fact("provider-declined-referral")
        flaw = Violation(code="FIELD-MISSING", field="reason_code", rule="a decline has a reason", fix="choose one")
        await portal.refuse(fact, flaw)
        answer = await pressed
        assert answer.status_code == 422
        assert 'href="#reason_code"' in answer.text
        assert "They live far away." in answer.text
        assert "Choose one." in answer.text


async def test_a_press_that_nobody_answers_ends_in_words_and_a_number(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"/referrals/{NUMBER}/answer")
        answer = await visitor.press("acknowledge")
        assert answer.headers["location"].startswith("/operations/")
        text = await visitor.open(answer.headers["location"])
        assert "Sent, being checked" in text
        assert visitor.page.headers["refresh"].startswith("3;")


async def test_the_same_form_sent_twice_is_one_thing(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"/referrals/{NUMBER}/answer")
        said = visitor.page
        first, second = Visitor(visitor.client), Visitor(visitor.client)
        first.page = second.page = said
        answers = await asyncio.gather(first.press("acknowledge"), second.press("acknowledge"))
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert len(await portal.facts("provider-acknowledged-referral")) == 1


async def test_who_was_away_too_long_signs_in_and_sends_what_they_typed(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"/referrals/{NUMBER}/answer")
        await portal.pool.execute("UPDATE sessions SET seen_at = now() - interval '31 minutes'")
        answer = await visitor.press("decline", comment="They live far away.", reason_code="out-of-region")
        assert answer.status_code == 401
        assert "They live far away." in answer.text
        assert await portal.facts("provider-declined-referral") == []
        answer = await visitor.press(action="/sign-in", name="north@example.test", password="an invented password")  # noqa: S106 - invented
        assert "You are signed in again" in answer.text
        answer = await visitor.press(action=f"/referrals/{NUMBER}/answer")
        assert answer.headers["location"].startswith("/operations/")
        assert len(await portal.facts("provider-declined-referral")) == 1


async def test_a_page_of_somebody_else_is_the_page_of_nothing(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-south") as visitor:
        foreign = await visitor.open(f"/referrals/{NUMBER}", 404)
        assert foreign.replace(NUMBER, "R-24-NOTHERE0") == await visitor.open("/referrals/R-24-NOTHERE0", 404)


async def test_after_a_minute_without_an_answer_operations_sees_it_and_the_page_says_so(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"/referrals/{NUMBER}/answer")
        place = (await visitor.press("acknowledge")).headers["location"]
        assert "The service for referrals decides, and has not answered yet." in await visitor.open(place)
        assert "After a minute operations is told" in visitor.page.text
        assert 'rehab_requests_unanswered{service="portal"} 0.0' in await visitor.open("/metrics")
        await portal.pool.execute("UPDATE operations SET received_at = received_at - interval '61 seconds'")
        assert "Operations was told at" in await visitor.open(place)
        assert 'rehab_requests_unanswered{service="portal"} 1.0' in await visitor.open("/metrics")


OFFERED = (story.created(), story.offered())
SCHEDULED = treated.ACTIVE[:5]
MISSED = AppointmentMissed(referral_id=story.CASE, revision=6, site_id="s-north-1", starts_at=story.NOON, times=1)
LATER = story.booked().model_copy(update={"starts_at": clock.now() + timedelta(days=9)})


@pytest.mark.parametrize(
    ("told", "asks"),
    [
        (OFFERED, "Open a new referral"),
        (treated.ACTIVE[:3], "Answer a referral"),
        (treated.ACTIVE[:4], "Book the first visit"),
        (SCHEDULED, "Say whether the first visit took place"),
        ((*treated.ACTIVE[:4], LATER), ""),
        ((*SCHEDULED, MISSED), "Book the first visit anew"),
        ((*OFFERED, story.held()), ""),
        (treated.ACTIVE, ""),
        ((*treated.ACTIVE, treated.due(), treated.sent_in("d-1")), "Make a plan"),
        ((*treated.ACTIVE, treated.due(), treated.sent_in("d-1"), treated.asked_for()), ""),
    ],
)
async def test_the_inbox_lists_and_counts_what_a_referral_asks_for(
    portal: World, told: tuple[Event, ...], asks: str
) -> None:
    await portal.hear(story.CALENDAR, *told)
    async with visiting(portal, "a-north") as visitor:
        text = await visitor.open("/inbox")
    assert ("1 thing waits for you" if asks else "0 things wait for you") in text
    assert asks in text


async def test_the_most_urgent_stand_in_the_inbox_however_many_there_are(portal: World) -> None:
    await portal.hear(story.CALENDAR)
    for n in range(60):
        case, number = f"5d1bd1b8-3f6b-5b1e-8a55-0000000001{n:02d}", f"R-24-Z{n:02d}"
        offer = story.offered(case=case, number=number)
        due_at = story.NOON + timedelta(days=90 - n)
        deadline = offer.deadline.model_copy(update={"due_at": due_at})
        await portal.hear(story.created(case, number), offer.model_copy(update={"deadline": deadline}))
    async with visiting(portal, "a-north") as visitor:
        text = await visitor.open("/inbox")
    assert "60 things wait for you, 60 overdue" in text
    assert "The 50 most urgent of 60 are shown" in text
    assert "R-24-Z59" in text
    assert "R-24-Z09" not in text


async def test_the_inbox_shows_what_one_was_told_last_however_much_that_was(portal: World) -> None:
    first = notice("s-north-1", "n-0")
    offers = [first.model_copy(update={"notice_id": f"n-{n}"}) for n in range(210)]
    await portal.hear(story.CALENDAR, *offers)
    paid = {"notice_id": "n-last", "about": "rehab.invoice.remittance-issued.v1"}
    await portal.hear(first.model_copy(update=paid))
    async with visiting(portal, "a-north") as visitor:
        assert "You were paid" in await visitor.open("/inbox")
