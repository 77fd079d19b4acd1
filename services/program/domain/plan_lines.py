"""What a line of a plan must be: in the contract's fee schedule, in the program's days, and within what it may have."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

from services.program.domain.case import Case, CaseContext
from services.program.domain.plans import Granted, granted
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Violation
from shared.events.portal import PlannedLine
from shared.events.procurement import FeeLine
from shared.events.program import PlanLine

if TYPE_CHECKING:
    from shared.events.values import Discipline

_GOALS, _DISCIPLINES = code_list("goals"), code_list("disciplines")
_NEEDED = {
    "line": ("the line has no name", "name it"),
    "code": ("no service is chosen", "choose the service"),
    "units": ("the number of units is missing", "say how many"),
    "from_on": ("the first day is missing", "give the first day"),
    "to_on": ("the last day is missing", "give the last day"),
    "discipline": ("it is not said who does it", "choose the discipline"),
    "goal": ("no goal is chosen", "choose the goal"),
}
_MOST = Decimal(10_000)  # of anything, where the fee schedule sets no limit
_SENT_IN = frozenset({"submitted", "accepted", "waived"})


class Asked(NamedTuple):
    """The lines of a plan and the fee line of each; `amends` is there in an amendment."""

    lines: tuple[PlannedLine, ...]
    fees: tuple[FeeLine | None, ...]
    amends: int | None = None


def asked(lines: tuple[PlannedLine, ...], amends: int | None, context: CaseContext) -> Asked:
    """The lines with the fees that hold on their first days."""
    return Asked(lines, tuple(_fee(line, context) for line in lines), amends)


def _fee(line: PlannedLine, context: CaseContext) -> FeeLine | None:
    """A fee line that the program takes in plans, of the schedule that holds on the line's first day."""
    planned = not context.entry.plan_lines or line.code in context.entry.plan_lines
    return context.fee_on(line.code, line.from_on) if line.code and line.from_on and planned else None


def price(cents: int, units: Decimal) -> int:
    """Units of a fee, in cents; half a cent goes up."""
    return int((cents * units).quantize(Decimal(1), ROUND_HALF_UP))


def priced(plan: Asked) -> tuple[PlanLine, ...]:
    """Lines that are whole, with their price."""
    return tuple(
        PlanLine(
            line=line.line,
            code=fee.code,
            units=_whole(line.units),
            from_on=_day(line.from_on),
            to_on=_day(line.to_on),
            discipline=cast("Discipline", line.discipline),  # one of the program's
            goal=line.goal or "",
            cents=price(fee.cents, _whole(line.units)),
            replaces=line.replaces,
        )
        for line, fee in zip(plan.lines, plan.fees, strict=True)
        if fee is not None
    )


def _whole(units: Decimal | None) -> Decimal:
    if units is None:
        raise AssertionError("a line without a fault has units")
    return units


def _day(day: date | None) -> date:
    if day is None:
        raise AssertionError("a line without a fault has days")
    return day


def faults(plan: Asked, case: Case, context: CaseContext) -> Iterator[Violation]:
    """Everything that is wrong with the lines, all at once."""
    initial = case.obligation("initial")
    if initial is None or initial.standing not in _SENT_IN:
        yield flaw("RPT-MISSING", "lines", "the initial report is not sent in yet", "send in the initial report first")
    if not plan.lines:
        yield flaw("FIELD-MISSING", "lines", "the plan has no line", "plan at least one")
    names: set[str] = set()
    for n, (line, fee) in enumerate(zip(plan.lines, plan.fees, strict=True)):
        at = f"lines.{n}"
        if line.line in names:
            yield flaw("DUP", f"{at}.line", "two lines have the same name", "name one of them otherwise")
        names.add(line.line)
        yield from _missing(line, at)
        yield from _fees(line, fee, at, context)
        yield from _days(line, at, case)
        yield from _purpose(line, fee, at, context)
        yield from _place(line, fee, at, plan, case)
        yield from _extends(fee, at, plan, case, context)
    yield from _limits(plan, case)


def _missing(line: PlannedLine, at: str) -> Iterator[Violation]:
    """A line says what, how much, when, by whom and what for."""
    for field, (rule, fix) in _NEEDED.items():
        if getattr(line, field) in {None, ""}:
            yield flaw("FIELD-MISSING", f"{at}.{field}", rule, fix)


def _fees(line: PlannedLine, fee: FeeLine | None, at: str, context: CaseContext) -> Iterator[Violation]:
    """The code is in the schedule on the first day, the units are whole steps."""
    if line.code and line.from_on and fee is None:
        codes = [c for c in context.entry.plan_lines if context.fee_on(c, line.from_on)]
        rule = (
            f"this service cannot be planned, or the contract's fee schedule has it not on {wording.day(line.from_on)}"
        )
        yield flaw("FEE-CODE", f"{at}.code", rule, f"choose {wording.either(codes)}" if codes else "name another day")
    if line.units is not None:
        yield from units_faults(line.units, fee.step if fee else None, f"{at}.units")


def units_faults(units: Decimal, step: Decimal | None, field: str) -> Iterator[Violation]:
    """More than none, and a multiple of the step."""
    if not 0 < units <= _MOST:
        most = wording.number(_MOST)
        yield flaw("FEE-UNITS", field, f"the units are not above 0 and at most {most}", "plan what will be done")
    elif step and units % step:
        whole = f"a multiple of {wording.number(step)}"
        yield flaw("FEE-UNITS", field, f"the units are not {whole}", f"round to {whole}")


def _days(line: PlannedLine, at: str, case: Case) -> Iterator[Violation]:
    """First and last day in their order, within the program."""
    first, last = line.from_on, line.to_on
    if first and last and last < first:
        fix = f"give a day from {wording.day(first)} on"
        yield flaw("DATE-ORDER", f"{at}.to_on", "the line ends before it begins", fix)
    began, over = case.initial_visit_on, case.last_on
    if first and began and first < began:
        rule = f"the line begins before the program did, on {wording.day(began)}"
        yield flaw("DOS-PROGRAM", f"{at}.from_on", rule, f"give a day from {wording.day(began)} on")
    if last and over and last > over:
        rule = f"the line goes on after treatment ended, on {wording.day(over)}"
        yield flaw("DOS-PROGRAM", f"{at}.to_on", rule, f"give a day up to {wording.day(over)}")


def _purpose(line: PlannedLine, fee: FeeLine | None, at: str, context: CaseContext) -> Iterator[Violation]:
    """A discipline of the program that the fee line pays, and a coded goal."""
    entry = context.entry
    known = (*entry.core_disciplines, *entry.supplemental_disciplines)
    taken = [d for d in known if fee is None or not fee.disciplines or d in fee.disciplines]
    if line.discipline and line.discipline not in taken:
        rule = f"{entry.name} or the fee do not take this discipline"
        words = wording.either(_DISCIPLINES.sentence(d) for d in taken)
        fix = f"choose {words}" if taken else "plan another service"
        yield flaw("DISCIPLINE", f"{at}.discipline", rule, fix)
    if line.goal and not _GOALS.allows(line.goal, context.today, "clinic"):
        yield flaw("GOAL-UNKNOWN", f"{at}.goal", "this goal is not in the list", "choose the goal")


def _place(line: PlannedLine, fee: FeeLine | None, at: str, plan: Asked, case: Case) -> Iterator[Violation]:
    """An amendment replaces what lives; a plan beside another one does not lie over it."""
    living = [g for g in granted(case.plans) if g.is_living]
    if line.replaces is not None and plan.amends is None:
        yield flaw(
            "REPLACES",
            f"{at}.replaces",
            "only an amendment can replace a grant, and this is a new plan",
            "amend the plan that grants it",
        )
    elif line.replaces is not None and line.replaces not in {g.id for g in living}:
        yield flaw(
            "REPLACES",
            f"{at}.replaces",
            "the grant that it replaces does not hold any more",
            "name one that holds, or none",
        )
    if plan.amends is None and fee and any(_overlap(line, g) for g in living if g.grant.code == fee.code):
        rule = "another plan grants the same service for some of these days"
        yield flaw("PLAN-OVERLAP", f"{at}.from_on", rule, "amend the plan that grants it")


def _overlap(line: PlannedLine, other: Granted) -> bool:
    """Whether a line and a grant share a day."""
    return bool(line.from_on and line.to_on) and _day(line.from_on) <= other.to_on and (
        _day(line.to_on) >= other.grant.from_on
    )  # fmt: skip


def _extends(fee: FeeLine | None, at: str, plan: Asked, case: Case, context: CaseContext) -> Iterator[Violation]:
    """An extension is an amendment, asked for while something is still approved."""
    if fee is None or not fee.extension:
        return
    last = max((g.to_on for g in granted(case.plans)), default=None)
    if plan.amends is None or last is None:
        yield flaw(
            "AUTH-EXT",
            f"{at}.code",
            "an extension is asked for without a plan that is approved",
            "amend a plan once it is approved",
        )
    elif context.today >= last:
        rule = f"the last approved day, {wording.day(last)}, has come; an extension is asked for before it"
        yield flaw("AUTH-EXT", f"{at}.code", rule, "leave it out; ask for a new referral")


def _limits(plan: Asked, case: Case) -> Iterator[Violation]:
    """No more of a code than a referral may have, with what is granted already and not replaced."""
    replaced = {line.replaces for line in plan.lines}
    have = units_held(case, replaced)
    for n, (line, fee) in enumerate(zip(plan.lines, plan.fees, strict=True)):
        if fee is None or line.units is None or not 0 < line.units <= _MOST:
            continue
        have[fee.code] += line.units
        if fee.max_per_referral is not None and have[fee.code] > fee.max_per_referral:
            yield over_limit(fee, have[fee.code], f"lines.{n}.units")


def units_held(case: Case, apart: set[str | None]) -> dict[str, Decimal]:
    """Units of each code that are granted and not ended, some grants left apart."""
    have: dict[str, Decimal] = defaultdict(Decimal)
    for g in granted(case.plans):
        if g.is_living and g.id not in apart:
            have[g.grant.code] += g.grant.units
    return have


def over_limit(fee: FeeLine, units: Decimal, field: str) -> Violation:
    """Too much of a code."""
    most = fee.max_per_referral or Decimal(0)
    what = f"{fee.code} ({fee.description})"
    rule = f"with what is granted already these are {wording.number(units)} of {what}; a referral has at most {most}"
    return flaw("LIMIT", field, rule, f"leave out {wording.number(units - most)}")


def flaw(code: str, field: str, rule: str, fix: str) -> Violation:
    """One reason, at a field."""
    return Violation(code=code, rule=rule, fix=fix, field=field)
