"""A fresh database for each test, cloned from a template that was migrated once."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import asyncpg

from deploy.local import rights
from deploy.local.processes import ROOT
from shared.database.migrate import MECHANISM, migrate

Folders = Mapping[str, Sequence[Path]]
_VAULT = MECHANISM / "vault"


def project() -> Folders:
    """The migrations of the six services; each stands on the mechanism's."""
    return {name: [MECHANISM, ROOT / "services" / name / "migrations"] for name in rights.SERVICES}


class Databases:
    """Templates by name, and clones of them."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._templates: set[str] = set()
        self._numbers = count(1)

    async def clone(self, template: str, folders: Folders) -> str:
        """REHAB_POSTGRES of a database of one's own; the template is made when first asked for."""
        if template not in self._templates:
            await self._make(template, folders)
            self._templates.add(template)
        name = f"{self._name('')}{next(self._numbers)}"
        await self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{self._name(template)}" STRATEGY file_copy')
        return rights.address(self._server, database=name)

    async def drop(self, url: str) -> None:
        """Away with it, whoever is still connected."""
        name = url.partition("?")[0].rpartition("/")[2]
        await self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @asynccontextmanager
    async def away(self, url: str, *, but: str) -> AsyncIterator[None]:
        """Nobody is connected to it, and nobody can be; one role is left alone."""
        name = url.partition("?")[0].rpartition("/")[2]
        await self._admin(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            others = f"datname = '{name}' AND usename <> '{but}'"
            await self._admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608 - ours
            yield
        finally:
            await self._admin(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    async def close(self) -> None:
        """Leave nothing on a server that others use too."""
        for template in self._templates:
            await self.drop(rights.address(self._server, database=self._name(template)))

    async def _make(self, template: str, folders: Folders) -> None:
        url = rights.address(self._server, database=self._name(template))
        await self.drop(url)
        await rights.prepare_roles(url, tuple(folders))
        await rights.prepare_database(url, tuple(folders))
        if _VAULT.exists():
            await migrate(url, "vault_owner", "vault", [_VAULT])
        for service, theirs in folders.items():
            await migrate(url, f"{service}_owner", service, theirs)

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(rights.address(self._server, database="postgres", user="postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _name(self, template: str) -> str:
        return f"t_{os.getpid()}_{template}"
