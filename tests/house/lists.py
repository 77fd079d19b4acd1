"""`python -m tests.house.lists`: take out of the committed lists what is done; nothing is ever added."""

import tomllib
from functools import cache
from typing import NamedTuple

from tests.house.tree import LISTS, PRODUCT, defined, has_riddle, sources, words_of

_WORDS = LISTS / "private_words.toml"
_RIDDLES = LISTS / "docstrings.txt"


class PrivateWord(NamedTuple):
    """A word that a newcomer cannot guess: its standard term, and the files in which it may still stand."""

    reason: str
    files: frozenset[str]


@cache
def private_words() -> dict[str, PrivateWord]:
    """The list as committed."""
    listed = tomllib.loads(_WORDS.read_text())
    return {word: PrivateWord(entry["reason"], frozenset(entry["files"])) for word, entry in listed.items()}


def uses() -> dict[str, set[str]]:
    """The files that define a name with each of the listed words in it."""
    found: dict[str, set[str]] = {word: set() for word in private_words()}
    for path, tree in sources(*PRODUCT, "tests").items():
        for word in {word for name in defined(tree) for word in words_of(name)} & found.keys():
            found[word].add(path)
    return found


def _head(text: str) -> str:
    return "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))


def shrink() -> None:
    """Write both lists without the files that need them no more, and without words that stand nowhere."""
    used, lines = uses(), [_head(_WORDS.read_text())]
    for word, (reason, files) in private_words().items():
        if left := sorted(files & used[word]):
            rows = "".join(f'  "{path}",\n' for path in left)
            lines.append(f'[{word}]\nreason = "{reason}"\nfiles = [\n{rows}]\n')
    _WORDS.write_text("\n".join(lines))
    trees, text = sources(*PRODUCT, "tests"), _RIDDLES.read_text()
    listed = [line for line in text.splitlines() if line in trees and has_riddle(trees[line])]
    _RIDDLES.write_text(_head(text) + "".join(f"{path}\n" for path in listed))


if __name__ == "__main__":
    shrink()
