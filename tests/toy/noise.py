"""Records of any bytes: sound ones of every kind and mode, of which some parts are changed into something else."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple
from unittest.mock import patch

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.producer import message_accumulator
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from uuid_utils import uuid7

from tests.toy.events import Asked, Heard, Labelled, Looked, Nudged, Ticked
from tests.toy.letters import Desk, Letter
from tests.toy.poison import OddName, good

SOUND_EVERY = 5
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_MOST_BYTES = 900_000


def _letters(chance: Random, n: int) -> bytes:
    return "".join(chance.choices(_LETTERS, k=n)).encode()


_BYTES: tuple[Callable[[Random], bytes | None], ...] = (
    lambda _: None,
    lambda _: b"",
    lambda _: b"\x00",
    lambda _: b"ab\x00c",
    lambda _: b"a\tb\r\nc\x1b[31m",
    lambda _: "a\x80\x9fb".encode(),
    lambda _: b"\xff\xfe",
    lambda _: b"\xed\xa0\x80",  # a lone surrogate
    lambda _: b"\xc0\x80",  # a null character written too long
    lambda _: "²٣४".encode(),
    lambda _: "\u202e\u200d\ufeff\U0001f600\U0010ffff".encode(),
    lambda _: b"-1",
    lambda _: b"99999999999999999999",
    lambda _: b"NaN",
    lambda _: b"0001-01-01T00:00:00Z",
    lambda _: b"9999-12-31T23:59:59-23:59",
    lambda _: b"2024-12-31T23:59:60Z",
    lambda _: b"toy-in:1,toy-side:2",
    lambda _: b"{}",
    lambda _: b"[" * 3000,
    lambda _: b'"\\ud800"',
    lambda _: b'{"counter_id":"a\\u0000b","label":"\\u0000"}',
    lambda chance: chance.randbytes(chance.choice((1, 16, 400))),
    lambda chance: _letters(chance, chance.choice((199, 200, 201))),
    lambda chance: "é".encode() * chance.choice((100, 101)),
    lambda chance: _letters(chance, 3000),
    lambda chance: _letters(chance, chance.choice((4000, 4097, 17_000))),
    lambda chance: _letters(chance, 300_000) if chance.random() < 0.02 else b"x",
)


def anything(chance: Random) -> bytes | None:
    """Bytes that have broken something somewhere."""
    return chance.choice(_BYTES)(chance)


class Noise(NamedTuple):
    """Records in the order in which they are sent, and how often each sound counter is told of."""

    letters: list[Letter]
    sound: dict[str, int]


def noise(suffix: str, total: int, seed: int) -> Noise:
    """The same for the same seed; every fifth record is sound."""
    chance, state = Random(seed), Desk(suffix)
    letters, sound = [], dict[str, int]()
    for n in range(total):
        if n % SOUND_EVERY:
            letters.append(changed(chance, _base(chance, state, f"n{seed}-{n if chance.random() < 0.8 else 0}")))
        else:
            key = f"s{seed}-{n % 97}"
            sound[key] = sound.get(key, 0) + 1
            letters.append(_sound(chance, state, key))
    return Noise(letters, sound)


def _sound(chance: Random, state: Desk, key: str) -> Letter:
    """One that must be applied."""
    which = chance.randrange(3)
    if which == 0:
        return state.write(Nudged(counter_id=key))
    return good(state, key) if which == 1 else state.write_foreign(Heard(counter_id=key))


def _base(chance: Random, state: Desk, key: str) -> Letter:
    """One that would be applied as it is; some labels hold what no database takes."""
    which = chance.randrange(8)
    if which < 3:
        return structured(chance, state, key) if which else state.write_foreign(Heard(counter_id=key))
    own = (
        Nudged(counter_id=key),
        Asked(counter_id=key, by=1),
        Looked(counter_id=key),
        Labelled(counter_id=key, label=chance.choice(("plain", "a\0b"))),
        Ticked(counter_id=key),
    )
    return state.write(own[which - 3])


def structured(chance: Random, state: Desk, key: str) -> Letter:
    """A foreign event in one piece; some of its attributes hold anything."""
    body: dict[str, object] = {
        "specversion": "1.0",
        "id": str(uuid7()),
        "source": "/afar",
        "type": Heard.type_name,
        "time": "2024-11-01T12:00:00Z",
        "data": {"counter_id": key},
    }
    for name in chance.sample(["id", "source", "type", "time", "correlationid", "traceparent", "x", "a\0b"], 2):
        value = anything(chance)
        body[name] = None if value is None else value.decode("utf-8", "replace")
    return Letter(f"toy-foreign{state.suffix}", key.encode(), orjson.dumps(body), [("content-type", _STRUCTURED)])


_STRUCTURED = b"application/cloudevents+json"


def changed(chance: Random, letter: Letter) -> Letter:
    """One to three of its parts are something else."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        letter = chance.choice(_CHANGES)(chance, letter)
    return letter


def _another_value_of_a_header(chance: Random, letter: Letter) -> Letter:
    headers = list(letter.headers) or [("x", b"")]
    n = chance.randrange(len(headers))
    headers[n] = headers[n][0], anything(chance)
    return letter._replace(headers=headers)


def _another_name_of_a_header(chance: Random, letter: Letter) -> Letter:
    headers = list(letter.headers) or [("x", b"")]
    n = chance.randrange(len(headers))
    name = OddName((anything(chance) or b"")[:20_000].decode("utf-8", "surrogateescape"))
    headers[n] = name, headers[n][1]
    return letter._replace(headers=headers)


def _one_header_more(chance: Random, letter: Letter) -> Letter:
    names = ["ce_correlationid", "ce_causationid", "traceparent", "ce_traceparent", "ce_after", "ce_x", "ce_id", "y"]
    return letter._replace(headers=[*letter.headers, (chance.choice(names), anything(chance))])


def _one_header_less(chance: Random, letter: Letter) -> Letter:
    headers = list(letter.headers)
    if headers:
        del headers[chance.randrange(len(headers))]
    return letter._replace(headers=headers)


def _another_key(chance: Random, letter: Letter) -> Letter:
    return letter._replace(key=anything(chance))


def _another_body(chance: Random, letter: Letter) -> Letter:
    return letter._replace(value=anything(chance))


def _one_byte_of_the_body(chance: Random, letter: Letter) -> Letter:
    value = bytearray(letter.value or b"x")
    if value:
        value[chance.randrange(len(value))] = chance.randrange(256)
    return letter._replace(value=bytes(value))


def _nothing(_: Random, letter: Letter) -> Letter:
    return letter


_CHANGES: tuple[Callable[[Random, Letter], Letter], ...] = (
    _another_value_of_a_header,
    _another_value_of_a_header,
    _another_name_of_a_header,
    _one_header_more,
    _one_header_less,
    _another_key,
    _another_body,
    _one_byte_of_the_body,
    _nothing,
)


async def shout(servers: str, letters: Sequence[Letter], partitions: int) -> list[tuple[int, int]]:
    """Onto new topics, in whole batches that take any bytes; gives partition and offset of each."""
    where, ends = [], dict[tuple[str, int], int]()
    parts: dict[tuple[str, int], list[Letter]] = {}
    for letter in letters:
        place = letter.topic, sum(letter.key or b"") % partitions
        offset = ends[place] = ends.get(place, -1) + 1
        parts.setdefault(place, []).append(letter)
        where.append((place[1], offset))
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, max_batch_size=_MOST_BYTES)
    await producer.start()
    try:
        for (topic, partition), part in parts.items():
            for batch in _batches(producer, part):
                await (await producer.send_batch(batch, topic, partition=partition))
    finally:
        await producer.stop()
    return where


def _batches(producer: AIOKafkaProducer, letters: Sequence[Letter]) -> Iterator[BatchBuilder]:
    """As many records a batch as fit; the client's own pure-Python builder takes names that are no text."""
    with patch.object(message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy):
        batch = producer.create_batch()
        for letter in letters:
            if not _added(batch, letter):
                yield batch
                batch = producer.create_batch()
                if not _added(batch, letter):
                    raise ValueError("a record larger than a batch")
        yield batch


def _added(batch: BatchBuilder, letter: Letter) -> bool:
    """Return whether there was room."""
    headers = list(letter.headers)
    return batch.append(timestamp=None, key=letter.key, value=letter.value, headers=headers) is not None
