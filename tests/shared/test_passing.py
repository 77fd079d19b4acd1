"""Which errors pass by themselves: whatever is tried again may succeed."""

import asyncpg
import pytest

from shared.database.postgres import Missed, passes


@pytest.mark.parametrize(
    "problem",
    [
        Missed("marks: 1 of 2"),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.AdminShutdownError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        OSError(),
        TimeoutError(),
    ],
)
def test_a_session_that_ends_passes_also_while_a_statement_begins(problem: Exception) -> None:
    assert passes(problem)


@pytest.mark.parametrize(
    "problem", [asyncpg.DataError("an integer is needed"), asyncpg.UndefinedTableError(), ValueError()]
)
def test_what_is_wrong_with_the_data_or_with_us_does_not_pass(problem: Exception) -> None:
    assert not passes(problem)
