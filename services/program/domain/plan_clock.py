"""The clock of a plan: it starts with the plan, and stops while the clinic is asked or the referral is held."""

from services.program.domain.case import CaseTransition
from services.program.domain.context import CaseContext
from services.program.domain.plans import Plan, find_undecided, with_plan
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.portal import ProviderRepliedPlan
from shared.events.program import PlanClockResumed
from shared.events.values import Deadline

PlanDeadlineMoved = contract_of_service("program", DeadlineMoved)


def with_deadline(plan: Plan, business_days: int, context: CaseContext) -> tuple[Plan, Deadline]:
    """Return the plan with the deadline of its status, so many business days from today and at least one, and this."""
    last_on = context.calendar.add_business_days(context.today, max(1, business_days))
    deadline = Deadline(name=plan.deadline_name, due_at=context.calendar.end_of(last_on))
    return plan._replace(deadline=deadline, stopped=0), deadline


def days_left(plan: Plan, context: CaseContext) -> int:
    """Return the business days that the running or stopped deadline has left, at least one."""
    if plan.deadline is None:
        return max(1, plan.stopped)
    last_on = context.calendar.day_of(plan.deadline.due_at)
    return max(1, context.calendar.business_days_between(context.today, last_on))


def resume_decision(
    transition: CaseTransition, plan: Plan, context: CaseContext, reply: ProviderRepliedPlan | None = None
) -> CaseTransition:
    """Let the decision's clock run on with the days it had left, after the reply or, without one, after its time."""
    running, deadline = with_deadline(plan._replace(status="submitted"), plan.days_left, context)
    after = running._replace(days_left=0, revision=transition.revision if reply else plan.revision)
    resumed = transition.to(plans=with_plan(transition.document.plans, after)).announce(
        PlanClockResumed,
        plan=plan.plan,
        replied=reply is not None,
        reply_id=reply.document_id if reply else None,
        reply_sha256=reply.document_sha256 if reply else None,
        deadline=deadline,
    )
    return stop_if_held(resumed, context)


def stop_if_held(transition: CaseTransition, context: CaseContext) -> CaseTransition:
    """Stop a deadline that the transition has just started where the referral is held."""
    return stop(transition, context) if transition.document.holds else transition


def stop(transition: CaseTransition, context: CaseContext) -> CaseTransition:
    """Stop the running deadline, which keeps its business days; one that has passed by now stays."""
    plan = find_undecided(transition.document.plans)
    if plan is None or plan.deadline is None or plan.deadline.due_at <= context.at:
        return transition
    stopped = plan._replace(deadline=None, stopped=days_left(plan, context))
    moved = PlanDeadlineMoved(record_key=transition.document.id, name=plan.deadline_name)
    return transition.to(plans=with_plan(transition.document.plans, stopped)).also(moved)


def run(transition: CaseTransition, context: CaseContext) -> CaseTransition:
    """Let a stopped deadline run again with the business days it had left, at least one."""
    plan = find_undecided(transition.document.plans)
    if plan is None or not plan.stopped:
        return transition
    running, deadline = with_deadline(plan, plan.stopped, context)
    moved = PlanDeadlineMoved(record_key=transition.document.id, name=deadline.name, due_at=deadline.due_at)
    return transition.to(plans=with_plan(transition.document.plans, running)).also(moved)
