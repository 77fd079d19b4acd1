"""Dense sequences whoever writes, and a journal in which every byte is chained to those before it."""

import asyncio
from collections import defaultdict
from typing import cast

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.config import clock
from shared.database import postgres
from shared.database.postgres import Connection, Missed
from shared.domain.decision import EventContext
from shared.messaging import outbox, relay
from shared.messaging.kafka import OutgoingRecord, Refused, new_producer, send_batch
from shared.runtime import operator_commands
from tests.conftest import Topics
from tests.toy.app import service
from tests.toy.events import Counted, Heard, Ticked
from tests.toy.inside import Inside
from tests.toy.outside import read_all

A = "counter-a"
WRITERS, TIMES = 6, 30


def word(key: str = A, cause: str = "c") -> outbox.OutboxMessage:
    now = clock.now()
    return outbox.message_of(Counted(counter_id=key, ticks=1, why="test"), EventContext(cause, cause, key, now, now))


async def test_sequences_are_dense_per_key_whoever_writes_at_once(toy: Inside) -> None:
    async def write(n: int) -> None:
        for turn in range(TIMES):
            keys = [f"k{(n + turn) % 3}", f"k{turn % 4}", f"k{n % 4}"]
            async with toy.pool.acquire() as conn, conn.transaction():
                await outbox.announce(conn, [word(key) for key in keys])

    await asyncio.gather(*(write(n) for n in range(WRITERS)))
    rows = await toy.pool.fetch("SELECT key, sequence, event_id FROM outbox ORDER BY seq")
    places = defaultdict(list)
    for key, sequence, event_id in rows:
        places[key].append((sequence, event_id))
    for found in places.values():
        assert [sequence for sequence, _ in found] == list(range(1, len(found) + 1))
        assert [event_id for _, event_id in found] == sorted(event_id for _, event_id in found)
    assert len(rows) == WRITERS * TIMES * 3


async def test_a_transaction_that_is_taken_back_leaves_no_hole(toy: Inside) -> None:
    for breaks in (False, True, False):
        async with toy.pool.acquire() as conn:
            turn = conn.transaction()
            await turn.start()
            await outbox.announce(conn, [word()])
            await (turn.rollback() if breaks else turn.commit())
    assert [w.sequence for w in await toy.words()] == [1, 2]


async def said_once(conn: Connection, cause: str) -> None:
    """A word in the next place of its key."""
    async with conn.transaction():
        await outbox.announce_at(conn, word(cause=cause), await outbox.next_position(conn, "rehab-toy", A))


async def test_who_takes_a_place_speaks_first(toy: Inside) -> None:
    async with toy.pool.acquire() as one, toy.pool.acquire() as other, asyncio.timeout(20):
        async with one.transaction():
            place = await outbox.next_position(one, "rehab-toy", A)
            late = asyncio.create_task(said_once(other, "late"))
            while not await one.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                pass
            await outbox.announce_at(one, word(cause="early"), place)
        await late
    assert [(w.cause, w.sequence) for w in await toy.words()] == [("early", 1), ("late", 2)]


async def test_a_word_is_not_said_in_the_place_of_another_key(toy: Inside) -> None:
    async with toy.pool.acquire() as conn:
        with pytest.raises(ValueError, match="another key"):
            async with conn.transaction():
                await outbox.announce_at(conn, word(key="another"), await outbox.next_position(conn, "rehab-toy", A))
    assert await toy.words() == []


async def test_what_a_service_says_to_itself_never_leaves(toy: Inside) -> None:
    rule = next(kind for kind in toy.running.definition.handlers.rules if kind.__name__ == "Pondered")
    now = clock.now()
    with pytest.raises(TypeError, match="says to itself"):
        outbox.message_of(rule(counter_id=A), EventContext("c", "c", A, now, now))


async def passed_on(toy: Inside, kafka: str, times: int) -> None:
    """Sent and journalled."""
    await toy.hear(*[Ticked(counter_id=A, note="x")] * times)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    await producer.start()
    async with toy.pool.acquire() as conn:
        _, head = await relay.journal_head(conn)
        await relay.relay_once(conn, producer, b"/rehab/toy", head)
    await producer.stop()


@pytest.fixture
async def journalled(toy: Inside, kafka: str, topics: Topics, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A journal of twenty entries, sent in two waves."""
    (topic,) = await topics("rehab-toy")
    monkeypatch.setattr(Counted, "topic", topic)
    for _ in range(2):
        await passed_on(toy, kafka, 10)
    return toy


async def test_what_was_sent_is_in_the_journal_and_no_longer_waits(journalled: Inside) -> None:
    assert await journalled.words() == []
    rows = await journalled.pool.fetch("SELECT sequence FROM journal ORDER BY seq")
    assert [sequence for (sequence,) in rows] == list(range(1, 21))
    async with journalled.pool.acquire() as conn:
        assert await relay.verify(conn) == (20, None)


async def tamper(toy: Inside, statement: str) -> None:
    """As the owner of the schema, for the service itself may not."""
    owner = await postgres.open_session(toy.running.settings.postgres, "toy_owner", "toy")
    await owner.execute(statement)
    await owner.close()


@pytest.mark.parametrize(
    "flip",
    [
        "payload = overlay(payload placing '~' from 30 for 1)",
        "key = key || 'x'",
        "sequence = sequence + 1",
        "type = type || 'x'",
        "at = at || ' '",
        "cause = cause || 'x'",
        "after = after || 'x'",
        "topic = topic || 'x'",
        "event_id = uuidv7()",
        "hash = set_byte(hash, 0, get_byte(hash, 0) # 1)",
    ],
)
async def test_one_flipped_byte_is_found_where_it_is(
    journalled: Inside, flip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seq = await journalled.pool.fetchval("SELECT seq FROM journal ORDER BY seq OFFSET 6 LIMIT 1")
    async with journalled.pool.acquire() as conn:
        await tamper(journalled, f"UPDATE journal SET {flip} WHERE seq = {seq}")  # noqa: S608 - from the list above
        assert await relay.verify(conn) == (6, seq)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        await operator_commands.verbs(service)["journal"](journalled.running.context, ["verify"])
    assert f'"broken_at":{seq}' in capsys.readouterr().out


async def test_an_entry_taken_out_of_the_journal_is_found(journalled: Inside) -> None:
    async with journalled.pool.acquire() as conn:
        await tamper(journalled, "DELETE FROM journal WHERE seq = (SELECT min(seq) + 4 FROM journal)")
        assert (await relay.verify(conn))[0] == 4


async def test_the_journal_is_whole_though_who_wrote_first_was_sent_last(
    toy: Inside, kafka: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    (topic,) = await topics("rehab-toy")
    monkeypatch.setattr(Counted, "topic", topic)
    async with toy.pool.acquire() as slow:
        pending = slow.transaction()
        await pending.start()
        place = await outbox.next_position(slow, topic, "another")
        await outbox.announce_at(slow, word(cause="slow")._replace(topic=topic, key="another"), place)
        await passed_on(toy, kafka, 2)
        await pending.commit()
        await passed_on(toy, kafka, 1)
        assert await relay.verify(slow) == (4, None)


async def test_a_row_that_somebody_else_moved_meanwhile_is_a_miss(
    toy: Inside, kafka: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    (topic,) = await topics("rehab-toy")
    monkeypatch.setattr(Counted, "topic", topic)
    await toy.hear(*[Ticked(counter_id=A)] * 3)
    async with toy.pool.acquire() as conn, toy.pool.acquire() as other:
        producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
        await producer.start()
        mine = await conn.fetch(relay.UNSENT)
        _, moved = await relay.relay_once(cast("Connection", other), producer, b"/rehab/toy", b"")
        hashes = relay.chain(b"", map(tuple, mine))
        assert (moved, await conn.fetchval(relay.MOVE, [row[0] for row in mine], hashes)) == (3, 0)
        await toy.hear(Ticked(counter_id=A))
        monkeypatch.setattr(relay, "MOVE", "SELECT 0 WHERE $1::bigint[] IS NOT NULL AND $2::bytea[] IS NOT NULL")
        with pytest.raises(Missed):
            await relay.relay_once(conn, producer, b"/rehab/toy", b"")
        await producer.stop()


@pytest.mark.parametrize("sizes", [(400_000, 1_000_000, 400_000), (1_000_000, 400_000, 400_000)])
async def test_what_follows_a_record_that_fails_is_not_sent_before_it(
    kafka: str, topics: Topics, sizes: tuple[int, ...]
) -> None:
    (topic,) = await topics("rehab-toy", count=1)
    await limit(kafka, topic, 600_000)
    wave = [OutgoingRecord(topic, b"k", b"x" * size, [("n", b"%d" % n)]) for n, size in enumerate(sizes)]
    producer = new_producer(kafka)
    await producer.start()
    try:
        with pytest.raises(Refused):
            await send_batch(producer, wave)
    finally:
        await producer.stop()
    assert [dict(r.headers)["n"] for r in await read_all(kafka, [topic])] in ([], [b"0"][: sizes[0] < sizes[1]])


async def limit(kafka: str, topic: str, size: int) -> None:
    """The broker takes no larger record there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(size)})])
    await admin.close()


LIMITS = {
    "a key of 200 bytes": ("key", "k" * 200, True),
    "a key of 201 bytes": ("key", "k" * 201, False),
    "a key of 200 bytes of two-byte letters": ("key", "é" * 100, True),
    "a key of 202 bytes of two-byte letters": ("key", "é" * 101, False),
    "an empty key": ("key", "", False),
    "a key with a line break": ("key", "a\nb", False),
    "a type of 200 bytes": ("type", "t" * 200, True),
    "a type of 201 bytes": ("type", "t" * 201, False),
    "a cause of 201 bytes": ("cause", "c" * 201, False),
    "a correlation of 200 bytes": ("correlation", "c" * 200, True),
    "a correlation of 201 bytes": ("correlation", "c" * 201, False),
    "a correlation with the first control character": ("correlation", "a\x01b", False),
    "a correlation with the last of C0": ("correlation", "a\x1fb", False),
    "a correlation with a delete": ("correlation", "a\x7fb", False),
    "a correlation with the first of C1": ("correlation", "a\x80b", False),
    "a correlation with the last of C1": ("correlation", "a\x9fb", False),
    "a correlation with a hard blank": ("correlation", "a\xa0b", True),
    "a correlation beyond the first plane": ("correlation", "😀", True),
    "a trace of 4,000 bytes": ("trace", "t" * 4000, True),
    "a trace of 4,001 bytes": ("trace", "t" * 4001, False),
    "an after of 4,001 bytes": ("after", "a" * 4001, False),
    "headers of more than 16 kB": ("at", "a" * 16_000, False),
}


@pytest.mark.parametrize(("column", "value", "fits"), LIMITS.values(), ids=LIMITS)
async def test_nothing_is_stored_that_could_not_be_sent(toy: Inside, column: str, value: str, *, fits: bool) -> None:
    row = dict.fromkeys(outbox.COLUMNS, "x") | {"sequence": 1, column: value}
    storing = toy.pool.execute(outbox.SAY, *row.values())
    if fits:
        await storing
        return
    with pytest.raises(asyncpg.CheckViolationError):
        await storing


async def test_an_announcement_beyond_the_limits_parks_the_one_record_that_led_to_it(toy: Inside) -> None:
    long = toy.desk.write(Ticked(counter_id="k" * 150)).saying(ce_correlationid=b"c" * 150)
    longer = toy.desk.write_foreign(Heard(counter_id="k" * 201))
    await toy.get(toy.desk.write(Ticked(counter_id="c")), long, longer, toy.desk.write(Ticked(counter_id="c")))
    assert await toy.ticks() == {"c": 2, "k" * 150: 1}
    (row,) = await toy.parked()
    assert row["topic"] == "toy-foreign"
