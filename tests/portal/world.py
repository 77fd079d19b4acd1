"""The portal on a real database and behind real HTTP; what other services say is handed to it by the test."""

import asyncio
import csv
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import uuid4

import httpx2
import orjson
import uvicorn

from deploy.local.processes import ROOT
from services.portal.api.dependencies import Portal
from services.portal.api.passwords import PasswordChecks
from services.portal.app import service as portal
from shared.config.settings import Settings
from shared.database import postgres
from shared.domain.decision import Event, Violation
from shared.events.answers import ActionApplied, ActionRefused, contract_of_service
from shared.runtime import connections, health
from shared.runtime.consumer import Consumer
from shared.runtime.process import Process
from tests.toy.letters import Desk, Letter, laid

NOWHERE = "127.0.0.1:1"
Headers = dict[str, str]


class Fact(NamedTuple):
    """What the portal announced."""

    event_id: str
    topic: str
    key: str
    type: str
    sequence: int
    after: str
    payload: dict[str, Any]

    @property
    def words(self) -> str:
        """The type without owner and version."""
        return self.type.split(".")[2]


class World:
    """One process of the portal whose broker is the test."""

    def __init__(self, running: Consumer, client: httpx2.AsyncClient, server: uvicorn.Server, portal: Portal) -> None:
        self.running, self.pool, self.client, self.server, self.portal = running, running.pool, client, server, portal
        self.desk = Desk()
        self.keys: dict[str, str] = {}

    def forget_tries(self) -> None:
        """As if nobody had tried to sign in yet."""
        self.portal.passwords = PasswordChecks()

    async def hear(self, *events: Event, cause: str = "") -> None:
        """One batch of what others announce."""
        letters = [self.desk.write(event) for event in events]
        if cause:
            letters = [letter.saying(ce_causationid=cause.encode()) for letter in letters]
        await self.get(letters)

    async def get(self, letters: Sequence[Letter]) -> None:
        """One batch."""
        await self.running.receive(cast("Any", laid(letters)))

    async def facts(self, words: str = "") -> list[Fact]:
        """Return what was announced, in order."""
        rows = await self.pool.fetch(
            "SELECT event_id::text, topic, key, type, sequence, after, payload FROM outbox"
            " WHERE type LIKE $1 ORDER BY seq",
            f"%{words}%",
        )
        return [Fact(r[0], r[1], r[2], r[3], r[4], r[5], orjson.loads(r[6])) for r in rows]

    async def fact(self, words: str) -> Fact:
        """The one that will be announced, as soon as it is."""
        async with asyncio.timeout(5):
            while not (found := await self.facts(words)):  # noqa: ASYNC110 - a row of the database
                await asyncio.sleep(0.005)
        return found[-1]

    async def apply(self, fact: Fact, service: str = "referral") -> None:
        """The owner's answer to an action that has no other effect."""
        await self.hear(
            contract_of_service(service, ActionApplied)(action_key=fact.key, action_id=fact.event_id),
            cause=fact.event_id,
        )

    async def refuse(
        self, fact: Fact, *flaws: Violation, allowed: tuple[str, ...] = (), service: str = "referral"
    ) -> None:
        """The owner's refusal."""
        kind = contract_of_service(service, ActionRefused)
        refused = kind(action_key=fact.key, action_id=fact.event_id, reasons=flaws, allowed=allowed)
        await self.hear(refused, cause=fact.event_id)

    def auth(self, account_id: str) -> Headers:
        """The headers of somebody's software."""
        return {"Authorization": f"Bearer {self.keys[account_id]}"}

    def asking(self, account_id: str, *, etag: str = '"1"', key: str = "", wait: int = 0) -> Headers:
        """The headers of an action."""
        prefer = {"Prefer": f"wait={wait}"} if wait else {}
        return {**self.auth(account_id), "If-Match": etag, "Idempotency-Key": key or str(uuid4()), **prefer}

    async def get_json(self, path: str, account_id: str) -> Any:
        """Return what somebody reads."""
        answer = await self.client.get(f"/api/v1{path}", headers=self.auth(account_id))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, account_id: str, body: Any = None, **asked: Any) -> httpx2.Response:
        """Return what somebody does."""
        headers = self.asking(account_id, **asked)
        return await self.client.post(f"/api/v1{path}", json={} if body is None else body, headers=headers)


def accounts_file(folder: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A folder with a file of accounts."""
    columns = (
        "account_id",
        "kind",
        "organisation_id",
        "sites",
        "role",
        "given_name",
        "family_name",
        "email",
        "person_id",
    )
    with (folder / "accounts.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows((*row, "")[: len(columns)] for row in rows)
    return folder


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def world(url: str) -> AsyncIterator[World]:
    """A portal that answers HTTP."""
    pool = await postgres.open_pool(url, "portal", "portal")
    process = Process(portal, pool, Settings(kafka=NOWHERE, postgres=url, http=""))
    port = _free_port()
    site = health.Server(process.consumer, process.leader)
    config = connections.configured(site.app, "127.0.0.1", port, grace=1)
    server = health._Quietly(config)
    serving = asyncio.create_task(server.serve())
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            await _started(server, serving)
            yield World(process.consumer, client, server, cast("Any", site._pages)._app.portal)
    finally:
        server.should_exit = True
        await serving
        pool.terminate()
        if readers := cast("Any", site._pages)._app.portal._readers:
            readers.terminate()


async def _started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    """Until it listens."""
    async with asyncio.timeout(10):
        while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.005)


NETWORK = ROOT / "data" / "network"
