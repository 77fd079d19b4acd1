"""Who may see and press what in the browser: every page, every role, one's own and others'."""

import re
from statistics import median
from time import perf_counter
from uuid import uuid4

import httpx2
import pytest
from fastapi import APIRouter

from services.portal.pages.access import ANYBODY, PAGES
from services.portal.pages.assembly import PARTS
from services.portal.pages.page_request import check_pages
from services.portal.pages.settings import PageSettings
from tests.portal import story, treated
from tests.portal.conftest import PASSWORD
from tests.portal.story import NUMBER
from tests.portal.visitor import EMAIL, Visitor, visiting
from tests.portal.world import World

ROLE_OF = {
    "a-north": "clinician",
    "a-north-biller": "biller",
    "a-north-admin": "administrator",
    "a-officer": "claims_officer",
    "a-payer": "payment_officer",
    "a-program": "program_officer",
    "a-operations": "operations",
    "a-worker": "worker",
}
THERE = {
    "number": NUMBER,
    "plan": "1",
    "name": "initial",
    "section": "history",
    "invoice_id": treated.INVOICE,
    "remittance_id": treated.REMITTANCE,
    "operation_id": str(uuid4()),
}
NOWHERE = {**THERE, "number": "R-24-NOWHERE0", "invoice_id": "i-none", "remittance_id": "r-none"}
OF_A_RECORD = [(method, path) for method, path in sorted(PAGES) if "{" in path and PAGES[method, path]]
GUARDED = [place for place in sorted(PAGES) if PAGES[place] is not ANYBODY]
HINT = re.compile(rf"|event: [a-z]+|id: \d+|data: {NUMBER}( v\d+)?|data: now")
DRAFTS = frozenset({"/invoices/{invoice_id}/check"})


@pytest.fixture
async def town(portal: World) -> World:
    """One referral treated in the north, billed and paid."""
    await portal.hear(story.CALENDAR, *treated.TREATED)
    return portal


async def ask(visitor: Visitor, method: str, path: str, names: dict[str, str]) -> httpx2.Response:
    invoice = {"invoice_id": f"draft-{names['number']}"} if path in DRAFTS else {}
    place = path.format(**names | invoice)
    if path == "/events":
        async with visitor.client.stream("GET", place) as answer:
            return answer
    data = {"key": str(uuid4()), "seen": "99", "number": names["number"], "version": "0"} if method == "POST" else None
    return await visitor.client.request(method, place, data=data)


@pytest.mark.parametrize("account", ROLE_OF)
async def test_each_role_sees_the_pages_that_its_lines_name_and_no_others(town: World, account: str) -> None:
    async with visiting(town, account) as visitor:
        for method, path in GUARDED:
            if path == "/operations/{operation_id}":
                continue
            answer = await ask(visitor, method, path, THERE)
            is_there = answer.status_code != 404
            assert is_there == (ROLE_OF[account] in PAGES[method, path]), (method, path, answer.status_code)
            assert answer.status_code < 500, (method, path)


@pytest.mark.parametrize(("method", "path"), OF_A_RECORD)
async def test_another_sites_page_is_the_page_that_is_not_there(town: World, method: str, path: str) -> None:
    roles = PAGES[method, path]
    account = "a-south" if "clinician" in roles else "a-south-biller" if "biller" in roles else None
    if account is None:
        return
    async with visiting(town, account) as visitor:
        foreign, missing = await ask(visitor, method, path, THERE), await ask(visitor, method, path, NOWHERE)
        assert foreign.status_code == missing.status_code == 404
        wanted = foreign.text
        for name in ("number", "invoice_id", "remittance_id"):
            wanted = wanted.replace(THERE[name], NOWHERE[name])
        assert wanted == missing.text


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_a_visitor_without_a_session_is_led_to_the_sign_in_page(town: World, method: str, path: str) -> None:
    async with visiting(town) as visitor:
        answer = await ask(visitor, method, path, THERE)
    if method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?then=")
    else:
        assert answer.status_code == 401
        assert "Sign in" in answer.text


async def test_a_press_that_another_site_caused_is_not_taken(town: World) -> None:
    async with visiting(town, "a-north") as visitor:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
            answer = await visitor.client.post(f"/referrals/{NUMBER}/hold", data={"how": "hold"}, headers=headers)
            assert answer.status_code == 403
    assert await town.facts("provider-held") == []


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer_and_are_counted(portal: World) -> None:
    async with visiting(portal) as visitor:
        wrong = await visitor.client.post("/sign-in", data={"name": EMAIL["a-south"], "password": "wrong"})
        unknown = await visitor.client.post("/sign-in", data={"name": "nobody@example.test", "password": "wrong"})
        assert (wrong.status_code, unknown.status_code) == (422, 422)
        assert wrong.text == unknown.text.replace("nobody@example.test", EMAIL["a-south"])
        tries = [
            await visitor.client.post("/sign-in", data={"name": "nobody@example.test", "password": "wrong"})
            for _ in range(10)
        ]
    assert tries[-1].status_code == 429
    assert "Wait five minutes" in tries[-1].text


async def test_a_session_ends_after_half_an_hour_without_use_and_after_twelve_hours_in_any_case(portal: World) -> None:
    for column, ago in (("seen_at", "31 minutes"), ("opened_at", "13 hours")):
        async with visiting(portal, "a-north") as visitor:
            await visitor.open("/inbox")
            await portal.pool.execute(f"UPDATE sessions SET {column} = now() - interval '{ago}'")  # noqa: S608 - ours
            await visitor.open("/inbox", 303)


async def test_signing_in_again_makes_a_new_session_and_ends_the_old_one(portal: World) -> None:
    async with visiting(portal, "a-north") as visitor:
        old = dict(visitor.client.cookies)
        await visitor.client.post("/sign-in", data={"name": EMAIL["a-north"], "password": PASSWORD})
        assert dict(visitor.client.cookies) != old
        assert await portal.pool.fetchval("SELECT count(*) FROM sessions") == 1


async def test_a_session_that_was_signed_out_opens_no_page(portal: World) -> None:
    async with visiting(portal, "a-north") as visitor:
        cookie = dict(visitor.client.cookies)
        assert (await visitor.client.post("/sign-out")).headers["location"] == "/signed-out"
        visitor.client.cookies.update(cookie)
        await visitor.open("/inbox", 303)


async def test_a_link_leads_back_into_this_portal_alone(portal: World) -> None:
    async with visiting(portal) as visitor:
        for then in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
            said = {"name": EMAIL["a-north"], "password": PASSWORD, "then": then}
            answer = await visitor.client.post("/sign-in", data=said)
            assert answer.headers["location"] == "/inbox"


def test_over_https_the_cookie_is_bound_to_its_host() -> None:
    assert PageSettings(origin="https://portal.example").cookie == "__Host-session"
    assert PageSettings(origin="").cookie == "session"


def test_a_page_without_a_line_or_without_asking_who_comes_is_not_served() -> None:
    routes = [route for part in PARTS for route in part.router.routes]
    check_pages(routes)
    router = APIRouter()
    router.add_api_route("/secrets", lambda: None)
    with pytest.raises(RuntimeError, match="/secrets"):
        check_pages([*routes, *router.routes])
    router = APIRouter()
    router.add_api_route("/inbox", lambda: None)
    others = [route for route in routes if getattr(route, "path", "") != "/inbox"]
    with pytest.raises(RuntimeError, match="do not ask"):
        check_pages([*others, *router.routes])


async def test_the_stream_of_a_page_says_which_record_changed_and_nothing_of_anybody(town: World) -> None:
    async with visiting(town, "a-north") as visitor, visitor.client.stream("GET", "/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == ": live"
        await town.hear(treated.due(report="progress-1", revision=30))
        said = [await anext(lines) for _ in range(5)]
    assert "event: report" in said
    assert [line for line in said if not HINT.fullmatch(line)] == []


async def test_another_sites_page_takes_as_long_as_one_that_is_not_there(town: World) -> None:
    async with visiting(town, "a-south") as visitor:
        taken: dict[str, list[float]] = {NUMBER: [], NOWHERE["number"]: []}
        for _ in range(40):
            for number, seconds in taken.items():
                began = perf_counter()
                await visitor.open(f"/referrals/{number}", 404)
                seconds.append(perf_counter() - began)
    foreign, missing = (median(seconds) for seconds in taken.values())
    assert 0.5 < foreign / missing < 2
