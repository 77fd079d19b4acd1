"""The whole way over a real broker: poison, weight, new partitions, many keys, members that come and go."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.messaging import outbox
from shared.messaging.batch import Batch
from shared.messaging.envelope import headers_of
from shared.messaging.kafka import Feed
from tests.toy import poison
from tests.toy.app import service as toy
from tests.toy.events import Asked, Counted, Heard, Nudged, Ticked
from tests.toy.inside import inside
from tests.toy.letters import Letter, post_together
from tests.toy.outside import Outside, read_all, summed, until

PARKED = 'SELECT topic, partition, "offset", raw_key, value, headers, reason, sequence FROM parked'


def key_of(outside: Outside, n: int) -> str:
    return f"{outside.place.suffix}-{n}"


def ticked(outside: Outside, keys: int, times: int) -> list[Letter]:
    return [outside.desk.write(Ticked(counter_id=key_of(outside, k))) for _ in range(times) for k in range(keys)]


async def test_bad_records_among_good_ones_are_parked_byte_for_byte_and_all_good_ones_arrive(outside: Outside) -> None:
    state = outside.desk
    bad = [*poison.placed(state, "bad").values(), *poison.placeless(state).values()]
    bad += [state.write_foreign(Heard(counter_id="bad"))._replace(value=v) for v in (None, b"{", b"[" * 20_000)]
    mixed = [letter for one in bad for letter in (one, *ticked(outside, 3, 1))]
    await outside.post(*mixed)
    await outside.ready()
    await outside.counted(3 * len(bad))
    await until(lambda: is_parked(outside, len(bad)))
    lying = {(r.topic, r.partition, r.offset): r for r in await read_all(outside.place.kafka, outside.place.topics)}
    for topic, partition, offset, raw_key, value, *_ in await outside.query(PARKED):
        record = lying[topic, partition, offset]
        assert (raw_key, value) == (record.key, record.value)
    assert summed(await outside.said()).faults == []


async def is_parked(outside: Outside, count: int) -> bool:
    return bool(await outside.value("SELECT count(*) FROM parked") == count)


async def test_a_header_name_that_is_no_text_stops_nobody_and_its_neighbours_arrive(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = outside.desk
    before, odd = ticked(outside, 2, 5), [poison.odd_name(state, "odd") for _ in range(3)]
    between, after = ticked(outside, 2, 5), ticked(outside, 2, 5)
    monkeypatch.setattr(message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    await outside.post(*before, odd[0], partition=0)
    await post_together(outside.place.kafka, [*between, odd[1], odd[2], *after], 0)
    monkeypatch.undo()
    instance = await outside.ready()
    await outside.counted(30)
    await until(lambda: is_parked(outside, 3))
    rows = await outside.query(PARKED + " ORDER BY sequence")
    assert [(row["reason"], row["sequence"]) for row in rows] == [("unreadable", 1), ("early", 2), ("early", 3)]
    assert [headers_of(row["headers"])[0] for row in rows] == [(poison.ODD_NAME, b"\xff")] * 3
    assert await instance.is_ready()
    await outside.post(*ticked(outside, 2, 1))
    await outside.counted(32)


async def test_a_payload_of_900_kb_goes_the_whole_way_and_a_larger_one_is_refused(outside: Outside) -> None:
    room = outbox.LARGEST - len(Counted(counter_id="large", ticks=1, why="tick").to_bytes())
    fits, too_large = (outside.desk.write(Ticked(counter_id="large", note="x" * n)) for n in (room, room + 1))
    await outside.post(fits, too_large, *ticked(outside, 2, 2))
    await outside.ready()
    await outside.counted(5)
    sizes = Counter(len(record.value or b"") for record in await outside.said() if record.key == b"large")
    assert sizes[outbox.LARGEST] == 1
    rows = await outside.query(PARKED)
    assert [(row["reason"], row["sequence"]) for row in rows] == [("raised", 2)]


async def test_partitions_that_are_added_while_there_is_a_backlog_are_read_too(outside: Outside) -> None:
    await outside.ready(REHAB_WIDEN="before-commit=0.05")
    await outside.post(*ticked(outside, 20, 50))
    admin = AIOKafkaAdminClient(bootstrap_servers=outside.place.kafka)
    await admin.start()
    await admin.create_partitions({outside.place.topics[0]: NewPartitions(8)})
    await admin.close()
    for partition in range(8):  # the same keys go on elsewhere: what overtakes waits for its turn
        await outside.post(*ticked(outside, 20, 5), partition=partition)
    await outside.counted(20 * 50 + 8 * 20 * 5, 40)
    assert summed(await outside.said()).faults == []
    assert await outside.value("SELECT count(*) FROM parked") == 0


async def test_members_come_and_go_and_nothing_is_lost_or_doubled(outside: Outside) -> None:
    first = await outside.ready("0")
    posting = asyncio.create_task(trickle(outside, 60))
    others = [await outside.ready(name) for name in ("1", "2")]
    await asyncio.sleep(1)
    for other in others:
        assert await asyncio.to_thread(other.stop, 12) == 0
    await posting
    await outside.counted(20 * 60, 40)
    assert set((await outside.ticks()).values()) == {60}
    assert summed(await outside.said()).faults == []
    assert await first.is_ready()


async def trickle(outside: Outside, times: int) -> None:
    for _ in range(times):
        await outside.post(*ticked(outside, 20, 1))


async def test_every_action_is_answered_once_over_the_broker(outside: Outside) -> None:
    asked = [outside.desk.write(Asked(counter_id=key_of(outside, n % 5), by=n % 5)) for n in range(100)]
    await outside.post(*asked, *asked[:50])
    await outside.ready()
    answers: Counter[str] = Counter()

    async def answered() -> bool:
        answers.clear()
        answers.update(dict(r.headers)["ce_causationid"].decode() for r in await outside.said())
        return len(answers) == len(asked)

    await until(answered)
    assert answers == Counter(letter.event_id for letter in asked)


async def test_effects_that_were_posted_before_their_causes_wait_for_them(outside: Outside) -> None:
    causes = [outside.desk.write(Nudged(counter_id=key_of(outside, n % 10))) for n in range(200)]
    effects = [
        outside.desk.write(Ticked(counter_id=key_of(outside, n % 10)), after=f"toy-side{outside.place.suffix}:20")
        for n in range(100)
    ]
    await outside.ready()
    await outside.post(*effects)
    await until(lambda: is_parked(outside, 100))
    await outside.post(*causes)
    await outside.counted(300)
    why = [b"nudged" in (r.value or b"") for r in await outside.said() if r.key == key_of(outside, 3).encode()]
    assert why == [True] * 20 + [False] * 10


@pytest.mark.long
async def test_fifty_thousand_keys(outside: Outside) -> None:
    await outside.ready()
    await outside.post(*ticked(outside, 50_000, 2))
    await outside.counted(100_000, 120)
    assert set((await outside.ticks()).values()) == {2}
    assert summed(await outside.said()).faults == []


async def test_a_backlog_is_read_in_the_order_in_which_it_was_said_and_little_of_it_is_put_aside(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"key-{n}" for n in range(50)]
    for n in range(1, 41):
        await outside.post(*(outside.desk.write(Nudged(counter_id=key)) for key in keys))
        after = f"toy-side{outside.place.suffix}:{n}"
        await outside.post(*(outside.desk.write(Ticked(counter_id=key), after=after) for key in keys))
    service = replace(toy, listens=tuple(outside.place.topics), foreign=(outside.place.topics[2],))
    async with inside(outside.place.postgres, service, outside.place.kafka, group=outside.group) as there:
        process, running, put_aside = there.process, there.running, list[int]()
        note = running._note

        def counting(batch: Batch) -> None:
            put_aside.append(len(batch.parkings))
            note(batch)

        monkeypatch.setattr(running, "_note", counting)
        running.feed.subscriber.get_msg = from_all_that_is_there(running.feed)
        app = asyncio.create_task(process.app.run())
        await outside.counted(4_000, 120)
        process.app.exit()
        await app
    assert sum(put_aside) < 400


def from_all_that_is_there(feed: Feed) -> Callable[[AIOKafkaConsumer], Awaitable[tuple[ConsumerRecord, ...]]]:
    """Polls that have the next records of every partition to choose from, however long fetching them takes."""

    async def poll(consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord, ...]:
        async def is_fetched() -> bool:
            places = set(feed.places)
            ends = await consumer.end_offsets(list(places)) if consumer.assignment() == places else {}
            known = consumer._fetcher._records
            return bool(ends) and all([p in known or await consumer.position(p) == end for p, end in ends.items()])

        await until(is_fetched, 120)
        return await feed._poll(consumer)

    return poll
