"""What tests may ask for. Nothing starts before the first test that asks."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.mail import Catcher
from deploy.local.topics import create_topics, delete_topics
from tests.stack import databases as making
from tests.stack import servers

settings.register_profile("fast", settings.get_profile("ci"), max_examples=10)  # of make test-fast
Topics = Callable[..., Awaitable[list[str]]]
_ON_THE_STACK = {"kafka", "postgres", "mail"}
_FIRST = ("system", "browser", "house", "simulation", "shared")  # the folders that take longest
_numbers = count(1)
_missed: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; and `make test-fast` leaves out whatever needs a server."""
    items.sort(key=_turn)
    for item in items:
        if isinstance(item, pytest.Function) and _ON_THE_STACK & set(item.fixturenames):
            item.add_marker("stack")


def _turn(item: pytest.Item) -> int:
    """The place of its folder among those that take longest; all others after them."""
    folder = item.path.parent.name
    return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what had no browser."""
    if report.skipped and "Chromium" in str(report.longrepr):
        _missed.append(report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Said where it is read."""
    if _missed:
        terminalreporter.write_line(f"{len(_missed)} browser tests were NOT RUN: no Chromium can be had", red=True)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """REHAB_KAFKA of a broker that is shared by all tests of the session."""
    server = servers.kafka()
    yield server.address
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server that is shared by all tests of the session; nobody is signed in yet."""
    server = servers.postgres()
    yield server.address
    server.stop()


@pytest.fixture(scope="session")
async def databases(postgres: str) -> AsyncIterator[making.Databases]:
    """Clones of templates: `url = await databases.clone("toy", {"toy": [MECHANISM, folder]})`."""
    kept = making.Databases(postgres)
    yield kept
    await kept.close()


@pytest.fixture
async def database(databases: making.Databases) -> AsyncIterator[str]:
    """REHAB_POSTGRES of a database with all six services' tables and nothing in them."""
    url = await databases.clone("rehab", making.project())
    yield url
    await databases.drop(url)


@pytest.fixture
async def topics(kafka: str) -> AsyncIterator[Topics]:
    """`await topics("claims", "rehab-referral", count=4)`: new topics of these names with a suffix of their own."""
    made: list[str] = []

    async def make(*names: str, count: int | None = None) -> list[str]:
        new = [f"{name}-t{os.getpid()}-{next(_numbers)}" for name in names]
        await create_topics(kafka, new, count)
        made.extend(new)
        return new

    yield make
    if made:
        await delete_topics(kafka, made)


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Catcher]:
    """A mail server that delivers to a folder."""
    catcher = Catcher(tmp_path / "mail")
    catcher.start()
    yield catcher
    catcher.stop()
