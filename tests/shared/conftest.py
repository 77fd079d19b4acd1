"""The toy, in the test's own process or in processes of its own."""

from collections.abc import AsyncIterator

import pytest

from shared.migrate import MECHANISM
from tests.stack.databases import Databases
from tests.toy import MIGRATIONS
from tests.toy.inside import Inside, inside


@pytest.fixture
async def toy_database(databases: Databases) -> AsyncIterator[str]:
    """REHAB_POSTGRES of an empty toy."""
    url = await databases.clone("toy", {"toy": [MECHANISM, MIGRATIONS]})
    yield url
    await databases.drop(url)


@pytest.fixture
async def toy(toy_database: str) -> AsyncIterator[Inside]:
    """The toy on a real database, fed by the test."""
    async with inside(toy_database) as found:
        yield found
