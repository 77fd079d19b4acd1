"""What was taken from the client library and not handed over is read again; what it never ends is left behind."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.errors import CorruptRecordException

from shared.messaging import kafka, lenient_decoding
from shared.messaging.kafka import Feed

PLACE = TopicPartition("toy-in", 0)


class Stumbling:
    """A client library that gives records, waits in vain (None), and stumbles, as the test says."""

    def __init__(self, *answers: list[int] | Exception | None) -> None:
        self.answers, self.sought = list(answers), list[int]()
        self._assignment = Assignment([PLACE])
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=self._assignment))
        self._assignment.state_value(PLACE).seek(7)

    async def getmany(self, *, timeout_ms: float, **_: Any) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        match self.answers.pop(0):
            case None:
                await asyncio.sleep(timeout_ms / 1000 + 0.005)
                return {}
            case Exception() as stumble:
                raise stumble
            case offsets:
                self._assignment.state_value(PLACE).seek(offsets[-1] + 1)
                return {PLACE: [_record(offset) for offset in offsets]}

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def committed(self, _: TopicPartition) -> int:
        return 7

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._assignment.state_value(place).seek(offset)
        self.sought.append(offset)


def _record(offset: int) -> ConsumerRecord[Any, Any]:
    return ConsumerRecord("toy-in", 0, offset, 1000 + offset, 0, b"k", b"{}", None, 1, 2, ())


async def _nothing(_: object) -> None: ...


async def _polled(feed: Feed, consumer: Stumbling) -> list[int]:
    return [record.offset for record in await feed._poll(cast("AIOKafkaConsumer", consumer))]


@pytest.mark.parametrize("stumbles", [CorruptRecordException(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text")])
async def test_what_was_gathered_before_a_poll_failed_is_read_again(stumbles: Exception) -> None:
    feed = Feed("127.0.0.1:1", "rehab-toy", "0", ["toy-in"], _nothing, lambda: None)
    consumer = Stumbling([7, 8], None, [9], stumbles, [9, 10], None)
    assert await _polled(feed, consumer) == [7, 8]
    try:
        assert await _polled(feed, consumer) == []
    except CorruptRecordException:
        assert consumer.sought == []
    assert await _polled(feed, consumer) == [9, 10]
    assert consumer.sought == [9]
    lenient_decoding.switch(on=False)


@pytest.mark.parametrize("talking", [kafka.metadata_consumer, kafka.started_producer])
async def test_whoever_begins_with_a_broker_that_takes_connections_and_answers_none_is_told_so_soon(
    talking: Callable[[str], AbstractAsyncContextManager[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "_BEGUN_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        host, port = frozen.getsockname()
        async with asyncio.timeout(5):
            with pytest.raises(TimeoutError, match="does not answer"):
                async with talking(f"{host}:{port}"):
                    pytest.fail("nobody answered")


async def test_what_goes_on_waiting_when_it_is_cancelled_is_left_behind() -> None:
    ended = asyncio.Event()

    async def stubborn() -> None:
        while not ended.is_set():
            with suppress(asyncio.CancelledError):
                await ended.wait()

    try:
        with pytest.raises(TimeoutError, match="does not answer"):
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(kafka._within(0.05, stubborn()))), 2)
    finally:
        ended.set()
