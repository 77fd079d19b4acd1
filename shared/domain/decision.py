"""All that a domain knows of the mechanism: events, occasions, outcomes and refusals."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from typing_extensions import override
from uuid_utils import UUID as FastUUID  # noqa: N811 - a class, only written like a constant
from uuid_utils import uuid5

INTERNAL = "internal"  # the topic of what a service says to itself: timers, and what one decision leaves to the next
Scope: TypeAlias = Literal["", "site", "invoice", "insurer", "recipient"]
_NULL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JSON escapes it, with no backslash key its own before it
_NAMESPACE = FastUUID("6f1c1f1e-0c0a-5d0e-9f6e-4a1d5b7c2e90")


class Value(BaseModel):
    """A part of an event: frozen, tolerant of members that this version does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Value):
    """One contract; the subclass names its type, its key field and, unless it is its owner's log, its topic."""

    type_name: ClassVar[str]
    key_field: ClassVar[str]
    topic: ClassVar[str]
    answered_by: ClassVar[str]
    roles: ClassVar[frozenset[str]] = frozenset()
    scope: ClassVar[Scope] = ""

    @override
    def __init_subclass__(
        cls,
        *,
        type: str = "",
        key: str = "",
        topic: str = "",
        owner: str = "",
        roles: frozenset[str] = frozenset(),
        scope: Scope = "",
        **kwargs: Any,
    ) -> None:
        """Note the facts of the contract.

        `owner` is the one service that answers a portal fact, `roles` are those in which a person may do it, and
        `scope` says what of the record must be the person's own.
        """
        super().__init_subclass__(**kwargs)
        if type:
            cls.type_name, cls.key_field, cls.answered_by = type, key, owner
            cls.topic = topic or f"rehab-{type.split('.')[1]}"
            cls.roles, cls.scope = roles, scope

    @property
    def key(self) -> str:
        """The aggregate whose history this event must stay in order with."""
        return str(getattr(self, self.key_field))

    @property
    def owner(self) -> str:
        """The one service that answers this portal fact; empty when nobody does."""
        return self.answered_by

    def check(self, key: str | None, read_at: datetime) -> None:  # noqa: ARG002 - contracts judge by the day of reading
        """What only the record around the body can tell; a ValueError with a sentence parks the record."""
        if key != self.key:
            raise ValueError(f"the record's key differs from {self.key_field}")

    def to_bytes(self) -> bytes:
        """As JSON; straight to pydantic's core, at half the price of `model_dump_json`."""
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        """From JSON, checked; a ValueError where a text holds what no database can keep."""
        if b"\\u0000" in value and _NULL.search(value):
            raise ValueError("a text holds a null character: send it without")
        event: Self = cls.__pydantic_validator__.validate_json(value)
        return event


class Aggregate(Protocol):
    """State with one key. `version` is the row's as loaded, for compare-and-set alone; documents count revisions."""

    @property
    def id(self) -> str:
        """The key."""

    @property
    def version(self) -> int:
        """The row's version as loaded, 0 when new."""


class SetTimer(NamedTuple):
    """Wake (of, name) at `due_at` with `event`; arming twice moves it, no `due_at` disarms it."""

    key: str
    name: str
    due_at: datetime | None = None
    event: Event | None = None


class Violation(Value):
    """One reason why something is refused: what is wrong, by which rule, and what would make it right."""

    code: str
    rule: str
    fix: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The action is not taken; announced as ActionRefused. `allowed` names what the state allows instead."""

    flaws: tuple[Violation, ...]
    allowed: tuple[str, ...] = ()


def refuse(code: str, rule: str, fix: str, field: str | None = None) -> Refusal:
    """A refusal with one reason."""
    return Refusal((Violation(code=code, rule=rule, fix=fix, field=field),))


def not_yours(field: str = "by") -> Refusal:
    """The refusal of an act by somebody whose role or place does not reach the record; the portal answers it as 404."""
    return refuse("NOT-YOURS", "what is acted on belongs to who acts", "ask somebody whose it is", field)


class Outcome(NamedTuple):
    """Next values, facts to announce in order, timers to move, and own events decided next in the same transaction."""

    changed: tuple[Aggregate, ...] = ()
    events: tuple[Event, ...] = ()
    timers: tuple[SetTimer, ...] = ()
    then: tuple[Event, ...] = ()


Decision: TypeAlias = Outcome | Refusal


class EventContext(NamedTuple):
    """Why a decision is taken: the causing record, its key, and the instant that judges it.

    `at` is the action's `received_at`, a timer's `due_at`, else when the record was first read (`claims`) or the
    `ce_time` of another service's event; `read_at` is the clock when this service read the record; `said_at` is the
    time that a foreign announcer gave; `causation` is what the causing record itself was an answer to.
    """

    event_id: str
    correlation: str
    key: str
    at: datetime
    read_at: datetime
    source: str = ""
    trace: str = ""
    source_time: datetime | None = None
    causation_id: str = ""

    def new_id(self, n: int = 0) -> UUID:
        """The n-th id this occasion makes: derived, so that a retry or a replay makes the same."""
        between = "\0" if "/" in self.event_id else "/"  # an attribute holds no NUL: `a/b`, `c` is not `a`, `b/c`
        return UUID(bytes=uuid5(_NAMESPACE, f"{self.source}{between}{self.event_id}{between}{n}").bytes)
