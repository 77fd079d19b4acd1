"""What a clinic sees: its own offers, the worker once it has seen the offer, and nothing of anybody else's."""

import asyncio
from typing import Any

import pytest

from shared.domain.decision import Event, EventContext
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.person import Identity, WorkerIdentified
from shared.events.referral import ClaimStandingChanged, OfficerAssigned
from shared.events.values import Officer
from shared.messaging import encryption, outbox
from tests.portal import story
from tests.portal.story import CASE, NOON, NUMBER
from tests.portal.world import World

CLINIC = "a-north"


async def introduce(portal: World, person_id: str = "W1") -> None:
    """Referral says who the worker is, sealed."""
    person = WorkerIdentified(kind="worker", person_id=person_id, identity=Identity(given_name="Ida", phn="9000000001"))
    event_context = EventContext("c", "c", person.key, NOON, NOON)
    async with portal.pool.acquire() as conn:
        (word,) = await encryption.seal_people(conn, [outbox.message_of(person, event_context)])
    await portal.hear(word.event)


async def test_a_clinic_lists_what_it_is_offered(portal: World) -> None:
    await portal.hear(story.created(), story.offered())
    page = await portal.get_json("/referrals?state=offered", CLINIC)
    (item,) = page["items"]
    assert (item["number"], item["state"], item["revision"], item["rank"]) == (NUMBER, "offered", 2, 1)
    assert item["allowed"] == ["acknowledge", "decline"]
    assert item["door"]["name"] == "acknowledge/1"
    assert page["next"] is None
    assert page["as_of"]
    assert (await portal.get_json("/referrals?state=accepted", CLINIC))["items"] == []


async def test_a_referral_is_not_shown_before_it_is_offered(portal: World) -> None:
    await portal.hear(story.created())
    assert (await portal.get_json("/referrals", CLINIC))["items"] == []


async def test_the_worker_is_shown_from_the_acknowledgement_on(portal: World) -> None:
    await introduce(portal)
    await portal.hear(story.created(), story.offered())
    before = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    assert before["worker"] is None
    assert "claim_number" not in before
    await portal.hear(story.acknowledged())
    after = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    assert after["worker"]["given_name"] == "Ida"
    assert after["claim_number"] == "20000001"


@pytest.mark.parametrize(
    ("event", "state"), [(story.declined, "declined"), (story.lapsed, "lapsed"), (story.taken_back, "offer-withdrawn")]
)
async def test_who_lost_an_offer_sees_that_it_had_it_and_no_more(portal: World, event: Any, state: str) -> None:
    await introduce(portal)
    lost = event(4)
    await portal.hear(story.created(), story.offered(), story.acknowledged(), lost)
    await portal.hear(story.offered(5, "s-south-1", organisation="o-south", rank=2))
    seen = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    assert (seen["state"], seen["revision"], seen["allowed"], seen["door"]) == (state, 4, [], None)
    assert seen["worker"] is None
    assert (await portal.get_json(f"/referrals/{NUMBER}", "a-south"))["state"] == "offered"


async def test_a_site_that_is_asked_again_sees_the_new_offer(portal: World) -> None:
    await portal.hear(story.created(), story.offered(), story.lapsed(), story.offered(4, rank=2))
    seen = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    assert (seen["state"], seen["rank"], seen["revision"]) == ("offered", 2, 4)
    assert len((await portal.get_json("/referrals", CLINIC))["items"]) == 1


async def test_the_life_of_a_referral_is_shown_as_it_goes(portal: World) -> None:
    await portal.hear(story.created(), story.offered(), story.acknowledged(), story.accepted(), story.booked())
    seen = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    assert (seen["state"], seen["accepted_on"], seen["door"]) == ("scheduled", "2024-11-04", None)
    assert seen["starts_at"].startswith("2024-11-10T12:00")
    await portal.hear(story.withdrawn(6))
    assert (await portal.get_json(f"/referrals/{NUMBER}", CLINIC))["state"] == "withdrawn"


async def test_nothing_can_be_done_while_it_is_held(portal: World) -> None:
    stopped = contract_of_service("referral", DeadlineMoved)(record_key=CASE, name="acknowledge/1", due_at=None)
    await portal.hear(story.created(), story.offered(), story.held(), stopped)
    seen = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    assert (seen["held_by"], seen["allowed"], seen["door"]) == (["claim"], [], None)
    goes_on = contract_of_service("referral", DeadlineMoved)(record_key=CASE, name="acknowledge/1", due_at=NOON)
    await portal.hear(story.resumed(), goes_on)
    seen = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    assert (seen["held_by"], seen["allowed"]) == ([], ["acknowledge", "decline"])
    assert seen["door"]["due_at"].startswith("2024-11-01T12:00")


async def test_whatever_raises_the_revision_is_seen_in_it(portal: World) -> None:
    pool = OfficerAssigned(referral_id=CASE, revision=3, officer=Officer(kind="pool", id="p-1"))
    await portal.hear(story.created(), story.offered(), pool)
    assert (await portal.get_json(f"/referrals/{NUMBER}", CLINIC))["revision"] == 3


async def test_one_batch_or_many_show_the_same(portal: World) -> None:
    other = "5d1bd1b8-3f6b-5b1e-8a55-000000000002"
    steps = [story.created(), story.offered(), story.acknowledged(), story.accepted()]
    await portal.hear(*steps)
    one_by_one: list[Event] = [story.created(other, "R-24-B"), story.offered(case=other, number="R-24-B")]
    for step in (*one_by_one, story.acknowledged(case=other), story.accepted(case=other)):
        await portal.hear(step)
    first = await portal.get_json(f"/referrals/{NUMBER}", CLINIC)
    second = await portal.get_json("/referrals/R-24-B", CLINIC)
    assert {**first, "number": "", "referral_id": ""} == {**second, "number": "", "referral_id": ""}


async def test_a_page_that_did_not_change_is_not_sent_again(portal: World) -> None:
    await portal.hear(story.created(), story.offered())
    path, headers = f"/api/v1/referrals/{NUMBER}", portal.auth(CLINIC)
    etag = (await portal.client.get(path, headers=headers)).headers["etag"]
    assert etag == '"2"'
    again = await portal.client.get(path, headers={**headers, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    await portal.hear(story.acknowledged())
    assert (await portal.client.get(path, headers={**headers, "If-None-Match": etag})).status_code == 200


async def test_what_changes_without_a_new_revision_is_sent_again(portal: World) -> None:
    path, headers = f"/api/v1/referrals/{NUMBER}", {**portal.auth(CLINIC), "If-None-Match": '"2"'}
    await portal.hear(story.created(), story.offered())
    await portal.hear(
        contract_of_service("referral", DeadlineMoved)(record_key=CASE, name="acknowledge/1", due_at=None)
    )
    moved = await portal.client.get(path, headers=headers)
    assert (moved.status_code, moved.json()["door"]) == (200, None)
    await introduce(portal)
    await portal.hear(story.acknowledged())
    headers["If-None-Match"] = '"3"'
    assert (await portal.client.get(path, headers=headers)).json()["worker"]["given_name"] == "Ida"


async def test_what_is_said_of_a_claim_alone_is_no_referral(portal: World) -> None:
    of_claim = ClaimStandingChanged(claim_number="20000001", claim_revision=1, person_id="W1", intervals=())
    await portal.hear(of_claim)
    assert await portal.pool.fetchval("SELECT count(*) FROM cases") == 0


async def test_a_long_list_is_read_page_by_page_without_loss(portal: World) -> None:
    cases = [f"5d1bd1b8-3f6b-5b1e-8a55-{n:012}" for n in range(7)]
    for n, case in enumerate(cases):
        await portal.hear(story.created(case, f"R-24-{n}"), story.offered(case=case, number=f"R-24-{n}"))
    found, path = [], "/api/v1/referrals?limit=3&state=offered"
    while path:
        answer = await portal.client.get(path, headers=portal.auth(CLINIC))
        found += [item["number"] for item in answer.json()["items"]]
        link = answer.headers.get("link", "")
        path = link[1:].partition(">")[0]
        assert bool(answer.json()["next"]) is bool(path)
    assert found == [f"R-24-{n}" for n in range(7)]


async def test_a_list_keeps_to_one_site(portal: World) -> None:
    await portal.hear(story.created(), story.offered())
    assert len((await portal.get_json("/referrals?site=s-north-1", "a-north-admin"))["items"]) == 1
    assert (await portal.get_json("/referrals?site=s-north-2", "a-north-admin"))["items"] == []
    assert (await portal.get_json("/referrals?site=s-south-1", "a-north-admin"))["items"] == []


async def test_changes_reach_the_stream_as_number_and_version_alone(portal: World) -> None:
    async def first_hint(account: str) -> list[str]:
        lines: list[str] = []
        async with portal.client.stream("GET", "/api/v1/events", headers=portal.auth(account)) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if line.startswith(":"):
                    opened.set()
                lines.append(line)
                if line.startswith("id:"):
                    return lines
        return lines

    opened = asyncio.Event()
    reading = asyncio.create_task(first_hint(CLINIC))
    async with asyncio.timeout(10):
        await opened.wait()
        await portal.hear(story.created(), story.offered())
        said = "\n".join(await reading)
    assert f"event: referral\ndata: {NUMBER} v2" in said


async def test_a_second_stream_of_one_client_ends_the_first(portal: World) -> None:
    async def to_its_end(opened: asyncio.Event) -> None:
        async with portal.client.stream("GET", "/api/v1/events", headers=portal.auth(CLINIC)) as answer:
            async for line in answer.aiter_lines():
                if line.startswith(":"):
                    opened.set()

    first_open, second_open = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(10):
        first = asyncio.create_task(to_its_end(first_open))
        await first_open.wait()
        second = asyncio.create_task(to_its_end(second_open))
        await second_open.wait()
        await first
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
