"""A reader for what aiokafka's own reader raises on: header names that are no UTF-8, batches that cannot be read.

A broker may accept a batch that this client cannot read: it checks less of what compressors write, and counts other
bytes of a record. Such a batch becomes one record with the batch's bytes as its value, so that it is parked.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Self, SupportsIndex, overload

from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException, KafkaError
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from typing_extensions import override

from shared.messaging import decompression

if TYPE_CHECKING:
    from aiokafka.record._protocols import DefaultRecordBatchProtocol, LegacyRecordBatchProtocol

_STRICT = fetcher.MemoryRecords
_HEADERS_SINCE = 2  # the record format
UNREADABLE_BATCH: Final = "unreadable-batch"  # the header of the record that stands for one
decompression.install()


class _Lenient(bytearray):
    """Bytes that decode whatever they hold; `surrogateescape` restores the same bytes."""

    @overload
    def __getitem__(self, place: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> "_Lenient": ...
    @override
    def __getitem__(self, place: SupportsIndex | slice) -> "int | _Lenient":
        """A slice stays lenient."""
        piece = super().__getitem__(place)
        return piece if isinstance(piece, int) else _Lenient(piece)

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        """Decode without ever raising."""
        return super().decode(encoding, "surrogateescape")


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]  # final only to its type checker
    """A batch whose records are read leniently; from the first that cannot be read on, one record stands for it."""

    def __init__(self, piece: memoryview) -> None:
        """Keeps the bytes as they were fetched."""
        super().__init__(piece)
        self._piece = piece
        self._is_readable = True
        self._is_over = False

    def _maybe_uncompress(self) -> None:
        """Make the uncompressed buffer lenient, too."""
        super()._maybe_uncompress()
        self._buffer: bytearray = _Lenient(self._buffer)

    @override
    def __iter__(self) -> Self:
        """Never raises, whatever the library of a compressor does."""
        try:
            super().__iter__()
        except Exception:  # noqa: BLE001 - whatever it raises
            self._is_readable = False
        return self

    @override
    def __next__(self) -> _DefaultRecordPy:
        """The records that can be read, and then the one that stands for the batch where others cannot."""
        if self._is_over:
            raise StopIteration
        try:
            if self._is_readable:
                return super().__next__()
        except StopIteration:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with its bytes
            self._is_readable = False
        self._is_over = True
        return self._whole()

    def _whole(self) -> _DefaultRecordPy:
        """The bytes of the batch at its last offset, which lies behind all that was read of it before."""
        mark = [(UNREADABLE_BATCH, b"")]
        return _DefaultRecordPy(
            self.next_offset - 1, self.max_timestamp, self.timestamp_type, None, bytes(self._piece), mark
        )


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # final only to its type checker
    """Fetched record batches, read leniently."""

    def next_batch(self) -> "DefaultRecordBatchProtocol | LegacyRecordBatchProtocol | None":
        """Return the next batch, readable whatever its header names hold; older formats have no headers."""
        piece = self._next_slice
        batch = super().next_batch()
        return _Batch(piece) if piece is not None and piece[self.MAGIC_OFFSET] >= _HEADERS_SINCE else batch


def switch(*, on: bool) -> None:
    """Make later fetches of this process lenient, or strict again, which is faster."""
    fetcher.MemoryRecords = _Records if on else _STRICT


def is_on() -> bool:
    """Return whether fetches are read leniently."""
    return fetcher.MemoryRecords is _Records


def helps(problem: Exception) -> bool:
    """Return whether a lenient reader can read what raised this; it cannot help with errors that the broker answers."""
    if isinstance(problem, CorruptRecordException):
        return not is_on()
    return not is_on() and not isinstance(problem, (KafkaError, ConsumerStoppedError, OSError))


def is_odd(record: ConsumerRecord) -> bool:
    """Return whether only the lenient reader can read this record."""
    return is_unreadable_batch(record.headers) or any(
        not name.isprintable() and _surrogates(name) for name, _ in record.headers
    )


def is_unreadable_batch(headers: Iterable[tuple[str, bytes | None]]) -> bool:
    """Return whether a record stands for a batch that cannot be read."""
    return any(name == UNREADABLE_BATCH for name, _ in headers)


def _surrogates(name: str) -> bool:
    """Return whether a name holds bytes that were no UTF-8."""
    return any("\udc80" <= letter <= "\udcff" for letter in name)
