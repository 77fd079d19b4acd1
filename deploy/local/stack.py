"""Broker, database, mail and services together, in one folder."""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from deploy.local import ports, topics
from deploy.local.kafka import Broker
from deploy.local.mail import Catcher
from deploy.local.postgres import Postgres
from deploy.local.processes import Process, ServiceProcess, end_orphan, stop_all
from deploy.local.rights import SERVICES
from deploy.local.waiting import wait_until

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NOTHING_PREFERRED: Mapping[str, int] = MappingProxyType({})


class InUse(Exception):  # noqa: N818 - says what happened
    """Another launcher holds the folder."""


class Stack:
    """Any part of the system in any folder; what the environment names elsewhere is not started.

    The folder afterwards: state/ (broker and database), logs/, mail/, pgpass, stack.json (all addresses).
    """

    def __init__(  # noqa: PLR0913 - what a stack is made of
        self,
        folder: Path,
        *,
        services: Sequence[str] = SERVICES,
        fast: bool = False,
        clock: str = "real",
        given: Mapping[str, str] = _NOTHING,
        people: bool = False,
        preferred: Mapping[str, int] = _NOTHING_PREFERRED,
    ) -> None:
        """`given` may name REHAB_KAFKA, REHAB_POSTGRES, REHAB_SMTP; `clock` is REHAB_CLOCK; `fast` is not durable.

        Where there are `people`, they get passwords and may slow the days down. REHAB_PARTITIONS may be given, too.
        `preferred` are ports by the name of a service, taken where they are free.
        """
        self.folder, self._given, self._clock = folder.absolute(), given, clock
        self._people, self._preferred = people, preferred
        self._names = services
        self.logs = self.folder / "logs"
        self.broker = Broker(self.folder / "state" / "kafka", fast=fast, log=self.logs / "kafka.log")
        self.postgres = Postgres(
            self.folder / "state" / "postgres",
            fast=fast,
            log=self.logs / "postgres.log",
            passfile=self.folder / "pgpass",
        )
        self.mail: Catcher | None = None
        self.services: dict[str, ServiceProcess] = {}
        self._addresses: dict[str, str] = {}
        self._ending = ExitStack()

    @property
    def environment(self) -> dict[str, str]:
        """Return what an outside client of the stack needs to know."""
        known = {name: self._addresses[name] for name in ("REHAB_KAFKA", "REHAB_POSTGRES", "REHAB_SMTP")}
        tokens = str(self.folder / "tokens.json")
        theirs = {"REHAB_PASSWORDS": str(self.passwords), "REHAB_PACE": str(self.pace)} if self._people else {}
        return known | {"REHAB_CLOCK": self._clock, "REHAB_TOKENS": tokens} | theirs | self._portal()

    @property
    def passwords(self) -> Path:
        """First passwords by account, for whoever started the stack."""
        return self.folder / "passwords.json"

    @property
    def pace(self) -> Path:
        """How fast the days go."""
        return self.folder / "pace.json"

    @property
    def client_environment(self) -> dict[str, str]:
        """The same, with everything else that a program inherits."""
        return {**os.environ, **self.environment}

    @property
    def programs(self) -> list[Process]:
        """Everything that this stack started and that should run."""
        ground = [part.process for part in (self.broker, self.postgres) if part.is_started]
        return [*ground, *self.services.values()]

    def http(self, service: str) -> str:
        """Where a service answers HTTP."""
        return self._addresses[service]

    def start(self) -> None:
        """Everything, in order; on return every service takes work. What had started is stopped if something fails."""
        try:
            self.start_ground()
            self.start_services()
        except BaseException:
            self.stop()
            raise

    def start_ground(self) -> None:
        """Broker, topics, database and mail; the services come after."""
        self._lock()
        self._start_broker_and_database()
        self._start_mail()

    def start_services(self) -> None:
        """All at once, and wait for all."""
        for name in self._names:
            end_orphan(self._log(name))
        noted = self.folder / "state" / "ports.json"
        places = ports.remembered(noted, *self._names, preferred=self._preferred) if self._names else {}
        self._addresses |= {name: f"127.0.0.1:{port}" for name, port in places.items()}
        self.services = {name: self._service(name) for name in self._names}
        self._ending.callback(lambda: stop_all(self.services.values(), patience=4))
        for service in self.services.values():
            service.start()
        wait_until(self._all_ready, within=60, what="all services ready")
        self._note(ready=True)

    def stop(self) -> None:
        """Services first, then what they stand on."""
        self._ending.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _lock(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        held = (self.folder / "lock").open("w")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as refused:
            held.close()
            raise InUse(f"a stack already runs in {self.folder}") from refused
        self._ending.callback(held.close)
        self._ending.callback((self.folder / "stack.json").unlink, missing_ok=True)
        self._note(ready=False)

    def _start_broker_and_database(self) -> None:
        brokers, database = self._given.get("REHAB_KAFKA"), self._given.get("REHAB_POSTGRES")
        if not brokers:
            self._ending.callback(self.broker.stop)  # said first: a signal may come while it starts
            self.broker.launch()
        if not database:
            self._ending.callback(self.postgres.stop)
            self.postgres.start()
        if not brokers:
            self.broker.wait_ready()
        self._addresses["REHAB_KAFKA"] = brokers or self.broker.servers
        self._addresses["REHAB_POSTGRES"] = database or self.postgres.url
        topics.prepare(self._addresses["REHAB_KAFKA"], int(self._given.get("REHAB_PARTITIONS", 0)))

    def _start_mail(self) -> None:
        if elsewhere := self._given.get("REHAB_SMTP"):
            self._addresses["REHAB_SMTP"] = elsewhere
            return
        port = ports.remembered(self.folder / "state" / "ports.json", "mail")["mail"]
        self.mail = Catcher(self.folder / "mail", port)
        self.mail.start()
        self._ending.callback(self.mail.stop)
        self._addresses["REHAB_SMTP"] = self.mail.address

    def _service(self, name: str) -> ServiceProcess:
        return ServiceProcess(name, self.environment | {"REHAB_HTTP": self._addresses[name]}, self._log(name))

    def _all_ready(self) -> bool:
        return all(service.is_ready() for service in self.services.values())

    def _portal(self) -> dict[str, str]:
        return {"REHAB_PORTAL": f"http://{self._addresses['portal']}"} if "portal" in self._addresses else {}

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _note(self, *, ready: bool) -> None:
        noted = {"pid": os.getpid(), "ready": ready, "logs": str(self.logs), **self._addresses, **self._portal()}
        (self.folder / "stack.json").write_text(json.dumps(noted, indent=2) + "\n")
