"""Timers: a due timer becomes a record and is decided like any other."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import NAMESPACE_OID, UUID, uuid5

from shared.database.postgres import Connection, expect
from shared.domain.decision import INTERNAL, Event, EventContext, SetTimer
from shared.messaging.envelope import Raw, Record, Types

Moves: TypeAlias = Mapping[tuple[str, str], tuple[SetTimer, EventContext]]

ARM = """
INSERT INTO timers (of, name, due_at, type, payload, correlation)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (of, name) DO UPDATE
SET due_at = excluded.due_at, type = excluded.type, payload = excluded.payload, correlation = excluded.correlation
"""
DISARM = """
DELETE FROM timers
USING unnest($1::text[], $2::text[]) AS u (of, name)
WHERE timers.of = u.of AND timers.name = u.name
"""
FIRED = """
WITH gone AS (
    DELETE FROM timers
    USING unnest($1::text[], $2::text[], $3::timestamptz[]) AS u (of, name, due_at)
    WHERE timers.of = u.of AND timers.name = u.name AND timers.due_at = u.due_at
    RETURNING 1
)
SELECT count(*) FROM gone
"""
STANDING = """
SELECT of, name, due_at FROM timers
JOIN unnest($1::text[], $2::text[], $3::timestamptz[]) AS u (of, name, due_at) USING (of, name, due_at)
"""
# a record parked on the timer's own key holds it back; what stands outside any order does not
DUE = """
SELECT of, name, due_at, type, payload, correlation FROM timers
WHERE due_at <= $1 AND NOT EXISTS (SELECT FROM parked WHERE parked.key = timers.of AND parked.sequence > 0)
ORDER BY due_at, of, name
LIMIT 500
"""
IS_DUE = f"SELECT EXISTS ({DUE})"
SOON = """
SELECT (SELECT count(*) FROM timers WHERE due_at <= $1
            AND NOT EXISTS (SELECT FROM parked WHERE parked.key = timers.of AND parked.sequence > 0)),
       (SELECT min(due_at) FROM timers WHERE due_at > $1),
       (SELECT count(*) FROM outbox)
"""


async def save_timers(conn: Connection, moves: Moves) -> None:
    """Set and cancel timers, as the batch left them."""
    gone = sorted(place for place, (arm, _) in moves.items() if arm.due_at is None)
    if gone:
        await conn.execute(DISARM, *zip(*gone, strict=True))
    armed = [
        (a.key, a.name, a.due_at, a.event.type_name, a.event.to_bytes().decode(), o.correlation)
        for _, (a, o) in sorted(moves.items(), key=lambda m: m[0])
        if a.due_at and a.event
    ]
    if armed:
        await conn.execute(ARM, *zip(*armed, strict=True))


async def delete_fired(conn: Connection, records: Sequence[Record]) -> None:
    """Delete the timers of these records, so that none fires twice; raise `Missed` if one is gone already."""
    if places := sorted(r.timer for r in records if r.timer):
        expect(await conn.fetchval(FIRED, *zip(*places, strict=True)), len(places), "timers")


async def standing(conn: Connection, records: Sequence[Record]) -> list[Record]:
    """Return the records without timers that were moved, cancelled or fired since they were read."""
    places = [r.timer for r in records if r.timer]
    if not places:
        return list(records)
    found = {tuple(row) for row in await conn.fetch(STANDING, *zip(*places, strict=True))}
    return [r for r in records if r.timer is None or r.timer in found]


async def is_due(conn: Connection, until: datetime) -> bool:
    """Return whether any timer is due by `until`."""
    return bool(await conn.fetchval(IS_DUE, until))


async def due(conn: Connection, until: datetime, types: Types, read_at: datetime) -> list[Record]:
    """Return the timers due by `until` as records, at most 500."""
    return [_record(types, read_at, *row) for row in await conn.fetch(DUE, until)]


def _record(  # noqa: PLR0913, PLR0917 - the columns of DUE
    types: Types, read_at: datetime, of: str, name: str, due_at: datetime, kind: str, payload: str, correlation: str
) -> Record:
    """Return a timer as a record; one that this version cannot read carries a fault and will be parked."""
    cause = str(uuid5(NAMESPACE_OID, f"{of}/{name}/{due_at.isoformat()}"))
    try:
        record = own_record(types[kind].from_bytes(payload.encode()), cause, correlation, due_at)
    except (LookupError, ValueError):
        raw = _own_raw(kind, of, payload.encode(), cause, correlation, due_at)
        record = Record(INTERNAL, of, 0, cause, correlation, due_at, due_at, raw, type_name=kind)
        record.fault = "the timer cannot be read by this version of the service"
    record.key, record.read_at, record.timer = of, read_at, (of, name, due_at)
    return record


def own_record(event: Event, cause: str, correlation: str, at: datetime) -> Record:
    """Return an internal event as a record, so that it is parked like any other if its decision raises."""
    raw = _own_raw(event.type_name, event.key, event.to_bytes(), cause, correlation, at)
    return Record(INTERNAL, event.key, 0, cause, correlation, at, at, raw, event, type_name=event.type_name)


def _own_raw(  # noqa: PLR0913, PLR0917 - the parts of an envelope
    type_name: str, key: str, value: bytes, cause: str, correlation: str, at: datetime
) -> Raw:
    pairs = {"ce_type": type_name, "ce_id": cause, "ce_correlationid": correlation, "ce_time": at.isoformat()}
    headers = [(name, text.encode()) for name, text in pairs.items()]
    return Raw(INTERNAL, 0, UUID(cause).int >> 65, key.encode(), value, headers)


def read_own(raw: Raw, types: Types, read_at: datetime) -> Record:
    """Return the record that `own_record` made, from its parked bytes."""
    headers = {name: (value or b"").decode() for name, value in raw.headers}
    at = datetime.fromisoformat(headers["ce_time"])
    event = types[headers["ce_type"]].from_bytes(raw.value or b"")
    record = own_record(event, headers["ce_id"], headers["ce_correlationid"], at)
    record.key, record.raw, record.read_at = (raw.key or b"").decode(), raw, read_at
    return record
