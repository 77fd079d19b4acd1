"""A request that arrives in part has no effect, whatever kind of body it has and wherever it is cut."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import urlencode

import orjson
import pytest
from starlette.datastructures import Headers

from services.portal.api.problems import Problem
from services.portal.api.request_body import ClientLeft, announced_length, read_body
from tests.portal import story, treated
from tests.portal.conftest import PASSWORD
from tests.portal.story import NUMBER
from tests.portal.visitor import EMAIL, visiting
from tests.portal.wire import request, send, settled, status_of
from tests.portal.world import World

KEY = "7c7f0f5e-5d0a-4d5e-9a51-0a6a5b1f0a14"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CHECKED = "SELECT count(*) FROM sessions"
DRAFTS = "SELECT coalesce(sum(version), 0)::int FROM drafts"


class Sent(NamedTuple):
    """What is sent, and how often it has had an effect."""

    path: str
    body: bytes
    headers: dict[str, str]
    effects: Callable[[], Awaitable[int]]


async def of_page(portal: World, cookie: str) -> Sent:
    typed = {
        "key": KEY,
        "seen": "2",
        "how": "decline",
        "reason_code": "out-of-region",
        "comment": "They live far away.",
    }

    async def effects() -> int:
        return len(await portal.facts("provider-declined"))

    return Sent(f"/referrals/{NUMBER}/answer", urlencode(typed).encode(), {**FORM, "Cookie": cookie}, effects)


async def of_call(portal: World, _: str) -> Sent:
    said = {"reason_code": "out-of-region", "comment": "They live far away.", "next_step": "offer-to-next"}

    async def effects() -> int:
        return len(await portal.facts("provider-declined"))

    headers = {**portal.asking("a-north", etag='"2"', key=KEY), "Content-Type": "application/json"}
    return Sent(f"/api/v1/referrals/{NUMBER}/commands/decline", orjson.dumps(said), headers, effects)


async def of_sign_in(portal: World, _: str) -> Sent:
    async def effects() -> int:
        tries = sum(len(tries) for tries in portal.portal.passwords.attempts._tries.values())
        return tries + int(await portal.pool.fetchval(CHECKED)) - 1  # of the visitor

    return Sent("/sign-in", urlencode({"name": EMAIL["a-south"], "password": PASSWORD}).encode(), FORM, effects)


async def of_draft(portal: World, cookie: str) -> Sent:
    await portal.hear(*treated.ACTIVE[2:])
    typed = {"version": "0", "page": KEY, "rows": "1", "lines.0.code": "OR-DAY", "lines.0.units": "12"}

    async def effects() -> int:
        return int(await portal.pool.fetchval(DRAFTS))

    headers = {**FORM, "Cookie": cookie, "HX-Request": "true"}
    return Sent(f"/referrals/{NUMBER}/plan/edit", urlencode(typed).encode(), headers, effects)


KINDS = {"page": of_page, "call": of_call, "sign-in": of_sign_in, "draft": of_draft}


def cuts(whole: bytes) -> list[int]:
    """Every byte of the body's end and of the head's, and a sample of the rest."""
    head = whole.index(b"\r\n\r\n") + 4
    near = {*range(head - 3, head + 6), *range(len(whole) - 24, len(whole))}
    return sorted(n for n in near | {*range(1, len(whole), 9)} if 0 < n < len(whole))


@pytest.mark.parametrize("chunk", [0, 7])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_that_is_cut_anywhere_has_no_effect_and_the_whole_one_has(
    portal: World, kind: str, chunk: int
) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    async with visiting(portal, "a-north") as visitor:
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
        sent = await KINDS[kind](portal, cookie)
        whole = request("POST", sent.path, sent.body, sent.headers, chunk=chunk)
        for cut in cuts(whole):
            await send(portal, whole[:cut], leave=True)
        await settled(portal)
        assert await sent.effects() == 0
        answer = await send(portal, whole)
        assert status_of(answer) < 400, answer
        assert await sent.effects() == 1


async def test_a_length_that_is_announced_twice_or_in_two_ways_is_refused(portal: World) -> None:
    body = urlencode({"name": EMAIL["a-south"], "password": PASSWORD}).encode()
    whole = request("POST", "/sign-in", body, FORM)
    length = b"Content-Length: %d\r\n" % len(body)
    doubled = [length * 2, length + b"Content-Length: 5\r\n", length + b"Transfer-Encoding: chunked\r\n"]
    odd = [b"Content-Length: +%d\r\n" % len(body), b"Content-Length: \r\n", b"Content-Length: 1,1\r\n"]
    for said in doubled + odd:
        answer = await send(portal, whole.replace(length, said))
        assert status_of(answer) == 400, (said, answer)
    await settled(portal)
    assert await portal.pool.fetchval(CHECKED) == 0


HEADS: tuple[list[tuple[str, str]], ...] = (
    [("content-length", "4"), ("content-length", "4")],
    [("content-length", "4"), ("transfer-encoding", "chunked")],
    [("content-length", "\N{SUPERSCRIPT TWO}")],
    [("content-length", "-1")],
    [("content-length", "9" * 30)],
)


@pytest.mark.parametrize("said", HEADS)
def test_a_length_that_is_unclear_is_refused_whatever_the_server_lets_through(said: list[tuple[str, str]]) -> None:
    headers = Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in said])
    with pytest.raises(Problem) as refused:
        announced_length(headers)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "Idempotency-Key", "If-Match"])
async def test_a_header_that_can_be_meant_once_is_refused_when_it_is_given_twice(portal: World, name: str) -> None:
    sent = await of_call(portal, "")
    whole = request("POST", sent.path, sent.body, sent.headers)
    line = f"{name}: {sent.headers[name]}\r\n".encode()
    answer = await send(portal, whole.replace(line, line * 2))
    assert status_of(answer) == 400, answer
    assert f"The header {name} is given more than once.".encode() in answer
    await settled(portal)
    assert await sent.effects() == 0


async def test_a_parameter_of_a_call_that_is_given_twice_is_refused(portal: World) -> None:
    asking = portal.asking("a-north")
    assert (await portal.client.get("/api/v1/referrals?limit=1&state=offered", headers=asking)).status_code == 200
    refused = await portal.client.get("/api/v1/referrals?limit=1&limit=2", headers=asking)
    assert refused.status_code == 400
    assert refused.json()["detail"] == "A parameter of the address is given more than once. Send it once."


@pytest.mark.parametrize("sent", [b"", b"a=1", b"a=1&b=22"])
async def test_a_body_of_another_length_than_announced_is_refused(sent: bytes) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": sent, "more_body": False}

    with pytest.raises(Problem) as refused:
        await read_body(Headers(FORM), 7, receive, is_call=False)
    assert refused.value.status == 400


async def test_a_client_that_leaves_is_not_the_end_of_a_body() -> None:
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": b"a=1", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    with pytest.raises(ClientLeft):
        await read_body(Headers(FORM), None, receive, is_call=False)


async def test_a_body_that_does_not_arrive_in_time_is_answered_and_the_connection_ends(
    portal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.portal.api.request_body.WITHIN", 0.05)
    whole = request("POST", "/sign-in", b"name=a&password=b", FORM, close=False)
    answer = await send(portal, whole[:-3])
    assert status_of(answer) == 408
    assert b"connection: close" in answer.lower()
    await asyncio.wait_for(settled(portal), 20)
