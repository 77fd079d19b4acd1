"""The inbox: a mark (high-water mark) per topic and key, by which records are classified."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias

from shared.database.postgres import Connection, expect
from shared.messaging.envelope import Record

Foreign: TypeAlias = tuple[str, str, str]  # topic, source and id of a record without a place in its key


class Mark(NamedTuple):
    """The last applied sequence of a key, the id of its event, and whether the key is stopped."""

    sequence: int
    event_id: str
    stopped: bool = False


NONE = Mark(0, "")


class Verdict(Enum):
    """The classification of a record."""

    FRESH = 1
    DUPLICATE = 2
    EARLY = 3
    DIVERGED = 4
    REUSED = 5


@dataclass(slots=True)
class Marks:
    """The marks of a batch's keys, and the keys of foreign event ids, moved as the batch goes on."""

    listened: frozenset[str]
    compacted: frozenset[str]
    now: dict[tuple[str, str], Mark]
    seen_ids: dict[Foreign, str | None]
    moved: dict[tuple[str, str], int] = field(default_factory=dict)
    new_ids: list[tuple[str, str, str, str]] = field(default_factory=list)

    def classify(self, record: Record) -> Verdict:
        """Classify a record: the next is fresh, an older one a duplicate, a later one early, or it diverged.

        A foreign record that cannot be read is never a duplicate, whatever id it carries: it is parked.
        """
        if not record.sequence or record.key is None:
            return self._judge_foreign(record)
        mark = self.now.get((record.topic, record.key), NONE)
        if record.sequence <= mark.sequence:
            return _behind(record, mark)
        if mark.stopped:
            return Verdict.DIVERGED
        if record.topic in self.compacted:
            return Verdict.FRESH
        due = record.sequence == mark.sequence + 1 and not (record.after and self.waits_for(record))
        return Verdict.FRESH if due else Verdict.EARLY

    def _judge_foreign(self, record: Record) -> Verdict:
        """Classify by event id; an id that came under another key is reused, for ids derived from it would collide.

        A record of an unknown type is only counted, whatever its key; ids of old rows, which have no key, fit any.
        """
        place = record.topic, record.source, record.event_id
        if record.fault is not None or place not in self.seen_ids:
            return Verdict.FRESH
        key = self.seen_ids[place]
        is_same = key is None or key == (record.key or "") or record.event is None
        return Verdict.DUPLICATE if is_same else Verdict.REUSED

    def waits_for(self, record: Record) -> dict[str, int]:
        """Return the sequences by topic that the announcer had applied of this key and this service has not."""
        key = record.key or ""
        return {t: n for t, n in record.after if t in self.listened and self.now.get((t, key), NONE).sequence < n}

    def move(self, record: Record) -> None:
        """Advance the mark of an applied record."""
        if record.sequence and record.key is not None:
            place = record.topic, record.key
            mark = self.now.get(place, NONE)
            self.moved.setdefault(place, mark.sequence)
            self.now[place] = Mark(record.sequence, record.event_id, mark.stopped)
        elif record.source and record.event_id:
            key = record.key or ""
            self.seen_ids[record.topic, record.source, record.event_id] = key
            self.new_ids.append((record.topic, record.source, record.event_id, key))

    def stop(self, record: Record) -> None:
        """Stop a key after another history of it was found: nothing more of it is applied."""
        place = record.topic, record.key or ""
        mark = self.now.get(place, NONE)
        self.now[place] = Mark(mark.sequence, mark.event_id, stopped=True)

    def copy(self) -> "Marks":
        """Return a copy for planning, which is moved as if every fresh record succeeds."""
        return Marks(self.listened, self.compacted, dict(self.now), dict(self.seen_ids))

    def skip(self, record: Record) -> None:
        """Advance a mark in a plan; nothing is written from it."""
        if record.sequence and record.key is not None:
            self.now[record.topic, record.key] = Mark(record.sequence, record.event_id)
        elif record.source and record.event_id:
            self.seen_ids[record.topic, record.source, record.event_id] = record.key or ""


def _behind(record: Record, mark: Mark) -> Verdict:
    """Return whether a record behind the mark is a duplicate; a newer id at an old sequence is another history."""
    at_mark = record.sequence == mark.sequence
    same = record.event_id == mark.event_id if at_mark else record.event_id < mark.event_id
    return Verdict.DUPLICATE if same else Verdict.DIVERGED


READ = """
SELECT topic, key, sequence, event_id::text, stopped FROM marks
WHERE key = ANY($1)
"""
READ_HEARD = """
SELECT h.topic, h.source, h.event_id, h.key
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (topic, source, event_id)
JOIN heard AS h ON h.event_id = u.event_id AND h.source = u.source AND h.topic = u.topic
"""


async def read_marks(
    conn: Connection, records: Sequence[Record], listened: frozenset[str], compacted: frozenset[str]
) -> Marks:
    """Return the marks of the batch's keys on every topic, and the foreign event ids that came before."""
    keys = list({r.key for r in records if r.sequence and r.key is not None})
    rows = await conn.fetch(READ, keys) if keys else []
    ids = sorted({(r.topic, r.source, r.event_id) for r in records if not r.sequence and r.source and r.event_id})
    known = await conn.fetch(READ_HEARD, *zip(*ids, strict=True)) if ids else []
    now = {(topic, key): Mark(sequence, event_id, stopped) for topic, key, sequence, event_id, stopped in rows}
    return Marks(listened, compacted, now, {(t, s, i): key for t, s, i, key in known})


ADVANCE = """
WITH moved AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::int[])
        AS u (topic, key, sequence, event_id, seen)
), new AS (
    INSERT INTO marks (topic, key, sequence, event_id)
    SELECT topic, key, sequence, event_id FROM moved WHERE seen = 0
    ON CONFLICT DO NOTHING
    RETURNING 1
), old AS (
    UPDATE marks AS m
    SET sequence = u.sequence, event_id = u.event_id
    FROM moved AS u
    WHERE m.topic = u.topic AND m.key = u.key AND m.sequence = u.seen AND u.seen > 0
    RETURNING 1
)
SELECT (SELECT count(*) FROM new) + (SELECT count(*) FROM old)
"""
HEAR = """
WITH new AS (
    INSERT INTO heard (topic, source, event_id, key)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM new
"""
STOP = """
UPDATE marks SET stopped = true
FROM unnest($1::text[], $2::text[]) AS u (topic, key)
WHERE marks.topic = u.topic AND marks.key = u.key
"""


async def advance(conn: Connection, marks: Marks) -> None:
    """Save moved marks by compare-and-set in order of their keys; raise `Missed` when another replica moved one."""
    if places := sorted(marks.moved):
        topics, keys = zip(*places, strict=True)
        sequences = [marks.now[p].sequence for p in places]
        ids = [marks.now[p].event_id for p in places]
        seen = [marks.moved[p] for p in places]
        expect(await conn.fetchval(ADVANCE, topics, keys, sequences, ids, seen), len(places), "marks")
    if marks.new_ids:
        new = sorted(marks.new_ids)
        expect(await conn.fetchval(HEAR, *zip(*new, strict=True)), len(new), "heard")


async def stop(conn: Connection, records: Sequence[Record]) -> None:
    """Save that keys with another history are stopped, until somebody realigns them."""
    if places := sorted({(r.topic, r.key or "") for r in records}):
        await conn.execute(STOP, *zip(*places, strict=True))
