"""Grants of a decided plan, their days, and the older grants that they end."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from services.program.domain.case import Case
from services.program.domain.context import CaseContext, NewId
from services.program.domain.plan_lines import price
from services.program.domain.plans import (
    Plan,
    PlanGrant,
    Plans,
    all_grants,
    find_plan,
    with_ended_grants,
    with_plan,
)
from shared.events.program import Ended, Grant, PlanLine

DAY = timedelta(days=1)


class PlanContext(NamedTuple):
    """A plan that is decided, with its case, the context of the decision and the day on which it is notified."""

    case: Case
    plan: Plan
    decided_by: CaseContext
    notified_on: date

    def replaced_by(self, line: PlanLine) -> PlanGrant | None:
        """Return the grant that a line replaces, or None."""
        return next((g for g in all_grants(self.case.plans) if g.id == line.replaces), None)

    def deemed(self, line: PlanLine) -> PlanGrant | None:
        """Return the grant of a line that was deemed approved, or None."""
        return next((g for g in self.plan.grants if g.grant.line == line.line), None)


class LineDecision(NamedTuple):
    """The grant of a line: units, from a day, with a reason where they are fewer than asked for."""

    line: PlanLine
    units: Decimal
    from_on: date
    reason: str | None = None


class GrantChange(NamedTuple):
    """The grants that a decision makes and those it ends."""

    grants: tuple[Grant, ...]
    ended: tuple[Ended, ...]

    def apply(self, plans: Plans, plan: Plan) -> Plans:
        """Return the plans with this one as decided: its deadline is over, old grants end, new ones hold."""
        decided = plan._replace(deadline=None, stopped=0, days_left=0)
        ended = with_ended_grants(with_plan(plans, decided), self.ended)
        after = find_plan(ended, plan.plan) or decided
        new = tuple(PlanGrant(g) for g in self.grants)
        return with_plan(ended, after._replace(grants=(*after.grants, *new)))


def first_day(line: PlanLine, context: PlanContext) -> date:
    """Return the first day of a line's grant: as asked for, but after the grant that it replaces.

    A grant that was deemed approved or is replaced holds to the day of notice, so that no day that is gone is lost.
    """
    old, next_day = context.replaced_by(line), context.notified_on + DAY
    first = line.from_on if context.plan.status != "deemed" else max(line.from_on, next_day)
    return first if old is None else max(first, _last_day(old, line, context) + DAY)


def _last_day(old: PlanGrant, line: PlanLine, context: PlanContext) -> date:
    """Return the last day of a replaced grant: that before the line's first, or the day of notice if it is later."""
    return min(max(line.from_on - DAY, context.notified_on), old.to_on)


def is_past(line: PlanLine, context: PlanContext) -> bool:
    """Return whether nothing is left to grant: the line's days are gone, or its deemed grant was replaced since."""
    deemed = context.deemed(line)
    return bool(deemed and not deemed.is_living) or first_day(line, context) > line.to_on


def replaced(lines: Iterable[PlanLine], context: PlanContext) -> tuple[Ended, ...]:
    """Return the ends of the living grants that lines replace; of two lines, the first to begin counts."""
    ends: dict[str, date] = {}
    for line in lines:
        old = context.replaced_by(line)
        if old and old.is_living:
            ends[old.id] = min(ends.get(old.id, date.max), _last_day(old, line, context))
    return tuple(Ended(grant=id_, last_on=last_on) for id_, last_on in ends.items())


def no_longer_deemed(context: PlanContext) -> tuple[Ended, ...]:
    """Return the ends of the plan's living grants, on the day of notice."""
    living = (g for g in context.plan.grants if g.is_living)
    return tuple(Ended(grant=g.id, last_on=min(context.notified_on, g.to_on)) for g in living)


def grants(plan: Plan, decisions: Iterable[LineDecision], new_id: NewId) -> tuple[Grant, ...]:
    """Return a grant for each line with units, at the fee that held when the plan was submitted."""
    places = {line.line: n for n, line in enumerate(plan.lines)}
    return tuple(
        Grant(
            grant=str(new_id(places[d.line.line])),
            line=d.line.line,
            code=d.line.code,
            units=d.units,
            from_on=d.from_on,
            to_on=d.line.to_on,
            discipline=d.line.discipline,
            cents=price(plan.fees[places[d.line.line]], d.units),
            reason=d.reason,
        )
        for d in decisions
        if d.units
    )
