"""An officer decides a plan, line by line."""

from collections.abc import Iterator

from services.program.domain import obligations
from services.program.domain.case import Case, CaseContext, Transition, not_there, settled, stale
from services.program.domain.plan_asking import wrong_state
from services.program.domain.plan_grants import (
    Change,
    DecisionContext,
    NewId,
    Verdict,
    begins,
    grants,
    is_past,
    no_longer_deemed,
    replaced,
)
from services.program.domain.plan_lines import flaw, over_limit, units_faults, units_held
from services.program.domain.plans import Plan, find_plan, undecided
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Event, Refusal, Violation
from shared.events.portal import DecidedLine, OfficerDecidedPlan
from shared.events.program import PlanApproved, PlanDeclined, PlanLine

_REASONS = code_list("plan-reasons")


def decide(case: Case | None, context: CaseContext | None, act: OfficerDecidedPlan, new_id: NewId) -> Decision:
    """Each line is granted in whole, in part or not; what was deemed granted is granted anew from the next day."""
    plan = find_plan(case.plans, act.plan) if case else None
    if case is None or context is None or plan is None:
        return not_there()
    if refusal := _out_of_place(case, plan):
        return refusal
    if act.seen < plan.revision:
        return stale("plan", plan.revision)
    matter = DecisionContext(case, plan, context, context.today)
    if flaws := tuple(_faults(act, matter)):
        return Refusal(flaws)
    return settled(case, _decided(act, matter._replace(case=case.next), new_id))


def _out_of_place(case: Case, plan: Plan) -> Refusal | None:
    """A plan that cannot be decided now, whatever is said of it."""
    if case.billing_final:
        said = flaw("BILLING-FINAL", "plan", "nothing can be billed any more", "nothing is left to do")
        return Refusal((said,), ("none",))
    if not (plan.is_undecided or plan.status == "deemed"):
        return wrong_state(plan)
    open_one = undecided(case.plans)
    if open_one and open_one.plan != plan.plan:
        return wrong_state(open_one, "another plan waits for its decision and is decided first")
    return None


def _said(act: OfficerDecidedPlan, matter: DecisionContext) -> Iterator[tuple[PlanLine, DecidedLine, str]]:
    """Each line of the plan with what is said of it, and where."""
    said = {line.line: (line, f"lines.{n}") for n, line in enumerate(act.lines)}
    return ((line, *said[line.line]) for line in matter.plan.lines if line.line in said)


def _faults(act: OfficerDecidedPlan, matter: DecisionContext) -> Iterator[Violation]:
    """What is wrong with the decision, all at once."""
    lines = {line.line: line for line in matter.plan.lines}
    named: set[str] = set()
    for n, said in enumerate(act.lines):
        if said.line not in lines or said.line in named:
            rule = "the line is decided twice" if said.line in named else "the plan has no such line"
            fix = f"decide each of its lines once: {wording.together(lines)}"
            yield flaw("LINE-UNKNOWN", f"lines.{n}.line", rule, fix)
        named.add(said.line)
    for name in lines:
        if name not in named:
            yield flaw("FIELD-MISSING", "lines", f"line {name} is not decided", f"decide line {name}")
    for line, told, field in _said(act, matter):
        yield from _faults_of(told, line, field, matter)
    yield from _too_many(act, matter)


def _faults_of(said: DecidedLine, line: PlanLine, field: str, matter: DecisionContext) -> Iterator[Violation]:
    """Not more than asked for; less has its reason; days that are gone cannot be granted anew."""
    fee = matter.context.fee_on(line.code, line.from_on)
    if not 0 <= said.units <= line.units:
        most = wording.number(line.units)
        rule = f"{most} were asked for; less than none or more than that cannot be granted"
        yield flaw("LIMIT", f"{field}.units", rule, f"grant from 0 to {most}")
    elif said.units not in {0, line.units}:
        yield from units_faults(said.units, fee.step if fee else None, f"{field}.units")
    if said.units < line.units and not _REASONS.allows(said.reason_code, matter.context.today, "officer"):
        rule = "fewer units are granted than were asked for, and no reason from the list is given"
        yield flaw("REASON-MISSING", f"{field}.reason_code", rule, "choose why it is less")
    if said.units and is_past(line, matter):
        rule = (
            "the days of the line have passed; what was deemed granted or replaces a grant is granted for days to come"
        )
        yield flaw("LINE-PAST", f"{field}.units", rule, "grant 0 with a reason; what was done stays payable")


def _too_many(act: OfficerDecidedPlan, matter: DecisionContext) -> Iterator[Violation]:
    """With what stays granted, no code has more than a referral may have."""
    ending = {line.replaces for line, said, _ in _said(act, matter) if said.units}
    have = units_held(matter.case, ending | {g.id for g in matter.plan.grants})
    for line, said, field in _said(act, matter):
        fee = matter.context.fee_on(line.code, line.from_on)
        if not 0 < said.units <= line.units or fee is None or fee.max_per_referral is None:
            continue
        have[line.code] += said.units
        if have[line.code] > fee.max_per_referral:
            yield over_limit(fee, have[line.code], f"{field}.units")


def _verdict(line: PlanLine, said: DecidedLine, matter: DecisionContext) -> Verdict:
    """What the officer says of a line, and from when it holds."""
    reason = said.reason_code if said.units < line.units else None
    return Verdict(line, said.units, begins(line, matter), reason)


def _decided(act: OfficerDecidedPlan, matter: DecisionContext, new_id: NewId) -> Transition:
    """Approved with what is granted; declined where nothing is."""
    case, plan = matter.case, matter.plan
    verdicts = [_verdict(line, said, matter) for line, said, _ in _said(act, matter)]
    granted = grants(plan, verdicts, new_id)
    ended = (*no_longer_deemed(matter), *replaced([v.line for v in verdicts if v.units], matter))
    change, refused = Change(granted, ended), tuple(_refused(v) for v in verdicts if not v.units)
    after = change.upon(case, plan._replace(status="approved" if granted else "declined", revision=case.revision))
    moved = Transition(after, (_announced(matter, change, refused),))
    if plan.status == "deemed":  # its reports became due when it was deemed granted
        return moved
    return moved.then(obligations.schedule_for_grants(after, granted, matter.context))


def _refused(verdict: Verdict) -> Violation:
    """A line that is not granted, with its reason."""
    code = verdict.reason or ""
    reason = _REASONS.codes[code]
    return flaw(code, f"lines.{verdict.line.line}", reason.wrong, reason.fix)


def _announced(matter: DecisionContext, change: Change, refused: tuple[Violation, ...]) -> Event:
    """The decision, as it is notified."""
    case = matter.case
    if not change.grants:
        return PlanDeclined(
            referral_id=case.id,
            revision=case.revision,
            plan=matter.plan.plan,
            reasons=refused,
            ended=change.ended,
            notified_on=matter.notified_on,
        )
    return PlanApproved(
        referral_id=case.id,
        revision=case.revision,
        plan=matter.plan.plan,
        lines=change.grants,
        declined=refused,
        ended=change.ended,
        notified_on=matter.notified_on,
    )
