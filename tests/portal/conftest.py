"""A portal with accounts of two organisations and the insurer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.local.processes import ROOT
from services.portal.api.passwords import hashed
from services.portal.store.accounts import issue_tokens, read_accounts
from services.portal.store.sessions import save_credentials
from shared.database.migrate import MECHANISM
from shared.database.postgres import Connection, open_session
from tests.portal.world import World, accounts_file, world
from tests.stack.databases import Databases
from tests.toy.letters import Desk

ACCOUNTS = (
    ("a-north", "provider", "o-north", "s-north-1", "clinician", "Invented", "Clinician", "north@example.test"),
    ("a-north-biller", "provider", "o-north", "s-north-1", "biller", "Invented", "Biller", "bill@example.test"),
    (
        "a-north-admin",
        "provider",
        "o-north",
        "s-north-1 s-north-2",
        "administrator",
        "Invented",
        "Administrator",
        "admin@example.test",
    ),
    ("a-south", "provider", "o-south", "s-south-1", "clinician", "Invented", "Clinician", "south@example.test"),
    ("a-south-biller", "provider", "o-south", "s-south-1", "biller", "Invented", "Biller", "bills@example.test"),
    ("a-officer", "insurer", "", "", "claims_officer", "Invented", "Officer", "officer@example.test"),
    ("a-payer", "insurer", "", "", "payment_officer", "Invented", "Payer", "payer@example.test"),
    ("a-program", "insurer", "", "", "program_officer", "Invented", "Program", "program@example.test"),
    ("a-operations", "insurer", "", "", "operations", "Invented", "Operator", "operations@example.test"),
    ("a-worker", "worker", "", "", "worker", "Invented", "Worker", "worker@example.test", "W1"),
)


PASSWORD = "an invented password"  # noqa: S105 - of accounts in these tests alone
_HASHED = hashed(PASSWORD)
EMPTY = """
SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') FROM pg_tables
WHERE schemaname = 'portal' AND tablename <> 'migrations'
"""


class House(NamedTuple):
    """A portal that stays up from test to test, and somebody who may empty it."""

    url: str
    world: World
    owner: Connection


@asynccontextmanager
async def built(databases: Databases, rate: str = "off") -> AsyncIterator[House]:
    """On a database of its own; most tests ask faster than any clinic's software may."""
    url = await databases.clone("portal", {"portal": [MECHANISM, ROOT / "services" / "portal" / "migrations"]})
    owner = await open_session(url, "portal_owner", "portal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REHAB_PORTAL_RATE", rate)
        async with world(url) as found:
            yield House(url, found, owner)
    await owner.close()
    await databases.drop(url)


@asynccontextmanager
async def furnished(house: House, folder: Path) -> AsyncIterator[World]:
    """Empty but for its accounts, each with a key."""
    await house.owner.execute(await house.owner.fetchval(EMPTY))
    house.world.desk = Desk()
    house.world.forget_tries()
    await house.world.running.tell(read_accounts(accounts_file(folder, ACCOUNTS)))
    house.world.keys = {row[0]: f"key-of-{row[0]}" for row in ACCOUNTS}
    async with house.world.pool.acquire() as conn:
        await issue_tokens(conn, {sha256(key.encode()).digest(): id_ for id_, key in house.world.keys.items()})
        await save_credentials(conn, {row[0]: (row[7], _HASHED) for row in ACCOUNTS})
    yield house.world


@pytest.fixture(scope="session")
async def house(databases: Databases) -> AsyncIterator[House]:
    """One for all these tests."""
    async with built(databases) as found:
        yield found


@pytest.fixture
async def portal(house: House, tmp_path: Path) -> AsyncIterator[World]:
    """Behind HTTP, with a key for each account."""
    async with furnished(house, tmp_path) as found:
        yield found
