"""What a clinic does becomes one fact in its place, and the owner's answer comes back to whoever waits."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.domain.decision import Violation
from shared.messaging import encryption
from tests.portal import story
from tests.portal.conftest import built, furnished
from tests.portal.story import CASE, NUMBER
from tests.portal.world import World
from tests.stack.databases import Databases

CLINIC = "a-north"
ACKNOWLEDGE = f"/referrals/{NUMBER}/commands/acknowledge"
ACCEPT = f"/referrals/{NUMBER}/commands/accept"
DECLINE = f"/referrals/{NUMBER}/commands/decline"
BOOK = f"/referrals/{NUMBER}/appointments"
SEEN = '"2"'


@pytest.fixture
async def offer(portal: World) -> World:
    """One that waits for the clinic in the north."""
    await portal.hear(story.created(), story.offered())
    return portal


def flaw(code: str, field: str | None = None) -> Violation:
    return Violation(code=code, rule=f"the rule of {code}", fix=f"the fix of {code}", field=field)


async def test_an_action_is_announced_and_its_operation_can_be_followed(offer: World) -> None:
    answer = await offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN)
    assert answer.status_code == 202
    assert answer.headers["retry-after"] == "1"
    (fact,) = await offer.facts("acknowledged-referral")
    assert (fact.topic, fact.key) == ("rehab-portal", CASE)
    assert fact.payload["by"] == {"account_id": CLINIC, "role": "clinician", "organisation_id": "o-north"}
    assert (fact.payload["seen"], fact.payload["site_id"]) == (2, "s-north-1")
    assert "rehab-referral:2" in fact.after
    place = answer.headers["location"].removeprefix("/api/v1")
    assert (await offer.get_json(place, CLINIC))["status"] == "checking"
    await offer.hear(story.acknowledged(), cause=fact.event_id)
    operation = await offer.get_json(place, CLINIC)
    assert (operation["status"], operation["result"]) == (
        "accepted",
        {"event": "referral-acknowledged", "revision": 3},
    )


async def test_a_call_that_prefers_to_wait_gets_the_outcome(offer: World) -> None:
    asking = asyncio.create_task(offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, wait=5))
    fact = await offer.fact("acknowledged-referral")
    await offer.hear(story.acknowledged(), cause=fact.event_id)
    answer = await asking
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    assert answer.headers["preference-applied"] == "wait=5"


async def test_an_action_whose_effect_no_event_tells_is_answered_too(offer: World) -> None:
    asking = asyncio.create_task(offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, wait=5))
    await offer.apply(await offer.fact("acknowledged-referral"))
    assert (await asking).json()["result"]["event"] == "action-applied"


async def test_only_the_first_of_several_effects_is_the_answer(offer: World) -> None:
    asking = asyncio.create_task(offer.post(DECLINE, CLINIC, {"comment": "No."}, etag=SEEN, wait=5))
    fact = await offer.fact("declined-referral")
    again = story.offered(4, "s-south-1", organisation="o-south", rank=2)
    await offer.hear(story.declined(), again, cause=fact.event_id)
    assert (await asking).json()["result"] == {"event": "referral-declined", "revision": 3}


async def test_patience_that_ends_is_an_operation_that_goes_on(offer: World) -> None:
    answer = await offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, wait=1)
    assert (answer.status_code, answer.json()["status"]) == (202, "checking")


@pytest.mark.parametrize(
    ("flaws", "allowed", "status"),
    [
        ((flaw("STALE", "seen"),), (), 412),
        ((flaw("REF-LAPSED"),), ("none",), 409),
        ((flaw("REF-STATE"),), ("accept", "decline"), 409),
        ((flaw("NOT-FOUND", "referral_id"),), (), 404),
        ((flaw("NOT-YOURS", "by"),), (), 404),
        ((flaw("FIELD-MISSING", "comment"), flaw("FIELD-MISSING", "next_step")), (), 422),
    ],
)
async def test_a_refusal_is_told_with_every_reason(
    offer: World, flaws: tuple[Violation, ...], allowed: tuple[str, ...], status: int
) -> None:
    asking = asyncio.create_task(offer.post(DECLINE, CLINIC, {}, etag=SEEN, wait=5))
    await offer.refuse(await offer.fact("declined-referral"), *flaws, allowed=allowed)
    answer = await asking
    said = answer.json()
    assert answer.status_code == said["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    if status == 412:
        assert said["current"]["revision"] == 2
    if status == 409:
        assert said["state"] == "offered"
        assert said["allowed"] == [name for name in allowed if name != "none"]
    if status == 422:
        assert [e["pointer"] for e in said["errors"]] == ["/comment", "/next_step"]
        assert all({"rule", "reason", "fix"} <= e.keys() for e in said["errors"])
    if status == 404:
        assert said == (await offer.client.get("/api/v1/referrals/R-0", headers=offer.auth(CLINIC))).json()


async def test_an_old_revision_is_told_at_once_with_what_holds_now(offer: World) -> None:
    answer = await offer.post(ACCEPT, CLINIC, etag='"1"')
    assert answer.status_code == 412
    assert (answer.json()["current"]["revision"], answer.json()["current"]["state"]) == (2, "offered")
    assert await offer.facts("referral") == []


async def test_an_action_on_a_lost_offer_is_answered_by_its_owner(offer: World) -> None:
    await offer.hear(story.lapsed())
    asking = asyncio.create_task(offer.post(ACCEPT, CLINIC, etag=SEEN, wait=5))
    await offer.refuse(await offer.fact("accepted-referral"), flaw("REF-LAPSED"), allowed=("none",))
    answer = await asking
    assert (answer.status_code, answer.json()["state"], answer.json()["allowed"]) == (409, "lapsed", [])


async def test_a_repeat_gets_the_first_answer_even_when_the_referral_has_moved_on(offer: World) -> None:
    key = str(uuid4())
    asking = asyncio.create_task(offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, key=key, wait=5))
    fact = await offer.fact("acknowledged-referral")
    await offer.hear(story.acknowledged(), cause=fact.event_id)
    first = await asking
    again = await offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, key=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(await offer.facts("acknowledged-referral")) == 1


async def test_a_repeat_of_what_was_being_checked_is_told_the_same(offer: World) -> None:
    key = str(uuid4())
    first = await offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, key=key)
    await offer.hear(story.acknowledged(), cause=(await offer.fact("acknowledged-referral")).event_id)
    again = await offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, key=key, wait=5)
    assert (again.status_code, again.json()) == (202, first.json())


async def test_a_key_belongs_to_one_request(offer: World) -> None:
    key = str(uuid4())
    await offer.post(DECLINE, CLINIC, {"reason_code": "no-capacity"}, etag=SEEN, key=key)
    for path, body in ((DECLINE, {"reason_code": "other"}), (ACKNOWLEDGE, {})):
        answer = await offer.post(path, CLINIC, body, etag=SEEN, key=key)
        assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert len(await offer.facts("referral")) == 1


async def test_a_repeat_takes_no_place_in_the_history(offer: World) -> None:
    key = str(uuid4())
    for path, used in ((ACKNOWLEDGE, key), (ACKNOWLEDGE, key), (DECLINE, key), (ACKNOWLEDGE, str(uuid4()))):
        await offer.post(path, CLINIC, {"reason_code": "other"} if path == DECLINE else {}, etag=SEEN, key=used)
    assert [fact.sequence for fact in await offer.facts("acknowledged-referral")] == [1, 2]


async def test_keys_of_two_accounts_never_meet(offer: World) -> None:
    key = str(uuid4())
    for account in (CLINIC, "a-north-admin"):
        answer = await offer.post(ACKNOWLEDGE, account, etag=SEEN, key=key)
        assert "idempotency-replayed" not in answer.headers
    assert len(await offer.facts("acknowledged-referral")) == 2


async def test_a_key_is_free_again_after_thirty_days(offer: World) -> None:
    key = str(uuid4())
    await offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, key=key)
    await offer.pool.execute("UPDATE operations SET received_at = received_at - $1::interval", timedelta(days=30))
    answer = await offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, key=key)
    assert "idempotency-replayed" not in answer.headers
    assert len(await offer.facts("acknowledged-referral")) == 2


async def test_fifty_repeats_at_once_are_one_fact(offer: World) -> None:
    key = str(uuid4())
    asking = [asyncio.create_task(offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN, key=key, wait=8)) for _ in range(50)]
    fact = await offer.fact("acknowledged-referral")
    await offer.hear(story.acknowledged(), cause=fact.event_id)
    answers = await asyncio.gather(*asking)
    assert len(await offer.facts("acknowledged-referral")) == 1
    assert {(a.status_code, a.json()["id"]) for a in answers} == {(200, answers[0].json()["id"])}
    assert sum("idempotency-replayed" in a.headers for a in answers) == 49


async def test_the_instant_that_counts_rises_with_the_place_in_the_key(offer: World) -> None:
    await asyncio.gather(*(offer.post(ACKNOWLEDGE, CLINIC, etag=SEEN) for _ in range(10)))
    facts = await offer.facts("acknowledged-referral")
    instants = [fact.payload["received_at"] for fact in facts]
    assert len(facts) == 10
    assert instants == sorted(instants)


async def test_a_comment_lies_sealed_in_the_document_store(offer: World) -> None:
    body = {"reason_code": "no-capacity", "comment": "Waiting list for Ida.", "next_step": "offer-to-next"}
    assert (await offer.post(DECLINE, CLINIC, body, etag=SEEN)).status_code == 202
    (fact,) = await offer.facts("declined-referral")
    assert "Ida" not in str(fact.payload)
    (row,) = await offer.pool.fetch("SELECT document_id::text, referral_id, sha256, sealed FROM documents")
    assert (row["document_id"], row["sha256"].hex()) == (fact.payload["comment_id"], fact.payload["comment_sha256"])
    assert sha256(row["sealed"]).digest() == row["sha256"]
    async with offer.pool.acquire() as conn:
        keys = await encryption.find_keys(conn, [f"document/{CASE}"])
    assert encryption.unseal(keys, f"document/{CASE}", row["sealed"]) == b"Waiting list for Ida."


async def test_what_is_missing_of_a_decline_is_for_its_owner_to_say(offer: World) -> None:
    assert (await offer.post(DECLINE, CLINIC, {}, etag=SEEN)).status_code == 202
    (fact,) = await offer.facts("declined-referral")
    assert {fact.payload[name] for name in ("reason_code", "comment_id", "comment_sha256", "next_step")} == {None}


async def test_a_first_visit_is_announced_with_its_instant(offer: World) -> None:
    await offer.hear(story.acknowledged(), story.accepted())
    body = {"starts_at": "2024-11-12T09:00:00-08:00", "confirmed_with_worker": True}
    assert (await offer.post(BOOK, CLINIC, body, etag='"4"')).status_code == 202
    (fact,) = await offer.facts("booked-appointment")
    assert fact.payload["starts_at"] in {"2024-11-12T09:00:00-08:00", "2024-11-12T17:00:00Z"}


@pytest.mark.parametrize("left_out", ["Idempotency-Key", "If-Match"])
async def test_without_its_conditions_nothing_is_done(offer: World, left_out: str) -> None:
    headers = offer.asking(CLINIC, etag=SEEN)
    del headers[left_out]
    answer = await offer.client.post(f"/api/v1{ACKNOWLEDGE}", json={}, headers=headers)
    assert answer.status_code == 428
    assert answer.json()["errors"][0]["pointer"] == f"/header/{left_out.lower()}"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"comment": "\\u0000"}', "application/json", 400),
        (b'"\xff"', "application/json", 400),
        (b"comment=No", "application/x-www-form-urlencoded", 415),
        (b'{"comment": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
async def test_what_cannot_be_read_is_said_to_be_so(offer: World, content: bytes, kind: str, status: int) -> None:
    headers = {**offer.asking(CLINIC, etag=SEEN), "Content-Type": kind}
    answer = await offer.client.post(f"/api/v1{DECLINE}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert await offer.facts("referral") == []


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        (DECLINE, {"reason_code": "Ida Secret", "next_step": 7}, {"/reason_code", "/next_step"}),
        (DECLINE, {"Ida Secret": "x"}, {None}),
        (
            BOOK,
            {"starts_at": "2024-11-12T09:00:00", "confirmed_with_worker": "Ida Secret"},
            {"/starts_at", "/confirmed_with_worker"},
        ),
        (BOOK, {"confirmed_with_worker": True}, {"/starts_at"}),
    ],
)
async def test_every_field_is_named_and_none_is_echoed(
    offer: World, path: str, body: dict[str, Any], pointers: set[str | None]
) -> None:
    answer = await offer.post(path, CLINIC, body, etag=SEEN)
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.json()["errors"]} == pointers
    assert "Secret" not in answer.text


async def test_a_key_that_asks_too_often_must_wait_and_no_other(databases: Databases, tmp_path: Path) -> None:
    async with built(databases, rate="3 per 1 hour") as house, furnished(house, tmp_path) as portal:
        asked = [await portal.client.get("/api/v1/me", headers=portal.auth("a-south")) for _ in range(4)]
        assert [answer.status_code for answer in asked] == [200, 200, 200, 429]
        assert int(asked[-1].headers["retry-after"]) >= 1
        assert asked[0].headers["ratelimit-policy"] == '"key";q=3;w=3600'
        assert [answer.headers["ratelimit"].split(";")[1] for answer in asked] == ["r=2", "r=1", "r=0", "r=0"]
        assert asked[-1].headers["content-type"] == "application/problem+json"
        assert (await portal.client.get("/api/v1/me", headers=portal.auth(CLINIC))).status_code == 200
