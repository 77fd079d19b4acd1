"""The lenient reader sees what the usual one sees: batches taken back, markers, and those that compaction emptied."""

import struct
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBase, _DefaultRecordBatchBuilderPy
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging import lenient_decoding

PLACE = TopicPartition("claims", 0)
_HEAD = DefaultRecordBase.HEADER_STRUCT
_ABORT, _COMMIT = 0, 1


class Batch(NamedTuple):
    """What a producer writes in one go: of its records compaction may have left none."""

    producer: int
    records: int
    is_gzip: bool
    is_empty: bool


class End(NamedTuple):
    """A transaction ends."""

    producer: int
    marker: int


batches = st.builds(Batch, st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans())
ends = st.builds(End, st.integers(1, 3), st.sampled_from([_ABORT, _COMMIT]))


class Log:
    """Bytes as a broker hands them over, the list of transactions that were taken back, and what may be read."""

    def __init__(self) -> None:
        self.data, self.aborted, self.readable, self.end = b"", list[tuple[int, int]](), list[int](), 0
        self._open: dict[int, list[int]] = {}

    def write(self, item: Batch | End) -> None:
        offset = self.end
        if isinstance(item, End):
            self._finish(item)
            self.data += _batch(offset, item.producer, [struct.pack(">hh", 0, item.marker)], is_control=True)
            self.end += 1
            return
        offsets = list(range(offset, offset + item.records))
        self._open.setdefault(item.producer, [offset]).extend([] if item.is_empty else offsets)
        written = _batch(offset, item.producer, [b"k"] * item.records, is_gzip=item.is_gzip)
        self.data += _emptied(written) if item.is_empty else written
        self.end += item.records

    def _finish(self, end: End) -> None:
        first, *offsets = self._open.pop(end.producer, [self.end])
        if end.marker == _COMMIT:
            self.readable = sorted([*self.readable, *offsets])
        else:
            self.aborted.append((end.producer, first))

    def close(self) -> None:
        for producer in list(self._open):
            self.write(End(producer, _ABORT))


def _batch(offset: int, producer: int, keys: list[bytes], *, is_control: bool = False, is_gzip: bool = False) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, int(is_gzip), 1, producer, 0, 0, 1_000_000)
    for n, key in enumerate(keys):
        builder.append(n, timestamp=1, key=key, value=b"v", headers=[] if is_control else [("name", b"1")])
    return _sealed(bytes(builder.build()), base_offset=offset, attributes=0x20 if is_control else 0)


def _emptied(batch: bytes) -> bytes:
    """As compaction leaves it: a head that still says how far it went, of no records and uncompressed."""
    head = list(_HEAD.unpack_from(batch))
    head[1], head[5], head[12] = _HEAD.size - 12, head[5] & ~0x07, 0
    return _sealed(_HEAD.pack(*head))


def _sealed(batch: bytes, base_offset: int | None = None, attributes: int = 0) -> bytes:
    head = list(_HEAD.unpack_from(batch))
    head[0], head[5] = head[0] if base_offset is None else base_offset, head[5] | attributes
    written = bytearray(_HEAD.pack(*head) + batch[_HEAD.size :])
    struct.pack_into(">I", written, DefaultRecordBase.CRC_OFFSET, calc_crc32c(bytes(written[_CHECKED:])))
    return bytes(written)


_CHECKED = DefaultRecordBase.ATTRIBUTES_OFFSET


@given(st.lists(batches | ends, max_size=12))
def test_the_lenient_reader_returns_what_was_committed_and_stands_at_the_end(items: list[Batch | End]) -> None:
    log = Log()
    for item in items:
        log.write(item)
    log.close()
    for reader in (lenient_decoding._STRICT, lenient_decoding._Records):
        found = PartitionRecords(PLACE, reader(log.data), list(log.aborted), 0, None, None, True, READ_COMMITTED)
        assert [record.offset for record in found] == log.readable
        assert found.next_fetch_offset == log.end
