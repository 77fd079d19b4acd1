"""What stands on a page is a whole sentence that is true of the record as it is."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from services.portal.pages import demo_pace, formatting
from shared.domain import wording
from shared.events.invoice import InvoicePended
from shared.events.referral import AppointmentMissed, ReferralHeld, ReferralResumed, ReferralWithdrawn
from tests.portal import story, treated
from tests.portal.story import CASE, NUMBER
from tests.portal.test_pages_that_promise import R
from tests.portal.visitor import visiting
from tests.portal.world import World

INVOICE = f"/invoices/{treated.INVOICE}"
ACTIVE = treated.ACTIVE


def shown(html: str) -> str:
    """The text of a page on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).replace("&#39;", "'")


async def text_of(portal: World, account: str, place: str) -> str:
    async with visiting(portal, account) as visitor:
        return shown(await visitor.open(place))


def test_a_noun_has_its_article_and_a_report_its_lateness() -> None:
    nouns = ("day", "hour", "kilometre", "occupational therapist")
    assert [wording.with_article(one) for one in nouns] == [
        "a day",
        "an hour",
        "a kilometre",
        "an occupational therapist",
    ]
    lateness = [formatting.lateness(days) for days in (-2, -1, 0, 1, 3)]
    assert lateness[:2] == ["2 business days early", "1 business day early"]
    assert lateness[2:] == ["on the day it was due", "1 business day late", "3 business days late"]
    assert [formatting.counted_units(one) for one in ("1", "1.0", "0", "15.5")] == [
        "1 unit",
        "1 unit",
        "0 units",
        "15.5 units",
    ]


async def test_a_hold_of_the_claim_is_told_without_a_code_and_says_who_ends_it(portal: World) -> None:
    held = ReferralHeld(referral_id=CASE, revision=9, cause="claim", from_on=treated.DAY, reason_code="c-17")
    await portal.hear(story.CALENDAR, *ACTIVE, held)
    for account, place in (("a-north", R), ("a-officer", f"/officer{R}")):
        text = await text_of(portal, account, place)
        assert "Cause: the state of the claim." in text
        assert "Not known here" not in text
    hold = await text_of(portal, "a-north", f"{R}/hold")
    assert (
        "It is on hold because of the state of the claim. The hold ends by itself once the claim is accepted." in hold
    )
    assert "held by claim" not in hold
    discharge = await text_of(portal, "a-north", f"{R}/discharge")
    assert "It is on hold: treatment can be ended once the hold is lifted." in discharge
    lifted = ReferralResumed(referral_id=CASE, revision=10, cause="officer", from_on=treated.DAY, still_held=("claim",))
    await portal.hear(lifted)
    assert "On hold still because of the state of the claim." in await text_of(portal, "a-north", R)


async def test_a_withdrawal_by_the_claim_gives_no_reason_that_nobody_can_read(portal: World) -> None:
    withdrawn = ReferralWithdrawn(referral_id=CASE, revision=9, cause="claim", from_on=treated.DAY, reason_code="c-17")
    await portal.hear(story.CALENDAR, *ACTIVE[:4], withdrawn)
    text = await text_of(portal, "a-north", R)
    assert "Not known here" not in text
    assert "No plan was sent in." in text
    assert "No report was due." in text
    assert "once the initial report is in" not in text
    officer = await text_of(portal, "a-officer", f"/officer{R}")
    assert "No plan was sent in." in officer
    assert "when the program starts" not in officer


async def test_a_first_visit_that_took_place_is_not_offered_for_booking(portal: World) -> None:
    await portal.hear(story.CALENDAR, *ACTIVE)
    text = await text_of(portal, "a-north", f"{R}/appointments")
    assert "The first visit took place on Tue 12 Nov 2024." in text
    assert "is booked once" not in text
    assert "Booked for" not in text


async def test_a_missed_visit_is_counted(portal: World) -> None:
    missed = AppointmentMissed(referral_id=CASE, revision=6, site_id="s-north-1", starts_at=story.NOON, times=1)
    await portal.hear(story.CALENDAR, *ACTIVE[:5], missed)
    assert "Missed 1 time so far." in await text_of(portal, "a-north", R)


async def test_a_place_that_an_offer_took_is_not_shown_once_it_is_answered(portal: World) -> None:
    await portal.hear(story.CALENDAR, *ACTIVE[:2])
    assert "one of your places" in await text_of(portal, "a-north", f"{R}/answer")
    await portal.hear(story.declined())
    assert "one of your places" not in await text_of(portal, "a-north", f"{R}/answer")


async def test_a_line_says_what_its_amount_is_and_until_when_it_can_be_put_right(portal: World) -> None:
    denied = treated.judged("denied", 0)
    adjudicated, partly, scheduled = treated.decided()
    await portal.hear(story.CALENDAR, *ACTIVE, treated.payee(), treated.billed())
    assert "Not decided" in await text_of(portal, "a-north-biller", "/invoices")
    pended = InvoicePended(
        referral_id=CASE,
        revision=2,
        invoice_id=treated.INVOICE,
        number="24-1",
        lines=(treated.judged("waiting", 0),),
        waits_for=("report", "claim"),
        until=treated.DAY + timedelta(days=35),
    )
    await portal.hear(pended)
    waiting = await text_of(portal, "a-north-biller", INVOICE)
    assert "Waits: $100.00." in waiting
    assert "It waits for its report to be accepted and the claim to be decided. Then it goes on by itself;" in waiting
    await portal.hear(adjudicated.model_copy(update={"lines": (denied,), "revision": 3}), partly, scheduled)
    text = await text_of(portal, "a-north-biller", INVOICE)
    assert "The fee. Not paid: $100.00. Fix: Bill the fee." in text
    assert "Once it is paid, its refused lines can be put right until Tue 13 May 2025." in text
    await portal.hear(treated.remitted(), treated.paid(4))
    text = await text_of(portal, "a-north-biller", INVOICE)
    assert "Refused lines can be put right until Tue 13 May 2025." in text
    assert "See the remittance" in text


async def test_payments_are_counted_and_the_newest_stand_on_the_first_page(
    portal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.portal.pages import payments  # noqa: PLC0415 - only here

    monkeypatch.setattr(payments, "_MOST", 2)
    assert "paid in" not in await text_of(portal, "a-north-biller", "/payments")
    await portal.hear(story.CALENDAR, *ACTIVE, treated.payee(), treated.remitted(remittance_id="r-1"))
    assert "$75.00 paid in 1 remittance shown here." in await text_of(portal, "a-north-biller", "/payments")
    for n in (2, 3):
        await portal.hear(treated.remitted(remittance_id=f"r-{n}"))
    async with visiting(portal, "a-north-biller") as visitor:
        first = await visitor.open("/payments")
        assert "$150.00 paid in 2 remittances shown here." in shown(first)
        assert [n for n in (1, 2, 3) if f'"/remittances/r-{n}"' in first] == [2, 3]
        older = re.search(r'href="(/payments\?cursor=\d+)"', first)
        assert older
        second = await visitor.open(older[1])
        assert [n for n in (1, 2, 3) if f'"/remittances/r-{n}"' in second] == [1]
        assert "Older payments" not in second


async def test_an_answer_that_is_missing_on_the_last_look_has_its_name(portal: World) -> None:
    await portal.hear(story.CALENDAR, *ACTIVE, treated.due())
    text = await text_of(portal, "a-north", f"{R}/reports/initial/check")
    assert "Day of service: Not written yet" in text
    assert "Author: Not written yet" in text


async def test_a_refusal_that_knows_nothing_of_how_it_stands_shows_no_empty_card(portal: World) -> None:
    adjudicated, *others = treated.decided()
    denied = adjudicated.model_copy(update={"lines": (treated.judged("denied", 0),)})
    await portal.hear(story.CALENDAR, *ACTIVE, treated.payee(), treated.billed(), denied, *others, treated.paid())
    async with visiting(portal, "a-north-biller") as visitor:
        await visitor.open(INVOICE)
        assert (await visitor.press("rectify")).status_code == 303
        await visitor.open(INVOICE)
        answer = await visitor.press("rectify")
    assert answer.status_code == 409
    assert "is being written" in answer.text
    assert "How it stands now" not in answer.text


@pytest.mark.parametrize(
    ("pace", "said"),
    [("paused", "the days stand still"), ("slow", "go slowly"), ("steady", "go steadily"), ("fast", "go fast")],
)
async def test_the_pace_of_the_days_is_said_in_words(
    portal: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pace: str, said: str
) -> None:
    place = tmp_path / "pace.json"
    place.write_text(json.dumps({"pace": pace}))
    monkeypatch.setattr(demo_pace, "_place", lambda: place)
    await portal.hear(story.CALENDAR, *ACTIVE)
    assert said in await text_of(portal, "a-north", f"/referrals/{NUMBER}")
