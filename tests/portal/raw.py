"""What people must never read: type strings, codes, machine's days, empty values, and the marks they leave."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from typing_extensions import override

from shared.codes import code_lists

_VOID = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "area", "base", "col", "embed", "source", "track", "wbr"}
)
_SILENT = frozenset({"script", "style", "svg", "title"})
_INLINE = frozenset({"a", "abbr", "b", "br", "em", "i", "small", "span", "strong", "time", "bdi", "wbr"})
_NEVER_EMPTY = frozenset(
    {"dd", "dt", "h1", "h2", "h3", "li", "legend", "label", "strong", "option", "button", "caption"}
)
_TOLD = ("aria-label", "title", "alt", "placeholder")

# what looks raw and is not, each with its reason
ALLOWED: Mapping[str, str] = {
    r"(?:^|(?<=\s))/(?:[\w.-]+/)*[\w.-]+(?=[,\s]|$)": "the address of the page, in its printed footer",
    r"(?<=As )\d{4}-\d{2}-\d{2}": "a hint shows how a day may be typed",
    r"R-\d\d-[0-9A-Z]{8}": "the number of a referral, as people say it",
    r"\b[A-Z0-9]{2,4}(?:-[A-Z0-9]+)+\b(?=\))": "the billing code of a service, beside its words",
    r"\b(?:ASTD|CRRTW|OR1|OR2)\b": "the short name of a program, which tells its whole name",
}
_FREE = "|".join(f"(?:{pattern})" for pattern in ALLOWED)
_LOOKS: Mapping[str, str] = {
    "a type": r"\b(?:rehab|claims)\.[a-z-]+\.?[a-z-]*|\.v\d+\b",
    "a name of the machine": r"\b[a-z]+_[a-z_]+\b",
    "an instant": r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}|[+-]\d\d:\d\d\b",
    "a day of the machine": r"\b\d{4}-\d{2}-\d{2}\b",
    "None": r"\bNone\b|\bundefined\b|\bnan\b|\bNULL\b",
    "empty brackets": r"\(\s*\)|\[\s*\]|\{\s*\}|\"\"|''",
    "a list of the machine": r"\['|\{'|\('|', '",
    "an empty value": r"\s[.,;:](?=\s|$)|(?:^|[\s·])·\s*(?:·|$)|^·|,\s*,|:\s*[.,;]|\buntil\s*$",
    "a double blank": r"\S  +\S",
    "a raw telephone": r"\+\d{7,}|\b\d{10,}\b",
    "a raw language": r"^(?:[a-z]{2}|[a-z]{2}-[A-Z]{2})$",
    "cents": r"\b\d+ cents\b",
}


def _raw_codes() -> re.Pattern[str]:
    """Codes that no sentence of English holds: joined, or written in capitals."""
    codes = {code for found in code_lists().values() for code in found.codes}
    raw = sorted((c for c in codes if "-" in c or "_" in c or (c.isupper() and len(c) > 1)), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, raw))})(?![\w-])")


def _known_words() -> re.Pattern[str]:
    """Words of the lists that hold what looks like a code: in them it is said, not raw."""
    words = {
        w for found in code_lists().values() for one in found for w in (one.label, one.sentence, one.wrong, one.fix)
    }
    joined = sorted((w for w in words if _CODES.search(w.lower())), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, joined))})(?![\w-])", re.IGNORECASE)


_CODES = _raw_codes()
_WORDS = _known_words()


def faults_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is raw in a text that people read: which kind, and where."""
    plain = re.sub(_FREE, "…", text)
    for kind, look in _LOOKS.items():
        for found in re.finditer(look, plain):
            yield kind, _around(plain, found)
    without = _WORDS.sub("…", plain)
    for found in _CODES.finditer(without):
        yield "a code", _around(without, found)


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - 40) : found.end() + 20]


class _Page(HTMLParser):
    """The texts of a page, block by block, and elements that hold nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.empty: list[str] = []
        self._open: list[tuple[str, list[str]]] = [("", [])]
        self._silent = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value for name, value in attrs if name in _TOLD and value]
        if tag in _SILENT:
            self._silent += 1
        if tag == "br":
            self._open[-1][1].append(" ")
        if tag not in _VOID:
            self._open.append((tag, []))

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent -= 1
        if tag in _VOID or not any(name == tag for name, _ in self._open):
            return
        while True:
            name, parts = self._open.pop()
            self._close(name, "".join(parts))
            if name == tag:
                return

    def _close(self, name: str, text: str) -> None:
        said = re.sub(r"\s*\n\s*", " ", text).strip()
        if name in _NEVER_EMPTY and not said:
            self.empty.append(name)
        if name in _INLINE:
            self._open[-1][1].append(text)
        else:
            self._open[-1][1].append(f"\n{'' if name in _SILENT else said and '…'}\n")
            self.texts += [said] if said and name not in _SILENT else []

    @override
    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._open[-1][1].append(data)


def texts_of(html: str) -> list[str]:
    """Each block of a page as people read it, and what a reader of the screen says of it."""
    return _read(html).texts


def _read(html: str) -> _Page:
    page = _Page()
    page.feed(re.sub(r"<title>(.*?)</title>", r"<p>\1</p>", html, flags=re.DOTALL))
    page.close()
    return page


def faults_on(html: str) -> Iterator[tuple[str, str]]:
    """Yield what is raw or empty on a page."""
    page = _read(html)
    yield from (("an empty element", name) for name in page.empty)
    for text in page.texts:
        yield from faults_in(text)
