"""The declaration of a service: what it listens to, what it decides, and what it offers beside."""

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
    """A service; `shared.runtime.main` runs it, migrates its schema and offers the operator's verbs beside its own."""

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
        """What a batch must know."""
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
        """How its records are read."""
        return Reader(self.handlers.types, frozenset(self.listens), frozenset(self.foreign))

    @property
    def parked_records(self) -> ParkedRecords:
        """How its parked records are read again."""
        return ParkedRecords(self.reader.read, self.guard)
