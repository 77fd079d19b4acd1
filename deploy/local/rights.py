"""Roles, database and schemas, from the statements in deploy/postgres/."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg

from deploy.local import passwords

SERVICES = ("referral", "program", "invoice", "procurement", "notification", "portal")
DATABASE = "rehab"
REBUILT = "rehab_rebuilt"  # in which read models are built anew, to be compared
_SQL = Path(__file__).resolve().parents[1] / "postgres"


def roles(services: Sequence[str] = SERVICES) -> list[str]:
    """Every role that signs in, the superuser apart."""
    return [role for service in services for role in (service, f"{service}_owner")] + ["portal_reader", "vault_owner"]


def address(url: str, *, database: str, user: str | None = None) -> str:
    """The same server, another database, signed in as somebody else or as nobody yet."""
    parts = urlsplit(url)
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{server}" if user else server, path=f"/{database}"))


async def prepare_roles(url: str, services: Sequence[str] = SERVICES) -> None:
    """Create what is missing, and give everybody the password of the pass file that the address names."""
    known = passwords.ensure(Path(parse_qs(urlsplit(url).query)["passfile"][0]), roles(services))
    connection = await asyncpg.connect(address(url, database="postgres", user="postgres"))
    try:
        await _run(connection, "roles.sql", services)
        for role in roles(services):
            await connection.execute(f"ALTER ROLE {role} PASSWORD '{known[role]}'")
    finally:
        await connection.close()


async def prepare_database(url: str, services: Sequence[str] = SERVICES) -> None:
    """Create the database that the address names, its schemas and rights; changes nothing where they exist."""
    name = urlsplit(url).path.lstrip("/")
    connection = await asyncpg.connect(address(url, database="postgres", user="postgres"))
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    connection = await asyncpg.connect(address(url, database=name, user="postgres"))
    try:
        await _run(connection, "schemas.sql", services)
    finally:
        await connection.close()


async def drop_database(url: str) -> None:
    """Forget the database that the address names."""
    name = urlsplit(url).path.lstrip("/")
    connection = await asyncpg.connect(address(url, database="postgres", user="postgres"))
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


def prepare(url: str) -> None:
    """Roles and database of the project; callable with or without a running event loop."""

    async def both() -> None:
        await prepare_roles(url)
        await prepare_database(url)

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, both()).result()


async def _run(connection: "asyncpg.Connection[asyncpg.Record]", file: str, services: Sequence[str]) -> None:
    await connection.execute("SELECT set_config('rehab.services', $1, false)", ",".join(services))
    await connection.execute((_SQL / file).read_text())
