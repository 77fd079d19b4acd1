"""What is said in confidence stands in no log, no fact and no stream."""

import asyncio
import logging

import pytest

from shared.domain.decision import EventContext
from shared.events.person import Identity, WorkerIdentified
from shared.messaging import encryption, outbox
from tests.portal import story
from tests.portal.story import NOON, NUMBER
from tests.portal.world import World

CLINIC = "a-north"
IDENTITY = Identity(given_name="Zdenka", family_name="Quillfeather", phn="9000000001", email="zq@example.test")
CONFIDENTIAL = ("Zdenka", "Quillfeather", "9000000001", "zq@example.test", "Waiting list", "key-of-")


async def introduce(portal: World) -> None:
    """Referral says who the worker is, sealed."""
    person = WorkerIdentified(kind="worker", person_id="W1", identity=IDENTITY)
    async with portal.pool.acquire() as conn:
        (word,) = await encryption.seal_people(
            conn, [outbox.message_of(person, EventContext("c", "c", person.key, NOON, NOON))]
        )
    await portal.hear(word.event)


async def work(portal: World) -> None:
    """A clinic reads who the worker is, errs in every way, and declines."""
    page = f"/referrals/{NUMBER}"
    await portal.hear(story.acknowledged())
    assert (await portal.get_json(page, CLINIC))["worker"]["family_name"] == "Quillfeather"
    for body in ({"comment": ["Waiting list"]}, {"Zdenka": "Quillfeather"}, {"reason_code": "Zdenka Quillfeather"}):
        assert (await portal.post(f"{page}/commands/decline", CLINIC, body, etag='"3"')).status_code == 422
    body = {"reason_code": "no-capacity", "comment": "Waiting list for Zdenka.", "next_step": "offer-to-next"}
    assert (await portal.post(f"{page}/commands/decline", CLINIC, body, etag='"3"')).status_code == 202
    await portal.hear(story.declined(4))


async def test_no_word_of_a_person_leaves_but_in_the_answer(portal: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    for noisy in ("httpx2", "httpcore2"):  # the client's side
        caplog.set_level(logging.CRITICAL, logger=noisy)
    await introduce(portal)
    await portal.hear(story.created(), story.offered())
    heard: list[str] = []
    async with portal.client.stream("GET", "/api/v1/events", headers=portal.auth(CLINIC)) as answer:
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith(":")
        await work(portal)
        async with asyncio.timeout(10):
            while not heard or "v4" not in heard[-1]:
                heard.append(await anext(lines))
    said = "\n".join((*heard, caplog.text, *(f"{fact.key} {fact.payload}" for fact in await portal.facts())))
    assert [word for word in CONFIDENTIAL if word in said] == []
