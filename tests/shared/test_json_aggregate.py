"""Rules of tables with one row an aggregate."""

import pytest

from shared.database.json_aggregate import AggregateTable
from tests.toy.domain import Counter
from tests.toy.inside import Inside
from tests.toy.store import COUNTERS


async def test_an_aggregate_comes_back_with_the_version_of_its_row(toy: Inside) -> None:
    async with toy.pool.acquire() as conn:
        assert await COUNTERS.save(conn, [Counter("b", 0, 2), Counter("a", 0, 1)]) == 2
        assert await COUNTERS.load(conn, ["a", "b", "c"]) == [Counter("a", 1, 1), Counter("b", 1, 2)]


async def test_an_aggregate_that_somebody_else_saved_meanwhile_is_not_overwritten(toy: Inside) -> None:
    async with toy.pool.acquire() as conn:
        await COUNTERS.save(conn, [Counter("a", 0, 1)])
        assert await COUNTERS.save(conn, [Counter("a", 0, 5), Counter("b", 0, 2)]) == 1
        assert await COUNTERS.load(conn, ["a"]) == [Counter("a", 1, 1)]


def test_only_plain_identifiers_become_part_of_a_statement() -> None:
    with pytest.raises(ValueError, match="names no table"):
        AggregateTable("cases", "case_id", {"state; DROP TABLE cases": "text"})
