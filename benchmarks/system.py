"""All six services on this machine: from a request to the clinic's notice, where it saturates, and what it weighs."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from uuid_utils import uuid4

from deploy.local.commands import fill
from deploy.local.stack import Stack

_NOTICE = b"rehab.notification.notice-queued.v1"
_TOWNS = ("Vancouver", "Surrey", "Burnaby", "Richmond", "Victoria", "Kelowna", "Abbotsford", "Nanaimo", "Kamloops")
_FIRST_CLAIM = 91_000_000
_WARM_UP = 3.0


class Latency(NamedTuple):
    """Milliseconds from the send of a request to the clinic's notice on its topic, as an outside reader sees it."""

    rate: int
    p50: float
    p99: float
    seen: int
    asked: int


class Meter:
    """Sends requests at a rate and waits for their notices."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        """Both are started; the consumer stands at the end of the notices."""
        self._producer, self._consumer = producer, consumer
        self._numbers = count(_FIRST_CLAIM)
        self._sent: dict[bytes, float] = {}
        self._took: list[float] = []

    async def measure(self, rate: int, seconds: float) -> Latency:
        """Open loop: the next request does not wait for the last answer."""
        claims = [f"{next(self._numbers)}" for _ in range(int(rate * seconds))]
        for number in claims:
            await self._send("claims.claim-accepted.v1", number, accepted(number))
        await asyncio.sleep(_WARM_UP)
        self._sent, self._took = {}, []
        reading = asyncio.create_task(self._read())
        began = time.perf_counter()
        for n, number in enumerate(claims):
            await asyncio.sleep(max(0, began + n / rate - time.perf_counter()))
            event_id = await self._send("claims.rehabilitation-requested.v1", number, requested(number))
            self._sent[event_id] = time.perf_counter()
        with_patience = time.perf_counter() + 10
        while self._sent and time.perf_counter() < with_patience:
            await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return _summed(rate, self._took, len(claims))

    async def _send(self, kind: str, number: str, data: dict[str, object]) -> bytes:
        """One CloudEvent of the claims system."""
        event_id = str(uuid4()).encode()
        pairs = [
            ("ce_specversion", b"1.0"),
            ("ce_id", event_id),
            ("ce_source", b"/claims/cms"),
            ("ce_type", kind.encode()),
            ("ce_time", datetime.now(UTC).isoformat().encode()),
        ]
        await self._producer.send("claims", json.dumps(data).encode(), number.encode(), headers=pairs)
        return event_id

    async def _read(self) -> None:
        """Every notice carries the request as its correlation."""
        async for record in self._consumer:
            headers = dict(record.headers)
            began = self._sent.pop(headers.get("ce_correlationid", b""), None)
            if began is not None and headers["ce_type"] == _NOTICE:
                self._took.append((time.perf_counter() - began) * 1000)


def _summed(rate: int, took: Sequence[float], asked: int) -> Latency:
    """Median and the slowest of a hundred."""
    ordered = sorted(took) or [float("inf")]
    return Latency(rate, statistics.median(ordered), ordered[int(len(ordered) * 0.99)], len(took), asked)


def accepted(number: str, town: str | None = None) -> dict[str, object]:
    """A strained back, long enough ago for every program; the towns take turns unless one is named."""
    today = datetime.now(UTC).date()
    town = town or _TOWNS[int(number) % len(_TOWNS)]
    hurt = (today - timedelta(weeks=8)).isoformat()
    return {
        "claim_number": number,
        "worker": {
            "worker_id": f"W{number}",
            "given_name": "Tsipo",
            "family_name": "Velmar",
            "birth_date": "1980-01-01",
            "community": town,
            "language": "en",
        },
        "injury": {"occurred_on": hurt, "body_part": "23100", "nature": "02100", "side": "N"},
        "accepted_areas": [{"body_part": "23100", "side": "N"}],
        "employer": {"employer_id": "E1", "name": "Ormal Holdings", "classification_unit": "721001"},
        "decided_on": hurt,
        "effective_on": hurt,
    }


def requested(number: str) -> dict[str, object]:
    """An officer asks."""
    return {
        "request_id": f"R{number}",
        "claim_number": number,
        "requested_on": (datetime.now(UTC) - timedelta(hours=9)).date().isoformat(),
        "requested_by": {"kind": "officer", "id": "U0001"},
    }


async def _metered(servers: str, rates: Sequence[int], seconds: float) -> list[Latency]:
    """One reading a rate, in order."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, acks="all")
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, fetch_max_wait_ms=10)
    await producer.start()
    await consumer.start()
    try:
        partitions = [TopicPartition("rehab-notification", p) for p in range(4)]
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        meter = Meter(producer, consumer)
        await meter.measure(rates[0], 3)
        return [await meter.measure(rate, seconds) for rate in rates]
    finally:
        await consumer.stop()
        await producer.stop()


def _weights(stack: Stack) -> Iterator[tuple[str, int]]:
    """Resident megabytes of each service."""
    for name, process in stack.services.items():
        yield name, psutil.Process(process.pid).memory_info().rss // 2**20


def measure(folder: Path, rates: Sequence[int] = (10, 50, 100, 200, 400), seconds: float = 15) -> dict[str, object]:
    """Latency by rate, the rate at which it saturates, and resident memory afterwards."""
    with Stack(folder) as stack:
        fill(stack.client_environment, stack.logs)
        found = asyncio.run(_metered(stack.environment["REHAB_KAFKA"], rates, seconds))
        kept_up = [reading.rate for reading in found if reading.p99 <= 1000 and reading.seen == reading.asked]
        return {
            "latency_ms": [reading._asdict() for reading in found],
            "saturates_above": max(kept_up, default=0),
            "resident_mb": dict(_weights(stack)),
        }
