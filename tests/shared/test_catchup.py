"""Reference data is read whole before anything else is."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer, ConsumerRecord

from shared.messaging.catch_up import read_reference
from tests.conftest import Topics


async def test_every_reference_topic_is_read_to_its_end(kafka: str, topics: Topics) -> None:
    names = await topics("first", "second", "third")
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for name in names:
            await producer.send_and_wait(name, b"{}", headers=[("ce_type", b"known")])
            await producer.send_and_wait(name, b"{}", headers=[("ce_type", b"other")])
    found: list[str] = []

    async def take(records: Sequence[ConsumerRecord]) -> None:
        found.extend(record.topic for record in records)

    await read_reference(kafka, "nobody", names, {"known": None}, take)
    assert sorted(found) == sorted(names)
