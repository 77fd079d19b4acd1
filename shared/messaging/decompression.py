"""Decompresses batches within a limit: a few kilobytes of a batch can stand for gigabytes of memory."""

import mmap
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

import cramjam

MOST = 16 * 1024 * 1024  # bytes of all records of a batch: twelve times what may be sent, as JSON is compressed at most
_MODULES = ("aiokafka.record._crecords.default_records", "aiokafka.record.default_records")
_GZIP = 31  # the window bits by which zlib expects the gzip format
_XERIAL, _XERIAL_HEAD = b"\x82SNAPPY\x00", 16
_usual = bytearray(1024 * 1024)  # room for most batches, taken once


class TooLarge(ValueError):  # noqa: N818 - a fact about the batch
    """The records of a batch are larger together than anybody should send."""

    def __init__(self) -> None:
        """The sentence holds nothing of the batch."""
        super().__init__(f"the batch holds more than {MOST} bytes of records")


def install() -> None:
    """Makes the client library decompress by these functions, in its compiled reader and in its plain one."""
    bounded = {"gzip_decode": _gzip, "snappy_decode": _snappy, "lz4_decode": _lz4, "zstd_decode": _zstd}
    for module in map(import_module, _MODULES):
        for name, decode in bounded.items():
            setattr(module, name, decode)


def _gzip(data: bytes) -> bytes:
    """Every member of a gzip stream, one after the other."""
    out, left = bytearray(), bytes(data)
    while left:
        member = zlib.decompressobj(_GZIP)
        out += member.decompress(left, MOST + 1 - len(out))
        if len(out) > MOST:
            raise TooLarge
        if not member.eof:
            raise ValueError("the compressed batch is cut off")
        left = member.unused_data.lstrip(b"\0")
    return bytes(out)


def _snappy(data: bytes) -> bytes:
    """One block, or the blocks that Java's library frames; each says its size before it is decompressed."""
    blocks = _xerial_blocks(data) if data.startswith(_XERIAL) else [data]
    if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > MOST:
        raise TooLarge
    return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)


def _xerial_blocks(data: bytes) -> list[bytes]:
    blocks = []
    at = _XERIAL_HEAD
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big", signed=True)
        if size < 0:
            raise ValueError("a block of the compressed batch has no size")
        blocks.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return blocks


def _lz4(data: bytes) -> bytes:
    return _into_room(cramjam.lz4.decompress_into, data)


def _zstd(data: bytes) -> bytes:
    return _into_room(cramjam.zstd.decompress_into, data)


def _into_room(decompress_into: Callable[[bytes, Any], int], data: bytes) -> bytes:
    """Decompresses into a room of fixed size: the usual one, and where that is too small the largest."""
    try:
        return bytes(memoryview(_usual)[: decompress_into(data, _usual)])
    except cramjam.DecompressionError as problem:
        if not _is_full(problem):
            raise
    with mmap.mmap(-1, MOST) as room:
        try:
            return room[: decompress_into(data, room)]
        except cramjam.DecompressionError as problem:
            raise (TooLarge() if _is_full(problem) else problem) from None


def _is_full(problem: Exception) -> bool:
    return "whole buffer" in str(problem)
