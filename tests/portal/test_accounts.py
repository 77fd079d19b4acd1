"""Accounts come from dated files, once; who holds them goes sealed."""

import json
import stat
from pathlib import Path

import pytest

from services.portal.app import open_accounts
from services.portal.store.accounts import read_accounts
from shared.events.person import AccountHolderChanged
from shared.messaging.encryption import open_people
from tests.portal.conftest import ACCOUNTS
from tests.portal.world import NETWORK, World, accounts_file

MOVED = (
    "a-north",
    "provider",
    "o-north",
    "s-north-1 s-north-3",
    "clinician",
    "Invented",
    "Clinician",
    "new@example.test",
)


async def test_each_account_is_announced_with_its_roles_and_its_sealed_holder(portal: World) -> None:
    facts = [fact for fact in await portal.facts() if "a-north-admin" in fact.key]
    assert [(f.topic, f.words) for f in facts] == [
        ("rehab-portal", "account-opened"),
        ("rehab-portal", "role-granted"),
        ("rehab-portal", "role-granted"),
        ("rehab-person", "person-changed"),
    ]
    assert [f.payload["site_id"] for f in facts[1:3]] == ["s-north-1", "s-north-2"]
    assert not any("example.test" in str(fact.payload) for fact in await portal.facts())
    sealed = {facts[3].key: facts[3].payload["sealed"]}
    async with portal.pool.acquire() as conn:
        opened = await open_people(conn, sealed)
    assert opened["account/a-north-admin"].email == "admin@example.test"


async def test_a_second_time_says_nothing_new(portal: World, tmp_path: Path) -> None:
    before = len(await portal.facts())
    await open_accounts(portal.running.context, [str(accounts_file(tmp_path, ACCOUNTS))])
    assert len(await portal.facts()) == before


async def test_a_file_with_an_address_that_no_mail_can_go_to_opens_nothing_and_names_each(
    portal: World, tmp_path: Path
) -> None:
    before = len(await portal.facts())
    rows = [
        (*MOVED[:7], "jos\u00e9@cedar.example"),
        (*ACCOUNTS[1][:7], "desk"),
        (*ACCOUNTS[2][:7], " a@b\u00fccher.example"),
    ]
    with pytest.raises(SystemExit) as told:
        await open_accounts(portal.running.context, [str(accounts_file(tmp_path, rows))])
    assert [line.partition(":")[0] for line in str(told.value).splitlines()] == [
        "account a-north",
        "account a-north-biller",
    ]
    assert len(await portal.facts()) == before


async def test_a_changed_file_says_what_changed(portal: World, tmp_path: Path) -> None:
    before = len(await portal.facts())
    await open_accounts(portal.running.context, [str(accounts_file(tmp_path, [MOVED]))])
    new = (await portal.facts())[before:]
    assert [(f.words, f.payload.get("site_id")) for f in new] == [
        ("role-granted", "s-north-3"),
        ("person-changed", None),
    ]
    assert {"role": "clinician", "site_id": "s-north-3"} in (await portal.get_json("/me", "a-north"))["roles"]


async def test_each_account_s_software_gets_a_key_that_opens_and_that_stays(
    portal: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "keys.json"
    place.write_text("{}")
    place.chmod(0o644)
    monkeypatch.setenv("REHAB_TOKENS", str(place))
    folder = str(accounts_file(tmp_path, ACCOUNTS))
    await open_accounts(portal.running.context, [folder])
    keys = json.loads(place.read_text())
    assert set(keys) == {account_id for account_id, kind, *_ in ACCOUNTS if kind != "worker"}
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    headers = {"Authorization": f"Bearer {keys['a-south']}"}
    assert (await portal.client.get("/api/v1/me", headers=headers)).json()["account_id"] == "a-south"
    await open_accounts(portal.running.context, [folder])
    assert json.loads(place.read_text()) == keys
    kept = await portal.pool.fetchval(
        "SELECT count(*) FROM tokens WHERE encode(sha256, 'escape') = ANY($1)", list(keys)
    )
    assert kept == 0


async def test_one_account_of_each_role_gets_a_first_password_that_stays_and_lies_hashed(
    portal: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "passwords.json"
    monkeypatch.setenv("REHAB_PASSWORDS", str(place))
    folder = str(accounts_file(tmp_path, ACCOUNTS))
    await open_accounts(portal.running.context, [folder])
    known = json.loads(place.read_text())
    roles = {row[4] for row in ACCOUNTS}
    assert {row[4] for row in ACCOUNTS if row[0] in known} == roles
    assert len(known) == len(roles)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    said = {"name": "worker@example.test", "password": known["a-worker"]}
    assert (await portal.client.post("/sign-in", data=said)).headers["location"] == "/inbox"
    await open_accounts(portal.running.context, [folder])
    assert json.loads(place.read_text()) == known
    kept = await portal.pool.fetch("SELECT password FROM credentials")
    assert all(row["password"].startswith("$argon2id$") for row in kept)


async def test_the_networks_accounts_file_can_be_read() -> None:
    holders = read_accounts(NETWORK)
    assert len({holder.account_id for holder in holders}) == len(holders) > 100
    assert {holder.kind for holder in holders} == {"provider", "insurer", "worker"}


async def test_holders_are_announced_as_the_portal_s_own(portal: World) -> None:
    (fact,) = [f for f in await portal.facts("person-changed") if f.key == "account/a-south"]
    assert fact.type == AccountHolderChanged.type_name
