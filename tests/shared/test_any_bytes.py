"""Any bytes in any part of any record: the service goes on, and each record is applied, counted or kept."""

from collections import Counter
from typing import Any

import pytest

from shared.config import clock
from shared.messaging import unparkable
from shared.messaging.envelope import Raw, Record, headers_of
from tests.toy.app import service
from tests.toy.letters import Letter
from tests.toy.noise import Noise, noise, shout
from tests.toy.outside import Instance, Outside, read_all, until

PARTITIONS = 4
SAMPLE, MANY = 2_000, 100_000
PARKED = """
SELECT parked_id, topic, partition, "offset", raw_key, value, coalesce(convert_from(raw_headers, 'UTF8'), headers),
       reason
FROM parked
"""
UNPARKABLE = 'SELECT topic, partition, "offset", sha256, length FROM unparkable'


class Books:
    """What the toy's database says of every record."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.kept: dict[tuple[str, int, int], tuple[Any, Raw, str]] = {}
        self.noted: dict[tuple[str, int, int], tuple[bytes, int]] = {}
        self.heard: set[tuple[str, str, str]] = set()
        self.marks: dict[tuple[str, str], int] = {}

    async def read(self) -> "Books":
        for parked_id, topic, partition, offset, key, value, headers, reason in await self.outside.query(PARKED):
            raw = Raw(topic, partition, offset, key, value, headers_of(headers))
            self.kept[topic, partition, offset] = parked_id, raw, reason
        for topic, partition, offset, sha256, length in await self.outside.query(UNPARKABLE):
            self.noted[topic, partition, offset] = sha256, length
        self.heard = {tuple(row) for row in await self.outside.query("SELECT topic, source, event_id FROM heard")}
        rows = await self.outside.query("SELECT topic, key, sequence FROM marks")
        self.marks = {(topic, key): sequence for topic, key, sequence in rows}
        return self

    def account_for(self, letter: Letter, place: tuple[int, int]) -> str:
        """How the record ended; an empty string where it is lost or altered."""
        raw = letter.at(*place)._replace(headers=list(letter.headers))
        where = letter.topic, *place
        if where in self.kept:
            return "kept" if self.kept[where][1] == raw else ""
        if where in self.noted:
            return "noted" if self.noted[where] == unparkable.digest(raw) else ""
        return self._ending(self.read_by_toy(raw))

    def read_by_toy(self, raw: Raw) -> Record:
        topics = self.outside.place.topics
        reader = service.reader._replace(listens=frozenset(topics), foreign=frozenset(topics[2:]))
        return reader.read(raw, clock.now())

    def _ending(self, record: Record) -> str:
        """It could be read, and its place or its id is taken; what is of no known type may have neither."""
        if record.fault is not None:
            return ""
        if not record.raw.topic.startswith("toy-foreign"):
            taken = self.marks.get((record.topic, record.key or ""), 0) >= record.sequence > 0
        elif is_unknown(record) and not (record.source and record.event_id):
            return "counted"
        else:
            taken = (record.topic, record.source, record.event_id) in self.heard
        return "applied" if taken else ""


def is_unknown(record: Record) -> bool:
    """It concerns somebody else."""
    return record.fault is None and record.event is None


async def all_read(outside: Outside, instance: Instance, letters: int) -> bool:
    """Every record is dealt with, and everything that was said of it is sent."""
    instance.expect_alive()
    _, quiet = await instance.health("quiet")
    applied = quiet.get("applied", {})
    read = sum(sum(places.values()) for topic, places in applied.items())
    return read == letters and quiet["busy"] == 0 and await outside.all_sent()


async def shouted(outside: Outside, given: Noise) -> list[tuple[int, int]]:
    """Sent, and dealt with by one process."""
    instance = await outside.ready()
    where = await shout(outside.place.kafka, given.letters, PARTITIONS)

    async def done() -> bool:
        return await all_read(outside, instance, len(given.letters))

    await until(done, 1200)
    return where


async def check(outside: Outside, given: Noise, where: list[tuple[int, int]]) -> None:
    """Nothing is lost, altered or silent; sound records are all applied."""
    books = await Books(outside).read()
    ends = [books.account_for(letter, place) for letter, place in zip(given.letters, where, strict=True)]
    lost = [(letter, place) for letter, place, end in zip(given.letters, where, ends, strict=True) if not end]
    assert lost == []
    assert len(Counter(ends)) > 1
    read = [books.read_by_toy(letter.at(*place)) for letter, place in zip(given.letters, where, strict=True)]
    assert await outside.instances[-1].metric("rehab_records_uncontracted_total") >= sum(map(is_unknown, read)) > 0
    ticks = await outside.ticks()
    assert {key: ticks.get(key) for key in given.sound} == given.sound
    told = Counter(r.key for r in await read_all(outside.place.kafka, ["rehab-toy"]))
    waiting = [parked_id for parked_id, _, reason in books.kept.values() if reason != "early"]
    assert [parked_id for parked_id in waiting if not told[str(parked_id).encode()]] == []
    assert await outside.value("SELECT count(*) FROM outbox") == 0


async def test_any_bytes_are_applied_counted_or_kept_and_told_of(outside: Outside) -> None:
    given = noise(outside.place.suffix, SAMPLE, 1)
    await check(outside, given, await shouted(outside, given))


@pytest.mark.long
async def test_a_hundred_thousand_of_them(outside: Outside) -> None:
    given = noise(outside.place.suffix, MANY, 2)
    await check(outside, given, await shouted(outside, given))


@pytest.mark.parametrize("table", ["parked", "outbox"])
async def test_any_bytes_are_kept_or_noted_where_parking_itself_fails(outside: Outside, table: str) -> None:
    when = {"parked": "NEW.key IS NOT NULL OR NEW.offset % 3 = 0", "outbox": "NEW.correlation <> NEW.key"}[table]
    await outside.as_owner(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '22021'; END $$;"
        f" CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW"
        f" WHEN (({when}) AND {'NEW.reason' if table == 'parked' else 'NEW.type'} ~ 'unreadable|event-parked')"
        " EXECUTE FUNCTION refuse()"
    )
    given = noise(outside.place.suffix, SAMPLE // 4, 3)
    await check(outside, given, await shouted(outside, given))
