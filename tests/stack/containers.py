"""Broker and database in the official images, where a Docker daemon answers and has them."""

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from typing import Self

import docker
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from docker.errors import DockerException
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from typing_extensions import override

from deploy.local.waiting import wait_until

KAFKA, POSTGRES = "apache/kafka:4.4.0", "postgres:18"
_FAST = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
_SORTS_AS_EVERYWHERE = "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"
_SCRIPT = "/tmp/start.sh"  # noqa: S108 - inside the container
_ENVIRONMENT = {
    "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw",
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9094",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_LISTENERS": "HOST://:9092,BROKER://:9093,CONTROLLER://:9094",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_MESSAGE_MAX_BYTES": "1250000",
    "KAFKA_HEAP_OPTS": "-Xmx384m",
}


@cache
def have(image: str) -> bool:
    """Return whether a daemon answers and need not fetch the image."""
    if not _answers():
        return False
    try:
        with closing(docker.from_env(timeout=5)) as client:
            client.images.get(image)
    except (DockerException, OSError):  # also a daemon that is named and does not answer
        return False
    testcontainers_config.ryuk_disabled = True  # its image may not be there; we stop what we start
    return True


def _answers() -> bool:
    # docker's own client leaves its socket open where nobody listens
    kind, _, place = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    if kind != "unix":
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(place) == 0


class Kafka(DockerContainer):
    """The address to advertise is known only once the port is mapped, so the image's start waits for a script."""

    def __init__(self) -> None:
        super().__init__(KAFKA)
        self.with_exposed_ports(9092)
        self.with_envs(**_ENVIRONMENT)
        waiting = f"until [ -f {_SCRIPT} ]; do sleep 0.1; done; exec /bin/bash {_SCRIPT}"
        self.with_kwargs(entrypoint=["/bin/bash", "-c", waiting])

    @property
    def servers(self) -> str:
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(9092)}"

    @override
    def start(self) -> Self:
        super().start()
        advertised = f"HOST://{self.servers},BROKER://localhost:9093"
        script = f"export KAFKA_ADVERTISED_LISTENERS={advertised}\nexec /etc/kafka/docker/run\n"
        self.copy_into_container(script.encode(), _SCRIPT, 0o755)
        wait_until(lambda: serves(self.servers), within=60, what="the broker in its container")
        return self


def serves(servers: str) -> bool:
    """Return whether a broker answers; a mapped port takes connections before anybody listens behind it."""
    with ThreadPoolExecutor(1) as apart:  # a running event loop notwithstanding
        return apart.submit(asyncio.run, _asked(servers)).result()


async def _asked(servers: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=2000)
    try:
        await admin.start()
        await admin.list_topics()
    except KafkaError:
        return False
    finally:
        await admin.close()
    return True


def postgres() -> PostgresContainer:
    """Not durable, not shared, with a superuser whom the address names."""
    server = PostgresContainer(POSTGRES, username="postgres", driver=None)
    server.with_command(_FAST)
    server.with_env("POSTGRES_INITDB_ARGS", _SORTS_AS_EVERYWHERE)
    return server
