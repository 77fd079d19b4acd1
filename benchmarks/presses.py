"""From the press of a button on a page to its outcome on the next one, all six services running."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
from aiokafka import AIOKafkaProducer

from benchmarks.pages import CLINICIAN, sign_in
from benchmarks.referral import FIRST_CLAIM, write_claim
from deploy.local.commands import fill
from deploy.local.stack import Stack
from tests.portal.visitor import Visitor

_CLAIMS, _LEAST, _WITHIN = 900, 60, 60.0
_TOWN = "Vancouver"
_BUTTONS = ("acknowledge", "accept")


def measure(folder: Path) -> dict[str, float]:
    """Milliseconds over every offer that is opened and accepted, one after the other."""
    with Stack(folder, people=True) as stack:
        fill(stack.client_environment, stack.logs)
        token = json.loads(Path(stack.environment["REHAB_TOKENS"]).read_text())[CLINICIAN]
        took = asyncio.run(_pressed(stack, token))
    ordered = sorted(took)
    return {
        "presses": len(took),
        "p50": round(statistics.median(ordered), 1),
        "p99": round(ordered[int(len(ordered) * 0.99)], 1),
    }


async def _pressed(stack: Stack, token: str) -> list[float]:
    known = stack.environment
    async with AIOKafkaProducer(bootstrap_servers=known["REHAB_KAFKA"], enable_idempotence=True) as producer:
        for number in map(str, range(FIRST_CLAIM, FIRST_CLAIM + _CLAIMS)):
            await write_claim(producer, number, _TOWN)
    async with httpx2.AsyncClient(base_url=known["REHAB_PORTAL"], timeout=20) as client:
        await sign_in(client, stack)
        visitor = Visitor(client)
        return [await _press(visitor, number, how) async for number in _offers(client, token) for how in _BUTTONS]


async def _offers(client: httpx2.AsyncClient, token: str) -> AsyncIterator[str]:
    """Referrals that the site was offered, once there are enough of them."""
    place, key = "/api/v1/referrals?limit=200&state=offered", {"Authorization": f"Bearer {token}"}
    async with asyncio.timeout(_WITHIN):
        while len(found := (await client.get(place, headers=key)).json()["items"]) < _LEAST:
            await asyncio.sleep(0.2)
    for one in found:
        yield one["number"]


async def _press(visitor: Visitor, number: str, how: str) -> float:
    """Until the page that says what came of it has arrived whole."""
    await visitor.open(f"/referrals/{number}/answer")
    began = time.perf_counter()
    pressed = await visitor.press(how)
    shown = await visitor.open(pressed.headers["location"])
    took = (time.perf_counter() - began) * 1000
    if "govuk-notification-banner__heading" not in shown:
        raise SystemExit(f"{how}: {pressed.headers['location']} does not say what came of it")
    return took
