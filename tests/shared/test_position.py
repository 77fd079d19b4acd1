"""How far one has read is where one stands: what ends a partition need be no record."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from deploy.local.kafka import Broker
from deploy.local.topics import create_topics
from shared.messaging import lenient_decoding
from shared.messaging.catch_up import read_reference
from shared.messaging.position import Position, read_up_to, reading
from simulation.clients import topics as simulated
from simulation.clients.quiescence import Watch
from simulation.clients.topic_tail import Tail
from tests.conftest import Topics
from tests.toy import poison
from tests.toy.domain import WAKE
from tests.toy.events import Heard, Pondered
from tests.toy.letters import Desk, Letter, post
from tests.toy.outside import Instance, Outside, Place, until
from tests.toy.upstream import Upstream

ARMED = """
INSERT INTO timers (of, name, due_at, type, payload, correlation) VALUES ($1, $2, clock_timestamp(), $3, $4, 'c')
"""


async def arm(outside: Outside, key: str) -> None:
    """A timer of the key is due now."""
    await outside.query(ARMED, key, WAKE, Pondered.type_name, Pondered(counter_id=key).to_bytes().decode())


async def fired(outside: Outside) -> bool:
    return bool(await outside.value("SELECT count(*) = 0 FROM timers"))


def heard(outside: Outside, key: str, count: int = 1) -> list[Letter]:
    return [outside.desk.write_foreign(Heard(counter_id=key)) for _ in range(count)]


async def ends_with(
    upstream: Upstream, outside: Outside, *, partition: int, committed: int, aborted: int
) -> dict[str, int]:
    """So many transactions of three records each, first those that are committed; what that makes of the counter."""
    key = f"{partition}{outside.place.suffix}"
    for n in range(committed + aborted):
        await upstream.post(heard(outside, key, 3), partition, commit=n < committed)
    return {key: 3 * committed} if committed else {}


async def test_whatever_ends_a_partition_timers_fire_and_everything_comes_to_rest(outside: Outside) -> None:
    instance = await outside.ready()
    async with Upstream.at(outside.place.kafka) as upstream:
        ticks = await ends_with(upstream, outside, partition=0, committed=1, aborted=0)
        ticks |= await ends_with(upstream, outside, partition=1, committed=2, aborted=3)
        ticks |= await ends_with(upstream, outside, partition=2, committed=0, aborted=1)
    await arm(outside, "woken")
    await until(lambda: fired(outside))
    await is_at_rest(outside, instance)
    assert await outside.ticks() == ticks | {"woken": 1}


async def is_at_rest(outside: Outside, instance: Instance) -> None:
    """Every topic is read to its end, by what the simulator, health and the group's offsets say."""
    place = outside.place
    async with Watch(place.kafka, [instance.address]) as watch:
        await watch.rest(0)
    status, live = await instance.health("live")
    assert (status, live["lag"]) == (200, 0)
    places = [TopicPartition(topic, n) for topic in place.topics for n in range(4)]
    async with reading(place.kafka, group_id=outside.group) as group:
        ends = await group.end_offsets(places)

        async def is_committed() -> bool:
            return dict(ends) == {p: await group.committed(p) or 0 for p in places}

        await until(is_committed)


async def test_what_was_deleted_before_it_was_read_is_not_waited_for(outside: Outside) -> None:
    first = await outside.ready()
    await outside.post(*heard(outside, "before"), partition=0)
    await outside.counted(1)
    await is_at_rest(outside, first)
    assert await asyncio.to_thread(first.stop, 60) == 0
    place = TopicPartition(outside.place.topics[2], 0)
    await outside.post(*heard(outside, "deleted", 3), partition=0)
    admin = AIOKafkaAdminClient(bootstrap_servers=outside.place.kafka)
    await admin.start()
    await admin.delete_records({place: RecordsToDelete(before_offset=4)})
    await admin.close()
    second = await outside.ready()
    await arm(outside, "woken")
    await until(lambda: fired(outside))
    await is_at_rest(outside, second)
    assert await outside.ticks() == {"before": 1, "woken": 1}


async def test_nothing_counts_as_read_before_it_is_applied(outside: Outside) -> None:
    """What is asked first may never be ahead of what is asked afterwards."""
    await outside.post(*heard(outside, "counted", 1_200))
    instance = await outside.ready(REHAB_WIDEN="before-commit=0.4")
    done = 0
    async with reading(outside.place.kafka, group_id=outside.group) as group:
        places = [TopicPartition(outside.place.topics[2], n) for n in range(4)]
        while done < 1_200:
            _, quiet = await instance.health("quiet")
            committed = [await group.committed(place) or 0 for place in places]
            done = sum((await outside.ticks()).values())
            assert sum(quiet["applied"][places[0].topic].values()) <= done
            assert sum(committed) <= done
    await is_at_rest(outside, instance)


async def test_an_open_transaction_delays_itself_alone_and_is_applied_once_it_is_committed(outside: Outside) -> None:
    instance = await outside.ready()
    async with Upstream.at(outside.place.kafka) as upstream:
        await upstream.begin(heard(outside, "open", 2), 0)
        await outside.post(*heard(outside, "other"), partition=1)
        await outside.counted(1)
        await arm(outside, "woken")
        await until(lambda: fired(outside))
        await is_at_rest(outside, instance)
        assert await outside.ticks() == {"other": 1, "woken": 1}
        await upstream.end(commit=True)
    await outside.counted(4)
    assert await outside.ticks() == {"other": 1, "woken": 1, "open": 2}


async def test_what_was_taken_back_was_never_said_and_can_be_said_again(outside: Outside) -> None:
    letters = heard(outside, "again", 2)
    instance = await outside.ready()
    async with Upstream.at(outside.place.kafka) as upstream:
        await upstream.post(letters, 0, commit=False)
        await is_at_rest(outside, instance)
        assert await outside.ticks() == {}
        await upstream.post(letters, 0, commit=True)
        await outside.counted(2)
        await upstream.post(letters, 0, commit=True)
    await is_at_rest(outside, instance)
    assert await outside.ticks() == {"again": 2}


async def test_transactions_with_header_names_that_are_no_text_are_applied_or_not_as_all_others(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = poison.odd_name(outside.desk, "odd")
    monkeypatch.setattr(message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    async with Upstream.at(outside.place.kafka) as upstream:
        for commit in (False, True, False):
            await upstream.post([*heard(outside, "before"), odd, *heard(outside, "after")], 0, commit=commit)
    monkeypatch.undo()
    instance = await outside.ready()
    await is_at_rest(outside, instance)
    assert await outside.value("SELECT count(*) FROM parked") == 1
    assert await outside.ticks() == {"before": 1, "after": 1}


def known(n: int) -> Letter:
    return Letter("", b"k%d" % n, b"{}", [("ce_type", b"known")])


async def written(kafka: str, topic: str) -> list[int]:
    """Committed, taken back, still open, each alone in a partition and one after the other; what may be read."""
    letters = [known(n)._replace(topic=topic) for n in range(10)]
    async with Upstream.at(kafka) as upstream:
        await upstream.post(letters[:2], 0, commit=True)
        await upstream.post(letters[2:4], 1, commit=False)
        await upstream.post(letters[4:5], 2, commit=True)
        await upstream.post(letters[5:6], 2, commit=False)
    return [0, 1, 4]


async def test_a_start_up_reads_to_ends_that_are_no_records_and_past_what_is_still_open(
    kafka: str, topics: Topics
) -> None:
    (topic,) = await topics("reference", count=4)
    expected = await written(kafka, topic)
    found: list[ConsumerRecord] = []

    async def take(records: Sequence[ConsumerRecord]) -> None:
        found.extend(records)

    async with Upstream.at(kafka) as upstream:
        await upstream.begin([known(9)._replace(topic=topic)], 3)
        async with asyncio.timeout(30):
            await read_reference(kafka, "nobody", [topic], {"known": None}, take)
        assert sorted(record.key for record in found) == [b"k%d" % n for n in expected]


async def test_a_start_up_reads_past_a_header_name_that_is_no_text(
    kafka: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    (topic,) = await topics("reference", count=2)
    odd = poison.odd_name(Desk(), "odd")._replace(topic=topic)
    monkeypatch.setattr(message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    async with Upstream.at(kafka) as upstream:
        for partition in (0, 1):
            letters = [known(partition)._replace(topic=topic), odd, known(5)._replace(topic=topic)]
            await upstream.post(letters, partition, commit=True)
    monkeypatch.undo()
    found: list[bytes] = []

    async def take(records: Sequence[ConsumerRecord]) -> None:
        found.extend(record.key for record in records)

    async with asyncio.timeout(30):
        await read_reference(kafka, "nobody", [topic], {"known": None}, take)
    assert sorted(found) == [b"k0", b"k1", b"k5", b"k5"]
    assert not lenient_decoding.is_on()


async def test_the_readers_of_the_simulation_end_where_no_record_is(kafka: str, topics: Topics) -> None:
    claims, announced = await topics("claims", "rehab-referral", count=4)
    expected = await written(kafka, claims)
    async with asyncio.timeout(30):
        lying = await simulated.read(kafka, [claims])
    assert sorted(one.key or b"" for one in lying) == [b"k%d" % n for n in expected]
    async with Upstream.at(kafka) as upstream:
        await upstream.post([known(0)._replace(topic=announced)], 1, commit=False)
    async with Tail(kafka, [announced]) as tail, reading(kafka) as asking, asyncio.timeout(30):
        ends = await asking.end_offsets([TopicPartition(announced, n) for n in range(4)])
        assert await tail.news({announced: {str(p.partition): end for p, end in ends.items()}}) == []


A, B = TopicPartition("toy-in", 0), TopicPartition("toy-in", 1)


class Silent:
    """A client library whose polls return nothing; the test says what was answered meanwhile."""

    def __init__(self) -> None:
        self._assignment = Assignment([A, B])
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=self._assignment))
        self.seek(A, 7)
        self.seek(B, 3)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._assignment.state_value(place).seek(offset)

    def answer(self, place: TopicPartition, at: int, end: int | None) -> None:
        state = self._assignment.state_value(place)
        state.timestamp, state.lso = at, end

    def last_poll_timestamp(self, place: TopicPartition) -> int | None:
        stamp: int | None = self._assignment.state_value(place).timestamp
        return stamp

    def last_stable_offset(self, place: TopicPartition) -> int | None:
        end: int | None = self._assignment.state_value(place).lso
        return end


async def polled(*between: Callable[[Silent, Position], None], end: int | None = 9) -> int:
    """Where one stands in the first partition after polls that returned nothing, with something before each."""
    consumer, position = Silent(), Position()
    for at, happens in enumerate(between):
        consumer.answer(A, at, end)
        happens(consumer, position)
        position.note(cast("AIOKafkaConsumer", consumer), {})
    return position.offsets[A]


def nothing(_: Silent, __: Position) -> None: ...


def another_moves(consumer: Silent, _: Position) -> None:
    consumer.seek(B, 5)


def the_poll_failed(_: Silent, position: Position) -> None:
    position.forget()


def nobody_answered(consumer: Silent, _: Position) -> None:
    consumer.answer(A, 1, 9)


async def test_an_end_below_which_nothing_is_left_is_stepped_over() -> None:
    assert await polled(*[nothing] * 4) == 9


@pytest.mark.parametrize("happens", [another_moves, the_poll_failed, nobody_answered])
async def test_an_empty_answer_proves_nothing_where_others_may_have_used_up_its_room(
    happens: Callable[[Silent, Position], None],
) -> None:
    assert await polled(nothing, nothing, happens, nothing) == 7
    assert await polled(nothing, nothing, happens, nothing, nothing, nothing) == 9


@pytest.mark.parametrize("end", [None, -1, 5, 7])
async def test_nobody_steps_back_or_without_knowing_where_the_end_is(end: int | None) -> None:
    assert await polled(*[nothing] * 6, end=end) == 7


@pytest.mark.long
async def test_a_tail_of_which_not_even_an_empty_batch_is_left_holds_up_neither_timers_nor_a_start_up(
    toy_database: str, tmp_path: Path
) -> None:
    """Compaction and a lost tail together leave such a partition; here its segments are emptied by hand."""
    broker = Broker(tmp_path, fast=True)
    try:
        broker.start()
        outside = Outside(Place(broker.servers, toy_database, "-gap", tmp_path))
        await create_topics(broker.servers, [*outside.place.topics, "rehab-toy"], 1)
        topic = outside.place.topics[2]
        await _in_segments(broker.servers, topic, heard(outside, "kept") + heard(outside, "lost", 3))
        broker.stop(15)
        _empty(tmp_path / "data" / f"{topic}-0")
        broker.start()
        instance = await outside.ready()
        await outside.counted(1)
        await arm(outside, "woken")
        await until(lambda: fired(outside))
        assert await outside.ticks() == {"kept": 1, "woken": 1}
        async with asyncio.timeout(30), reading(broker.servers) as consumer:
            consumer.assign([TopicPartition(topic, 0)])
            ends = await consumer.end_offsets([TopicPartition(topic, 0)])
            assert [len(r) async for found in read_up_to(consumer, ends) for r in found.values()] == [1]
        instance.stop(12)
    finally:
        broker.stop()


async def _in_segments(servers: str, topic: str, letters: Sequence[Letter]) -> None:
    """Each record in a segment of its own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"segment.ms": "1"})])
    await admin.close()
    for letter in letters:
        await post(servers, [letter])
        await asyncio.sleep(0.05)  # older than a segment may be


def _empty(partition: Path) -> None:
    """All segments but the first lose what they held, and the partition keeps its end."""
    for log in sorted(partition.glob("*.log"))[1:]:
        log.write_bytes(b"")
        for index in partition.glob(f"{log.stem}.*index"):
            index.unlink()
    (partition.parent / ".kafka_cleanshutdown").unlink(missing_ok=True)
