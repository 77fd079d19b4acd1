"""A batch that the broker accepts and the client library cannot read is parked as it came and stops nobody."""

import gzip

import cramjam
import pytest
from aiokafka import TopicPartition, codec
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled

from shared.messaging import decompression
from shared.messaging.decompression import MOST, TooLarge
from tests.toy.batches import FROM_CHECKSUM, UNREADABLE, batch, bomb, post_batches
from tests.toy.events import Ticked
from tests.toy.outside import Outside, read_all, until

ENCODERS = {
    "gzip": codec.gzip_encode,
    "snappy": codec.snappy_encode,
    "lz4": codec.lz4_encode,
    "zstd": codec.zstd_encode,
}


async def test_batches_that_cannot_be_read_are_parked_byte_for_byte_and_their_neighbours_are_applied(
    outside: Outside,
) -> None:
    desk = outside.desk
    place = TopicPartition(outside.place.topics[0], 0)
    spoiled = [batch([desk.write(Ticked(counter_id="spoiled"))], how) for how in UNREADABLE.values()]
    spoiled.append(bomb(desk.write(Ticked(counter_id="spoiled"))))
    for one in spoiled:
        await outside.post(desk.write(Ticked(counter_id="sound")), partition=0)
        await post_batches(outside.place.kafka, place, [one])
    instance = await outside.ready()
    await outside.post(desk.write(Ticked(counter_id="sound")), partition=0)
    await outside.counted(len(spoiled) + 1)
    query = 'SELECT value, reason, detail FROM parked ORDER BY "offset"'

    async def all_parked() -> bool:
        return len(await outside.query(query)) == len(spoiled)

    await until(all_parked)
    rows = await outside.query(query)
    assert [row["value"][FROM_CHECKSUM:] for row in rows] == [one[FROM_CHECKSUM:] for one in spoiled]
    assert {(row["reason"], row["detail"]) for row in rows} == {
        ("unreadable", "the batch that ends here cannot be read: send its records again, not compressed")
    }
    assert (await instance.health("live"))[0] == 200
    await until(outside.all_sent)
    lying = await read_all(outside.place.kafka, [place.topic])
    assert len([record for record in lying if record.key is not None]) == len(spoiled) + 1


async def test_records_before_the_one_that_cannot_be_read_are_applied(outside: Outside) -> None:
    desk = outside.desk
    place = TopicPartition(outside.place.topics[0], 0)
    letters = [desk.write(Ticked(counter_id="sound")) for _ in range(3)]
    whole = batch(letters, UNREADABLE["a record with eight attributes"]._replace(spoil=_third_record_spoiled))
    await post_batches(outside.place.kafka, place, [whole])
    await outside.ready()
    await outside.counted(2)
    rows = await outside.query('SELECT value, "offset" FROM parked')
    assert [(row["value"][FROM_CHECKSUM:], row["offset"]) for row in rows] == [(whole[FROM_CHECKSUM:], 2)]


def _third_record_spoiled(records: bytes) -> bytes:
    """Every record begins with its length; its attributes follow."""
    at = 0
    for _ in range(2):
        length, body = default_records.decode_varint(bytearray(records), at)
        at = body + length
    _, body = default_records.decode_varint(bytearray(records), at)
    return records[:body] + b"\xff" + records[body + 1 :]


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 1024 * 1024 + 1, MOST])
def test_records_within_the_limit_are_decompressed_as_the_library_does(name: str, size: int) -> None:
    records = bytes(range(256)) * (size // 256) + bytes(size % 256)
    for module in (compiled, default_records):
        assert getattr(module, f"{name}_decode")(ENCODERS[name](records)) == records


@pytest.mark.parametrize("name", ENCODERS)
def test_records_beyond_the_limit_are_not_decompressed(name: str) -> None:
    packed = ENCODERS[name](bytes(MOST + 1))
    with pytest.raises(TooLarge):
        getattr(compiled, f"{name}_decode")(packed)


@pytest.mark.parametrize("name", ENCODERS)
def test_a_compressed_stream_that_is_cut_off_is_not_taken_for_whole(name: str) -> None:
    with pytest.raises((ValueError, cramjam.DecompressionError)):
        getattr(compiled, f"{name}_decode")(ENCODERS[name](b"records" * 100)[:-12])


def test_gzip_members_one_after_the_other_are_one_stream() -> None:
    assert decompression._gzip(gzip.compress(b"a") + gzip.compress(b"b")) == b"ab"
