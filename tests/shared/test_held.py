"""A row that the broker refuses for its own sake is held with what follows it in its key; everything else is sent."""

import asyncio
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from shared.config import metrics
from shared.database.migrate import MECHANISM
from shared.events.answers import RelayRowHeld, contract_of_service
from shared.messaging import relay
from shared.messaging.envelope import Raw
from shared.messaging.relay import Halving
from shared.runtime import operator_commands
from tests.conftest import Topics
from tests.shared.test_outbox import limit
from tests.stack.databases import Databases
from tests.toy.app import service
from tests.toy.events import Counted, Ticked
from tests.toy.inside import Inside, inside
from tests.toy.ledger import MIGRATIONS as LEDGER
from tests.toy.ledger.app import service as ledger
from tests.toy.outside import read_all, summed, until

A, B = "0190c0de-0000-7000-8000-00000000000a", "0190c0de-0000-7000-8000-00000000000b"
LIMIT = 100_000
LARGE = "x" * (LIMIT + 50_000)
HELD = "SELECT event_id FROM outbox WHERE held_at IS NOT NULL ORDER BY seq"
SENDABLE = """
SELECT count(*) FROM outbox
WHERE (key, topic) NOT IN (SELECT key, topic FROM outbox WHERE held_at IS NOT NULL)
"""


class Wire:
    """The toy's relay, and the one topic on which it announces."""

    def __init__(self, toy: Inside, topic: str) -> None:
        self.toy, self.topic = toy, topic

    async def relay(self) -> None:
        """Until nothing is left that can be sent."""
        async with self.toy.pool.acquire() as conn:
            relaying = asyncio.create_task(self.toy.process.leader._relay(conn))

            async def all_sent() -> bool:
                return relaying.done() or not await self.toy.pool.fetchval(SENDABLE)

            await until(all_sent, 60)
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)

    async def records(self) -> list[ConsumerRecord]:
        return await read_all(self.toy.running.settings.kafka, [self.topic])

    async def said(self, kind: str) -> list[dict[str, Any]]:
        """Return what lies on the topic of one type."""
        found = [r for r in await self.records() if dict(r.headers)["ce_type"].decode() == f"rehab.toy.{kind}.v1"]
        return [orjson.loads(r.value) | {"key": r.key.decode()} for r in found]

    async def held(self) -> list[UUID]:
        return [event_id for (event_id,) in await self.toy.pool.fetch(HELD)]

    async def verb(self, *words: object) -> None:
        await operator_commands.verbs(service)["outbox"](self.toy.running.context, [str(word) for word in words])


@pytest.fixture
async def wire(toy: Inside, kafka: str, topics: Topics, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """A topic that takes no record larger than its limit."""
    (topic,) = await topics("rehab-toy", count=3)
    await limit(kafka, topic, LIMIT)
    for kind in (Counted, contract_of_service("toy", RelayRowHeld)):
        monkeypatch.setattr(kind, "topic", topic)
    toy.running.settings.kafka = kafka
    return Wire(toy, topic)


def ticks(n: int, large: set[int]) -> Iterator[Ticked]:
    """Every row under one of forty keys, some of them too large."""
    return (Ticked(counter_id=f"k{i % 40}", note=LARGE if i in large else "") for i in range(n))


@pytest.mark.parametrize("large", [{0}, {599}, {0, 1, 40, 80}, {17, 250, 251, 480}], ids=str)
async def test_rows_that_the_broker_refuses_are_found_and_all_others_are_sent(wire: Wire, large: set[int]) -> None:
    await wire.toy.hear(*ticks(600, large))
    await wire.relay()
    records = await wire.records()
    places = {(r.key.decode(), int(dict(r.headers)["ce_sequence"])) for r in records}
    reached = {i % 40: min(j for j in large if j % 40 == i % 40) for i in large}
    expected = {(f"k{i % 40}", i // 40 + 1) for i in range(600) if i < reached.get(i % 40, 600)}
    assert {place for place in places if place[0].startswith("k")} == expected
    assert summed(records).faults == []
    held = await wire.held()
    assert len(held) == len(reached)
    assert {row["held_id"] for row in await wire.said("relay-row-held")} == {str(event_id) for event_id in held}
    async with wire.toy.pool.acquire() as conn:
        assert await relay.verify(conn) == (len(places), None)


async def test_that_a_row_is_held_is_told_under_its_id_and_without_what_it_holds(wire: Wire) -> None:
    await wire.toy.hear(Ticked(counter_id=A, note=LARGE))
    await wire.relay()
    (told,) = await wire.said("relay-row-held")
    (held,) = await wire.held()
    assert (told["key"], told["held_id"], told["was_key"]) == (str(held), str(held), A)
    assert (told["was_type"], told["was_sequence"]) == ("rehab.toy.counted.v1", 1)
    assert told["sentence"] == "the broker takes no record of this size"
    await wire.toy.sweep()
    assert metrics.HELD.labels("toy")._value.get() == 1


async def test_what_is_announced_later_under_the_key_waits_too(wire: Wire) -> None:
    await wire.toy.hear(Ticked(counter_id=A, note=LARGE))
    await wire.relay()
    await wire.toy.hear(Ticked(counter_id=A), Ticked(counter_id=B))
    await wire.relay()
    assert [row["key"] for row in await wire.said("counted")] == [B]


async def test_the_announcement_of_a_held_row_that_is_refused_itself_is_held_and_not_told_of(
    wire: Wire, kafka: str
) -> None:
    await limit(kafka, wire.topic, 1)
    await wire.toy.hear(Ticked(counter_id=A))
    await wire.relay()
    assert (len(await wire.held()), await wire.records()) == (2, [])


async def test_a_held_row_that_can_be_sent_again_is_sent_at_its_place(wire: Wire, kafka: str) -> None:
    await wire.toy.hear(Ticked(counter_id=A, note=LARGE), Ticked(counter_id=A))
    await wire.relay()
    (held,) = await wire.held()
    await limit(kafka, wire.topic, 10 * LIMIT)
    await wire.verb("send", held)
    await wire.relay()
    assert [row["ticks"] for row in await wire.said("counted")] == [1, 2]
    assert (await wire.held(), summed(await wire.records()).faults) == ([], [])


async def test_a_held_row_that_is_sent_again_and_refused_again_is_held_again(wire: Wire) -> None:
    await wire.toy.hear(Ticked(counter_id=A, note=LARGE))
    await wire.relay()
    (held,) = await wire.held()
    await wire.verb("send", held)
    await wire.relay()
    assert await wire.held() == [held]


async def test_in_the_place_of_a_withheld_row_stands_a_record_that_says_so(wire: Wire) -> None:
    await wire.toy.hear(Ticked(counter_id=A), Ticked(counter_id=A, note=LARGE), Ticked(counter_id=A))
    await wire.relay()
    (held,) = await wire.held()
    await wire.verb("withhold", held, "TOO-LARGE")
    await wire.relay()
    records = [r for r in await wire.records() if r.key.decode() == A]
    attributes = [dict(r.headers) for r in records]
    assert [a["ce_sequence"] for a in attributes] == [b"1", b"2", b"3"]
    assert (attributes[1]["ce_type"], attributes[1]["ce_id"]) == (b"rehab.toy.event-withheld.v1", str(held).encode())
    assert orjson.loads(records[1].value) == {
        "record_key": A,
        "was_type": "rehab.toy.counted.v1",
        "reason_code": "TOO-LARGE",
    }
    (received,) = await wire.toy.pool.fetch("SELECT event_id, sequence, payload, reason_code FROM withheld")
    assert (received["event_id"], received["sequence"], received["reason_code"]) == (held, 2, "TOO-LARGE")
    assert LARGE in received["payload"]
    async with wire.toy.pool.acquire() as conn:
        assert (await relay.verify(conn))[1] is None


async def test_consumers_step_over_what_was_withheld_and_count_it(wire: Wire, databases: Databases) -> None:
    await wire.toy.hear(Ticked(counter_id=A), Ticked(counter_id=A, note=LARGE), Ticked(counter_id=A))
    await wire.relay()
    await wire.verb("withhold", *await wire.held(), "TOO-LARGE")
    await wire.relay()
    raws = [
        Raw("rehab-toy", r.partition, r.offset, r.key, r.value, r.headers)
        for r in await wire.records()
        if r.key.decode() == A
    ]
    url = await databases.clone("ledger", {"ledger": [MECHANISM, LEDGER]})
    before = metrics.WITHHELD.labels("ledger")._value.get()
    async with inside(url, ledger) as books:
        await books.get_again(raws)
        assert metrics.WITHHELD.labels("ledger")._value.get() == before + 1
        accounts = await books.pool.fetch("SELECT counter_id, entries, ticks FROM accounts")
        assert ([tuple(row) for row in accounts], await books.parked()) == ([(A, 2, 3)], [])
        assert (await books.marks())["rehab-toy", A] == 3
    await databases.drop(url)


async def test_what_is_wrong_with_the_whole_relay_holds_nothing(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counted, "topic", "rehab-toy-that-nobody-created")
    await wire.toy.hear(Ticked(counter_id=A), Ticked(counter_id=B))
    async with wire.toy.pool.acquire() as conn, asyncio.timeout(100):
        with pytest.raises(KafkaError):
            await wire.toy.process.leader._relay(conn)
    assert (await wire.held(), len(await wire.toy.words("rehab.toy.counted.v1"))) == ([], 2)


async def test_the_list_shows_what_is_held_and_how_many_wait_behind_it(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    await wire.toy.hear(Ticked(counter_id=A, note=LARGE), Ticked(counter_id=A), Ticked(counter_id=A))
    await wire.relay()
    capsys.readouterr()
    await wire.verb("list")
    (line,) = capsys.readouterr().out.splitlines()
    row = orjson.loads(line)
    assert (row["event_id"], row["key"], row["sequence"], row["behind"]) == (str((await wire.held())[0]), A, 1, 2)
    assert LARGE[:100] not in line


@pytest.mark.parametrize("words", [[], ["send"], ["withhold", str(UUID(int=1))], ["withhold", "1", "with blanks"]])
async def test_a_verb_that_is_not_understood_says_what_there_is(toy: Inside, words: list[str]) -> None:
    with pytest.raises(SystemExit, match="outbox list"):
        await operator_commands.verbs(service)["outbox"](toy.running.context, words)


@pytest.mark.parametrize("words", [["send"], ["withhold", "CODE"]])
async def test_what_is_not_held_can_neither_be_sent_again_nor_withheld(toy: Inside, words: list[str]) -> None:
    await toy.hear(Ticked(counter_id=A))
    event_id = str(await toy.pool.fetchval("SELECT event_id FROM outbox"))
    with pytest.raises(SystemExit, match="no row is held"):
        await operator_commands.verbs(service)["outbox"](toy.running.context, [words[0], event_id, *words[1:]])
    assert await toy.pool.fetchval("SELECT count(*) FROM withheld") == 0


async def test_a_row_of_before_the_limits_can_be_held_and_withheld_and_never_be_sent_again(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A))
    await toy.pool.execute("UPDATE outbox SET held_at = now(), held_for = 'x'")
    await toy.pool.execute("UPDATE outbox SET correlation = repeat('x', 5000), cause = repeat('x', 5000)")
    event_id = str(await toy.pool.fetchval("SELECT event_id FROM outbox"))
    verb = operator_commands.verbs(service)["outbox"]
    with pytest.raises(SystemExit, match="only be withheld"):
        await verb(toy.running.context, ["send", event_id])
    await verb(toy.running.context, ["withhold", event_id, "TOO-LONG"])
    (word,) = await toy.words()
    assert (word.type, word.cause) == ("rehab.toy.event-withheld.v1", event_id)


@given(st.integers(1, 3 * relay.WAVE), st.sets(st.integers(0, 3 * relay.WAVE), max_size=8))
def test_halving_sends_every_row_but_the_refused_ones_in_order(total: int, refused: set[int]) -> None:
    unsent, held, sent, halving, waves = list(range(total)), [], [], Halving(), 0
    while unsent:
        waves += 1
        wave = unsent[: halving.most]
        if not refused & set(wave):
            sent += wave
            halving.sent(len(wave))
            del unsent[: len(wave)]
        elif halving.refused(len(wave)):
            held.append(wave[0])
            del unsent[0]
    assert sent == [n for n in range(total) if n not in refused]
    assert held == sorted(refused & set(range(total)))
    assert waves <= 4 + 12 * (len(held) + 1)


def test_no_two_waves_in_a_row_are_refused_alike() -> None:
    halving, sizes = Halving(), []
    for _ in range(12):
        sizes.append(halving.most)
        if halving.refused(halving.most):
            break
    assert [size for size, _ in groupby(sizes)] == sizes
    assert sizes[-1] == 1
