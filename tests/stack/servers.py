"""Where tests get their broker and database: from the environment, else from Docker, else from the embedded ones."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from deploy.local import passwords, rights
from deploy.local.kafka import Broker
from deploy.local.postgres import Postgres
from deploy.local.processes import ROOT, end_orphan
from tests.stack import containers

_PLACE = ROOT / ".local" / "test"


class Server(NamedTuple):
    """A running server: bootstrap servers, or an address without user whose pass file knows every role."""

    address: str
    stop: Callable[[], None]


def folder() -> Path:
    """This session's own place; what ended or killed sessions left is removed."""
    _PLACE.mkdir(parents=True, exist_ok=True)
    for left in _PLACE.iterdir():
        if not psutil.pid_exists(int(left.name)):
            for note in left.rglob("*.pid"):
                if note.name != "postmaster.pid":
                    end_orphan(note.with_suffix(".log"))
            shutil.rmtree(left, ignore_errors=True)
    mine = _PLACE / str(os.getpid())
    mine.mkdir(exist_ok=True)
    return mine


def kafka() -> Server:
    """A broker without auto-creation of topics."""
    if elsewhere := os.environ.get("REHAB_KAFKA"):
        return Server(elsewhere, lambda: None)
    if containers.have(containers.KAFKA):
        container = containers.Kafka().start()
        return Server(container.servers, container.stop)
    broker = Broker(folder() / "kafka", fast=True)
    broker.start()
    return Server(broker.servers, broker.stop)


def postgres() -> Server:
    """A server on which databases and roles can be made as one likes."""
    if elsewhere := os.environ.get("REHAB_POSTGRES"):
        return Server(_without_user(elsewhere), lambda: None)
    if containers.have(containers.POSTGRES):
        container = containers.postgres().start()
        return Server(_without_user(container.get_connection_url()), container.stop)
    server = Postgres(folder() / "postgres", fast=True)
    server.start()
    return Server(server.url, server.stop)


def _without_user(url: str) -> str:
    """The superuser's password moves from the address to a pass file, where those of the roles will join it."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    file = folder() / "pgpass"
    passwords.write(file, {"postgres": parts.password})
    return f"{rights.address(url, database=rights.DATABASE)}?passfile={file}"
