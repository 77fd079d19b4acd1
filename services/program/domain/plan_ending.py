"""The end of plans: their deadline passes, or the referral is withdrawn."""

from datetime import date

from services.program.domain import obligations
from services.program.domain.case import Case, CaseTransition
from services.program.domain.context import CaseContext
from services.program.domain.plan_clock import PlanDeadlineMoved, resume_decision
from services.program.domain.plan_grants import (
    DAY,
    GrantChange,
    LineDecision,
    PlanContext,
    first_day,
    grants,
    replaced,
)
from services.program.domain.plans import Plan, find_undecided, with_plan
from shared.domain.decision import Outcome
from shared.domain.transition import Transition
from shared.events.portal import DeadlineReached
from shared.events.program import (
    Ended,
    PlanDecisionOverdue,
    PlanDeemedApproved,
    PlanDiscontinued,
    PlanLine,
)


def expire(case: Case, event: DeadlineReached, context: CaseContext) -> Outcome:
    """Resume the decision's clock without a reply, deem the plan approved, or note that its decision is overdue.

    Does nothing where the deadline belongs to another service, has moved or was met.
    """
    plan = find_undecided(case.plans)
    if event.service != "program" or plan is None or plan.deadline is None:
        return Outcome()
    if (plan.deadline.name, plan.deadline.due_at) != (event.name, event.due_at):
        return Outcome()
    transition = Transition.of(case)
    if plan.status == "information-requested":
        return resume_decision(transition, plan, context).outcome()
    closed_on = context.calendar.day_of(max(event.due_at, context.at))
    deemed = _deem(transition, PlanContext(case, plan, context, closed_on))
    return (deemed or _overdue(transition, plan, event)).outcome()


def _overdue(transition: CaseTransition, plan: Plan, event: DeadlineReached) -> CaseTransition:
    """Note that the officer, who may still decide, did not do so in time."""
    late = plan._replace(status="overdue", deadline=None)
    return transition.to(plans=with_plan(transition.document.plans, late)).announce(
        PlanDecisionOverdue, plan=late.plan, due_at=event.due_at
    )


def _deem(transition: CaseTransition, context: PlanContext) -> CaseTransition | None:
    """Grant the plan as submitted from the next day until a decision is notified, with a certificate.

    Return None where the contract has no such clause, or no line or the program itself ends before that day.
    """
    case, plan, new_id = context.case, context.plan, context.decided_by.new_id
    program_end = case.last_on or date.max
    decisions = [_from_the_next_day(line, context) for line in plan.lines]
    lasting = [d for d in decisions if d.from_on <= min(d.line.to_on, program_end)]
    if not context.decided_by.contract.deemed_approval or not lasting:
        return None
    change = GrantChange(grants(plan, lasting, new_id), replaced([d.line for d in lasting], context))
    deemed = transition.to(plans=change.apply(case.plans, plan._replace(status="deemed"))).announce(
        PlanDeemedApproved,
        plan=plan.plan,
        certificate=str(new_id(len(plan.lines))),
        lines=change.grants,
        ended=change.ended,
        from_on=context.notified_on + DAY,
    )
    return obligations.schedule_for_grants(deemed, change.grants, context.decided_by)


def _from_the_next_day(line: PlanLine, context: PlanContext) -> LineDecision:
    """Return a line as submitted, but from the day after notice at the earliest."""
    return LineDecision(line, line.units, max(first_day(line, context), context.notified_on + DAY))


def discontinue(transition: CaseTransition, cause: str, on: date) -> CaseTransition:
    """End every plan: one that waits is not decided any more, grants hold no longer than the day."""
    for plan in transition.document.plans:
        transition = _discontinue(transition, plan, cause, on)
    return transition


def _discontinue(transition: CaseTransition, plan: Plan, cause: str, on: date) -> CaseTransition:
    """End a plan; one without anything to end or to decide stays as it is."""
    ended = tuple(Ended(grant=g.id, last_on=on) for g in plan.grants if g.to_on > on)
    if not ended and not (plan.is_undecided or plan.status == "deemed"):
        return transition
    over = plan._replace(status="discontinued", revision=transition.revision)
    transition = transition.to(plans=GrantChange((), ended).apply(transition.document.plans, over))
    transition = transition.announce(PlanDiscontinued, plan=plan.plan, ended=ended, cause=cause)
    if plan.deadline is None and not plan.stopped:
        return transition
    return transition.also(PlanDeadlineMoved(record_key=transition.document.id, name=plan.deadline_name))
