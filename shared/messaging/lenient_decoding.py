"""A lenient reader for records whose header names are no UTF-8; aiokafka's own reader raises on them."""

from typing import TYPE_CHECKING, SupportsIndex, overload

from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from typing_extensions import override

if TYPE_CHECKING:
    from aiokafka.record._protocols import DefaultRecordBatchProtocol, LegacyRecordBatchProtocol

_STRICT = fetcher.MemoryRecords
_HEADERS_SINCE = 2  # the record format


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
    """A batch whose records are read leniently."""

    def _maybe_uncompress(self) -> None:
        """Make the uncompressed buffer lenient, too."""
        super()._maybe_uncompress()
        self._buffer: bytearray = _Lenient(self._buffer)


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


def is_odd(record: ConsumerRecord) -> bool:
    """Return whether only the lenient reader can read this record."""
    return any(not name.isprintable() and _surrogates(name) for name, _ in record.headers)


def _surrogates(name: str) -> bool:
    """Return whether a name holds bytes that were no UTF-8."""
    return any("\udc80" <= letter <= "\udcff" for letter in name)
