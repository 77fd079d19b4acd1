"""Who may do and see what: every route, every role, one's own and others'."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from fastapi import APIRouter

from services.portal.api.access import ACCESS, FACTS, check_routes
from services.portal.api.assembly import PARTS
from shared.database import postgres
from shared.events.notification import NoticeActedOn, NoticeQueued, NoticeSeen
from shared.events.portal import NoticeOpened
from tests.portal import story, treated
from tests.portal.conftest import House
from tests.portal.story import CASE, NUMBER
from tests.portal.world import World

OTHER = "5d1bd1b8-3f6b-5b1e-8a55-000000000002"
NOTICE = "0b8c2f0e-7a5d-7c1b-8a55-2a9d3b6f7c10"
ROLE_OF = {
    "a-north": "clinician",
    "a-north-biller": "biller",
    "a-north-admin": "administrator",
    "a-officer": "claims_officer",
    "a-payer": "payment_officer",
}
FOREIGN, BILLER = "a-south", "a-south-biller"
FIRST_VISIT = {"starts_at": "2024-11-12T09:00:00-08:00", "confirmed_with_worker": True}
BILL = {"number": "24-2", "invoiced_on": "2024-11-20", "lines": [], "cents": 0}
THERE = {
    "number": NUMBER,
    "plan": "1",
    "name": "initial",
    "invoice_id": treated.INVOICE,
    "remittance_id": treated.REMITTANCE,
    "run_id": treated.RUN,
    "calendar_id": "bc",
}
BODIES: dict[str, Any] = {
    "/referrals/{number}/appointments": FIRST_VISIT,
    "/referrals/{number}/commands/move": FIRST_VISIT,
    "/referrals/{number}/commands/start": {"initial_visit_on": "2024-11-12"},
    "/referrals/{number}/commands/end": {"last_on": "2024-12-12"},
    "/referrals/{number}/commands/attendance": {"days": []},
    "/referrals/{number}/commands/report": {"report": "initial"},
    "/referrals/{number}/commands/plan": {"lines": []},
    "/referrals/{number}/commands/amend": {"amends": 1, "lines": []},
    "/referrals/{number}/commands/reply": {"plan": 1, "text": "For the goal."},
    "/referrals/{number}/commands/invoice": BILL,
    "/referrals/{number}/commands/rectify": {**BILL, "rectifies": treated.INVOICE},
    "/referrals/{number}/commands/void": {"invoice_id": treated.INVOICE},
    "/officer/referrals/{number}/commands/decide-plan": {"plan": 1, "lines": []},
    "/officer/referrals/{number}/commands/request-information": {"plan": 1, "question": "What for?"},
    "/officer/referrals/{number}/commands/accept-report": {"report": "initial"},
    "/officer/referrals/{number}/commands/return-report": {"report": "initial", "fields": []},
    "/officer/referrals/{number}/commands/waive-report": {"report": "initial"},
}
# nobody has others' rows behind these: they are the caller's own by what they ask
COUNT = "/calendars/{calendar_id}/count"
OWN_BY_NATURE = frozenset({"/me", "/notices", "/events", "/referrals", "/payments", COUNT})


@pytest.fixture
async def town(portal: World) -> World:
    """One referral treated in the north, billed and paid."""
    await portal.hear(story.CALENDAR, *treated.TREATED)
    return portal


async def call(portal: World, account: str, method: str, path: str, names: dict[str, str]) -> httpx2.Response:
    """A well-formed request."""
    headers = portal.asking(account, etag='"9"') if method == "POST" else portal.auth(account)
    place = f"/api/v1{path.format(**THERE | names)}"
    if path == COUNT:
        place = "/api/v1/calendars/bc/count?first=2024-11-01&last=2024-11-12"
    if path == "/events":
        async with portal.client.stream(method, place, headers=headers) as answer:
            return answer
    body = BODIES.get(path, {}) if method == "POST" else None
    return await portal.client.request(method, place, headers=headers, json=body)


async def names_of(portal: World, account: str) -> dict[str, str]:
    """Return what there is for an account beside what is there for all: a notice, an operation."""
    notice_id = str(uuid4())
    await portal.hear(notice(account, notice_id))
    answer = await portal.post(f"/notices/{notice_id}/open", account)
    return {"notice_id": notice_id, "operation_id": answer.json()["id"]}


def notice(recipient: str, notice_id: str) -> NoticeQueued:
    return NoticeQueued(
        recipient_id=recipient,
        notice_id=notice_id,
        rule="offer",
        about="rehab.referral.referral-offered.v1",
        referral_id=CASE,
        site_id="s-north-1",
        channels=("portal",),
    )


@pytest.mark.parametrize("account", ROLE_OF)
async def test_each_role_may_do_what_its_line_says_and_nothing_else(town: World, account: str) -> None:
    names = await names_of(town, account)
    found = {deadline: (await call(town, account, *deadline, names)).status_code for deadline in ACCESS}
    expected = {deadline: ROLE_OF[account] in roles for deadline, roles in ACCESS.items()}
    assert {deadline: status in {200, 202} for deadline, status in found.items()} == expected
    assert {status for deadline, status in found.items() if not expected[deadline]} <= {404}


async def test_each_call_announces_the_fact_by_whose_contract_it_is_let_in(town: World) -> None:
    account_of = {role: account for account, role in ROLE_OF.items()}
    for (method, path), fact in FACTS.items():
        account = account_of[min(fact.roles & account_of.keys())]
        before = len(await town.facts())
        names = {"notice_id": NOTICE}
        if fact is NoticeOpened:
            await town.hear(notice(account, NOTICE))
        await call(town, account, method, path, names)
        (announced,) = (await town.facts())[before:]
        assert (announced.type, announced.payload["by"]["role"] in fact.roles) == (fact.type_name, True), path


async def test_a_fact_is_not_announced_in_a_role_that_its_contract_does_not_name(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACCESS, ("POST", "/referrals/{number}/commands/hold"), frozenset({"biller"}))
    before = len(await town.facts())
    answer = await call(town, "a-north-biller", "POST", "/referrals/{number}/commands/hold", {})
    assert (answer.status_code, len(await town.facts())) == (404, before)


async def test_another_sites_record_looks_like_one_that_is_not_there(town: World) -> None:
    theirs = await names_of(town, "a-north")
    nowhere = dict.fromkeys(THERE, "0-NOWHERE") | {"plan": "2", "name": "none"}
    nowhere |= {"notice_id": str(uuid4()), "operation_id": str(uuid4())}
    for method, path in sorted(ACCESS):
        stranger = BILLER if "biller" in ACCESS[method, path] and "clinician" not in ACCESS[method, path] else FOREIGN
        foreign = await call(town, stranger, method, path, theirs)
        if path in OWN_BY_NATURE:
            assert foreign.status_code == 200
            continue
        missing = await call(town, stranger, method, path, nowhere)
        assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content)
        assert foreign.status_code == 404, path
    for listed, stranger in (("/notices", FOREIGN), ("/referrals", FOREIGN), ("/payments", BILLER)):
        assert (await town.get_json(listed, stranger))["items"] == []


async def test_a_call_without_a_good_key_is_refused(town: World) -> None:
    names = {**THERE, "notice_id": NOTICE, "operation_id": NOTICE}
    for method, path in sorted(ACCESS):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic a-north"}):
            answer = await town.client.request(method, f"/api/v1{path.format(**names)}", headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path


async def test_a_role_at_one_site_is_none_at_another(town: World) -> None:
    await town.pool.execute("DELETE FROM roles WHERE account_id = 'a-north-admin'")
    await town.pool.execute(
        "INSERT INTO roles VALUES ('a-north-admin', 'biller', 's-north-1'), ('a-north-admin', 'clinician', 's-north-2')"
    )
    path = f"/referrals/{NUMBER}"
    assert (await town.get_json(path, "a-north-admin"))["number"] == NUMBER
    assert (await town.post(f"{path}/commands/resume", "a-north-admin", etag='"9"')).status_code == 404


async def test_a_closed_account_has_no_good_key(town: World) -> None:
    await town.pool.execute("UPDATE accounts SET closed = true WHERE account_id = 'a-north'")
    assert (await town.client.get("/api/v1/me", headers=town.auth("a-north"))).status_code == 401


def test_a_route_without_a_line_is_not_served() -> None:
    router = APIRouter()
    router.add_api_route("/secrets", lambda: None)
    routes = [route for part in PARTS for route in part.router.routes]
    check_routes(routes)
    with pytest.raises(RuntimeError, match="/secrets"):
        check_routes([*routes, *router.routes])
    with pytest.raises(RuntimeError, match="/me"):
        check_routes([route for route in routes if getattr(route, "path", "") != "/me"])


@pytest.fixture
async def reader(house: House, portal: World) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Signed in as people read, with rows of both organisations in every table."""
    await portal.hear(story.created(), story.offered(), story.lapsed())
    await portal.hear(story.offered(4, "s-south-1", organisation="o-south", rank=2), treated.due())
    await portal.hear(story.created(OTHER, "R-24-B"), story.offered(case=OTHER, number="R-24-B"))
    await portal.hear(treated.due().model_copy(update={"referral_id": OTHER}), treated.frozen())
    for payee_id, organisation in (("p-1", "o-north"), ("p-2", "o-south")):
        await portal.hear(treated.payee(payee_id, organisation), treated.remitted(payee_id, f"r-{payee_id}"))
    for account in ("a-north", "a-south"):
        await names_of(portal, account)
    conn = await postgres.open_session(house.url, "portal_reader", "portal")
    yield conn
    await conn.close()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("views", "organisation_id"),
        ("operations", "account_id"),
        ("notices", "recipient_id"),
        ("papers", "referral_id"),
        ("payees", "organisation_id"),
        ("remittances", "payee_id"),
    ],
)
async def test_the_database_shows_a_reader_only_its_own_rows(
    reader: "asyncpg.Connection[asyncpg.Record]", portal: World, table: str, column: str
) -> None:
    assert await portal.pool.fetchval(f"SELECT count(DISTINCT {column}) FROM {table}") == 2  # noqa: S608 - names of ours
    everything = f"SELECT DISTINCT {column} FROM {table}"  # noqa: S608 - likewise
    assert await reader.fetch(everything) == []
    async with reader.transaction():
        await reader.execute(
            "SELECT set_config('app.organisation', 'o-north', true), set_config('app.account', 'a-north', true),"
            " set_config('app.recipients', 'a-north s-north-1', true)"
        )
        assert [value for (value,) in await reader.fetch(everything)] in (["o-north"], ["a-north"], ["p-1"], [OTHER])
    assert await reader.fetch(everything) == []


@pytest.mark.parametrize(("table", "column"), [("cases", "number"), ("papers", "referral_id"), ("runs", "run_id")])
async def test_the_database_shows_the_insurer_what_all_have(
    reader: "asyncpg.Connection[asyncpg.Record]", portal: World, table: str, column: str
) -> None:
    everything = f"SELECT DISTINCT {column} FROM {table}"  # noqa: S608 - names of ours
    async with reader.transaction():
        await reader.execute("SELECT set_config('app.kind', 'provider', true)")
        assert await reader.fetch(everything) == []
        await reader.execute("SELECT set_config('app.kind', 'insurer', true)")
        assert len(await reader.fetch(everything)) == len(await portal.pool.fetch(everything)) > 0


async def test_a_reader_can_change_nothing_and_reads_nothing_else(
    reader: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    tables = await reader.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'portal'"
        " AND tablename NOT IN"
        " ('views', 'operations', 'notices', 'cases', 'papers', 'papers_left', 'payees', 'remittances', 'runs',"
        " 'drafts', 'timeline')"
    )
    assert len(tables) > 10
    for (table,) in tables:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
    for statement in ("DELETE FROM views", "UPDATE operations SET status = 'accepted'", "TRUNCATE notices"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute(statement)


async def test_a_site_is_told_through_those_who_work_there(portal: World) -> None:
    await portal.hear(notice("s-north-1", NOTICE))
    assert [n["notice_id"] for n in (await portal.get_json("/notices", "a-north"))["items"]] == [NOTICE]
    assert (await portal.get_json("/notices", "a-south"))["items"] == []


async def test_an_opened_notice_is_answered_by_notification(portal: World) -> None:
    await portal.hear(notice("a-north", NOTICE))
    asking = asyncio.create_task(portal.post(f"/notices/{NOTICE}/open", "a-north", wait=5))
    fact = await portal.fact("notice-opened")
    assert (fact.key, fact.payload["seen"]) == (NOTICE, 0)
    await portal.hear(NoticeSeen(recipient_id="a-north", notice_id=NOTICE), cause=fact.event_id)
    assert (await asking).status_code == 200
    assert (await portal.get_json("/notices", "a-north"))["items"][0]["state"] == "seen"
    await portal.hear(NoticeActedOn(recipient_id="a-north", notice_id=NOTICE, by_event="e"))
    await portal.hear(NoticeSeen(recipient_id="a-north", notice_id=NOTICE))
    assert (await portal.get_json("/notices", "a-north"))["items"][0]["state"] == "acted-on"
