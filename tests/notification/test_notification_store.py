"""The ledger, cases and the register come back from the database as they were saved."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from services.notification.domain.case import Case
from services.notification.domain.notice import Notice
from services.notification.store import cases, notices, register
from shared.database.postgres import Connection, open_session
from shared.domain.decision import Event, EventContext
from shared.events.person import AccountHolderChanged, AccountHolderIdentified, Identity
from shared.events.portal import RoleGranted, RoleRevoked
from shared.events.procurement import CalendarPublished, SiteOpened
from shared.messaging import encryption
from shared.messaging.handlers import ReceivedEvent
from shared.messaging.outbox import message_of
from tests.notification.ledger import contract, event

NOON = datetime(2024, 11, 5, 20, 0, 0, 123456, tzinfo=UTC)
OPEN = Notice(
    "n-1", 0, "a-1", "plan-to-decide", "r-1", "r-1", "2", "n-1", "queued", 0, NOON, NOON + timedelta(days=3),
    number="R-24-1",
)  # fmt: skip


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    session = await open_session(database, "notification", "notification")
    yield session
    await session.close()


def kept(*events: Event) -> list[ReceivedEvent]:
    return [ReceivedEvent(e, "", "", "", e.topic, e.key, n, NOON, NOON) for n, e in enumerate(events, 1)]


async def test_a_notice_comes_back_as_it_was(conn: Connection) -> None:
    about_a_run = OPEN._replace(
        id="n-2", concerns="run-1", referral_id=None, group_id="", mail="none", next_try_at=None
    )
    saved = [OPEN, about_a_run]
    assert await notices.NOTICES.save(conn, saved) == len(saved)
    assert await notices.NOTICES.load(conn, ["n-1", "n-2"]) == [n._replace(version=1) for n in saved]


async def test_a_notice_that_somebody_else_saved_meanwhile_is_not_overwritten(conn: Connection) -> None:
    assert await notices.NOTICES.save(conn, [OPEN]) == 1
    assert await notices.NOTICES.save(conn, [OPEN]) == 0
    assert await notices.NOTICES.save(conn, [OPEN._replace(version=1, seen=True)]) == 1


async def test_open_notices_are_found_by_what_they_concern_and_by_the_rules_that_an_event_acts_on(
    conn: Connection,
) -> None:
    done = OPEN._replace(id="n-2", acted_on=True)
    other_rule = OPEN._replace(id="n-3", rule="report-due")
    elsewhere = OPEN._replace(id="n-4", concerns="r-2")
    await notices.NOTICES.save(conn, [OPEN, done, other_rule, elsewhere])
    assert await notices.find_open(conn, {"r-1", "r-9"}, {"plan-to-decide"}) == {"r-1": ["n-1"]}


async def test_those_who_were_told_together_and_those_who_were_told_of_it_are_found(conn: Connection) -> None:
    together = OPEN._replace(id="n-2", recipient_id="a-2")
    up = OPEN._replace(id="n-3", rule="unseen-for-officer", document="n-1", group_id="")
    done = up._replace(id="n-4", acted_on=True)
    unrelated = OPEN._replace(id="n-5", group_id="", document="")
    await notices.NOTICES.save(conn, [OPEN, together, up, done, unrelated])
    groups = await notices.find_groups(conn, {"n-1"})
    assert {first: sorted(group) for first, group in groups.items()} == {"n-1": [("n-1", "r-1"), ("n-2", "r-1")]}
    assert await notices.find_others(conn, {"n-1", "n-2", "n-5"}) == {"n-1": ["n-3"], "n-2": ["n-3"]}


async def test_mails_are_due_in_the_order_of_their_time(conn: Connection) -> None:
    later = OPEN._replace(id="n-2", next_try_at=NOON + timedelta(minutes=1))
    earlier = OPEN._replace(id="n-3", next_try_at=NOON - timedelta(minutes=1))
    sent = OPEN._replace(id="n-4", mail="sent", next_try_at=None)
    await notices.NOTICES.save(conn, [OPEN, later, earlier, sent])
    assert [n.id for n in await notices.list_due(conn, NOON)] == ["n-3", "n-1"]
    assert await notices.count_due(conn, NOON) == 2


async def test_a_case_comes_back_as_it_was(conn: Connection) -> None:
    case = Case("r-1", 0, "R-24-1", "U1", "s-1", "c-1")
    assert await cases.CASES.save(conn, [case]) == 1
    assert await cases.CASES.save(conn, [case]) == 0
    assert await cases.CASES.load(conn, ["r-1", "r-2"]) == [case._replace(version=1)]


def test_a_notice_queued_by_a_batch_is_found_until_its_decision_is_rolled_back() -> None:
    held: dict[str, Notice | None] = {"n-1": OPEN, "n-9": None}
    takebacks: list[str] = []
    by_key = notices.NoticesByKey()
    assert by_key.of("r-1", held, takebacks) == [OPEN]
    held["n-2"] = OPEN._replace(id="n-2")
    held["n-1"] = OPEN._replace(seen=True)
    assert [n.seen for n in by_key.of("r-1", held, takebacks)] == [True, False]
    del held["n-2"]
    takebacks.append("a decision was taken back")
    assert [n.id for n in by_key.of("r-1", held, takebacks)] == ["n-1"]


async def test_the_register_knows_roles_sites_contracts_and_the_default_calendar(conn: Connection) -> None:
    def site(site_id: str, payee_id: str) -> SiteOpened:
        return event(SiteOpened, site_id=site_id, payee_id=payee_id)

    calendar = event(CalendarPublished, is_default=True, holidays=("2024-12-25",), weekend=(5, 6))
    await register.project_sites(conn, kept(site("s-2", "p-1"), site("s-1", "p-9"), site("s-1", "p-1")))
    await register.REPLICA.project(
        conn, kept(contract(2, date(2024, 11, 10), "initial"), contract(1, date(2024, 1, 1)))
    )
    await register.REPLICA.project(
        conn, kept(calendar, calendar.model_copy(update={"calendar_id": "x", "is_default": False}))
    )
    await register.project_roles(
        conn,
        kept(
            RoleGranted(account_id="a-1", role="biller", site_id="s-1", received_at=NOON),
            RoleGranted(account_id="a-2", role="biller", site_id="s-1", received_at=NOON),
            RoleRevoked(account_id="a-2", role="biller", site_id="s-1", received_at=NOON),
            RoleGranted(account_id="a-3", role="payment_officer", received_at=NOON),
        ),
    )
    result = await register.REGISTER.current(conn)
    assert result.accounts == {("s-1", "biller"): ["a-1"], ("", "payment_officer"): ["a-3"]}
    assert result.sites == {"p-1": ["s-1", "s-2"]}
    assert [c.revision for c in result.contracts["c-1"]] == [1, 2]
    assert result.calendar.holidays == {date(2024, 12, 25)}


async def test_a_role_that_is_granted_later_is_known_at_once(conn: Connection) -> None:
    assert (await register.REGISTER.current(conn)).at_insurer("operations") == ["operations"]
    await register.project_roles(conn, kept(RoleGranted(account_id="a-1", role="operations", received_at=NOON)))
    assert (await register.REGISTER.current(conn)).at_insurer("operations") == ["a-1"]


async def test_an_account_is_mailed_at_its_own_address_and_a_site_at_its_business_contact(
    conn: Connection, database: str
) -> None:
    portal = await open_session(database, "portal", "portal")
    identity = Identity(given_name="A", family_name="B", email="a-1@clinic.example")
    holder = AccountHolderIdentified(kind="account", person_id="a-1", identity=identity)
    word = message_of(holder, EventContext("c", "c", "a-1", NOON, NOON))
    (sealed,) = await encryption.seal_people(portal, [word])
    await portal.close()
    await register.project_people(conn, kept(AccountHolderChanged.from_bytes(sealed.payload.encode())))
    await register.project_sites(conn, kept(event(SiteOpened, email="s-1@clinic.example")))
    result = await register.find_addresses(conn, ["a-1", "s-1", "a-9", "payment_officer"])
    assert result == {"a-1": "a-1@clinic.example", "s-1": "s-1@clinic.example"}
