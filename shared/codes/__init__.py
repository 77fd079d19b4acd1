"""Code lists as dated data: for each code its days, the sides that may use it, and its texts."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

__all__ = ["Code", "CodeList", "Side", "code_list", "code_lists", "explained_codes"]

Side = Literal["clinic", "officer", "operations"]
_FOLDER = Path(__file__).parent
_UNKNOWN = "Not known here"  # a code of a newer version is never shown as it is


@dataclass(frozen=True, slots=True)
class Code:
    """A code: its texts, its first and last day (both included), and the sides that may use it.

    `label` is what pages and mails show, `sentence` the same inside a sentence, `short` the abbreviation of the trade,
    `many` the plural. `wrong` and `fix` are shown with a refusal that has this code; `about` is the rule behind it, in
    one of the lists where several have the code.
    """

    code: str
    label: str
    sentence: str
    first: date
    last: date
    used_by: frozenset[Side]
    asks_text: bool = False
    short: str = ""
    many: str = ""
    wrong: str = ""
    fix: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A code list and its owner, the service that decides by it."""

    name: str
    owner: str
    codes: Mapping[str, Code]

    def __iter__(self) -> Iterator[Code]:
        """Iterate over all codes that the list ever had, in its order."""
        return iter(self.codes.values())

    def on(self, day: date, side: Side | None = None) -> Mapping[str, Code]:
        """Return the codes that a side, or any side, may use on a day, in their order."""
        return {one.code: one for one in self if one.first <= day <= one.last and (side is None or side in one.used_by)}

    def allows(self, code: str | None, day: date, side: Side | None = None) -> bool:
        """Return whether a side may use the code on the day."""
        return code in self.on(day, side)

    def choices(self, day: date, side: Side | None = None) -> dict[str, str]:
        """Return the codes that a form offers on a day, with their labels."""
        return {code: one.label for code, one in self.on(day, side).items()}

    def label(self, code: str | None) -> str:
        """Return the label of a code on any day, empty for no code."""
        return self._words(code, "label")

    def sentence(self, code: str | None) -> str:
        """Return the text of a code inside a sentence, empty for no code."""
        return self._words(code, "sentence")

    def short(self, code: str | None) -> str:
        """Return the abbreviation of a code, empty for no code."""
        return self._words(code, "short")

    def _words(self, code: str | None, kind: str) -> str:
        if not code:
            return ""
        return str(getattr(self.codes[code], kind)) if code in self.codes else _UNKNOWN


@cache
def code_list(name: str) -> CodeList:
    """Return the list of this name; raise FileNotFoundError where there is none."""
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        said = tomllib.load(file)
    codes = [_code(said, one) for one in said["code"]]
    if len({one.code for one in codes}) != len(codes):
        raise ValueError(f"the list {name} names a code twice")
    return CodeList(name, said["owner"], {one.code: one for one in codes})


@cache
def explained_codes() -> Mapping[str, Code]:
    """The codes whose rule is said in a sentence, each from the one list that says it."""
    found = [one for listed in code_lists().values() for one in listed if one.about]
    if len({one.code for one in found}) != len(found):
        raise ValueError("two lists say what one code is about")
    return {one.code: one for one in found}


@cache
def code_lists() -> Mapping[str, CodeList]:
    """Return every list by its name."""
    return {path.stem: code_list(path.stem) for path in sorted(_FOLDER.glob("*.toml"))}


def _code(said: Mapping[str, Any], one: Mapping[str, Any]) -> Code:
    """Return a code with the defaults that its list gives for all of them."""
    label = str(one["label"])
    return Code(
        code=one["code"],
        label=label,
        sentence=one.get("sentence", f"{label[:1].lower()}{label[1:]}"),
        first=one.get("from", said["from"]),
        last=one.get("to", said.get("to", date.max)),
        used_by=frozenset(one.get("used_by", said["used_by"])),
        asks_text=one.get("asks_text", said.get("asks_text", False)),
        **{name: one.get(name, "") for name in ("short", "many", "wrong", "fix", "about")},
    )
