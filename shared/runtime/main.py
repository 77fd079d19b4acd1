"""The command line of a service: run it, migrate its schema, or run an operator's command."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import uvloop

from shared.config import log
from shared.config.settings import Settings
from shared.database import migrate, postgres
from shared.runtime import operator_commands, process
from shared.runtime.service import Service, Verb

_VAULT = migrate.MECHANISM / "vault"


def main(service: Service, arguments: Sequence[str] | None = None) -> None:
    """Run the command that the first argument names; without arguments run the service."""
    verb, *rest = arguments or sys.argv[1:] or ["run"]
    settings = Settings()
    log.set_up(service.name, settings.instance, settings.log_level)
    verbs: dict[str, Verb] = {**operator_commands.verbs(service), **service.verbs}
    commands: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "run": lambda: run(service, settings),
        "migrate": lambda: migrate_schema(service, settings),
        **{name: lambda name=name: run_verb(service, settings, verbs[name], rest) for name in verbs},  # type: ignore[misc]  # a default of a lambda has no annotation
    }
    if verb not in commands:
        raise SystemExit(f"{service.name}: no verb {verb!r}; there are: {', '.join(commands)}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(commands[verb]())


async def run(service: Service, settings: Settings) -> None:
    """Wait for broker and database, migrate, then run until SIGTERM."""
    await process.await_dependencies(service, settings)
    await migrate_schema(service, settings)
    await process.run(service, settings)


async def migrate_schema(service: Service, settings: Settings) -> None:
    """Bring the service's schema up to date, and the vault's where the service uses it."""
    folders = [migrate.MECHANISM, service.folder / "migrations"]
    await migrate.migrate(settings.postgres, f"{service.name}_owner", service.name, folders)
    if service.seal or service.guard:
        await migrate.migrate(settings.postgres, "vault_owner", "vault", [_VAULT])


async def run_verb(service: Service, settings: Settings, verb: Verb, arguments: Sequence[str]) -> None:
    """Run a command beside the running service, on the same database and by the same rules, without topics."""
    await migrate_schema(service, settings)
    pool = await postgres.open_pool(settings.postgres, service.name, service.name, size=2)
    try:
        await verb(process.Process(service, pool, settings).consumer.context, arguments)
    finally:
        await pool.close()
