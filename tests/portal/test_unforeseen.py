"""What nobody foresaw is said in words, kept, logged and counted; and every path answers every method."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx2
import pytest
from structlog.testing import capture_logs

from services.portal.api.access import ACCESS
from services.portal.pages.access import PAGES
from services.portal.pages.forms import FormSubmission
from shared.config import metrics
from tests.portal import story, treated
from tests.portal.conftest import House
from tests.portal.story import NUMBER
from tests.portal.visitor import visiting
from tests.portal.world import World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NUMBERED = re.compile(r"name this number: ([0-9a-f-]{36})")
ANSWER = f"/referrals/{NUMBER}/answer"


@asynccontextmanager
async def without(house: House, table: str) -> AsyncIterator[None]:
    """A statement of ours is wrong: its table is not there."""
    await house.owner.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    try:
        yield
    finally:
        await house.owner.execute(f"ALTER TABLE elsewhere RENAME TO {table}")


def failed(route: str) -> float:
    value: float = metrics.FAILED_REQUESTS.labels("portal", route)._value.get()
    return value


async def test_a_fault_of_ours_in_a_call_is_a_problem_that_is_logged_and_counted(portal: World, house: House) -> None:
    route = "GET /referrals/{number}"
    async with without(house, "views"):
        before = failed(f"GET /api/v1{route.removeprefix('GET ')}") + failed(route)
        with capture_logs() as lines:
            answer = await portal.client.get(f"/api/v1/referrals/{NUMBER}", headers=portal.auth("a-north"))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    correlation = answer.json()["instance"].removeprefix("urn:uuid:")
    assert str(UUID(correlation)) == correlation
    (line,) = [line for line in lines if line["event"] == "request failed"]
    assert line["correlation_id"] == correlation
    assert "{number}" in line["route"]
    assert failed(line["route"]) == before + 1


async def test_a_fault_of_ours_in_a_press_is_a_page_on_which_everything_typed_stands(
    portal: World, house: House
) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(ANSWER)
        async with without(house, "views"):
            with capture_logs() as lines:
                answer = await visitor.press("decline", comment="They live far away.", reason_code="out-of-region")
        assert answer.status_code == 500
        assert "They live far away." in answer.text
        assert "The worker lives too far away" in answer.text
        found = NUMBERED.search(answer.text)
        assert found
        (line,) = [line for line in lines if line["event"] == "request failed"]
        assert (line["correlation_id"], line["route"]) == (found[1], "POST /referrals/{number}/answer")
        answer = await visitor.press(action=ANSWER)
        assert answer.headers["location"].startswith("/operations/")


async def test_an_exception_that_is_none_of_the_database_is_answered_likewise(
    portal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FormSubmission, "key", property(lambda _: 1 / 0))
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        answer = await visitor.client.post(ANSWER, data={"how": "decline", "seen": "2", "comment": "As agreed"})
    assert answer.status_code == 500
    assert "As agreed" in answer.text


THERE = {
    "rule": "STALE",
    "number": NUMBER,
    "plan": "1",
    "name": "initial",
    "section": "history",
    "invoice_id": treated.INVOICE,
    "remittance_id": treated.REMITTANCE,
    "run_id": treated.RUN,
    "operation_id": str(uuid4()),
    "notice_id": str(uuid4()),
    "calendar_id": "bc",
    "named": "x",
    "path": "pp.css",
}
OF = {"claims_officer": "a-officer", "payment_officer": "a-payer", "worker": "a-worker"}


def account_for(roles: frozenset[str]) -> str:
    return next((account for role, account in OF.items() if roles == {role}), "a-north-admin")


@pytest.mark.parametrize("account", sorted({*OF.values(), "a-north-admin"}))
async def test_every_page_and_call_that_answers_get_answers_head_without_a_body(portal: World, account: str) -> None:
    await portal.hear(story.CALENDAR, *treated.TREATED)
    async with visiting(portal, account) as visitor:
        for method, path in sorted(PAGES):
            if method == "GET" and account_for(PAGES[method, path]) == account:
                await same_head(visitor.client, path.replace(":path", "").format(**THERE), {})
    for method, path in sorted(ACCESS):
        if method == "GET" and account_for(ACCESS[method, path]) == account:
            await same_head(portal.client, f"/api/v1{path.format(**THERE)}", portal.auth(account))


async def same_head(client: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> None:
    async with client.stream("GET", path, headers=headers) as got:
        head = await client.head(path, headers=headers)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers.get("content-type") == got.headers.get("content-type"), path


async def test_a_method_that_a_path_has_not_is_told_which_it_has(portal: World) -> None:
    for paths, prefix in ((PAGES, ""), (ACCESS, "/api/v1")):
        for path in sorted({path for _, path in paths}):
            has = {method for method, other in paths if other == path}
            place = prefix + path.replace(":path", "").format(**THERE)
            method = next(m for m in ("DELETE", "PUT") if m not in has)
            answer = await portal.client.request(method, place, headers=portal.auth("a-north"))
            assert answer.status_code == 405, place
            assert set(answer.headers["allow"].split(", ")) >= has | ({"HEAD"} if "GET" in has else set()), place
            kind = "application/problem+json" if prefix else "text/html; charset=utf-8"
            assert answer.headers["content-type"] == kind, place


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=" + b"x" * 600_000, FORM["Content-Type"], 413),
        (b"&".join([b"a=1"] * 20_000), FORM["Content-Type"], 413),
        (b'{"a": 1}', "application/json", 415),
        (b"--x", "multipart/form-data; boundary=x", 415),
        (b"a=1", "\N{LATIN SMALL LETTER A WITH DIAERESIS}", 415),
    ],
)
async def test_a_request_that_a_page_cannot_take_is_answered_with_a_page(
    portal: World, body: bytes, kind: str, status: int
) -> None:
    said = {b"Content-Type": kind.encode("latin-1")}
    async with visiting(portal, "a-north") as visitor:
        for path in ("/sign-in", ANSWER, "/nowhere"):
            answer = await visitor.client.post(path, content=body, headers=said)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "<h1" in answer.text
        packed = await visitor.client.post("/sign-in", content=b"a=1", headers={**FORM, "Content-Encoding": "gzip"})
        assert packed.status_code == 415
        piece = await visitor.client.post(ANSWER, content=body, headers={**said, b"HX-Request": b"true"})
        assert piece.text.startswith("Not saved. ")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (rb"see \\u0000 in the log", 202),
        (rb"see \\\\u0000 in the log", 202),
        (rb"see \u0000 in the log", 400),
        (rb"see \\\u0000 in the log", 400),
    ],
)
async def test_a_nul_is_refused_and_a_text_about_one_is_taken(portal: World, text: bytes, status: int) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    body = b'{"reason_code":"no-capacity","comment":"%s","next_step":"offer-to-next"}' % text
    headers = {**portal.asking("a-north", etag='"2"'), "Content-Type": "application/json"}
    path = f"/api/v1/referrals/{NUMBER}/commands/decline"
    answer = await portal.client.post(path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
