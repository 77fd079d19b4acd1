"""Parked records (dead letters): kept byte for byte, and applied per key from the head once their turn comes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import orjson

from shared.config.log import described
from shared.database.postgres import Connection, count, expect
from shared.messaging.envelope import Raw, Record, headers_of

FIRST_RETRY = timedelta(seconds=1)
MOST = 500  # records that TAKE hands over at once
SEALED = "sealed"
_SAFE_BYTES = 200
Decode: TypeAlias = Callable[[Raw, datetime], Record]
Bytes: TypeAlias = Sequence[bytes]


class Guard(NamedTuple):
    """Encryption for the bytes of topics that carry identity; `seal` gets the day whose key it uses."""

    topics: frozenset[str]
    seal: Callable[[Connection, str, Bytes], Awaitable[Bytes]]
    open: Callable[[Connection, Bytes], Awaitable[Bytes]]


class Parking(NamedTuple):
    """A record to park with its reason; a safe one has its headers as bytes and no place in any key."""

    record: Record
    reason: str
    detail: str
    waits: Mapping[str, int]
    is_safe: bool = False


class ParkedNotice(NamedTuple):
    """The publishable part of a parked record: its place, type and reason, never its content."""

    parked_id: UUID
    topic: str
    type_name: str
    key: str | None
    partition: int
    offset: int
    reason: str
    detail: str


PUT = """
INSERT INTO parked (parked_id, topic, key, sequence, source, event_id, type, partition, "offset", raw_key, headers,
                    value, reason, detail, after_topics, after_sequences, retry_at, parked_at, raw_headers)
SELECT parked_id, topic, key, sequence, source, event_id, type, partition, "offset", raw_key, headers, value, reason,
       detail, ARRAY(SELECT jsonb_object_keys(waits)), ARRAY(SELECT value::int FROM jsonb_each_text(waits)),
       retry_at, parked_at, raw_headers
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[],
            $9::bigint[], $10::bytea[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::jsonb[],
            $16::timestamptz[], $17::timestamptz[], $18::bytea[])
    AS u (parked_id, topic, key, sequence, source, event_id, type, partition, "offset", raw_key, headers, value,
          reason, detail, waits, retry_at, parked_at, raw_headers)
ON CONFLICT DO NOTHING
RETURNING parked_id
"""
# a repeat has the same bytes; those that are sealed differ each time
TAKEN = """
SELECT u.parked_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bytea[])
    AS u (parked_id, topic, key, sequence, headers, value)
JOIN parked AS p ON p.topic = u.topic AND p.key = u.key AND p.sequence = u.sequence AND p.parked_id <> u.parked_id
WHERE u.sequence > 0
    AND NOT (p.headers = u.headers
             AND (p.value IS NOT DISTINCT FROM u.value OR right(u.headers, 14) = '["sealed",""]]'))
    AND NOT EXISTS (SELECT FROM parked AS q WHERE q.parked_id = u.parked_id)
"""
AGAIN = """
UPDATE parked
SET attempts = attempts + 1, reason = u.reason, detail = u.detail,
    retry_at = CASE u.reason WHEN 'raised'
                    THEN $4::timestamptz + make_interval(secs => (ARRAY[5, 30, 300])[attempts]) END
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (parked_id, reason, detail)
WHERE parked.parked_id = u.parked_id
RETURNING parked.parked_id, old.reason
"""
# contiguous runs from mark + 1 up to the first that still waits, and whatever a redelivered copy has overtaken; behind
# them what else lies in place under such a key, for those runs may be all that it waits for
TAKE = """
WITH placed AS (
    SELECT p.parked_id, p.topic, p.key, p.sequence, coalesce(m.sequence, 0) AS mark,
           NOT (p.reason = 'early' OR coalesce(p.retry_at <= $1, false)) AS rests,
           EXISTS (
               SELECT FROM unnest(p.after_topics, p.after_sequences) AS a (topic, sequence)
               LEFT JOIN marks AS n ON n.topic = a.topic AND n.key = p.key
               WHERE coalesce(n.sequence, 0) < a.sequence) AS waits
    FROM parked AS p
    LEFT JOIN marks AS m ON m.topic = p.topic AND m.key = p.key
    WHERE p.key = ANY($2) AND p.sequence > 0 AND p.reason <> 'forked'
), runs AS (
    SELECT parked_id, topic, key, sequence, sequence <= mark AS overtaken,
           sequence - mark - row_number() OVER run = 0 AND NOT bool_or(rests) OVER run AS in_place,
           bool_or(waits) OVER run AS blocked
    FROM placed
    WINDOW run AS (PARTITION BY topic, key, sequence > mark ORDER BY sequence)
), turns AS (
    SELECT *, overtaken OR in_place AND NOT blocked AS its_turn FROM runs
)
SELECT p.parked_id, p.topic, p.partition, p."offset", p.raw_key, p.value,
       coalesce(convert_from(p.raw_headers, 'UTF8'), p.headers), p.parked_at
FROM turns AS t
JOIN parked AS p USING (parked_id)
WHERE t.its_turn OR t.in_place AND t.key IN (SELECT key FROM turns WHERE its_turn)
ORDER BY t.its_turn DESC, t.topic, t.key, t.sequence
LIMIT 500
"""
TAKE_LOOSE = """
SELECT parked_id, topic, partition, "offset", raw_key, value, coalesce(convert_from(raw_headers, 'UTF8'), headers),
       parked_at
FROM parked
WHERE retry_at <= $1 AND sequence = 0
ORDER BY retry_at
LIMIT 500
"""
DUE_KEYS = """
SELECT DISTINCT key FROM parked
WHERE retry_at <= $1 AND sequence > 0
LIMIT 500
"""
NEXT_KEYS = """
SELECT DISTINCT key FROM parked
WHERE key > $1 AND sequence > 0 AND reason <> 'forked'
ORDER BY key
LIMIT 1000
"""


def read_safely(decode: Decode, raw: Raw, read_at: datetime) -> Record:
    """Return the decoded record; if `decode` raises, one that is unreadable and has no place in any key."""
    try:
        return decode(raw, read_at)
    except Exception as problem:  # noqa: BLE001 - whatever a reader raises is the record's fault
        fault = f"the record cannot be read: {described(problem)}"
        return Record(raw.topic, None, 0, "", "", read_at, read_at, raw, fault=fault)


def parked_id_of(raw: Raw) -> UUID:
    """Return the id of a parked record, derived from its offset so that parking twice finds the first."""
    return uuid5(NAMESPACE_URL, f"{raw.topic}/{raw.partition}/{raw.offset}")


async def park(conn: Connection, parkings: Sequence[Parking], now: datetime, guard: Guard | None) -> list[ParkedNotice]:
    """Park new records and delay those that failed again; return notices for operators."""
    told: set[UUID] = set()
    if fresh := [p for p in parkings if p.record.parked_id is None]:
        raws = await _sealed(conn, fresh, guard)
        told, loose = await _put_fresh(conn, list(zip(fresh, raws, strict=True)), now)
        parkings = [*(p for p in parkings if parked_id_of(p.record.raw) not in loose), *loose.values()]
    if old := [(i, p.reason, p.detail) for p in parkings if (i := p.record.parked_id) and p.reason != "early"]:
        again = await conn.fetch(AGAIN, *zip(*old, strict=True), now)
        told |= {parked_id for parked_id, before in again if before == "early"}
    return [t for p in parkings if p.reason != "early" and (t := _notice(p)).parked_id in told]


async def _put_fresh(
    conn: Connection, fresh: Sequence[tuple[Parking, Raw]], now: datetime
) -> tuple[set[UUID], dict[UUID, Parking]]:
    """Insert new records; one whose place is taken by another parked record is kept without a place."""
    rows = [_row(p, raw, now) for p, raw in fresh]
    new = {row["parked_id"] for row in await conn.fetch(PUT, *zip(*rows, strict=True))}
    if len(new) == len(rows):
        return new, {}
    held = [(*row[:4], row[10], row[11]) for row in rows]
    taken = {parked_id for (parked_id,) in await conn.fetch(TAKEN, *zip(*held, strict=True))}
    loose = {parked_id_of(raw): (_without_place(p), raw) for p, raw in fresh if parked_id_of(raw) in taken}
    if loose:
        rows = [_row(p, raw, now) for p, raw in loose.values()]
        new |= {row["parked_id"] for row in await conn.fetch(PUT, *zip(*rows, strict=True))}
    return new, {parked_id: p for parked_id, (p, _) in loose.items()}


def _without_place(parking: Parking) -> Parking:
    """Return the parking of a second record at the same place, which belongs to another history."""
    reason = "forked" if parking.reason == "early" else parking.reason
    detail = parking.detail or "this place of the key is held by another parked record"
    return Parking(replace(parking.record, key=None, sequence=0), reason, detail, {}, parking.is_safe)


def _notice(parking: Parking) -> ParkedNotice:
    record, raw = parking.record, parking.record.raw
    parked_id = record.parked_id or parked_id_of(raw)
    return ParkedNotice(
        parked_id, raw.topic, record.type_name, record.key, raw.partition, raw.offset, parking.reason, parking.detail
    )


async def _sealed(conn: Connection, parkings: Sequence[Parking], guard: Guard | None) -> list[Raw]:
    """Return the raw records with bytes that carry identity encrypted."""
    raws = [p.record.raw for p in parkings]
    secret = [n for n, raw in enumerate(raws) if guard and raw.topic in guard.topics and raw.value is not None]
    if guard and secret:
        day = f"{parkings[secret[0]].record.read_at:%Y-%m-%d}"
        values = await guard.seal(conn, day, [raws[n].value or b"" for n in secret])
        for n, value in zip(secret, values, strict=True):
            raws[n] = raws[n]._replace(value=value, headers=[*raws[n].headers, (SEALED, b"")])
    return raws


def _row(parking: Parking, raw: Raw, now: datetime) -> tuple[object, ...]:
    record = parking.record
    return (
        parked_id_of(raw),
        record.topic,
        record.key,
        record.sequence,
        _clean(record.source),
        _clean(record.event_id),
        _clean(record.type_name),
        raw.partition,
        raw.offset,
        raw.key,
        "[]" if parking.is_safe else raw.headers_text(),
        raw.value,
        parking.reason,
        parking.detail,
        orjson.dumps(dict(parking.waits)).decode(),
        now + FIRST_RETRY if parking.reason == "raised" else None,
        record.read_at,
        raw.headers_text().encode() if parking.is_safe else None,
    )


def safe(record: Record, reason: str, detail: str) -> Parking:
    """Return the parking of a record that cannot be parked as it is: safe texts and no place in any key."""
    shown = replace(
        record,
        key=None,
        sequence=0,
        source=safe_text(record.source),
        event_id=safe_text(record.event_id),
        type_name=safe_text(record.type_name),
    )
    return Parking(shown, reason, safe_text(detail), {}, is_safe=True)


def safe_text(text: str) -> str:
    """Return a short, printable text as it is, any other cut and with the SHA-256 of the whole."""
    whole = text.encode("utf-8", "surrogatepass")
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    cut = printable.encode()[:_SAFE_BYTES].decode("utf-8", "ignore")
    return text if cut == text else f"{cut} (sha256 {sha256(whole).hexdigest()})"


def _clean(text: str) -> str:
    """Return text that PostgreSQL can store; the exact bytes are kept in headers and value."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:200]


class ParkedRecords(NamedTuple):
    """The reader of parked records."""

    decode: Decode
    guard: Guard | None

    async def next_in_turn(self, conn: Connection, keys: Sequence[str], now: datetime) -> list[Record]:
        """Return parked records of these keys that can be applied now, once those before them are."""
        return await self._records(conn, await conn.fetch(TAKE, now, keys))

    async def due(self, conn: Connection, now: datetime) -> list[Record]:
        """Return records whose back-off is over: at the head of their keys, or outside any order."""
        keys = [key for (key,) in await conn.fetch(DUE_KEYS, now)]
        placed = await self.next_in_turn(conn, keys, now) if keys else []
        return placed + await self._records(conn, await conn.fetch(TAKE_LOOSE, now))

    async def find(self, conn: Connection, parked_id: UUID) -> Record | None:
        """Return one parked record decrypted, None when there is none."""
        found = await self._records(conn, await conn.fetch(FIND, parked_id))
        return found[0] if found else None

    async def _records(self, conn: Connection, rows: Sequence[asyncpg.Record]) -> list[Record]:
        """Decode rows; the time of parking counts as the time of their first reading."""
        raws = [Raw(t, p, o, key, value, headers_of(headers)) for _, t, p, o, key, value, headers, _ in rows]
        records = []
        for row, raw in zip(rows, await self._opened(conn, raws), strict=True):
            record = read_safely(self.decode, raw, row["parked_at"])
            record.parked_id = row["parked_id"]
            records.append(record)
        return records

    async def _opened(self, conn: Connection, raws: list[Raw]) -> list[Raw]:
        """Return the raw records as they came, decrypted."""
        secret = [n for n, raw in enumerate(raws) if raw.headers and raw.headers[-1] == (SEALED, b"")]
        if self.guard and secret:
            for n, value in zip(secret, await self._values(conn, [raws[n].value or b"" for n in secret]), strict=True):
                if value is not None:
                    raws[n] = raws[n]._replace(value=value, headers=raws[n].headers[:-1])
        return raws

    async def _values(self, conn: Connection, sealed: Bytes) -> Sequence[bytes | None]:
        """Decrypt values, None where the key was destroyed, so that such a record does not hold up others."""
        assert self.guard  # noqa: S101 - asked by `_opened` alone
        try:
            return await self.guard.open(conn, sealed)
        except ValueError:
            if len(sealed) == 1:
                return [None]
            return [value for one in sealed for value in await self._values(conn, [one])]


RELEASE = """
DELETE FROM parked WHERE parked_id = ANY($1)
"""
FIND = """
SELECT parked_id, topic, partition, "offset", raw_key, value, coalesce(convert_from(raw_headers, 'UTF8'), headers),
       parked_at
FROM parked
WHERE parked_id = $1
"""
LIST = """
SELECT parked_id, reason, topic, key, sequence, type, partition, "offset", attempts, retry_at, parked_at, detail
FROM parked
WHERE reason <> 'early' OR $1
ORDER BY parked_at, parked_id
LIMIT 200
"""
AT_ONCE = """
UPDATE parked SET retry_at = $2, reason = 'raised' WHERE parked_id = $1
"""
PLACE = """
SELECT key, sequence FROM parked WHERE parked_id = $1
"""
# of what was parked without its place: whether somebody else stands there, or it lies behind the mark
IS_LOOSE = """
SELECT p.sequence = 0 AND (
    EXISTS (SELECT FROM parked AS q WHERE q.topic = $2 AND q.key = $3 AND q.sequence = $4)
    OR EXISTS (SELECT FROM marks AS m WHERE m.topic = $2 AND m.key = $3 AND m.sequence >= $4))
FROM parked AS p
WHERE p.parked_id = $1
"""
# only the head of a key can be given up; what stands outside any order always can
STEP_OVER = """
WITH head AS (
    SELECT u.*, CASE WHEN p.event_id ~ '^[0-9a-f-]{36}$' THEN p.event_id::uuid ELSE p.parked_id END AS event_id
    FROM parked AS p, (SELECT $2::text AS topic, $3::text AS key, $4::int AS sequence) AS u
    LEFT JOIN marks AS m ON m.topic = u.topic AND m.key = u.key
    WHERE p.parked_id = $1 AND u.sequence = 1 + coalesce(m.sequence, 0)
)
INSERT INTO marks (topic, key, sequence, event_id)
SELECT topic, key, sequence, event_id FROM head
ON CONFLICT (key, topic) DO UPDATE SET sequence = excluded.sequence, event_id = excluded.event_id
WHERE marks.sequence = excluded.sequence - 1
"""


async def release(conn: Connection, records: Sequence[Record]) -> None:
    """Delete parked records that were applied or found to be duplicates."""
    if ids := [r.parked_id for r in records if r.parked_id]:
        await conn.execute(RELEASE, ids)


async def keys_after(conn: Connection, key: str) -> list[str]:
    """Return the next page of keys with parked records, for the slow sweep."""
    return [found for (found,) in await conn.fetch(NEXT_KEYS, key)]


async def replay(conn: Connection, parked_id: UUID, now: datetime) -> bool:
    """Make a parked record due now; return False when there is none."""
    return count(await conn.execute(AT_ONCE, parked_id, now)) == 1


async def discard(conn: Connection, record: Record) -> bool:
    """Delete a parked record and step the mark over it; return False when it is not the head of its key."""
    row = await conn.fetchrow(PLACE, record.parked_id)
    key, sequence = (row["key"], row["sequence"]) if row and row["sequence"] else (record.key, record.sequence)
    place = record.parked_id, record.topic, key, sequence
    if sequence and not await conn.fetchval(IS_LOOSE, *place):
        stepped = count(await conn.execute(STEP_OVER, *place))
        if not stepped:
            return False
    expect(count(await conn.execute(RELEASE, [record.parked_id])), 1, "parked")
    return True
