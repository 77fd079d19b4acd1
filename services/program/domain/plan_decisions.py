"""The officer's decision on a plan, line by line."""

from collections.abc import Iterator

from services.program.domain import obligations
from services.program.domain.case import Case, CaseTransition
from services.program.domain.context import CaseContext
from services.program.domain.plan_grants import (
    GrantChange,
    LineDecision,
    PlanContext,
    first_day,
    grants,
    is_past,
    no_longer_deemed,
    replaced,
)
from services.program.domain.plan_lines import over_limit, units_faults, units_held
from services.program.domain.plan_requests import wrong_status
from services.program.domain.plans import Plan, find_plan, find_undecided
from services.program.domain.refusals import missing, not_found, stale, violation
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Refusal, Violation
from shared.domain.transition import Transition
from shared.events.portal import DecidedLine, OfficerDecidedPlan
from shared.events.program import PlanApproved, PlanDeclined, PlanLine

_REASONS = code_list("plan-reasons")


def decide(case: Case, action: OfficerDecidedPlan, context: CaseContext) -> Decision:
    """Grant each line in whole, in part or not; a plan that was deemed approved is granted anew from the next day."""
    plan = find_plan(case.plans, action.plan)
    if plan is None:
        return not_found()
    if refusal := _refused_now(case, plan):
        return refusal
    if action.seen < plan.revision:
        return stale("plan", plan.revision)
    plan_context = PlanContext(case, plan, context, context.today)
    if flaws := tuple(_faults(action, plan_context)):
        return Refusal(flaws)
    return _decide(Transition.of(case), action, plan_context).outcome()


def _refused_now(case: Case, plan: Plan) -> Refusal | None:
    """Return why the plan cannot be decided now, whatever the decision is; None if it can."""
    if case.billing_final:
        flaw = violation("BILLING-FINAL", "plan", "nothing can be billed any more", "nothing is left to do")
        return Refusal((flaw,), ("none",))
    if not (plan.is_undecided or plan.status == "deemed"):
        return wrong_status(plan)
    undecided = find_undecided(case.plans)
    if undecided and undecided.plan != plan.plan:
        return wrong_status(undecided, "another plan waits for its decision and is decided first")
    return None


def _decided_lines(action: OfficerDecidedPlan, context: PlanContext) -> Iterator[tuple[PlanLine, DecidedLine, str]]:
    """Yield each line of the plan with the officer's decision on it and the field of the action."""
    decided = {line.line: (line, f"lines.{n}") for n, line in enumerate(action.lines)}
    return ((line, *decided[line.line]) for line in context.plan.lines if line.line in decided)


def _faults(action: OfficerDecidedPlan, context: PlanContext) -> Iterator[Violation]:
    """Yield everything that is wrong with the decision."""
    lines = {line.line: line for line in context.plan.lines}
    named: set[str] = set()
    for n, decided in enumerate(action.lines):
        if decided.line not in lines or decided.line in named:
            rule = "the line is decided twice" if decided.line in named else "the plan has no such line"
            fix = f"decide each of its lines once: {wording.together(lines)}"
            yield violation("LINE-UNKNOWN", f"lines.{n}.line", rule, fix)
        named.add(decided.line)
    for name in lines:
        if name not in named:
            yield missing("lines", f"line {name} is not decided", f"decide line {name}")
    for line, decided, field in _decided_lines(action, context):
        yield from _line_faults(decided, line, field, context)
    yield from _limit_faults(action, context)


def _line_faults(decided: DecidedLine, line: PlanLine, field: str, context: PlanContext) -> Iterator[Violation]:
    """Yield a violation for more units than asked for, fewer without a reason, and days that are gone."""
    fee = context.decided_by.fee_on(line.code, line.from_on)
    if not 0 <= decided.units <= line.units:
        most = wording.number(line.units)
        rule = f"{most} were asked for; less than none or more than that cannot be granted"
        yield violation("LIMIT", f"{field}.units", rule, f"grant from 0 to {most}")
    elif decided.units not in {0, line.units}:
        yield from units_faults(decided.units, fee.step if fee else None, f"{field}.units")
    if decided.units < line.units and not _REASONS.allows(decided.reason_code, context.decided_by.today, "officer"):
        rule = "fewer units are granted than were asked for, and no reason from the list is given"
        yield violation("REASON-MISSING", f"{field}.reason_code", rule, "choose why it is less")
    if decided.units and is_past(line, context):
        rule = (
            "the days of the line have passed; what was deemed granted or replaces a grant is granted for days to come"
        )
        fix = "grant 0 with a reason; what was done stays payable"
        yield violation("LINE-PAST", f"{field}.units", rule, fix)


def _limit_faults(action: OfficerDecidedPlan, context: PlanContext) -> Iterator[Violation]:
    """Yield a violation for each line that brings a code, with what stays granted, over its limit per referral."""
    ending = {line.replaces for line, decided, _ in _decided_lines(action, context) if decided.units}
    held = units_held(context.case, ending | {g.id for g in context.plan.grants})
    for line, decided, field in _decided_lines(action, context):
        fee = context.decided_by.fee_on(line.code, line.from_on)
        if not 0 < decided.units <= line.units or fee is None or fee.max_per_referral is None:
            continue
        held[line.code] += decided.units
        if held[line.code] > fee.max_per_referral:
            yield over_limit(fee, held[line.code], f"{field}.units")


def _line_decision(line: PlanLine, decided: DecidedLine, context: PlanContext) -> LineDecision:
    """Return what is granted of a line and from which day."""
    reason = decided.reason_code if decided.units < line.units else None
    return LineDecision(line, decided.units, first_day(line, context), reason)


def _decide(transition: CaseTransition, action: OfficerDecidedPlan, context: PlanContext) -> CaseTransition:
    """Approve the plan with what is granted, or decline it where nothing is."""
    plan = context.plan
    decisions = [_line_decision(line, decided, context) for line, decided, _ in _decided_lines(action, context)]
    granted = grants(plan, decisions, context.decided_by.new_id)
    ended = (*no_longer_deemed(context), *replaced([d.line for d in decisions if d.units], context))
    declined = tuple(_declined_line(d) for d in decisions if not d.units)
    after = plan._replace(status="approved" if granted else "declined", revision=transition.revision)
    transition = transition.to(plans=GrantChange(granted, ended).apply(context.case.plans, after))
    notice = {"plan": plan.plan, "ended": ended, "notified_on": context.notified_on}
    if not granted:
        return transition.announce(PlanDeclined, reasons=declined, **notice)
    transition = transition.announce(PlanApproved, lines=granted, declined=declined, **notice)
    if plan.status == "deemed":  # its reports were scheduled when it was deemed approved
        return transition
    return obligations.schedule_for_grants(transition, granted, context.decided_by)


def _declined_line(decision: LineDecision) -> Violation:
    """Return a line that is not granted, with the officer's reason in the words of the code list."""
    code = decision.reason or ""
    reason = _REASONS.codes[code]
    return violation(code, f"lines.{decision.line.line}", reason.wrong, reason.fix)
