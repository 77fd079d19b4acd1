"""The job that makes roles: each service receives the passwords of its own roles, and keeps them."""

import asyncio
from pathlib import Path
from stat import S_IMODE
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from deploy.image.__main__ import create_roles, hand_out, handed_out, roles_of
from deploy.local import passwords, rights
from shared.database.migrate import MECHANISM, migrate
from shared.database.postgres import open_session

NAME = "rehab_image"


@pytest.fixture
def passes(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders as the job finds them at a second start; the superuser's password is in a secret."""
    known = passwords.read(Path(parse_qs(urlsplit(database).query)["passfile"][0]))
    hand_out(tmp_path / "pass", known)
    secret = tmp_path / "superuser"
    secret.write_text(known["postgres"] + "\n")
    monkeypatch.setenv("REHAB_SUPERUSER_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("REHAB_POSTGRES", over_the_network(database))
    return tmp_path / "pass"


def test_no_service_knows_the_password_of_another() -> None:
    shared = {"vault_owner"}
    for service in rights.SERVICES:
        others = {role for other in rights.SERVICES if other != service for role in roles_of(other)}
        assert set(roles_of(service)) & others <= shared
    assert {role for service in rights.SERVICES for role in roles_of(service)} == set(rights.roles())


def test_a_pass_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    hand_out(tmp_path, dict.fromkeys(rights.roles(), "secret"))
    file = tmp_path / "invoice" / "pgpass"
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert passwords.read(file) == {"invoice": "secret", "invoice_owner": "secret"}


async def test_a_second_start_changes_no_password_and_every_service_can_sign_in_and_migrate(
    passes: Path, database: str
) -> None:
    before = handed_out(passes)
    try:
        await asyncio.to_thread(create_roles, passes)
        assert handed_out(passes) == before
        for service in rights.SERVICES:
            own = f"{over_the_network(database)}?passfile={passes / service / 'pgpass'}"
            await migrate(own, f"{service}_owner", service, [MECHANISM])
            session = await open_session(own, service, service)
            assert await session.fetchval("SELECT count(*) FROM marks") == 0
            await session.close()
    finally:
        await _drop(database)


def over_the_network(database: str) -> str:
    """The server as other machines name it, without a pass file."""
    parts = urlsplit(database)
    server = parts.netloc or f"127.0.0.1:{parse_qs(parts.query)['port'][0]}"
    return f"postgresql://{server}/{NAME}"


async def _drop(database: str) -> None:
    admin = await asyncpg.connect(rights.address(database, database="postgres", user="postgres"))
    await admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await admin.close()
