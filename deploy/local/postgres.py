"""A real PostgreSQL server from a wheel's binaries, without Docker."""

import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode

from deploy.local import passwords, ports, rights
from deploy.local.processes import Died, Process, end_orphan, last_lines
from deploy.local.unprivileged import Home
from deploy.local.waiting import wait_until

_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
max_connections = 200
shared_buffers = 128MB
password_encryption = scram-sha-256
logging_collector = off
log_line_prefix = '%m [%p] %u@%d '
timezone = 'UTC'
"""
_FAST = """fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum_naptime = 5s
autovacuum_vacuum_cost_delay = 0
max_wal_size = 2GB
"""
_DURABLE = """fsync = on
synchronous_commit = on
"""
_LAST_HBA = "local all all reject\nhost all all all reject\n"
# 107 bytes are what the name of a socket may have, and a comma would part two folders
_SUITABLE = re.compile(rf"[\w./+@-]{{1,{107 - len('/.s.PGSQL.65535')}}}", re.ASCII)


class Postgres:
    """One server in one folder; a second start finds its data and, if still free, its port."""

    def __init__(
        self,
        folder: Path,
        *,
        fast: bool = False,
        guests: bool = False,
        log: Path | None = None,
        passfile: Path | None = None,
    ) -> None:
        """`fast` gives up durability, for tests; `guests` may bring databases and services of their own."""
        self._folder, self._fast, self._guests = folder.absolute(), fast, guests or fast
        self._log = (log or folder / "postgres.log").absolute()
        self._passfile = (passfile or folder / "pgpass").absolute()
        self._home = Home(self._folder)
        self._process: Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """REHAB_POSTGRES: no user yet, each service signs in as itself."""
        known = {"host": self._sockets or "127.0.0.1", "port": self._port, "passfile": self._passfile}
        return f"postgresql:///{rights.DATABASE}?{urlencode(known, safe='/', quote_via=quote)}"

    @property
    def _sockets(self) -> str:
        """Where it listens besides, at less cost a statement than TCP; nowhere where a socket's path may not be so."""
        place = str(self._home.place)
        return place if _SUITABLE.fullmatch(place) and _holds_sockets(self._home.place) else ""

    @property
    def is_started(self) -> bool:
        """Return whether start() was called."""
        return self._process is not None

    @property
    def process(self) -> Process:
        """The server's first process."""
        if self._process is None:
            raise Died("postgres was not started")
        return self._process

    def start(self, within: float = 30) -> None:
        """Start, wait, and see to roles, database and schemas."""
        end_orphan(self._log)
        self._port = ports.remembered(self._folder / "ports.json", "postgres")["postgres"]
        if not (self._home.data / "PG_VERSION").exists():
            self._initialise()
        self._configure()
        self._start_until_ready(time.monotonic() + within)
        rights.prepare(self.url)

    def stop(self, patience: float = 2) -> None:
        """A clean end; whoever is connected is sent away."""
        if self._process is not None:
            self._process.stop(patience)

    def kill(self) -> None:
        """Kill -9 the server; its sessions end as soon as they notice."""
        self.process.kill()

    def pause(self) -> None:
        """Take no new session; the open ones go on."""
        self.process.pause()

    def resume(self) -> None:
        """Take sessions again."""
        self.process.resume()

    def _initialise(self) -> None:
        secret = self._home.place / "superuser"
        secret.touch(mode=0o600)
        secret.write_text(passwords.ensure(self._passfile, ["postgres"])["postgres"] + "\n")
        self._home.own(secret)
        said = subprocess.run(
            self._home.command(
                "initdb", "-D", str(self._home.data), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}",
                "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                "--data-checksums", *(["--no-sync"] if self._fast else []),
            ),
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        secret.unlink()
        if said.returncode:
            raise Died(f"initdb: {said.stdout}{said.stderr}")

    def _configure(self) -> None:
        local = self._home.data / "local.conf"
        local.write_text(_SETTINGS.format(port=self._port, sockets=self._sockets) + (_FAST if self._fast else _DURABLE))
        main, access = self._home.data / "postgresql.conf", self._home.data / "pg_hba.conf"
        include = "include = 'local.conf'\n"
        if include not in main.read_text():
            main.write_text(main.read_text() + include)
        access.write_text(self._access())
        for file in (local, main, access):
            self._home.own(file)

    def _access(self) -> str:
        who = [("all", "postgres"), *((f"{rights.DATABASE},{rights.REBUILT}", role) for role in rights.roles())]
        if self._guests:  # a test clones databases and adds services as it likes
            who = [("all", "all")]
        return "".join(_allowed(*one) for one in who) + _LAST_HBA

    def _start_until_ready(self, deadline: float) -> None:
        while True:  # after kill -9 the last sessions of the old server may still hold its memory
            self._process = Process(
                "postgres", self._home.command("postgres", "-D", str(self._home.data)), log=self._log,
                end_with=signal.SIGINT,
            )  # fmt: skip
            self._process.start()
            try:
                return wait_until(
                    self._says_ready, within=deadline - time.monotonic(), what=f"postgres ready (see {self._log})"
                )
            except Died:
                if "still in use" not in last_lines(self._log, 4) or time.monotonic() > deadline:
                    raise

    def _says_ready(self) -> bool:
        self.process.expect_alive()
        with suppress(OSError, ValueError, IndexError):
            lines = (self._home.data / "postmaster.pid").read_text().splitlines()
            return lines[7].strip() == "ready" and int(lines[0]) == self.process.pid
        return False


def _allowed(databases: str, role: str) -> str:
    """From this machine, by its password."""
    return f"local {databases} {role} scram-sha-256\nhost {databases} {role} 127.0.0.1/32 scram-sha-256\n"


@cache
def _holds_sockets(folder: Path) -> bool:
    """Return whether the file system of a folder has sockets; one that a container shares with its host may not."""
    probe = folder / ".probe"
    probe.unlink(missing_ok=True)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(probe))
        probe.chmod(0o700)
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True
