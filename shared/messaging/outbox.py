"""The outbox: announcements with dense sequences per key, kept until the relay has sent them."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from shared.database.postgres import Connection
from shared.domain.decision import INTERNAL, Event, EventContext, Refusal
from shared.events.answers import ActionApplied, ActionRefused, contract_of_service

LARGEST = 900_000  # bytes of a payload: the broker takes a little more, so that no row can block the relay's head


_LONGEST, _LONGEST_TRACE = 200, 4000  # bytes, as in the constraint `outbox_sendable`
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class OutboxMessage(NamedTuple):
    """An announcement and the context of the event that caused it."""

    topic: str
    key: str
    type_name: str
    payload: str
    event_context: EventContext
    event: Event


def message_of(event: Event, event_context: EventContext) -> OutboxMessage:
    """Return an event as a message of the outbox."""
    if event.topic == INTERNAL:
        raise TypeError(f"{event.type_name} is what a service says to itself")
    return OutboxMessage(event.topic, event.key, event.type_name, event.to_bytes().decode(), event_context, event)


def refused(refusal: Refusal, event_context: EventContext, service: str) -> OutboxMessage:
    """Return the answer that an action is refused."""
    kind = contract_of_service(service, ActionRefused)
    answer = kind(
        action_key=event_context.key, action_id=event_context.event_id, reasons=refusal.flaws, allowed=refusal.allowed
    )
    return message_of(answer, event_context)


def applied(event_context: EventContext, service: str) -> OutboxMessage:
    """Return the answer to an action whose effect no other event shows."""
    kind = contract_of_service(service, ActionApplied)
    return message_of(kind(action_key=event_context.key, action_id=event_context.event_id), event_context)


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


def sendable(event_context: EventContext, instead: str) -> EventContext:
    """Return the context with a cause, correlation or trace that breaks the limits replaced by `instead`."""
    return event_context._replace(
        event_id=event_context.event_id if _fits(event_context.event_id, _LONGEST) else instead,
        correlation=event_context.correlation if _fits(event_context.correlation, _LONGEST) else instead,
        trace=event_context.trace if _fits(event_context.trace, _LONGEST_TRACE) else "",
    )


def _fits(text: str, longest: int) -> bool:
    """Return whether the constraint `outbox_sendable` accepts a text."""
    return len(text.encode("utf-8", "surrogatepass")) <= longest and not _NO_TEXT.search(text)


class StreamPosition(NamedTuple):
    """The sequence of a message in its key, and what was applied of the same key before it."""

    topic: str
    key: str
    sequence: int
    after: str


async def next_position(conn: Connection, topic: str, key: str) -> StreamPosition:
    """Reserve the next sequence of a key; other announcers of that key wait until this transaction ends."""
    ((_, _, sequence, after),) = await conn.fetch(RAISE, [topic], [key], [1])
    return StreamPosition(topic, key, sequence, after or "")


async def announce(conn: Connection, words: Sequence[OutboxMessage]) -> None:
    """Give each message its sequence and store it for the relay; marks must have moved before."""
    if words:
        rows = await _placed(conn, words)
        await conn.copy_records_to_table("outbox", records=rows, columns=COLUMNS)


async def announce_at(conn: Connection, word: OutboxMessage, place: StreamPosition) -> str:
    """Store one message at a reserved position and return its id."""
    if (word.topic, word.key) != (place.topic, place.key):
        raise ValueError(f"{word.type_name} belongs to another key than the place that was taken for it")
    return str(await conn.fetchval(SAY, *_row(word, place.sequence, place.after)))


async def _placed(conn: Connection, words: Sequence[OutboxMessage]) -> list[tuple[object, ...]]:
    """Return the rows of the outbox in the order of the messages, each with the next sequence of its key."""
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


def _row(word: OutboxMessage, sequence: int, after: str) -> tuple[object, ...]:
    topic, key, type_name, payload, event_context, _ = word
    cause, correlation, _, at, _, _, trace, _, _ = event_context
    return topic, key, sequence, type_name, at.isoformat(), after, cause, correlation, trace, payload
