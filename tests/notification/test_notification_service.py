"""The service on a real database, with a real mail server: from what others say to the mail and the ladder."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import orjson
import pytest

from deploy.local.mail import Catcher
from services.notification.app import mail_due, service
from shared.config import clock
from shared.domain.decision import Event
from shared.events import portal, procurement, program, referral
from shared.events.values import Actor, Officer
from shared.messaging import timers
from tests.notification.ledger import REFERRAL, event
from tests.toy.inside import Inside, inside

CLINICIAN = portal.RoleGranted(
    account_id="a-1-clinician", role="clinician", site_id="s-1", received_at=datetime(2024, 1, 1, tzinfo=UTC)
)
SITE = event(procurement.SiteOpened, email="desk@clinic.example")
CREATED = event(referral.ReferralCreated, number="R-24-1")
ASSIGNED = event(referral.OfficerAssigned, officer=Officer(kind="officer", id="U7"))
OFFERED = event(referral.ReferralOffered, number="R-24-1")


class Post:
    """One process of the service: what it hears, what it says, what it mails."""

    def __init__(self, process: Inside, catcher: Catcher) -> None:
        self.process, self.catcher = process, catcher

    async def hear(self, *events: Event, at: datetime | None = None) -> None:
        """One batch of what others say now."""
        time = (at or clock.now()).isoformat().encode()
        letters = [self.process.desk.write(e).saying(ce_time=time) for e in events]
        await self.process.get(*letters)
        assert not await self.process.parked()

    async def words(self, kind: str = "%") -> list[tuple[str, dict[str, Any]]]:
        """Return what was announced, in order."""
        announced = await self.process.words(f"rehab.notification.{kind}")
        return [(word.type.split(".")[2], orjson.loads(word.payload)) for word in announced]

    async def mail(self) -> list[Message]:
        """Return what the mail server has once all due mails were tried."""
        await mail_due(self.process.running.context)
        return [message_from_bytes(path.read_bytes()) for path in self.catcher.mails()]

    async def wake(self, until: datetime) -> int:
        """All clocks that run down by then."""
        running = self.process.running
        async with self.process.pool.acquire() as conn:
            due = await timers.due(conn, until, running.reader.types, until)
        return len(await running.persist(due)) if due else 0

    async def notices(self) -> list[dict[str, Any]]:
        """The ledger."""
        return [dict(row) for row in await self.process.pool.fetch("SELECT * FROM notices ORDER BY rule, recipient_id")]


@pytest.fixture
async def post(database: str, mail: Catcher) -> AsyncIterator[Post]:
    async with inside(database, service, smtp=mail.address) as process:
        yield Post(process, mail)


def opened(notice_id: str) -> portal.NoticeOpened:
    actor = Actor(account_id="a-1-clinician", role="clinician")
    return portal.NoticeOpened(by=actor, received_at=clock.now(), seen=0, idempotency_key="k", notice_id=notice_id)


async def test_an_offer_is_mailed_to_a_site_without_account_with_a_number_and_a_link_alone(post: Post) -> None:
    await post.hear(SITE, CREATED, ASSIGNED, OFFERED)
    (mail,) = await post.mail()
    (notice,) = await post.notices()
    assert (mail["To"], mail["Subject"]) == ("desk@clinic.example", "Referral R-24-1 is offered to you")
    assert mail["Message-ID"] == f"<{notice['notice_id']}@portal.example>"
    assert "/referrals/R-24-1" in str(mail.get_payload())
    assert REFERRAL not in str(mail)
    assert [words for words, _ in await post.words()] == ["notice-queued", "notice-sent", "notice-sent"]
    assert len(await post.mail()) == 1


@pytest.mark.parametrize(
    "address", ["desk@clinic.example\r\nBcc: x@y.example", "a@b.example, c@d.example", "desk", "<a@b>"]
)
async def test_a_malformed_address_gets_no_mail(post: Post, address: str) -> None:
    await post.hear(event(procurement.SiteOpened, email=address), CREATED, OFFERED)
    assert await post.mail() == []
    assert {failed["reason_code"] for _, failed in await post.words("notice-failed.v1")} == {"bad-address"}


@pytest.mark.parametrize(
    ("address", "reason_code"),
    [("jos\u00e9@cedar.example", "address-beyond-ascii"), ("a..b@c.example", "bad-address"), (" ", "no-address")],
)
async def test_an_address_that_no_mail_can_go_to_is_given_up_with_its_own_reason(
    post: Post, address: str, reason_code: str
) -> None:
    await post.hear(event(procurement.SiteOpened, email=address), CREATED, OFFERED)
    assert await post.mail() == []
    assert {failed["reason_code"] for _, failed in await post.words("notice-failed.v1")} == {reason_code}


@pytest.mark.parametrize(
    ("address", "to"),
    [("clinic@b\u00fccher.example", "clinic@xn--bcher-kva.example"), ("\u00a0a@cedar.example ", "a@cedar.example")],
)
async def test_a_mail_goes_to_a_domain_in_ascii_and_to_an_address_without_blanks(
    post: Post, address: str, to: str
) -> None:
    await post.hear(event(procurement.SiteOpened, email=address), CREATED, OFFERED)
    (mail,) = await post.mail()
    assert mail["To"] == to


async def test_an_account_whose_address_nobody_knows_is_given_up_at_once_and_said_so(post: Post) -> None:
    await post.hear(SITE, CLINICIAN, CREATED, OFFERED)
    assert await post.mail() == []
    ((_, failed),) = await post.words("notice-failed.v1")
    assert (failed["recipient_id"], failed["reason_code"], failed["attempts"]) == ("a-1-clinician", "no-address", 1)


async def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(post: Post) -> None:
    await post.hear(SITE, CREATED, OFFERED)
    post.catcher.answers.append("451 later")
    assert await post.mail() == []
    (waiting,) = await post.notices()
    assert (waiting["mail"], waiting["attempts"]) == ("queued", 1)
    assert waiting["next_try_at"] > clock.now()
    await post.process.pool.execute("UPDATE notices SET next_try_at = now()")
    post.catcher.answers.append("550 never")
    assert await post.mail() == []
    ((_, failed),) = await post.words("notice-failed.v1")
    assert (failed["reason_code"], failed["attempts"]) == ("smtp-550", 2)


async def test_a_server_that_is_away_costs_nothing_but_time(post: Post) -> None:
    await post.hear(SITE, CREATED, OFFERED)
    post.catcher.stop()
    await post.mail()
    (waiting,) = await post.notices()
    assert (waiting["mail"], waiting["attempts"]) == ("queued", 1)
    post.catcher.start()
    await post.process.pool.execute("UPDATE notices SET next_try_at = now()")
    assert len(await post.mail()) == 1


async def test_a_mail_that_waited_until_it_is_of_no_use_does_not_leave(post: Post) -> None:
    await post.hear(SITE, CREATED, OFFERED)
    await post.process.pool.execute("UPDATE notices SET useful_until = now() - interval '1 second'")
    assert await post.mail() == []
    ((_, failed),) = await post.words("notice-failed.v1")
    assert failed["reason_code"] == "no-longer-useful"


async def test_a_service_that_reads_history_tells_nobody_and_knows_who_has_to_do_with_what(post: Post) -> None:
    long_ago = datetime(2024, 11, 5, 20, tzinfo=UTC)
    history = (CREATED, ASSIGNED, OFFERED, event(referral.ReferralAccepted), event(program.PlanSubmitted))
    await post.hear(SITE, *history, at=long_ago)
    assert (await post.words(), await post.mail(), await post.wake(clock.now())) == ([], [], 0)
    await post.hear(event(program.PlanDecisionOverdue))
    (notice,) = await post.notices()
    assert (notice["recipient_id"], notice["number"]) == ("a-officer-u7", "R-24-1")


async def test_a_notice_settled_in_the_same_batch_is_neither_mailed_nor_escalated(post: Post) -> None:
    await post.hear(SITE, CREATED, OFFERED, event(referral.ReferralAcknowledged))
    assert [words for words, _ in await post.words()] == [
        "notice-queued",
        "notice-sent",
        "notice-acted-on",
        "notice-failed",
    ]
    assert (await post.mail(), await post.wake(clock.now() + timedelta(days=2))) == ([], 0)


async def test_an_event_of_a_later_batch_settles_a_notice(post: Post) -> None:
    await post.hear(SITE, CREATED, ASSIGNED, OFFERED, event(program.PlanSubmitted, plan=1))
    await post.hear(event(program.PlanApproved, plan=1))
    acted = {notice["rule"]: notice["acted_on"] for notice in await post.notices()}
    assert acted == {"offer-to-clinic": False, "plan-to-decide": True, "plan-approved": False}


async def test_an_unseen_notice_escalates_to_the_administrator_until_somebody_looks(post: Post) -> None:
    administrator = CLINICIAN.model_copy(update={"account_id": "a-administrator", "role": "administrator"})
    await post.hear(SITE, CLINICIAN, administrator, CREATED, OFFERED)
    assert await post.wake(clock.now() + timedelta(hours=11)) == 0
    assert await post.wake(clock.now() + timedelta(hours=13)) == 1
    ((_, escalated),) = await post.words("notice-escalated.v1")
    assert (escalated["recipient_id"], escalated["to_role"]) == ("a-1-clinician", "administrator")
    assert [n["recipient_id"] for n in await post.notices()] == ["a-1-clinician", "a-administrator"]
    await post.hear(opened(escalated["notice_id"]))
    offer, up = await post.notices()
    assert (offer["seen"], up["acted_on"], up["document"]) == (True, True, escalated["notice_id"])


async def test_an_opened_notice_is_seen_once_and_not_escalated(post: Post) -> None:
    await post.hear(SITE, CLINICIAN, CREATED, OFFERED)
    (notice,) = await post.notices()
    await post.hear(opened(notice["notice_id"]), opened(notice["notice_id"]))
    assert len(await post.words("notice-seen.v1")) == 1
    assert len(await post.words("action-applied.v1")) == 1
    assert await post.wake(clock.now() + timedelta(days=2)) == 0


async def test_opening_an_unknown_notice_is_refused(post: Post) -> None:
    await post.hear(opened("5a1c9a3e-2f64-5f0a-8d7c-3b2a1c0d9e8f"))
    ((_, refused),) = await post.words("action-refused.v1")
    assert [flaw["code"] for flaw in refused["reasons"]] == ["NOT-FOUND"]


async def test_a_role_that_was_revoked_is_told_no_more(post: Post) -> None:
    revoked = portal.RoleRevoked(account_id="a-1-clinician", role="clinician", site_id="s-1", received_at=clock.now())
    await post.hear(SITE, CLINICIAN, revoked, CREATED, OFFERED)
    assert [n["recipient_id"] for n in await post.notices()] == ["s-1"]
