"""What a decision on a plan grants, from when, and which older grants it ends."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias
from uuid import UUID

from services.program.domain.case import Case, CaseContext
from services.program.domain.plan_clock import planned
from services.program.domain.plan_lines import price
from services.program.domain.plans import Granted, Plan, find_plan, granted, without
from shared.events.program import Ended, Grant, PlanLine

DAY = timedelta(days=1)
NewId: TypeAlias = Callable[[int], UUID]


class DecisionContext(NamedTuple):
    """A plan with the case and the ground on which it is decided, and the day on which that is notified."""

    case: Case
    plan: Plan
    context: CaseContext
    notified_on: date

    def old(self, line: PlanLine) -> Granted | None:
        """The grant that a line takes the place of."""
        return next((g for g in granted(self.case.plans) if g.id == line.replaces), None)

    def deemed(self, line: PlanLine) -> Granted | None:
        """What was deemed granted of a line."""
        return next((g for g in self.plan.grants if g.grant.line == line.line), None)


class Verdict(NamedTuple):
    """What is said of a line: units, from a day, with a reason where they are fewer than asked for."""

    line: PlanLine
    units: Decimal
    from_on: date
    reason: str | None = None


class Change(NamedTuple):
    """What a decision grants and what it ends."""

    grants: tuple[Grant, ...]
    ended: tuple[Ended, ...]

    def upon(self, case: Case, plan: Plan) -> Case:
        """The case with the plan as decided: no door is open any more, old grants end, new ones hold."""
        closed = plan._replace(deadline=None, stopped=0, days_left=0)
        plans = without(planned(case, closed).plans, self.ended)
        after = find_plan(plans, plan.plan) or closed
        news = tuple(Granted(g) for g in self.grants)
        return planned(case._replace(plans=plans), after._replace(grants=(*after.grants, *news)))


def begins(line: PlanLine, matter: DecisionContext) -> date:
    """The first day of a grant: as asked, back to the program's start; after what it takes the place of, where it does.

    What was deemed granted holds to the day of notice, and what is replaced too: nobody loses days that are gone.
    """
    old, next_day = matter.old(line), matter.notified_on + DAY
    first = line.from_on if matter.plan.status != "deemed" else max(line.from_on, next_day)
    return first if old is None else max(first, _ends(old, line, matter) + DAY)


def _ends(old: Granted, line: PlanLine, matter: DecisionContext) -> date:
    """The last day of a grant that is replaced: the one before the line's first, or that of notice if it is later."""
    return min(max(line.from_on - DAY, matter.notified_on), old.to_on)


def is_past(line: PlanLine, matter: DecisionContext) -> bool:
    """Whether nothing is left to grant: its days are gone, or what was deemed of it was replaced since."""
    deemed = matter.deemed(line)
    return bool(deemed and not deemed.is_living) or begins(line, matter) > line.to_on


def replaced(lines: Iterable[PlanLine], matter: DecisionContext) -> tuple[Ended, ...]:
    """Grants that hold and that lines take the place of; of two lines, the first to begin counts."""
    ends: dict[str, date] = {}
    for line in lines:
        old = matter.old(line)
        if old and old.is_living:
            ends[old.id] = min(ends.get(old.id, date.max), _ends(old, line, matter))
    return tuple(Ended(grant=id_, last_on=last_on) for id_, last_on in ends.items())


def no_longer_deemed(matter: DecisionContext) -> tuple[Ended, ...]:
    """What was deemed granted holds to the day of notice."""
    living = (g for g in matter.plan.grants if g.is_living)
    return tuple(Ended(grant=g.id, last_on=min(matter.notified_on, g.to_on)) for g in living)


def grants(plan: Plan, verdicts: Iterable[Verdict], new_id: NewId) -> tuple[Grant, ...]:
    """Grants for the units, each with an id of its own, at the fee at which the plan was submitted."""
    places = {line.line: n for n, line in enumerate(plan.lines)}
    return tuple(
        Grant(
            grant=str(new_id(places[v.line.line])),
            line=v.line.line,
            code=v.line.code,
            units=v.units,
            from_on=v.from_on,
            to_on=v.line.to_on,
            discipline=v.line.discipline,
            cents=price(plan.fees[places[v.line.line]], v.units),
            reason=v.reason,
        )
        for v in verdicts
        if v.units
    )
