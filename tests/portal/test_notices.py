"""What somebody is told leads to a page that they may open, and opening it is having seen it."""

import asyncio
import re
from collections.abc import Sequence
from uuid import uuid4

import pytest

from services.notification.domain.rule import Rule
from services.notification.store.rules import RULES
from shared.events.notification import NoticeQueued, NoticeSeen
from tests.portal import story, treated
from tests.portal.story import CASE, NUMBER
from tests.portal.visitor import visiting
from tests.portal.world import World

READERS = {
    "clinician": "a-north",
    "biller": "a-north-biller",
    "administrator": "a-north-admin",
    "officer": "a-officer",
    "payment_officer": "a-payer",
    "program_officer": "a-program",
    "operations": "a-operations",
}
DOCUMENTS = {
    "": "",
    "plan": "1",
    "report": "initial",
    "invoice_id": treated.INVOICE,
    "number": "24-1",
    "remittance_id": treated.REMITTANCE,
    "run_id": treated.RUN,
    "notice_id": str(uuid4()),
    "cause": "clinic",
}
ALL = pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in RULES.items()])


def told(rule: Rule, number: str = NUMBER, notice_id: str = "", recipient: str = "") -> NoticeQueued:
    return NoticeQueued(
        recipient_id=recipient or READERS[rule.to],
        notice_id=notice_id or str(uuid4()),
        rule=rule.name,
        about=rule.on,
        referral_id=CASE,
        channels=rule.channels,
        number=number,
        subject=rule.subject.format(number=number),
        link=rule.path(number, DOCUMENTS[rule.document]),
    )


async def opened(portal: World, count: int) -> Sequence[str]:
    """The ids of the notices that the portal says were seen, as soon as there are so many."""
    async with asyncio.timeout(10):
        while len(found := await portal.facts("notice-opened")) < count:  # noqa: ASYNC110 - a row of the database
            await asyncio.sleep(0.01)
    return [fact.payload["notice_id"] for fact in found]


@pytest.fixture
async def town(portal: World) -> World:
    await portal.hear(story.CALENDAR, *treated.TREATED)
    return portal


@ALL
async def test_a_notice_leads_its_reader_to_a_page_that_is_there_and_is_seen_once_it_is_opened(
    town: World, rule: Rule
) -> None:
    queued = told(rule)
    await town.hear(queued)
    async with visiting(town, READERS[rule.to]) as visitor:
        inbox = await visitor.open("/inbox")
        assert re.sub(r"\s+", " ", rule.subject.format(number=NUMBER)) in inbox
        assert queued.link == "inbox" or f'href="/{queued.link}"' in inbox
        page = await visitor.open(f"/{queued.link}")
        assert NUMBER in page or "{number}" not in rule.link
    assert await opened(town, 1) == [queued.notice_id]
    (fact,) = await town.facts("notice-opened")
    assert fact.payload["by"]["account_id"] == READERS[rule.to]


async def test_a_page_that_is_opened_again_or_reads_itself_again_says_nothing_twice(town: World) -> None:
    queued = told(RULES["plan-approved"])
    await town.hear(queued)
    async with visiting(town, "a-north") as visitor:
        await visitor.client.get(f"/{queued.link}", headers={"HX-Request": "true"})
        await visitor.client.get(f"/{queued.link}", headers={"Sec-Purpose": "prefetch"})
        await visitor.open("/referrals")
        assert await town.facts("notice-opened") == []
        await visitor.open(f"/{queued.link}")
        await opened(town, 1)
        await visitor.open(f"/{queued.link}")
        await town.hear(NoticeSeen(recipient_id="a-north", notice_id=queued.notice_id))
        await visitor.open(f"/{queued.link}")
        await visitor.open("/inbox")
        assert len(await town.facts("notice-opened")) == 1


async def test_the_page_of_a_referral_shows_all_that_was_told_of_it_and_of_no_other(town: World) -> None:
    mine = [told(RULES[name]) for name in ("offer-to-clinic", "report-due", "plan-approved", "discharged-for-clinic")]
    other = told(RULES["offer-to-clinic"], number=f"{NUMBER}0")
    of_somebody_else = told(RULES["report-due"], recipient="a-north-admin")
    await town.hear(*mine, other, of_somebody_else)
    async with visiting(town, "a-north") as visitor:
        await visitor.open(f"/referrals/{NUMBER}")
    assert set(await opened(town, 4)) == {notice.notice_id for notice in mine}


async def test_a_page_that_is_not_there_shows_nothing(town: World) -> None:
    queued = told(RULES["offer-to-clinic"], number="R-24-NOWHERE0")
    await town.hear(queued)
    async with visiting(town, "a-north") as visitor:
        await visitor.open(f"/{queued.link}", 404)
        await visitor.open("/inbox")
    assert await town.facts("notice-opened") == []


async def test_eight_notices_of_one_sentence_stand_there_once_with_each_referral_s_number(town: World) -> None:
    numbers = [f"R-24-0000000{n}" for n in range(8)]
    for number in numbers:
        await town.hear(told(RULES["offer-to-clinic"], number=number))
    await town.hear(told(RULES["plan-approved"]))
    async with visiting(town, "a-north") as visitor:
        text = await visitor.open("/inbox")
    assert text.count("is offered to you") == 1
    assert "Referral R-24-00000007 is offered to you" in text
    assert [number for number in numbers if number in text] == numbers[2:]
    assert "and 2 more" in text


async def test_a_notice_to_a_site_links_only_those_to_its_page_who_may_open_it(town: World) -> None:
    queued = told(RULES["invoice-rejected"], recipient="s-north-1")
    await town.hear(queued)
    for account, may in (("a-north", False), ("a-north-biller", True)):
        async with visiting(town, account) as visitor:
            assert (f'href="/{queued.link}"' in await visitor.open("/inbox")) == may


async def test_the_api_says_number_sentence_and_page_of_a_notice(town: World) -> None:
    queued = told(RULES["plan-approved"])
    await town.hear(queued)
    (said,) = (await town.get_json("/notices", "a-north"))["items"]
    assert (said["number"], said["subject"], said["link"]) == (NUMBER, queued.subject, queued.link)
    assert said["notice_id"] == queued.notice_id


@pytest.mark.parametrize("account", ["a-payer", "a-program", "a-operations"])
async def test_a_role_without_pages_is_told_so(town: World, account: str) -> None:
    async with visiting(town, account) as visitor:
        text = await visitor.open("/inbox")
    assert "There are no pages for your role yet" in text
    assert "appears here by itself" not in text
