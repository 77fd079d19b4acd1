"""referral with its real handlers: claims accepted and rehabilitation requested, admitted, matched and offered."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer
from uuid_utils import uuid4

from benchmarks import timed
from benchmarks.contender import Task
from benchmarks.system import accepted, requested
from services.procurement.domain import read_register
from services.procurement.store import read_files
from services.program.app import CATALOGUE
from services.program.domain.catalogue import read_entry
from services.referral.app import service
from services.referral.store.register import REPLICA, project_capacity
from shared.config.settings import Settings
from shared.database import postgres
from shared.domain.decision import Event
from shared.events.procurement import SiteCapacityDeclared, Week
from shared.messaging.handlers import ReceivedEvent
from shared.runtime.process import Process

NETWORK = Path("data") / "network"
FIRST_CLAIM = 92_000_000
_PLENTY = 30  # openings a week: a few times what a site has, so that nobody is left without one


async def fill(servers: str, claims: int) -> None:
    """As many acceptances, each followed by a request."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, linger_ms=5)
    await producer.start()
    for number in map(str, range(FIRST_CLAIM, FIRST_CLAIM + claims)):
        await write_claim(producer, number)
    await producer.stop()


async def write_claim(producer: AIOKafkaProducer, number: str, town: str | None = None) -> None:
    """Accepted, and rehabilitation requested for it."""
    claim = accepted(number, town)
    for kind, data in (("claim-accepted", claim), ("rehabilitation-requested", requested(number))):
        pairs = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": "/bench",
            "type": f"claims.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
        }
        headers = [(f"ce_{name}", value.encode()) for name, value in pairs.items()]
        await producer.send("claims", json.dumps(data).encode(), number.encode(), headers=headers)


async def run(task: Task) -> float:
    """Records of `claims` per second, from the first batch to the last announcement in the journal."""
    settings = Settings(kafka=task.kafka, postgres=task.postgres, group=task.group, http="")
    pool = await postgres.open_pool(task.postgres, "referral", "referral")
    await _load_register(pool)
    return await timed.rate(Process(service, pool, settings), task, timed.journalled(task.total))


async def _load_register(pool: asyncpg.Pool) -> None:
    """The shipped network and catalogue, with openings for everybody."""
    events: list[Event] = [e for e in read_register(read_files(NETWORK)) if isinstance(e, REPLICA.contracts)]
    events += [read_entry(tomllib.loads(path.read_text())) for path in sorted(CATALOGUE.glob("*.toml"))]
    sites = [site for e in events if (site := getattr(e, "sites", None)) and getattr(e, "program", "") == "crrtw"]
    async with pool.acquire() as conn, conn.transaction():
        await REPLICA.project(conn, list(_kept(events)))
        await project_capacity(conn, list(_kept([_openings(s) for some in sites for s in some])))


def _openings(site_id: str) -> SiteCapacityDeclared:
    """Enough, from this week on."""
    today = date.today()  # noqa: DTZ011 - any week near now will do
    monday = today - timedelta(days=today.weekday())
    weeks = tuple(Week(week_on=monday + timedelta(weeks=n), openings=_PLENTY) for n in range(12))
    return SiteCapacityDeclared(site_id=site_id, revision=1, program="crrtw", weeks=weeks)


def _kept(events: Sequence[Event]) -> Iterator[ReceivedEvent]:
    """As if they had been read."""
    now = datetime.now(UTC)
    for event in events:
        yield ReceivedEvent(event, "", "", "", event.topic, event.key, 1, now, now)
