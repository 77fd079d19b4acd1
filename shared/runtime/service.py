"""The declaration of a service: its topics, handlers and stores, and what else it offers."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from shared.database.postgres import Connection
from shared.messaging.batch import Seal, ServiceDefinition
from shared.messaging.context import ServiceContext
from shared.messaging.decoding import Reader
from shared.messaging.handlers import AggregateStore, Handlers
from shared.messaging.parked import Guard, ParkedRecords
from shared.runtime.asgi import App

Verb: TypeAlias = Callable[[ServiceContext, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """A service; `shared.runtime.main` runs it, migrates its schema and offers its commands."""

    name: str
    listens: tuple[str, ...]
    kinds: tuple[AggregateStore[Any], ...]
    handlers: Handlers
    folder: Path
    foreign: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    compacted: tuple[str, ...] = ()
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    loops: tuple[Callable[[ServiceContext], Coroutine[Any, Any, None]], ...] = ()
    web: Callable[[ServiceContext], App] | None = None
    pending: Callable[[Connection, datetime], Awaitable[int]] | None = None
    unanswered: Callable[[Connection, datetime], Awaitable[int]] | None = None
    seal: Seal | None = None
    guard: Guard | None = None
    makes_cycles: bool = False  # pages and mails leave cycles of objects behind

    @property
    def definition(self) -> ServiceDefinition:
        """The part that a batch needs."""
        return ServiceDefinition(
            self.name,
            frozenset(self.listens),
            frozenset(self.compacted),
            self.kinds,
            self.handlers,
            self.seal,
            self.guard,
        )

    @property
    def reader(self) -> Reader:
        """The decoder of its records."""
        return Reader(self.handlers.types, frozenset(self.listens), frozenset(self.foreign))

    @property
    def parked_records(self) -> ParkedRecords:
        """The reader of its parked records."""
        return ParkedRecords(self.reader.read, self.guard)
