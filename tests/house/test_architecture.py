"""Statements, names and sentences stand where they belong; what does not yet is in a list that only shrinks."""

import ast
from collections import defaultdict

import pytest

from tests.house import lists
from tests.house.tree import PRODUCT, entries, has_riddle, has_sql, sources, words_of

EVERYTHING = (*PRODUCT, "tests")
ROOMS_OF_SQL = ("shared/database/", "shared/messaging/")


def has_room_for_sql(path: str) -> bool:
    """Return whether a module is a store or one of the mechanism's."""
    return path.startswith(ROOMS_OF_SQL) or "store" in path.replace(".py", "").split("/")


def test_sql_stands_only_in_stores_migrations_and_the_mechanism() -> None:
    outside = {path for path, tree in sources(*PRODUCT).items() if has_sql(tree) and not has_room_for_sql(path)}
    assert outside == set(entries("sql.txt"))


def test_no_class_name_stands_twice_in_a_service_or_in_shared() -> None:
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, tree in sources("services", "shared").items():
        area = "/".join(path.split("/")[: 2 if path.startswith("services/") else 1])
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[area, node.name].append(path)
    twice = {f"{area} {name}" for (area, name), paths in places.items() if len(paths) > 1}
    assert twice == set(entries("classes.txt"))


def test_no_docstring_begins_with_a_question_word_in_place_of_a_subject() -> None:
    riddles = {path for path, tree in sources(*EVERYTHING).items() if has_riddle(tree)}
    listed = set(entries("docstrings.txt"))
    assert riddles - listed == set(), "say with subject and verb what it does"
    assert listed - riddles == set(), "done: run `python -m tests.house.lists`"


def test_a_private_word_is_used_only_where_its_list_lets_it_stand() -> None:
    known, used = lists.private_words(), lists.uses()
    assert {word: used[word] - entry.files for word, entry in known.items() if used[word] - entry.files} == {}
    stale = {word: entry.files - used[word] for word, entry in known.items() if entry.files - used[word]}
    assert stale == {}, "done: run `python -m tests.house.lists`"


def test_every_private_word_has_a_reason() -> None:
    assert [word for word, entry in lists.private_words().items() if not entry.reason] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ClinicAction", {"clinic", "action"}),
        ("_said_at", {"said", "at"}),
        ("PDFText", {"pdf", "text"}),
        ("BEFORE", {"before"}),
        ("x1_told", {"x", "told"}),
    ],
)
def test_an_identifier_is_taken_apart_into_its_words(name: str, words: set[str]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize("text", ["\nSELECT 1", "WITH a AS (SELECT 1)", "UPDATE t SET x = 1", "DELETE FROM t"])
def test_a_statement_outside_its_room_would_be_found(text: str) -> None:
    assert has_sql(ast.parse(repr(text)))
    assert not has_sql(ast.parse(repr("Select one of them, update what you see.")))


@pytest.mark.parametrize("text", ["Who is told.", "Whether it holds.", "What was said.", "Nobody waits.", "Whoever"])
def test_a_docstring_that_begins_with_a_question_word_would_be_found(text: str) -> None:
    assert has_riddle(ast.parse(repr(text)))
    assert not has_riddle(ast.parse(repr("Return whether it holds.")))
