"""The toy, in the test's own process or in processes of its own."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from deploy.local.topics import create_topics, delete_topics
from shared.database.migrate import MECHANISM
from tests.stack.databases import Databases
from tests.stack.servers import folder
from tests.toy import MIGRATIONS
from tests.toy.inside import Inside, inside
from tests.toy.outside import Outside, Place


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


@pytest.fixture
async def outside(kafka: str, toy_database: str) -> AsyncIterator[Outside]:
    """A toy service whose processes the test starts, on topics of its own."""
    name = uuid4().hex[:8]
    place = Place(kafka, toy_database, f"-{name}", folder() / f"toy-{name}")
    await create_topics(kafka, [*place.topics, "rehab-toy"], 4)
    found = Outside(place)
    yield found
    found.close()
    await delete_topics(kafka, place.topics)
