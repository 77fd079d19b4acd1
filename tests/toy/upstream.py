"""Somebody who writes in transactions, as the claims system may: what stands open, is committed or taken back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from tests.toy.letters import Letter


class Upstream:
    """One transactional producer."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    @classmethod
    @asynccontextmanager
    async def at(cls, servers: str) -> AsyncIterator[Self]:
        """Connected; what stands open at the end is taken back."""
        async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"upstream-{uuid4()}") as producer:
            yield cls(producer)

    async def begin(self, letters: Sequence[Letter], partition: int) -> None:
        """Written where everybody could read it, and not committed yet."""
        await self._producer.begin_transaction()
        batch = self._producer.create_batch()  # which takes header names that are no text
        for letter in letters:
            batch.append(timestamp=None, key=letter.key, value=letter.value, headers=list(letter.headers))
        await (await self._producer.send_batch(batch, letters[0].topic, partition=partition))

    async def end(self, *, commit: bool) -> None:
        """A marker of one offset follows in each partition that was written to."""
        if commit:
            await self._producer.commit_transaction()
        else:
            await self._producer.abort_transaction()

    async def post(self, letters: Sequence[Letter], partition: int, *, commit: bool) -> None:
        """One whole transaction."""
        await self.begin(letters, partition)
        await self.end(commit=commit)
