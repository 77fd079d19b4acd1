"""The portal alone with 20,000 referrals: how fast it reads them, its pages and its calls, and what streams weigh."""

import asyncio
import csv
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import httpx2
import psutil
from aiokafka import AIOKafkaProducer

from deploy.local import commands
from deploy.local.processes import ROOT
from deploy.local.stack import Stack
from shared.domain.decision import Event
from tests.portal import story
from tests.toy.letters import Desk

REFERRALS, RATE, SECONDS, STREAMS = 20_000, 50, 20, 500
CLINICIAN = "a-vancouver-1-clinician"
SITE = "s-vancouver-1"
_PLACES = ("/inbox", "/referrals", "/referrals/{}", "/referrals/{}/answer")
_IN_FLIGHT = 2000  # records under way together


def measure(folder: Path) -> dict[str, object]:
    """A stack with the portal alone; what others would say lies on its topics."""
    os.environ["REHAB_PORTAL_RATE"] = "off"  # one key asks for everybody here
    with Stack(folder, services=("portal",), fast=True, people=True) as stack:
        commands.run_steps([commands.ACCOUNTS], stack.client_environment, stack.logs)
        token = json.loads(Path(stack.environment["REHAB_TOKENS"]).read_text())[CLINICIAN]
        return asyncio.run(_measure(stack, token))


async def _measure(stack: Stack, token: str) -> dict[str, object]:
    known = stack.environment
    events = list(_events())
    await _publish(known["REHAB_KAFKA"], events)
    rate = await _applied(stack, len(events))
    async with httpx2.AsyncClient(base_url=known["REHAB_PORTAL"], timeout=20) as client:
        await sign_in(client, stack)
        numbers = _numbers(await client.get("/api/v1/referrals?limit=200", headers=_as(token)))
        render = {place: await _render(client, place.format(numbers[0])) for place in _PLACES}
        pages = await _load(_pages(client, numbers))
        calls = await _load(_calls(client, numbers, token))
    weight = await _streams(stack, known["REHAB_PORTAL"])
    return {
        "referrals": REFERRALS,
        "read_per_second": rate,
        "render_ms": render,
        "page_ms": pages,
        "call_ms": calls,
        **weight,
    }


async def sign_in(client: httpx2.AsyncClient, stack: Stack) -> None:
    """The clinician whose password the stack made."""
    password = json.loads(stack.passwords.read_text())[CLINICIAN]
    await client.post("/sign-in", data={"name": "clinician.vancouver-1@cedar.example", "password": password})


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _numbers(answer: httpx2.Response) -> list[str]:
    return [str(one["number"]) for one in answer.json()["items"]]


def _events() -> Iterator[Event]:
    """Each referral offered to one of the sites, most of them opened."""
    with (ROOT / "data" / "network" / "sites.csv").open(encoding="utf-8", newline="") as lines:
        sites = [(row["site_id"], row["organisation_id"]) for row in csv.DictReader(lines)]
    for n in range(REFERRALS):
        case, number = f"00000000-0000-5000-8000-{n:012d}", f"R-24-{n:08d}"
        site, organisation = sites[n % len(sites)]
        yield story.created(case, number, person_id=f"W{n}")
        yield story.offered(site=site, organisation=organisation, case=case, number=number)
        if n % 5:
            yield story.acknowledged(site=site, case=case)
        if n % 5 > 1:
            yield story.accepted(site=site, case=case)


async def _publish(servers: str, events: Sequence[Event]) -> None:
    state = Desk()
    async with AIOKafkaProducer(bootstrap_servers=servers, linger_ms=5) as producer:
        for begin in range(0, len(events), _IN_FLIGHT):
            letters = [state.write(event) for event in events[begin : begin + _IN_FLIGHT]]
            sent = [await producer.send(one.topic, one.value, one.key, headers=one.headers) for one in letters]
            await asyncio.gather(*sent)


async def _applied(stack: Stack, events: int) -> int:
    """Records a second while the portal reads all of it from the beginning, after it forgot what it had read."""
    service = stack.services["portal"]
    async with httpx2.AsyncClient(timeout=20) as client:

        async def done() -> int:
            said = (await client.get(f"http://{stack.http('portal')}/health/quiet")).json()
            return sum(said["applied"].get("rehab-referral", {}).values())

        before, since = await done(), time.perf_counter()
        while (now := await done()) < events and service.is_alive():
            await asyncio.sleep(0.1)
    return round((now - before) / (time.perf_counter() - since))


async def _render(client: httpx2.AsyncClient, place: str) -> float:
    """Milliseconds that a template takes, as the portal says itself; the fastest of ten."""
    said = [(await client.get(place)).headers["server-timing"] for _ in range(10)]
    return min(float(one.partition("dur=")[2]) for one in said)


Ask = Callable[[], Awaitable[httpx2.Response]]


def _pages(client: httpx2.AsyncClient, numbers: Sequence[str]) -> Iterator[Ask]:
    for n in range(RATE * SECONDS):
        place = _PLACES[n % 4].format(numbers[n % len(numbers)])
        yield lambda place=place: client.get(place)  # type: ignore[misc]  # a default of a lambda has no annotation


def _calls(client: httpx2.AsyncClient, numbers: Sequence[str], token: str) -> Iterator[Ask]:
    for n in range(RATE * SECONDS):
        place = ("/referrals?limit=50", f"/referrals/{numbers[n % len(numbers)]}", "/notices", "/me")[n % 4]
        yield lambda place=place: client.get(f"/api/v1{place}", headers=_as(token))  # type: ignore[misc]  # likewise


async def _load(asks: Iterator[Ask]) -> dict[str, float]:
    """Open loop: the next request does not wait for the last answer."""
    took: list[float] = []

    async def one(ask: Ask) -> None:
        began = time.perf_counter()
        (await ask()).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)

    began, running = time.perf_counter(), []
    for n, ask in enumerate(asks):
        await asyncio.sleep(max(0, began + n / RATE - time.perf_counter()))
        running.append(asyncio.create_task(one(ask)))
    await asyncio.gather(*running)
    ordered = sorted(took)
    return {
        "rate": RATE,
        "p50": round(ordered[len(ordered) // 2], 1),
        "p99": round(ordered[int(len(ordered) * 0.99)], 1),
    }


async def _streams(stack: Stack, address: str) -> dict[str, object]:
    """Return what five hundred open streams add to the portal, in MB."""
    process = psutil.Process(stack.services["portal"].pid)
    before = process.memory_info().rss
    limits = httpx2.Limits(max_connections=STREAMS + 10)
    async with httpx2.AsyncClient(base_url=address, timeout=30, limits=limits) as client:
        await sign_in(client, stack)
        streams = [client.stream("GET", "/events") for _ in range(STREAMS)]
        opened = [await one.__aenter__() for one in streams]
        statuses = {one.status_code for one in opened}
        await asyncio.sleep(2)
        weight = (process.memory_info().rss - before) / 1e6
        for one in streams:
            await one.__aexit__(None, None, None)
    return {"streams": STREAMS, "statuses": sorted(statuses), "streams_mb": round(weight, 1)}
