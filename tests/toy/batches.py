"""Batches that a broker accepts and the client library cannot read, written byte by byte."""

import gzip
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import cramjam
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import lz4_encode, snappy_encode
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBase, _DefaultRecordBatchBuilderPy
from aiokafka.record.util import calc_crc32c

from tests.toy.letters import Letter

_HEAD = DefaultRecordBase.HEADER_STRUCT
_NO_LEADER_YET = (5, 6)
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
FROM_CHECKSUM = DefaultRecordBase.CRC_OFFSET  # what lies before is the broker's
_SOUND = b"\x00\x00"  # of the first record: its attributes, and no time since that of the batch


class Packed(NamedTuple):
    """How the records of a batch are spoiled, and the codec that the batch names."""

    codec: int
    spoil: Callable[[bytes], bytes]


UNREADABLE: Mapping[str, Packed] = {
    "gzip with bytes behind it": Packed(GZIP, lambda records: gzip.compress(records) + b"junk"),
    "lz4 with bytes behind it": Packed(LZ4, lambda records: lz4_encode(records) + b"junk"),
    "two streams of snappy": Packed(SNAPPY, lambda records: snappy_encode(records[:50]) + snappy_encode(records[50:])),
    "a record with eight attributes": Packed(0, lambda records: records.replace(_SOUND, b"\xff\x00", 1)),
}


def bomb(letter: Letter) -> bytes:
    """A batch of a few kilobytes whose one record takes more memory than a batch may."""
    value = b"\0" * 20_000_000
    return batch([letter._replace(value=value)], Packed(ZSTD, lambda records: bytes(cramjam.zstd.compress(records))))


def batch(letters: Sequence[Letter], packed: Packed) -> bytes:
    """A batch of these records with the checksum of its spoiled bytes."""
    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 100_000_000)
    for n, letter in enumerate(letters):
        headers = [(name, value or b"") for name, value in letter.headers]
        builder.append(n, timestamp=1_730_462_400_000, key=letter.key, value=letter.value, headers=headers)
    whole = bytes(builder.build())
    head = list(_HEAD.unpack_from(whole))
    records = packed.spoil(whole[_HEAD.size :])
    head[1], head[5] = _HEAD.size + len(records) - DefaultRecordBase.AFTER_LEN_OFFSET, head[5] | packed.codec
    written = bytearray(_HEAD.pack(*head) + records)
    checked = bytes(written[DefaultRecordBase.ATTRIBUTES_OFFSET :])
    struct.pack_into(">I", written, FROM_CHECKSUM, calc_crc32c(checked))
    return bytes(written)


async def post_batches(servers: str, place: TopicPartition, batches: Sequence[bytes]) -> None:
    """Onto a partition, as they are; the broker must accept each."""
    client = AIOKafkaClient(bootstrap_servers=servers)
    await client.bootstrap()
    try:
        await client.add_topic(place.topic)
        for data in batches:
            while (error := await _answer_to(client, place, data)) in _NO_LEADER_YET:
                await client.force_metadata_update()
            assert error == 0, f"the broker answered {error}"
    finally:
        await client.close()


async def _answer_to(client: AIOKafkaClient, place: TopicPartition, data: bytes) -> int:
    """The error code of one batch; that of a leader who is not there yet where none is known."""
    node = client.cluster.leader_for_partition(place)
    if node is None:
        return _NO_LEADER_YET[0]
    request = ProduceRequest(None, -1, 10_000, [(place.topic, [(place.partition, data)])])
    answer = await client.send(node, request)
    error: int = answer.topics[0][1][0][1]
    return error
