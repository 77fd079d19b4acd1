"""Logs speak one vocabulary, and never with the words of an exception."""

import logging
import sys
from collections.abc import Iterator
from io import StringIO

import orjson
import pytest
import structlog

from shared.config import log


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """Logging as a service sets it up, and afterwards as it was."""
    root, stream = logging.getLogger(), StringIO()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stdout", stream)
    root.handlers.clear()
    log.set_up("toy", "7")
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def said(out: StringIO) -> dict[str, object]:
    line: dict[str, object] = orjson.loads(out.getvalue().splitlines()[-1])
    return line


def stumble() -> None:
    raise ValueError("Narpelmi")


def test_a_line_is_json_and_says_who_speaks(out: StringIO) -> None:
    log.logger("x").info("applied", count=3)
    line = said(out)
    assert (line["service"], line["instance"], line["event"], line["count"]) == ("toy", "7", "applied", 3)
    assert line["level"] == "info"


def test_a_word_that_is_not_in_the_vocabulary_does_not_leave(out: StringIO) -> None:
    log.logger("x").info("applied", name="Narpelmi", count=1)
    line = said(out)
    assert (line["unknown_fields"], line["count"]) == (["name"], 1)
    assert "Narpelmi" not in str(line)


def test_of_an_exception_only_its_type_and_place_leave(out: StringIO) -> None:
    try:
        stumble()
    except ValueError:
        log.logger("x").exception("batch retried")
    line = said(out)
    assert str(line["problem"]).startswith("ValueError in stumble")
    assert "Narpelmi" not in str(line)


def test_libraries_speak_the_same_way(out: StringIO) -> None:
    try:
        stumble()
    except ValueError:
        logging.getLogger("somebody").exception("it broke")
    line = said(out)
    assert (line["event"], line["service"]) == ("it broke", "toy")
    assert "Narpelmi" not in str(line)


def test_a_database_error_says_its_state_and_not_its_detail() -> None:
    problem = ValueError("Narpelmi")
    problem.sqlstate = "23514"  # type: ignore[attr-defined]  # as asyncpg's errors have
    assert log.described(problem) == "ValueError 23514"


def test_a_line_that_repeats_is_written_once_and_later_with_how_often_it_came() -> None:
    repeats = log.Repeats(every=3600)
    assert [repeats.due(line) for line in "aabaa"] == [1, 0, 1, 0, 0]
    repeats._lines = {line: (at - 3600, times) for line, (at, times) in repeats._lines.items()}
    assert [repeats.due(line) for line in "aab"] == [4, 0, 1]


def test_lines_that_all_differ_take_no_more_than_their_room() -> None:
    repeats = log.Repeats(every=3600)
    assert all(repeats.due(str(n)) == 1 for n in range(5000))
    assert len(repeats._lines) <= 1001
