"""Announcing: streams give dense sequences, the outbox holds what was said until the relay has sent it."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from shared.decision import INTERNAL, Event, Occasion, Refusal
from shared.events.answers import ActionApplied, ActionRefused, said_by
from shared.postgres import Connection

LARGEST = 900_000  # bytes of a payload: the broker takes a little more, so that no row can block the relay's head


_LONGEST, _LONGEST_TRACE = 200, 4000  # bytes, as in the constraint `outbox_sendable`
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Said(NamedTuple):
    """One announcement and the occasion that caused it."""

    topic: str
    key: str
    type_name: str
    payload: str
    occasion: Occasion
    event: Event


def said(event: Event, occasion: Occasion) -> Said:
    """An event as its decision left it."""
    if event.topic == INTERNAL:
        raise TypeError(f"{event.type_name} is what a service says to itself")
    return Said(event.topic, event.key, event.type_name, event.to_bytes().decode(), occasion, event)


def refused(refusal: Refusal, occasion: Occasion, service: str) -> Said:
    """The answer to an action that is not taken."""
    kind = said_by(service, ActionRefused)
    answer = kind(action_key=occasion.key, action_id=occasion.cause, reasons=refusal.flaws, allowed=refusal.allowed)
    return said(answer, occasion)


def applied(occasion: Occasion, service: str) -> Said:
    """The answer to an action whose effect no other event tells."""
    kind = said_by(service, ActionApplied)
    return said(kind(action_key=occasion.key, action_id=occasion.cause), occasion)


# the row lock gives each key a dense range and orders its writers; `after` = what we had applied of the same key
RAISE = """
INSERT INTO streams AS s (topic, key, sequence)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[])
ON CONFLICT (key, topic) DO UPDATE SET sequence = s.sequence + excluded.sequence
RETURNING topic, key, sequence,
    (SELECT string_agg(m.topic || ':' || m.sequence, ',') FROM marks AS m WHERE m.key = s.key)
"""
COLUMNS = ("topic", "key", "sequence", "type", "at", "after", "cause", "correlation", "trace", "payload")
SAY = """
INSERT INTO outbox (topic, key, sequence, type, at, after, cause, correlation, trace, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
RETURNING event_id
"""


def sendable(occasion: Occasion, instead: str) -> Occasion:
    """The occasion as it can be announced: a cause, correlation or trace that breaks the limits is replaced."""
    return occasion._replace(
        cause=occasion.cause if _fits(occasion.cause, _LONGEST) else instead,
        correlation=occasion.correlation if _fits(occasion.correlation, _LONGEST) else instead,
        trace=occasion.trace if _fits(occasion.trace, _LONGEST_TRACE) else "",
    )


def _fits(text: str, longest: int) -> bool:
    """As the constraint `outbox_sendable` says it."""
    return len(text.encode("utf-8", "surrogatepass")) <= longest and not _NO_TEXT.search(text)


class Place(NamedTuple):
    """Where a word stands in its key, and what was applied of the same key before it."""

    topic: str
    key: str
    sequence: int
    after: str


async def take_place(conn: Connection, topic: str, key: str) -> Place:
    """The next one: whoever announces there waits until this transaction ends, with the word or taken back."""
    ((_, _, sequence, after),) = await conn.fetch(RAISE, [topic], [key], [1])
    return Place(topic, key, sequence, after or "")


async def announce(conn: Connection, words: Sequence[Said]) -> None:
    """Give each its place in its key and keep it until the relay has sent it; marks must have moved before."""
    if words:
        rows = await _placed(conn, words)
        await conn.copy_records_to_table("outbox", records=rows, columns=COLUMNS)


async def say(conn: Connection, word: Said, place: Place) -> str:
    """Announce one thing, in the place that was taken for it, from an edge that must know its id."""
    if (word.topic, word.key) != (place.topic, place.key):
        raise ValueError(f"{word.type_name} belongs to another key than the place that was taken for it")
    return str(await conn.fetchval(SAY, *_row(word, place.sequence, place.after)))


async def _placed(conn: Connection, words: Sequence[Said]) -> list[tuple[object, ...]]:
    """The rows of the outbox, in the order of speech, each with the next sequence of its key."""
    counts = Counter((w.topic, w.key) for w in words)
    places = sorted(counts)
    topics, keys = zip(*places, strict=True)
    raised = await conn.fetch(RAISE, topics, keys, [counts[place] for place in places])
    last = {(topic, key): (sequence - counts[topic, key], after or "") for topic, key, sequence, after in raised}
    rows: list[tuple[object, ...]] = []
    for word in words:
        sequence, after = last[word.topic, word.key]
        last[word.topic, word.key] = sequence + 1, after
        rows.append(_row(word, sequence + 1, after))
    return rows


def _row(word: Said, sequence: int, after: str) -> tuple[object, ...]:
    topic, key, type_name, payload, occasion, _ = word
    cause, correlation, _, at, _, _, trace, _, _ = occasion
    return topic, key, sequence, type_name, at.isoformat(), after, cause, correlation, trace, payload
