"""The texts of a PDF file as its reader would copy them: each run of letters, by the font's own table of letters."""

import re
import zlib
from collections.abc import Iterator, Mapping

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)
_SHOWN = re.compile(
    rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) ?Tj|\[((?:\((?:\\.|[^\\()])*\)|[^\]])*)\] ?TJ", re.DOTALL
)
_PART = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>")
_CHARACTER = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>\n")
Letters = Mapping[int, str]


def texts_of_pdf(file: bytes) -> list[str]:
    """Every run of letters, in the order of the pages."""
    objects = {int(n): body for n, body in _OBJECT.findall(file)}
    fonts = {name: _letters(objects, int(n)) for body in objects.values() for name, n in _fonts(body)}
    found = [run for body in objects.values() if b"BT" in (said := _said(body)) for run in _runs(said, fonts)]
    if not found:
        raise AssertionError("no text was found in the file")
    return found


def _fonts(body: bytes) -> list[tuple[bytes, bytes]]:
    """Names of fonts as pages use them, with the objects that hold them."""
    return re.findall(rb"/(F\d+) (\d+) 0 R", body)


def _said(body: bytes) -> bytes:
    """Return what a stream holds, unpacked."""
    stream = _STREAM.search(body)
    if stream is None:
        return b""
    return zlib.decompress(stream[1]) if b"/FlateDecode" in body else stream[1]


def _letters(objects: Mapping[int, bytes], n: int) -> Letters | None:
    """Which letter each number of a font means; none for a font of single bytes."""
    table = re.search(rb"/ToUnicode (\d+) 0 R", objects[n])
    if table is None:
        return None
    said, found = _said(objects[int(table[1])]), dict[int, str]()
    for first, last, to in _RANGE.findall(said):
        for place, number in enumerate(range(int(first, 16), int(last, 16) + 1)):
            found[number] = chr(int(to, 16) + place)
    for number, to in _CHARACTER.findall(said):
        found.setdefault(int(number, 16), bytes.fromhex(to.decode()).decode("utf-16-be", "replace"))
    return found


def _runs(said: bytes, fonts: Mapping[bytes, Letters | None]) -> Iterator[str]:
    font: Letters | None = None
    for name, one, many in _SHOWN.findall(said):
        if name:
            font = fonts.get(name)
        elif text := _read(b"".join([one, *_PART.findall(many)]), font):
            yield text


def _read(raw: bytes, font: Letters | None) -> str:
    plain = re.sub(rb"\\(.)", lambda m: {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(m[1], m[1]), raw, flags=re.DOTALL)
    if font is None:
        return plain.decode("latin-1")
    numbers = (int.from_bytes(plain[n : n + 2], "big") for n in range(0, len(plain), 2))
    return "".join(font.get(number, "") for number in numbers)
