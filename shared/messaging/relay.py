"""The relay: it sends the outbox in order and moves what was sent to the hash-chained journal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.config import clock, fault_injection
from shared.database.postgres import Connection, expect
from shared.domain.decision import EventContext
from shared.events.answers import RelayRowHeld, contract_of_service, public_key
from shared.messaging import outbox
from shared.messaging.kafka import OutgoingRecord, Refused, send_batch

WAVE = 500  # at most, as UNSENT reads them
# bytes made by Postgres: what leaves is not touched again; a held row and all that follows it in its key stay
UNSENT = """
SELECT seq, topic, convert_to(key, 'UTF8'), convert_to(payload, 'UTF8'), convert_to(event_id::text, 'UTF8'),
       convert_to(type, 'UTF8'), convert_to(at, 'UTF8'), convert_to(sequence::text, 'UTF8'),
       convert_to(correlation, 'UTF8'), convert_to(cause, 'UTF8'), convert_to(after, 'UTF8'), convert_to(trace, 'UTF8')
FROM outbox
WHERE (key, topic) NOT IN (SELECT key, topic FROM outbox WHERE held_at IS NOT NULL)
ORDER BY seq
LIMIT 500
"""
# what follows it under its key waits behind it
HOLD = """
UPDATE outbox SET held_at = clock_timestamp(), held_for = $2
WHERE seq = $1 AND held_at IS NULL
RETURNING event_id::text, topic, key, sequence, type
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


def outgoing_record(source: bytes, row: Iterable[Any]) -> OutgoingRecord:
    """Return a row of the outbox as a record in its envelope."""
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
    return OutgoingRecord(topic, key, payload, headers)


def chain(head: bytes, rows: Iterable[Sequence[Any]]) -> list[bytes]:
    """Return the hashes of rows: each covers the one before and every byte sent (topic, key, payload, headers)."""
    hashes = []
    for row in rows:
        head = sha256(b"\0".join((head, row[1].encode(), *row[2:12]))).digest()
        hashes.append(head)
    return hashes


async def journal_head(conn: Connection) -> tuple[int, bytes]:
    """Return the last sequence of the journal and its hash; 0 and no bytes when it is empty."""
    row = await conn.fetchrow(HEAD)
    return (row[0], row[1]) if row else (0, b"")


class WaveRefused(Exception):  # noqa: N818 - a fact about one of its rows
    """A batch of the relay was refused because of one of its rows."""

    def __init__(self, seqs: Sequence[int], why: str) -> None:
        """Keep the sequences of the rows that were sent together, in their order."""
        super().__init__(why)
        self.seqs, self.why = seqs, why


@dataclass(slots=True)
class Halving:
    """The size of the next batch: all rows, or half of those among which one was refused."""

    suspects: int = 0

    @property
    def most(self) -> int:
        """The size of the next batch."""
        return max(1, self.suspects // 2) if self.suspects else WAVE

    def sent(self, rows: int) -> None:
        """Note that the refused row was not among these."""
        self.suspects = max(0, self.suspects - rows)

    def refused(self, rows: int) -> bool:
        """Return whether the refused row is found: it was sent alone."""
        self.suspects = rows if rows > 1 else 0
        return rows == 1


async def relay_once(
    conn: Connection, producer: AIOKafkaProducer, source: bytes, head: bytes, most: int = WAVE
) -> tuple[bytes, int]:
    """Send one batch, wait for its acknowledgement and move it to the journal; return the new head and its size.

    After any error everything is sent again. Raises `WaveRefused` when one row is refused for its content; the
    producer must not be used again then.
    """
    rows = (await conn.fetch(UNSENT))[:most]
    if not rows:
        return head, 0
    wave = [outgoing_record(source, row) for row in rows]
    try:
        await send_batch(producer, wave)
    except Refused as refused:
        raise WaveRefused([row[0] for row in rows], str(refused)) from refused
    await fault_injection.failpoint("after-send")
    hashes = chain(head, map(tuple, rows))
    expect(await conn.fetchval(MOVE, [row[0] for row in rows], hashes), len(rows), "journal")
    return hashes[-1], len(rows)


async def hold(conn: Connection, service: str, seq: int, why: str) -> RelayRowHeld | None:
    """Hold a refused row and announce it; return None when it is gone or itself announces a held row."""
    kind = contract_of_service(service, RelayRowHeld)
    async with conn.transaction():
        row = await conn.fetchrow(HOLD, seq, why)
        if row is None or row["type"] == kind.type_name:
            return None
        event_id, topic, key, sequence, type_name = row
        event: RelayRowHeld = kind(
            held_id=event_id,
            was_topic=topic,
            was_type=type_name,
            was_key=public_key(key),
            was_sequence=sequence,
            sentence=why,
        )
        now = clock.now()
        await outbox.announce(conn, [outbox.message_of(event, EventContext(event_id, event_id, event_id, now, now))])
    return event


async def verify(conn: Connection) -> tuple[int, int | None]:
    """Return the number of entries in the journal, and the first whose hash does not fit the one before it."""
    last, head, known = 0, b"", 0
    while rows := await conn.fetch(PAGE, last):
        hashes = chain(head, map(tuple, rows))
        for row, computed in zip(rows, hashes, strict=True):
            if row["hash"] != computed:
                return known, row["seq"]
            known += 1
        last, head = rows[-1]["seq"], hashes[-1]
    return known, None
