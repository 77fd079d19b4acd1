"""The claims system's records on a real broker, to the byte."""

from datetime import UTC, date, datetime, timedelta

import pytest
from aiokafka import ConsumerRecord

from shared.events.limits import FIRST_INSTANT, LAST_INSTANT
from simulation.claims_system.capture import Captured, Headers
from simulation.claims_system.generate import Plan, generate
from simulation.clients.topics import Publisher, StoredRecord, read, stored_record
from tests.conftest import Topics
from tests.simulation.world import at


def whole(record: Captured | StoredRecord) -> tuple[bytes, bytes, Headers]:
    return record.key or b"", record.value or b"", tuple(record.headers)


async def test_a_capture_lies_on_the_topic_to_the_byte_and_at_its_time(kafka: str, topics: Topics) -> None:
    (claims,) = await topics("claims", count=4)
    records = generate(Plan(1, date(2024, 9, 16), 20, 200))
    async with Publisher(kafka, claims) as publisher:
        for first in range(0, len(records), 9):
            await publisher.send(records[first : first + 9], at("2024-10-07"))
    found = await read(kafka, [claims])
    assert {one.at for one in found} == {at("2024-10-07")}
    assert sorted(map(whole, found)) == sorted(map(whole, records))
    assert any("\udcff" in name for one in found for name, _ in one.headers)
    by_key: dict[bytes, list[bytes]] = {}
    for one in found:
        by_key.setdefault(one.key or b"", []).append(one.value or b"")
    for record in records:
        assert by_key[record.key or b""].pop(0) == (record.value or b"")


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [(-(2**63), FIRST_INSTANT), (2**63 - 1, LAST_INSTANT), (-1, datetime(1969, 12, 31, 23, 59, 59, 999000, UTC))],
)
def test_a_timestamp_that_no_calendar_has_stops_at_the_edge(timestamp: int, shown: datetime) -> None:
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord("claims", 0, 0, timestamp, 0, b"k", b"v", None, 1, 1, ())
    assert abs(stored_record(record).at - shown) < timedelta(milliseconds=1)
