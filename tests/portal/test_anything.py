"""Whatever is sent to whichever route, nothing is a fault of ours; and whatever was typed into a draft opens again."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import orjson
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from services.portal.store.accounts import Caller
from services.portal.store.drafts import Draft, find_draft
from shared.messaging.encryption import make_keys, seal
from tests.portal import story, treated
from tests.portal.anything import HEADERS, Anything, forms, json, requests
from tests.portal.conftest import built, furnished
from tests.portal.story import CASE, NUMBER
from tests.portal.visitor import visiting
from tests.portal.wire import send, status_of
from tests.portal.world import World
from tests.stack.databases import Databases

ACCOUNTS = ("a-north-admin", "a-officer", "a-payer", "a-worker")
MANY = settings(
    max_examples=100,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
FEW = settings(MANY, max_examples=20)
LONG = settings(MANY, max_examples=2_000)
PUT = """
INSERT INTO drafts (referral_id, kind, name, site_id, organisation_id, version, saved_by, saved_at, sealed)
VALUES ($1, $2, $3, 's-north-1', 'o-north', 1, 'a-north', now(), $4)
ON CONFLICT (referral_id, kind, name, site_id) DO UPDATE SET sealed = excluded.sealed, version = drafts.version + 1
"""
EDITORS = {
    ("plan", "new"): f"/referrals/{NUMBER}/plan/edit",
    ("invoice", "new"): f"/invoices/draft-{NUMBER}",
    ("report", "initial"): f"/referrals/{NUMBER}/reports/initial/history",
}
LOOKS = (
    *EDITORS.values(),
    f"/invoices/draft-{NUMBER}/check",
    f"/referrals/{NUMBER}/reports/initial/check",
    "/invoices",
)


@pytest.fixture(scope="module")
async def town(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One of its own: what it is asked is anything."""
    async with built(databases) as house, furnished(house, Path(tmp_path_factory.mktemp("town"))) as found:
        await found.hear(story.CALENDAR, *treated.ACTIVE, treated.due())
        yield found


@pytest.fixture(scope="module")
async def cookies(town: World) -> dict[str, dict[str, str]]:
    """The session of each account."""
    found: dict[str, dict[str, str]] = {}
    for account in ACCOUNTS:
        async with visiting(town, account) as visitor:
            found[account] = dict(visitor.client.cookies)
    return found


async def asked(town: World, one: Anything, headers: dict[str, str]) -> httpx2.Response:
    """The answer, as far as its beginning where it has no end."""
    said: Any = {**headers, **one.headers}
    async with town.client.stream(one.method, one.path, content=one.body, headers=said, timeout=60) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.aread()
        return answer


async def answered(town: World, one: Anything, headers: dict[str, str]) -> httpx2.Response:
    """Ask again, as the answer says one may, while the machine is too busy for the database's five seconds."""
    for _ in range(20):
        answer = await asked(town, one, headers)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or "does not answer just now" not in answer.text:
            return answer
        await asyncio.sleep(1)
    return await asked(town, one, headers)


async def page_holds(town: World, cookies: dict[str, dict[str, str]], one: Anything) -> None:
    if one.path.startswith(("/sign-out", "/sign-in?")) and one.method == "POST":
        return  # the one would end the session, the other wait for argon2
    cookie = "; ".join(f"{name}={value}" for name, value in cookies[one.account].items())
    answer = await answered(town, one, {"Cookie": cookie})
    assert answer.status_code < 500, (one, answer.text[-300:])


async def call_holds(town: World, one: Anything) -> None:
    answer = await answered(town, one, town.auth(one.account))
    assert answer.status_code < 500, (one, answer.text[-300:])


@MANY
@given(requests(calls=False))
async def test_no_page_breaks_on_anything(town: World, cookies: dict[str, dict[str, str]], one: Anything) -> None:
    await page_holds(town, cookies, one)


@MANY
@given(requests(calls=True))
async def test_no_call_breaks_on_anything(town: World, one: Anything) -> None:
    await call_holds(town, one)


@pytest.mark.long
@LONG
@given(requests(calls=False))
async def test_no_page_breaks_on_many_things(town: World, cookies: dict[str, dict[str, str]], one: Anything) -> None:
    await page_holds(town, cookies, one)


@pytest.mark.long
@LONG
@given(requests(calls=True))
async def test_no_call_breaks_on_many_things(town: World, one: Anything) -> None:
    await call_holds(town, one)


WIRED = (*HEADERS, "Cookie", "Authorization", "Content-Type", "X-Forwarded-For", "X-Forwarded-Proto", "Host", "Accept")


@FEW
@given(st.dictionaries(st.sampled_from(WIRED) | st.text(max_size=8), st.binary(max_size=60), max_size=4))
@example({"Cookie": b"session=\xff\xfe; device=\xc3\x28", "X-Forwarded-For": b"\xb2.1.1.1, %%%"})
@example({"Authorization": b"Bearer \xff\xff", "Cookie": b'session="\\777"'})
async def test_no_bytes_in_a_header_break_anything(town: World, said: dict[str, bytes]) -> None:
    head = b"".join(b"%s: %s\r\n" % (name.encode(), value) for name, value in said.items())
    for asked, body in ((b"GET /inbox", b""), (b"GET /api/v1/me", b""), (b"POST /session-ended", b"a=1")):
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        whole = asked + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + length + head + b"\r\n" + body
        answer = await send(town, whole)
        assert status_of(answer) < 500, (said, answer)


async def opens(town: World, cookies: dict[str, str]) -> None:
    """Every page that shows a draft."""
    async with httpx2.AsyncClient(base_url=town.client.base_url, cookies=cookies, timeout=60) as client:
        answers = [await client.get(path) for path in LOOKS]
    assert {answer.status_code for answer in answers} == {200}


UNITS = {"lines.0.code": "OR-DAY", "lines.0.units": "1" * 28, "lines.0.dollars": "96.00"}
ODD_ROW = {"lines.\N{SUPERSCRIPT TWO}.code": "OR-DAY", "rows": "\N{SUPERSCRIPT TWO}"}


@FEW
@given(st.sampled_from(sorted(EDITORS)), forms)
@example(("invoice", "new"), UNITS)
@example(("invoice", "new"), ODD_ROW)
@example(("plan", "new"), ODD_ROW)
async def test_whatever_was_typed_into_a_draft_opens_again(
    town: World, cookies: dict[str, dict[str, str]], which: tuple[str, str], typed: dict[str, str]
) -> None:
    mine = cookies["a-north-admin"]
    async with httpx2.AsyncClient(base_url=town.client.base_url, cookies=mine, timeout=60) as client:
        version = await town.pool.fetchval("SELECT version FROM drafts WHERE kind = $1 AND name = $2", *which)
        body = urlencode({**typed, "version": str(version or 0), "how": ""}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post(EDITORS[which], content=body, headers=kind)
    assert answer.status_code in {303, 409}
    await opens(town, mine)


@FEW
@given(st.sampled_from(sorted(EDITORS)), st.dictionaries(st.text(max_size=9), json) | forms | json)
@example(("invoice", "new"), UNITS)
@example(("invoice", "new"), ODD_ROW)
@example(("plan", "new"), ODD_ROW | UNITS)
@example(("plan", "new"), {"password": "x", "lines.0.units": 12})
async def test_any_stored_draft_opens(
    town: World, cookies: dict[str, dict[str, str]], which: tuple[str, str], stored: Any
) -> None:
    owner = f"document/{CASE}"
    async with town.pool.acquire() as conn:
        sealed = seal(await make_keys(conn, [owner]), owner, orjson.dumps(stored))
        await conn.execute(PUT, CASE, *which, sealed)
    await opens(town, cookies["a-north-admin"])


async def test_a_draft_that_is_too_large_is_said_and_what_was_typed_is_shown(
    town: World, cookies: dict[str, dict[str, str]]
) -> None:
    path, mine = EDITORS["plan", "new"], cookies["a-north-admin"]
    async with httpx2.AsyncClient(base_url=town.client.base_url, cookies=mine, timeout=60) as client:
        typed = {f"lines.{n}.goal": "x" for n in range(1_000)} | {f"a-{n}": "x" for n in range(5_000)}
        answer = await client.post(path, data={**typed, "comment": "They live far away.", "version": "0"})
    assert answer.status_code == 413
    assert "They live far away." in answer.text
    assert "A draft holds no more" in answer.text
    await opens(town, mine)


@pytest.mark.parametrize("plain", [b"", b"not json", b"[]", b"\xff", b"{", orjson.dumps({"password": "x", "a": 1})])
async def test_a_draft_that_is_no_form_is_empty(town: World, plain: bytes) -> None:
    owner = f"document/{CASE}"
    caller = Caller("a-north-admin", "provider", "o-north", (("administrator", "s-north-1"),))
    async with town.pool.acquire() as conn, town.portal.reading(caller) as reader:
        sealed = seal(await make_keys(conn, [owner]), owner, plain)
        await conn.execute(PUT, CASE, "plan", "new", sealed)
        found = await find_draft(conn, reader, Draft(CASE, "plan", "new", "s-north-1", "o-north"))
    assert found.fields == {}
    await asyncio.sleep(0)
