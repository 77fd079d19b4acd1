"""The clock of a plan: it starts with the plan, stands while the clinic is asked or the referral held, and ends."""

from services.program.domain.case import Case, CaseContext, Transition
from services.program.domain.plans import Plan, kept, undecided
from shared.domain.decision import Event
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.portal import ProviderRepliedPlan
from shared.events.program import PlanClockResumed
from shared.events.values import Deadline

DoorMoved = contract_of_service("program", DeadlineMoved)


def opened(plan: Plan, business_days: int, context: CaseContext) -> tuple[Plan, Deadline]:
    """The plan with the door of its state open for so many business days of the contract's calendar, at least one."""
    last_on = context.calendar.add_business_days(context.today, max(1, business_days))
    door = Deadline(name=plan.door, due_at=context.calendar.end_of(last_on))
    return plan._replace(deadline=door, stopped=0), door


def days_left(plan: Plan, context: CaseContext) -> int:
    """Business days that the open or stopped door has left, at least one."""
    if plan.deadline is None:
        return max(1, plan.stopped)
    last_on = context.calendar.day_of(plan.deadline.due_at)
    return max(1, context.calendar.business_days_between(context.today, last_on))


def run_decision(case: Case, plan: Plan, context: CaseContext, reply: ProviderRepliedPlan | None = None) -> Transition:
    """The decision's clock runs on with the business days it had, for the reply came or was not given in time."""
    running, door = opened(plan._replace(status="submitted"), plan.days_left, context)
    after = running._replace(days_left=0, revision=case.revision if reply else plan.revision)
    said = PlanClockResumed(
        referral_id=case.id,
        revision=case.revision,
        plan=plan.plan,
        replied=reply is not None,
        reply_id=reply.document_id if reply else None,
        reply_sha256=reply.document_sha256 if reply else None,
        deadline=door,
    )
    return stopped_if_held(planned(case, after), (said,), context)


def planned(case: Case, plan: Plan) -> Case:
    """The case with a plan as changed."""
    return case._replace(plans=kept(case.plans, plan))


def stopped_if_held(case: Case, said: tuple[Event, ...], context: CaseContext) -> Transition:
    """What was said; a door that it opened stands still where the referral does."""
    moved = Transition(case, said)
    return moved.then(hold(case, context)) if case.holds else moved


def hold(case: Case, context: CaseContext) -> Transition:
    """The referral stands still: the open door keeps its business days; one that is overdue by now stays so."""
    plan = undecided(case.plans)
    if plan is None or plan.deadline is None or plan.deadline.due_at <= context.at:
        return Transition(case)
    still = plan._replace(deadline=None, stopped=days_left(plan, context))
    return Transition(planned(case, still), (DoorMoved(record_key=case.id, name=plan.door),))


def resume(case: Case, context: CaseContext) -> Transition:
    """The referral goes on: the door has the business days left that it had, at least one."""
    plan = undecided(case.plans)
    if plan is None or not plan.stopped:
        return Transition(case)
    running, door = opened(plan, plan.stopped, context)
    return Transition(planned(case, running), (DoorMoved(record_key=case.id, name=door.name, due_at=door.due_at),))
