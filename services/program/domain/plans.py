"""Plans of treatment: their lines, their grants and how they stand. They know nothing of the case that holds them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from shared.events.program import Ended, Grant, PlanLine
from shared.events.values import Deadline

Status = Literal[
    "submitted", "information-requested", "approved", "declined", "deemed", "overdue", "discontinued"
]  # fmt: skip
_UNDECIDED: tuple[Status, ...] = ("submitted", "information-requested", "overdue")


class Granted(NamedTuple):
    """A grant; `last_on` is there when it was ended before its own last day."""

    grant: Grant
    last_on: date | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return self.grant.grant

    @property
    def is_living(self) -> bool:
        """Whether nothing has ended it."""
        return self.last_on is None

    @property
    def to_on(self) -> date:
        """The last day on which it holds."""
        return self.grant.to_on if self.last_on is None else min(self.last_on, self.grant.to_on)


class Plan(NamedTuple):
    """A plan or an amendment, numbered from 1; `fees` are the cents of a unit of each line when it was submitted.

    `revision` is that of the newest event that somebody's act brought about: what a clock did alone refuses nobody who
    could not see it. `deadline` is the door that is open; `days_left` are the business days that the decision has left
    while the clinic is asked, `stopped` those of the door that a hold has stopped.
    """

    plan: int
    revision: int
    lines: tuple[PlanLine, ...]
    fees: tuple[int, ...]
    status: Status = "submitted"
    amends: int | None = None
    deadline: Deadline | None = None
    days_left: int = 0
    stopped: int = 0
    asked: bool = False
    grants: tuple[Granted, ...] = ()

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for the officer, who may have been too slow."""
        return self.status in _UNDECIDED

    @property
    def door(self) -> str:
        """The name of the door that is open in its state."""
        of = "information" if self.status == "information-requested" else "decision"
        return f"plan-{of}/{self.plan}"


Plans: TypeAlias = tuple[Plan, ...]


def find_plan(plans: Plans, number: int) -> Plan | None:
    """A plan by its number."""
    return next((p for p in plans if p.plan == number), None)


def undecided(plans: Plans) -> Plan | None:
    """The one plan that waits for a decision."""
    return next((p for p in plans if p.is_undecided), None)


def granted(plans: Plans) -> Iterator[Granted]:
    """Every grant there ever was."""
    return (g for p in plans for g in p.grants)


def kept(plans: Plans, changed: Plan) -> Plans:
    """The plans with one as changed; a new one stands last."""
    others = tuple(changed if p.plan == changed.plan else p for p in plans)
    return others if find_plan(plans, changed.plan) else (*plans, changed)


def without(plans: Plans, ends: tuple[Ended, ...]) -> Plans:
    """The plans with grants that were ended."""
    last: Mapping[str, date] = {e.grant: e.last_on for e in ends}
    return tuple(
        p._replace(grants=tuple(g._replace(last_on=last.get(g.id, g.last_on)) for g in p.grants)) for p in plans
    )
