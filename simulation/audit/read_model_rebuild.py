"""Every read model folded anew from the topics, and compared with the live one, row by row."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import asyncpg

from deploy.local import rights

Row: TypeAlias = tuple[Any, ...]
_DATABASE = rights.REBUILT
_WITHIN = 300.0  # seconds for one service
# what each service folds from the topics without deciding anything
READ_MODELS: Mapping[str, Sequence[str]] = {
    "portal": (
        "cases", "views", "papers", "papers_left", "payees", "remittances", "runs", "notices", "operations",
        "calendars", "people", "register", "timeline",
    ),
    "notification": ("roles", "sites", "people", "terms"),
    "referral": ("register", "capacity"),
    "program": ("register",),
    "invoice": ("terms",),
}  # fmt: skip
_COUNTS = frozenset({"changed"})  # how often anything changed before: another order counts otherwise
_MECHANISM = frozenset({"reference_versions", "migrations"})
_OWN = "operations"  # what was asked is the portal's own record; the answers come from the topics
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = $1 AND table_name = $2
ORDER BY column_name
"""
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = $1 AND table_type = 'BASE TABLE'
ORDER BY table_name
"""


def differences(environment: Mapping[str, str], services: Collection[str] = READ_MODELS) -> list[str]:
    """Return what a stack's read models and those built anew differ in; nothing where all is well."""
    return asyncio.run(_differences(environment, services))


async def _differences(environment: Mapping[str, str], services: Collection[str]) -> list[str]:
    url = environment["REHAB_POSTGRES"]
    anew = rights.address(url, database=_DATABASE)
    await rights.drop_database(anew)
    await rights.prepare_database(anew)
    found: list[str] = []
    try:
        for service in services:
            found += await _of_service(service, url, anew, environment)
    finally:
        await rights.drop_database(anew)
    return found


async def _of_service(service: str, url: str, anew: str, environment: Mapping[str, str]) -> list[str]:
    """Migrated, given what is its own, folded, compared."""
    known = {**environment, "REHAB_POSTGRES": anew}
    await _run(service, "migrate", known)
    live, fresh = await _open(url), await _open(anew)
    try:
        if _OWN in READ_MODELS[service]:
            await _lend(live, fresh, service)
        await _run(service, "rebuild", known)
        compared = [await _of_table(live, fresh, service, table) for table in READ_MODELS[service]]
        return [*(told for some in compared for told in some), *await _overlooked(fresh, service)]
    finally:
        await live.close()
        await fresh.close()


async def _run(service: str, verb: str, environment: Mapping[str, str]) -> None:
    """A verb of the service, in a process of its own."""
    command = [sys.executable, "-m", f"services.{service}.app", verb]
    run = asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=_WITHIN
    )
    done = await run
    if done.returncode:
        raise OSError(f"{service} {verb}: {done.stderr[-2000:]}")


async def _open(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """As somebody who sees every row."""
    name = urlsplit(url).path.lstrip("/")
    return await asyncpg.connect(rights.address(url, database=name, user="postgres"))


async def _lend(
    live: "asyncpg.Connection[asyncpg.Record]", fresh: "asyncpg.Connection[asyncpg.Record]", schema: str
) -> None:
    """Copy the operations that people asked for, without the answers."""
    columns = await _columns(live, schema, _OWN, frozenset())
    rows = [
        tuple({**row, "status": "received", "answer": None}[name] for name in columns)
        for row in await live.fetch(f"SELECT {', '.join(columns)} FROM {schema}.{_OWN}")  # noqa: S608 - names from the catalogue
    ]
    await fresh.copy_records_to_table(_OWN, schema_name=schema, columns=columns, records=rows)


async def _columns(
    conn: "asyncpg.Connection[asyncpg.Record]", schema: str, table: str, without: frozenset[str]
) -> list[str]:
    found = [name for (name,) in await conn.fetch(_COLUMNS, schema, table)]
    return [name for name in found if name not in without]


async def _of_table(
    live: "asyncpg.Connection[asyncpg.Record]", fresh: "asyncpg.Connection[asyncpg.Record]", schema: str, table: str
) -> list[str]:
    columns = await _columns(live, schema, table, _COUNTS)
    chosen = f"SELECT {', '.join(columns)} FROM {schema}.{table}"  # noqa: S608 - names from the catalogue
    rows = [Counter(tuple(row) for row in await conn.fetch(chosen)) for conn in (live, fresh)]
    return list(compared(f"{schema}.{table}", columns, *rows))


async def _overlooked(fresh: "asyncpg.Connection[asyncpg.Record]", schema: str) -> list[str]:
    """Tables that were folded and that nobody compares."""
    found = []
    for (table,) in await fresh.fetch(_TABLES, schema):
        if table not in {*READ_MODELS[schema], *_MECHANISM} and await fresh.fetchval(
            f"SELECT EXISTS (SELECT FROM {schema}.{table})"  # noqa: S608 - names from the catalogue
        ):
            found.append(f"{schema}.{table} is folded from the topics and not compared")
    return found


def compared(name: str, columns: Sequence[str], live: Counter[Row], fresh: Counter[Row]) -> Iterator[str]:
    """Rows that only one of both has; never what they hold, which may be about somebody."""
    missing, strange = fresh - live, live - fresh
    for rows, words in ((missing, "is missing"), (strange, "is not what the topics say")):
        for row, times in rows.items():
            yield f"{name}: the row {_named(columns, row)} {words}" + (f", {times} times" if times > 1 else "")


def _named(columns: Sequence[str], row: Row) -> str:
    """By its ids."""
    ids = [f"{n}={v}" for n, v in zip(columns, row, strict=True) if n.endswith("_id") or n in {"id", "kind", "name"}]
    return ", ".join(ids) or "without an id"
