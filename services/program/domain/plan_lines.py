"""The lines of a plan: their price, and what is wrong with them by fee schedule, program days and limits."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

from services.program.domain.case import Case
from services.program.domain.context import CaseContext
from services.program.domain.plans import PlanGrant, all_grants
from services.program.domain.refusals import missing, violation
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Violation
from shared.events.portal import PlannedLine
from shared.events.procurement import FeeLine
from shared.events.program import PlanLine

if TYPE_CHECKING:
    from shared.events.values import Discipline

_GOALS, _DISCIPLINES = code_list("goals"), code_list("disciplines")
_REQUIRED = {
    "line": ("the line has no name", "name it"),
    "code": ("no service is chosen", "choose the service"),
    "units": ("the number of units is missing", "say how many"),
    "from_on": ("the first day is missing", "give the first day"),
    "to_on": ("the last day is missing", "give the last day"),
    "discipline": ("it is not said who does it", "choose the discipline"),
    "goal": ("no goal is chosen", "choose the goal"),
}
_MOST = Decimal(10_000)  # of anything, where the fee schedule sets no limit
_SUBMITTED = frozenset({"submitted", "accepted", "waived"})


class RequestedLines(NamedTuple):
    """The lines that a clinic asks for and the fee line of each; `amends` is the plan that an amendment changes."""

    lines: tuple[PlannedLine, ...]
    fees: tuple[FeeLine | None, ...]
    amends: int | None = None


def requested(lines: tuple[PlannedLine, ...], amends: int | None, context: CaseContext) -> RequestedLines:
    """Return the lines with the fees that hold on their first days."""
    return RequestedLines(lines, tuple(_fee(line, context) for line in lines), amends)


def _fee(line: PlannedLine, context: CaseContext) -> FeeLine | None:
    """Return the fee line that holds on the line's first day, or None where the program does not take it in plans."""
    planned = not context.entry.plan_lines or line.code in context.entry.plan_lines
    return context.fee_on(line.code, line.from_on) if line.code and line.from_on and planned else None


def price(cents: int, units: Decimal) -> int:
    """Return the price of units of a fee, in cents; half a cent is rounded up."""
    return int((cents * units).quantize(Decimal(1), ROUND_HALF_UP))


def priced(plan: RequestedLines) -> tuple[PlanLine, ...]:
    """Return the lines, which have no fault, with their prices; a line without a fee is left out."""
    return tuple(
        PlanLine(
            line=line.line,
            code=fee.code,
            units=_units(line.units),
            from_on=_day(line.from_on),
            to_on=_day(line.to_on),
            discipline=cast("Discipline", line.discipline),  # one of the program's
            goal=line.goal or "",
            cents=price(fee.cents, _units(line.units)),
            replaces=line.replaces,
        )
        for line, fee in zip(plan.lines, plan.fees, strict=True)
        if fee is not None
    )


def _units(units: Decimal | None) -> Decimal:
    if units is None:
        raise AssertionError("a line without a fault has units")
    return units


def _day(day: date | None) -> date:
    if day is None:
        raise AssertionError("a line without a fault has days")
    return day


def faults(plan: RequestedLines, case: Case, context: CaseContext) -> Iterator[Violation]:
    """Yield everything that is wrong with the lines."""
    initial = case.obligation("initial")
    if initial is None or initial.status not in _SUBMITTED:
        yield violation(
            "RPT-MISSING", "lines", "the initial report is not sent in yet", "send in the initial report first"
        )
    if not plan.lines:
        yield missing("lines", "the plan has no line", "plan at least one")
    names: set[str] = set()
    for n, (line, fee) in enumerate(zip(plan.lines, plan.fees, strict=True)):
        at = f"lines.{n}"
        if line.line in names:
            yield violation("DUP", f"{at}.line", "two lines have the same name", "name one of them otherwise")
        names.add(line.line)
        yield from _missing_faults(line, at)
        yield from _fee_faults(line, fee, at, context)
        yield from _day_faults(line, at, case)
        yield from _purpose_faults(line, fee, at, context)
        yield from _replacement_faults(line, fee, at, plan, case)
        yield from _extension_faults(fee, at, plan, case, context)
    yield from _limit_faults(plan, case)


def _missing_faults(line: PlannedLine, at: str) -> Iterator[Violation]:
    """Yield a violation for each member of a line that is not given."""
    for field, (rule, fix) in _REQUIRED.items():
        if getattr(line, field) in {None, ""}:
            yield missing(f"{at}.{field}", rule, fix)


def _fee_faults(line: PlannedLine, fee: FeeLine | None, at: str, context: CaseContext) -> Iterator[Violation]:
    """Yield a violation where the schedule lacks the code on the first day, and for units that do not fit."""
    if line.code and line.from_on and fee is None:
        codes = [c for c in context.entry.plan_lines if context.fee_on(c, line.from_on)]
        rule = (
            f"this service cannot be planned, or the contract's fee schedule has it not on {wording.day(line.from_on)}"
        )
        yield violation(
            "FEE-CODE", f"{at}.code", rule, f"choose {wording.either(codes)}" if codes else "name another day"
        )
    if line.units is not None:
        yield from units_faults(line.units, fee.step if fee else None, f"{at}.units")


def units_faults(units: Decimal, step: Decimal | None, field: str) -> Iterator[Violation]:
    """Yield a violation unless the units are above 0 and a multiple of the step."""
    if not 0 < units <= _MOST:
        most = wording.number(_MOST)
        yield violation("FEE-UNITS", field, f"the units are not above 0 and at most {most}", "plan what will be done")
    elif step and units % step:
        whole = f"a multiple of {wording.number(step)}"
        yield violation("FEE-UNITS", field, f"the units are not {whole}", f"round to {whole}")


def _day_faults(line: PlannedLine, at: str, case: Case) -> Iterator[Violation]:
    """Yield a violation for days in the wrong order or outside the program."""
    first, last = line.from_on, line.to_on
    if first and last and last < first:
        fix = f"give a day from {wording.day(first)} on"
        yield violation("DATE-ORDER", f"{at}.to_on", "the line ends before it begins", fix)
    began, over = case.initial_visit_on, case.last_on
    if first and began and first < began:
        rule = f"the line begins before the program did, on {wording.day(began)}"
        yield violation("DOS-PROGRAM", f"{at}.from_on", rule, f"give a day from {wording.day(began)} on")
    if last and over and last > over:
        rule = f"the line goes on after treatment ended, on {wording.day(over)}"
        yield violation("DOS-PROGRAM", f"{at}.to_on", rule, f"give a day up to {wording.day(over)}")


def _purpose_faults(line: PlannedLine, fee: FeeLine | None, at: str, context: CaseContext) -> Iterator[Violation]:
    """Yield a violation for a discipline that program or fee do not take, and for a goal that is not listed."""
    entry = context.entry
    disciplines = (*entry.core_disciplines, *entry.supplemental_disciplines)
    allowed = [d for d in disciplines if fee is None or not fee.disciplines or d in fee.disciplines]
    if line.discipline and line.discipline not in allowed:
        rule = f"{entry.name} or the fee do not take this discipline"
        names = wording.either(_DISCIPLINES.sentence(d) for d in allowed)
        fix = f"choose {names}" if allowed else "plan another service"
        yield violation("DISCIPLINE", f"{at}.discipline", rule, fix)
    if line.goal and not _GOALS.allows(line.goal, context.today, "clinic"):
        yield violation("GOAL-UNKNOWN", f"{at}.goal", "this goal is not in the list", "choose the goal")


def _replacement_faults(
    line: PlannedLine, fee: FeeLine | None, at: str, plan: RequestedLines, case: Case
) -> Iterator[Violation]:
    """Yield a violation where a line replaces what it cannot, or a new plan overlaps a living grant of its service."""
    living = [g for g in all_grants(case.plans) if g.is_living]
    if line.replaces is not None and plan.amends is None:
        yield violation(
            "REPLACES",
            f"{at}.replaces",
            "only an amendment can replace a grant, and this is a new plan",
            "amend the plan that grants it",
        )
    elif line.replaces is not None and line.replaces not in {g.id for g in living}:
        yield violation(
            "REPLACES",
            f"{at}.replaces",
            "the grant that it replaces does not hold any more",
            "name one that holds, or none",
        )
    if plan.amends is None and fee and any(_overlap(line, g) for g in living if g.grant.code == fee.code):
        rule = "another plan grants the same service for some of these days"
        yield violation("PLAN-OVERLAP", f"{at}.from_on", rule, "amend the plan that grants it")


def _overlap(line: PlannedLine, other: PlanGrant) -> bool:
    """Return whether a line and a grant share a day."""
    return bool(line.from_on and line.to_on) and _day(line.from_on) <= other.to_on and (
        _day(line.to_on) >= other.grant.from_on
    )  # fmt: skip


def _extension_faults(
    fee: FeeLine | None, at: str, plan: RequestedLines, case: Case, context: CaseContext
) -> Iterator[Violation]:
    """Yield a violation for an extension outside an amendment, or on or after the last approved day."""
    if fee is None or not fee.extension:
        return
    last = max((g.to_on for g in all_grants(case.plans)), default=None)
    if plan.amends is None or last is None:
        yield violation(
            "AUTH-EXT",
            f"{at}.code",
            "an extension is asked for without a plan that is approved",
            "amend a plan once it is approved",
        )
    elif context.today >= last:
        rule = f"the last approved day, {wording.day(last)}, has come; an extension is asked for before it"
        yield violation("AUTH-EXT", f"{at}.code", rule, "leave it out; ask for a new referral")


def _limit_faults(plan: RequestedLines, case: Case) -> Iterator[Violation]:
    """Yield a violation for each line that brings a code, with what stays granted, over its limit per referral."""
    replaced = {line.replaces for line in plan.lines}
    held = units_held(case, replaced)
    for n, (line, fee) in enumerate(zip(plan.lines, plan.fees, strict=True)):
        if fee is None or line.units is None or not 0 < line.units <= _MOST:
            continue
        held[fee.code] += line.units
        if fee.max_per_referral is not None and held[fee.code] > fee.max_per_referral:
            yield over_limit(fee, held[fee.code], f"lines.{n}.units")


def units_held(case: Case, apart: set[str | None]) -> dict[str, Decimal]:
    """Return the units of each code that living grants hold, without the grants in `apart`."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for g in all_grants(case.plans):
        if g.is_living and g.id not in apart:
            held[g.grant.code] += g.grant.units
    return held


def over_limit(fee: FeeLine, units: Decimal, field: str) -> Violation:
    """Return the violation of units over the limit that a referral has of a code."""
    most = fee.max_per_referral or Decimal(0)
    what = f"{fee.code} ({fee.description})"
    rule = f"with what is granted already these are {wording.number(units)} of {what}; a referral has at most {most}"
    return violation("LIMIT", field, rule, f"leave out {wording.number(units - most)}")
