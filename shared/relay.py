"""The relay: reads what is unsent, sends it in order, and moves it to the hash-chained journal."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from aiokafka import AIOKafkaProducer

from shared import crash
from shared.kafka import Sent, send_wave
from shared.postgres import Connection, expect

WAVE = 500  # at most, as UNSENT reads them
# bytes made by Postgres: what leaves is not touched again
UNSENT = """
SELECT seq, topic, convert_to(key, 'UTF8'), convert_to(payload, 'UTF8'), convert_to(event_id::text, 'UTF8'),
       convert_to(type, 'UTF8'), convert_to(at, 'UTF8'), convert_to(sequence::text, 'UTF8'),
       convert_to(correlation, 'UTF8'), convert_to(cause, 'UTF8'), convert_to(after, 'UTF8'), convert_to(trace, 'UTF8')
FROM outbox
ORDER BY seq
LIMIT 500
"""
# the journal counts as it was sent: who writes first into the outbox may commit last
MOVE = """
WITH last AS (
    SELECT coalesce(max(seq), 0) AS seq FROM journal
), sent AS (
    DELETE FROM outbox
    USING unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS u (seq, hash, place), last
    WHERE outbox.seq = u.seq
    RETURNING last.seq + u.place AS seq, event_id, topic, key, sequence, type, at, after, cause, correlation, trace,
        payload, u.hash
), kept AS (
    INSERT INTO journal
        (seq, event_id, topic, key, sequence, type, at, after, cause, correlation, trace, payload, hash)
    SELECT seq, event_id, topic, key, sequence, type, at, after, cause, correlation, trace, payload, hash FROM sent
    RETURNING 1
)
SELECT count(*) FROM kept
"""
HEAD = """
SELECT seq, hash FROM journal
ORDER BY seq DESC
LIMIT 1
"""
# the journal as it left, a page at a time (verify)
PAGE = """
SELECT seq, topic, convert_to(key, 'UTF8'), convert_to(payload, 'UTF8'), convert_to(event_id::text, 'UTF8'),
       convert_to(type, 'UTF8'), convert_to(at, 'UTF8'), convert_to(sequence::text, 'UTF8'),
       convert_to(correlation, 'UTF8'), convert_to(cause, 'UTF8'), convert_to(after, 'UTF8'),
       convert_to(trace, 'UTF8'), hash
FROM journal
WHERE seq > $1
ORDER BY seq
LIMIT 5000
"""


def sent(source: bytes, row: Iterable[Any]) -> Sent:
    """One announcement in its envelope."""
    _, topic, key, payload, event_id, type_name, at, sequence, correlation, cause, after, trace = row
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id),
        ("ce_source", source),
        ("ce_type", type_name),
        ("ce_subject", key),
        ("ce_time", at),
        ("ce_sequence", sequence),
        ("ce_correlationid", correlation),
        ("ce_causationid", cause),
        ("content-type", b"application/json"),
    ]
    if after:
        headers.append(("ce_after", after))
    if trace:
        headers.append(("traceparent", trace))
    return Sent(topic, key, payload, headers)


def chain(head: bytes, rows: Iterable[Sequence[Any]]) -> list[bytes]:
    """Each hash covers the one before and every byte that left: topic, key, payload and what the headers say."""
    hashes = []
    for row in rows:
        head = sha256(b"\0".join((head, row[1].encode(), *row[2:12]))).digest()
        hashes.append(head)
    return hashes


async def journal_head(conn: Connection) -> tuple[int, bytes]:
    """Where the chain continues: the last place and its hash."""
    row = await conn.fetchrow(HEAD)
    return (row[0], row[1]) if row else (0, b"")


async def pass_on(conn: Connection, producer: AIOKafkaProducer, source: bytes, head: bytes) -> tuple[bytes, int]:
    """One wave: read, send, await, move; any error leaves everything to be sent again."""
    rows = await conn.fetch(UNSENT)
    if not rows:
        return head, 0
    wave = [sent(source, row) for row in rows]
    await send_wave(producer, wave)
    await crash.point("after-send")
    hashes = chain(head, map(tuple, rows))
    expect(await conn.fetchval(MOVE, [row[0] for row in rows], hashes), len(rows), "journal")
    return hashes[-1], len(rows)


async def verify(conn: Connection) -> tuple[int, int | None]:
    """How many entries the journal has, and the first whose hash does not follow from what stands before it."""
    last, head, known = 0, b"", 0
    while rows := await conn.fetch(PAGE, last):
        hashes = chain(head, map(tuple, rows))
        for row, computed in zip(rows, hashes, strict=True):
            if row["hash"] != computed:
                return known, row["seq"]
            known += 1
        last, head = rows[-1]["seq"], hashes[-1]
    return known, None
