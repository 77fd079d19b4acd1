"""Topics are created on purpose, with the settings of deploy/kafka/topics.toml."""

import asyncio
import os
import tomllib
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_EXISTS = 36  # Kafka's error code
_UNKNOWN = 3
_T = TypeVar("_T")


class NotCreated(Exception):  # noqa: N818 - says what happened
    """The broker refused a topic."""


class Topics(NamedTuple):
    """The contents of deploy/kafka/topics.toml: settings of all topics, and those of each."""

    settings: dict[str, str]
    topics: dict[str, dict[str, str]]


@cache
def described() -> Topics:
    """The file, read once."""
    return Topics(**tomllib.loads((Path(__file__).resolve().parents[1] / "kafka" / "topics.toml").read_text()))


def names() -> list[str]:
    """The project's topics."""
    return list(described().topics)


def partitions() -> int:
    """How many partitions a new topic gets."""
    return int(os.environ.get("REHAB_PARTITIONS", "4"))


async def create_topics(servers: str, topics: Collection[str], count: int | None = None) -> None:
    """Create what does not exist yet; one that the file does not name gets the common settings."""
    wanted = [NewTopic(name, count or partitions(), 1, topic_configs=_settings(name)) for name in topics]
    answer = await _with_admin(servers, lambda admin: admin.create_topics(wanted))
    refused = [tuple(error) for error in answer.topic_errors if error[1] not in {0, _EXISTS}]
    if refused:
        raise NotCreated(str(refused))


async def delete_topics(servers: str, topics: Collection[str]) -> None:
    """Remove topics and all they hold; tests only."""
    answer = await _with_admin(servers, lambda admin: admin.delete_topics(list(topics)))
    refused = [tuple(error) for error in answer.topic_error_codes if error[1] not in {0, _UNKNOWN}]
    if refused:
        raise NotCreated(str(refused))


def prepare(servers: str, count: int = 0) -> None:
    """Create the project's topics, of so many partitions if said; with or without a running event loop."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, create_topics(servers, names(), count)).result()


def _settings(name: str) -> dict[str, str]:
    return described().settings | described().topics.get(name, {})


async def _with_admin(servers: str, act: Callable[[AIOKafkaAdminClient], Awaitable[_T]]) -> _T:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return await act(admin)
    finally:
        await admin.close()
