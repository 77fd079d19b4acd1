"""A portal with five accounts of two organisations and the insurer."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from deploy.local.processes import ROOT
from services.portal.store.accounts import issue_tokens, read_accounts
from shared.migrate import MECHANISM
from tests.portal.world import World, accounts_file, world
from tests.stack.databases import Databases

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
    ("a-officer", "insurer", "", "", "claims_officer", "Invented", "Officer", "officer@example.test"),
)


@pytest.fixture
async def portal_database(databases: Databases) -> AsyncIterator[str]:
    """REHAB_POSTGRES of an empty portal."""
    url = await databases.clone("portal", {"portal": [MECHANISM, ROOT / "services" / "portal" / "migrations"]})
    yield url
    await databases.drop(url)


@pytest.fixture
def pace() -> None:
    """How often a key may ask: as in production, unless a module says otherwise."""


@pytest.fixture
async def portal(portal_database: str, tmp_path: Path, pace: None) -> AsyncIterator[World]:
    """Behind HTTP, with a key for each account."""
    assert pace is None
    async with world(portal_database) as found:
        await found.running.tell(read_accounts(accounts_file(tmp_path, ACCOUNTS)))
        found.keys = {row[0]: f"key-of-{row[0]}" for row in ACCOUNTS}
        async with found.pool.acquire() as conn:
            await issue_tokens(conn, {sha256(key.encode()).digest(): id_ for id_, key in found.keys.items()})
        yield found
