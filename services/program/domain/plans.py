"""Plans of treatment: their lines, their grants and their status; they know nothing of the case that holds them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from shared.events.program import Ended, Grant, PlanLine
from shared.events.values import Deadline

Status = Literal[
    "submitted", "information-requested", "approved", "declined", "deemed", "overdue", "discontinued"
]  # fmt: skip
_UNDECIDED: tuple[Status, ...] = ("submitted", "information-requested", "overdue")


class PlanGrant(NamedTuple):
    """A grant as it holds; `last_on` is set when it was ended before its own last day."""

    grant: Grant
    last_on: date | None = None

    @property
    def id(self) -> str:
        """The id of the grant."""
        return self.grant.grant

    @property
    def is_living(self) -> bool:
        """Return whether nothing has ended it."""
        return self.last_on is None

    @property
    def to_on(self) -> date:
        """The last day on which it holds."""
        return self.grant.to_on if self.last_on is None else min(self.last_on, self.grant.to_on)


class Plan(NamedTuple):
    """A plan or an amendment, numbered from 1; `fees` are the cents of a unit of each line when it was submitted.

    `revision` is that of the newest event that a person's action brought about: what a clock alone did makes no action
    stale. `deadline` is the one that runs; `days_left` are the business days that the decision has left while the
    clinic is asked, `stopped` those of the deadline that a hold has stopped.
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
    grants: tuple[PlanGrant, ...] = ()

    @property
    def is_undecided(self) -> bool:
        """Return whether it waits for the officer, even if the decision is overdue."""
        return self.status in _UNDECIDED

    @property
    def deadline_name(self) -> str:
        """The name of the deadline that runs in its status."""
        of = "information" if self.status == "information-requested" else "decision"
        return f"plan-{of}/{self.plan}"


Plans: TypeAlias = tuple[Plan, ...]


def find_plan(plans: Plans, number: int) -> Plan | None:
    """Return the plan with this number, or None."""
    return next((p for p in plans if p.plan == number), None)


def find_undecided(plans: Plans) -> Plan | None:
    """Return the plan that waits for a decision, or None; there is never more than one."""
    return next((p for p in plans if p.is_undecided), None)


def all_grants(plans: Plans) -> Iterator[PlanGrant]:
    """Yield every grant of the plans, ended ones included."""
    return (g for p in plans for g in p.grants)


def with_plan(plans: Plans, changed: Plan) -> Plans:
    """Return the plans with this one in the place of the one with its number; a new one stands last."""
    others = tuple(changed if p.plan == changed.plan else p for p in plans)
    return others if find_plan(plans, changed.plan) else (*plans, changed)


def with_ended_grants(plans: Plans, ends: tuple[Ended, ...]) -> Plans:
    """Return the plans with these grants ended."""
    last: Mapping[str, date] = {e.grant: e.last_on for e in ends}
    return tuple(
        p._replace(grants=tuple(g._replace(last_on=last.get(g.id, g.last_on)) for g in p.grants)) for p in plans
    )
