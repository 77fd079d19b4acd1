"""The search for identifying data in wrong places: every word of every identity is looked for."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from shared.messaging.position import read_up_to, reading
from simulation.claims_system.capture import Captured

SEALED_TOPICS = frozenset({"claims", "rehab-person"})  # identity comes in by the one and travels sealed on the other
_PERSONAL = ("given_name", "family_name", "birth_date", "phn", "email", "phone", "postal_code")
_MOMENT = 0.05
_SHORTEST = 4  # a shorter word stands for anything
_WORD = re.compile(r"[\w@.+-]+")
_EDGES = ".+-_"


class Hit(NamedTuple):
    """A word of an identity where it must not be; the word itself is not repeated."""

    where: str
    field: str


def needles(records: Iterable[Captured], published: str = "") -> dict[str, str]:
    """Every word that identifies somebody in a capture, and the field it comes from.

    A word that is published, as a clinic's telephone is, identifies nobody.
    """
    found: dict[str, str] = {}
    for record in records:
        for field, text in _identity(record.value):
            found |= dict.fromkeys(words(text), field)
    known = words(published)
    return {word: field for word, field in found.items() if word not in known}


def _identity(value: bytes | None) -> Iterator[tuple[str, str]]:
    """Field and text of each identity in a record that can be read at all."""
    try:
        body = json.loads(value or b"null")
    except (ValueError, RecursionError):
        return
    said = [body.get("data", body)] if isinstance(body, dict) else []
    while said:
        here = said.pop()
        for name, part in here.items() if isinstance(here, dict) else ():
            if name in _PERSONAL and isinstance(part, str):
                yield name, part
            elif name != "employer" and isinstance(part, dict):
                said.append(part)
    if isinstance(body, dict):
        yield from _employer(body.get("data", body))


def _employer(data: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever JSON can say
    """An employer's telephone may be a person's."""
    employer = data.get("employer") if isinstance(data, dict) else None
    if isinstance(employer, dict) and isinstance(employer.get("phone"), str):
        yield "employer phone", employer["phone"]


def words(text: str) -> set[str]:
    """The words of a text, escapes undone, as they are compared."""
    plain = _unescaped(text)
    return {word for found in _WORD.findall(plain) if len(word := found.strip(_EDGES).lower()) >= _SHORTEST}


def _unescaped(text: str) -> str:
    """JSON's escapes as the letters they stand for."""
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text


def scan(text: str, wanted: dict[str, str], where: str) -> list[Hit]:
    """Each field of which a word stands in the text."""
    return [Hit(where, field) for field in sorted({wanted[word] for word in words(text) & wanted.keys()})]


async def scan_topics(servers: str, wanted: dict[str, str]) -> list[Hit]:
    """Keys, headers and values of every topic but those where identity belongs."""
    consumer = reading(servers)
    await consumer.start()
    hits: list[Hit] = []
    try:
        topics = [t for t in sorted(await consumer.topics()) if t not in SEALED_TOPICS and not t.startswith("__")]
        consumer.subscribe(topics)
        while len({p.topic for p in consumer.assignment()}) < len(topics):  # noqa: ASYNC110 - it says so by no event
            await asyncio.sleep(_MOMENT)
        ends = {p: end for p, end in (await consumer.end_offsets(consumer.assignment())).items() if end}
        async for found in read_up_to(consumer, ends):
            for record in chain.from_iterable(found.values()):
                parts = (record.key, record.value, *(v for _, v in record.headers))
                text = "\n".join(part.decode("utf-8", "replace") for part in parts if part)
                hits += scan(text, wanted, f"topic {record.topic}, partition {record.partition}, {record.offset}")
    finally:
        await consumer.stop()
    return hits


def scan_files(folder: Path, wanted: dict[str, str]) -> list[Hit]:
    """Every line of every log and mail below a folder."""
    hits: list[Hit] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            hits += scan(line, wanted, f"{path.name}, line {number}")
    return hits
