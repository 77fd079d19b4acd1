"""What cannot be applied now: kept byte for byte, and worked off per key from its head."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import orjson

from shared.envelope import Raw, Record, headers_of
from shared.postgres import Connection, count, expect

FIRST_RETRY = timedelta(seconds=1)
MOST = 500  # records that TAKE hands over at once
SEALED = "sealed"
Decode: TypeAlias = Callable[[Raw, datetime], Record]
Bytes: TypeAlias = Sequence[bytes]


class Guard(NamedTuple):
    """Seals and opens the bytes of topics that carry identity; `seal` gets the day whose key it uses."""

    topics: frozenset[str]
    seal: Callable[[Connection, str, Bytes], Awaitable[Bytes]]
    open: Callable[[Connection, Bytes], Awaitable[Bytes]]


class Parking(NamedTuple):
    """A record to put aside, why, and what it waits for."""

    record: Record
    reason: str
    detail: str
    waits: Mapping[str, int]


class Told(NamedTuple):
    """What may be said of a parked record: where it lay, what it was, why it waits; never what it held."""

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
                    value, reason, detail, after_topics, after_sequences, retry_at, parked_at)
SELECT parked_id, topic, key, sequence, source, event_id, type, partition, "offset", raw_key, headers, value, reason,
       detail, ARRAY(SELECT jsonb_object_keys(waits)), ARRAY(SELECT value::int FROM jsonb_each_text(waits)),
       retry_at, parked_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[],
            $9::bigint[], $10::bytea[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::jsonb[],
            $16::timestamptz[], $17::timestamptz[])
    AS u (parked_id, topic, key, sequence, source, event_id, type, partition, "offset", raw_key, headers, value,
          reason, detail, waits, retry_at, parked_at)
ON CONFLICT DO NOTHING
RETURNING parked_id
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
SELECT p.parked_id, p.topic, p.partition, p."offset", p.raw_key, p.value, p.headers, p.parked_at
FROM turns AS t
JOIN parked AS p USING (parked_id)
WHERE t.its_turn OR t.in_place AND t.key IN (SELECT key FROM turns WHERE its_turn)
ORDER BY t.its_turn DESC, t.topic, t.key, t.sequence
LIMIT 500
"""
TAKE_LOOSE = """
SELECT parked_id, topic, partition, "offset", raw_key, value, headers, parked_at FROM parked
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


def parked_id_of(raw: Raw) -> UUID:
    """Where it lay is who it is: derived, so that a second attempt to park it finds the first."""
    return uuid5(NAMESPACE_URL, f"{raw.topic}/{raw.partition}/{raw.offset}")


async def put(conn: Connection, parkings: Sequence[Parking], now: datetime, guard: Guard | None) -> list[Told]:
    """Put new ones aside; those that failed again wait longer. Returns those that somebody must be told of."""
    told: set[UUID] = set()
    if fresh := [p for p in parkings if p.record.parked_id is None]:
        raws = await _sealed(conn, fresh, guard)
        rows = [_row(p, raw, now) for p, raw in zip(fresh, raws, strict=True)]
        told = {row["parked_id"] for row in await conn.fetch(PUT, *zip(*rows, strict=True))}
    if old := [(i, p.reason, p.detail) for p in parkings if (i := p.record.parked_id) and p.reason != "early"]:
        again = await conn.fetch(AGAIN, *zip(*old, strict=True), now)
        told |= {parked_id for parked_id, before in again if before == "early"}
    return [t for p in parkings if p.reason != "early" and (t := _told(p)).parked_id in told]


def _told(parking: Parking) -> Told:
    """What may be said of it."""
    record, raw = parking.record, parking.record.raw
    parked_id = record.parked_id or parked_id_of(raw)
    return Told(
        parked_id, raw.topic, record.type_name, record.key, raw.partition, raw.offset, parking.reason, parking.detail
    )


async def _sealed(conn: Connection, parkings: Sequence[Parking], guard: Guard | None) -> list[Raw]:
    """Bytes that carry identity leave memory only sealed."""
    raws = [p.record.raw for p in parkings]
    secret = [n for n, raw in enumerate(raws) if guard and raw.topic in guard.topics and raw.value is not None]
    if guard and secret:
        day = f"{parkings[secret[0]].record.read_at:%Y-%m-%d}"
        values = await guard.seal(conn, day, [raws[n].value or b"" for n in secret])
        for n, value in zip(secret, values, strict=True):
            raws[n] = raws[n]._replace(value=value, headers=[*raws[n].headers, (SEALED, b"")])
    return raws


def _row(parking: Parking, raw: Raw, now: datetime) -> tuple[object, ...]:
    """One row of `PUT`."""
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
        raw.headers_text(),
        raw.value,
        parking.reason,
        parking.detail,
        orjson.dumps(dict(parking.waits)).decode(),
        now + FIRST_RETRY if parking.reason == "raised" else None,
        record.read_at,
    )


def _clean(text: str) -> str:
    """Text that Postgres can hold; the bytes themselves stand in headers and value."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:200]


class Shelf(NamedTuple):
    """How parked records are read again."""

    decode: Decode
    guard: Guard | None

    async def turn(self, conn: Connection, keys: Sequence[str], now: datetime) -> list[Record]:
        """Parked records of these keys whose turn it may be, once those before them are applied."""
        return await self._records(conn, await conn.fetch(TAKE, now, keys))

    async def due(self, conn: Connection, now: datetime) -> list[Record]:
        """Those whose back-off is over: at the head of their keys, or outside any order."""
        keys = [key for (key,) in await conn.fetch(DUE_KEYS, now)]
        placed = await self.turn(conn, keys, now) if keys else []
        return placed + await self._records(conn, await conn.fetch(TAKE_LOOSE, now))

    async def find(self, conn: Connection, parked_id: UUID) -> Record | None:
        """One parked record, opened."""
        found = await self._records(conn, await conn.fetch(FIND, parked_id))
        return found[0] if found else None

    async def _records(self, conn: Connection, rows: Sequence[asyncpg.Record]) -> list[Record]:
        """Rows as things to apply; first read when they were parked."""
        raws = [Raw(t, p, o, key, value, headers_of(headers)) for _, t, p, o, key, value, headers, _ in rows]
        records = []
        for row, raw in zip(rows, await self._opened(conn, raws), strict=True):
            record = self.decode(raw, row["parked_at"])
            record.parked_id = row["parked_id"]
            records.append(record)
        return records

    async def _opened(self, conn: Connection, raws: list[Raw]) -> list[Raw]:
        """The bytes as they came."""
        secret = [n for n, raw in enumerate(raws) if raw.headers and raw.headers[-1] == (SEALED, b"")]
        if self.guard and secret:
            values = await self.guard.open(conn, [raws[n].value or b"" for n in secret])
            for n, value in zip(secret, values, strict=True):
                raws[n] = raws[n]._replace(value=value, headers=raws[n].headers[:-1])
        return raws


RELEASE = """
DELETE FROM parked WHERE parked_id = ANY($1)
"""
FIND = """
SELECT parked_id, topic, partition, "offset", raw_key, value, headers, parked_at FROM parked
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
# only the head of a key can be given up; what stands outside any order always can
STEP_OVER = """
WITH head AS (
    SELECT p.topic, p.key, p.sequence, CASE WHEN p.event_id ~ '^[0-9a-f-]{36}$' THEN p.event_id::uuid
                                            ELSE p.parked_id END AS event_id
    FROM parked AS p
    LEFT JOIN marks AS m ON m.topic = p.topic AND m.key = p.key
    WHERE p.parked_id = $1 AND p.sequence = 1 + coalesce(m.sequence, 0)
)
INSERT INTO marks (topic, key, sequence, event_id)
SELECT topic, key, sequence, event_id FROM head
ON CONFLICT (key, topic) DO UPDATE SET sequence = excluded.sequence, event_id = excluded.event_id
WHERE marks.sequence = excluded.sequence - 1
"""


async def release(conn: Connection, records: Sequence[Record]) -> None:
    """Applied or found to be duplicates: no longer parked."""
    if ids := [r.parked_id for r in records if r.parked_id]:
        await conn.execute(RELEASE, ids)


async def keys_after(conn: Connection, key: str) -> list[str]:
    """The next keys, in their order, that a slow sweep looks at."""
    return [found for (found,) in await conn.fetch(NEXT_KEYS, key)]


async def replay(conn: Connection, parked_id: UUID, now: datetime) -> bool:
    """An operator says: try again now."""
    return count(await conn.execute(AT_ONCE, parked_id, now)) == 1


async def discard(conn: Connection, record: Record) -> bool:
    """An operator says: never; the mark steps over its place, which must be the head of its key."""
    if record.sequence:
        stepped = count(await conn.execute(STEP_OVER, record.parked_id))
        if not stepped:
            return False
    expect(count(await conn.execute(RELEASE, [record.parked_id])), 1, "parked")
    return True
