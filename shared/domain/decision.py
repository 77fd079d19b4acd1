"""The parts of decisions: events, aggregates, outcomes, timers, refusals, and the context of an event."""

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
    """A part of an event; it is frozen and ignores members that this version does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Value):
    """A contract; its subclass names the type, the key field and, unless it is the owner's log, the topic."""

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
        """Record the facts of the contract.

        `owner` is the one service that answers an action of the portal, `roles` are the roles in which a person may do
        it, and `scope` says which part of the record must be the person's own.
        """
        super().__init_subclass__(**kwargs)
        if type:
            cls.type_name, cls.key_field, cls.answered_by = type, key, owner
            cls.topic = topic or f"rehab-{type.split('.')[1]}"
            cls.roles, cls.scope = roles, scope

    @property
    def key(self) -> str:
        """The key of the aggregate; events of one key stay in order."""
        return str(getattr(self, self.key_field))

    @property
    def owner(self) -> str:
        """The service that answers this action of the portal; empty when none does."""
        return self.answered_by

    def check(self, key: str | None, read_at: datetime) -> None:  # noqa: ARG002 - contracts judge by the day of reading
        """Raise ValueError with a sentence for a fault of the record around the body; the record is then parked."""
        if key != self.key:
            raise ValueError(f"the record's key differs from {self.key_field}")

    def to_bytes(self) -> bytes:
        """Return the event as JSON, straight from pydantic's core, at half the cost of `model_dump_json`."""
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        """Validate JSON; raise ValueError for a null character and for what breaks the contract."""
        if b"\\u0000" in value and _NULL.search(value):
            raise ValueError("a text holds a null character: send it without")
        event: Self = cls.__pydantic_validator__.validate_json(value)
        return event


class Aggregate(Protocol):
    """State with one key; `version` counts how often its row was saved and serves compare-and-set alone."""

    @property
    def id(self) -> str:
        """The key of the aggregate."""

    @property
    def version(self) -> int:
        """The row's version as loaded, 0 when new."""


class SetTimer(NamedTuple):
    """A timer of an aggregate: `event` fires at `due_at`; setting it again moves it, no `due_at` cancels it."""

    key: str
    name: str
    due_at: datetime | None = None
    event: Event | None = None


class Violation(Value):
    """A reason for a refusal: its code, what is wrong, what would make it right, and the field."""

    code: str
    rule: str
    fix: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer that an action is not taken; `allowed` names the actions that the state allows instead."""

    flaws: tuple[Violation, ...]
    allowed: tuple[str, ...] = ()


def refuse(code: str, rule: str, fix: str, field: str | None = None) -> Refusal:
    """Return a refusal with one reason."""
    return Refusal((Violation(code=code, rule=rule, fix=fix, field=field),))


def not_yours(field: str = "by") -> Refusal:
    """Return the refusal of an action on a record beyond the actor's role or site; the portal answers it with 404."""
    return refuse("NOT-YOURS", "what is acted on belongs to who acts", "ask somebody whose it is", field)


class Outcome(NamedTuple):
    """The result of a decision: changed aggregates, events in order, timers, and own events to decide next."""

    changed: tuple[Aggregate, ...] = ()
    events: tuple[Event, ...] = ()
    timers: tuple[SetTimer, ...] = ()
    then: tuple[Event, ...] = ()


Decision: TypeAlias = Outcome | Refusal


class EventContext(NamedTuple):
    """The context of a decision: the event that caused it, its key, and the instant by which it is judged.

    `at` is the action's `received_at`, a timer's `due_at`, the first reading of a claim's record, else the `ce_time`
    of another service's event. `read_at` is the clock when this service read the record, `source_time` the time that a
    foreign source gave, and `causation_id` the cause of the causing record itself.
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
        """Return the n-th id of this context; it is derived, so that a retry or a replay makes the same one."""
        between = "\0" if "/" in self.event_id else "/"  # an attribute holds no NUL: `a/b`, `c` is not `a`, `b/c`
        return UUID(bytes=uuid5(_NAMESPACE, f"{self.source}{between}{self.event_id}{between}{n}").bytes)
