"""What becomes of a plan that nobody decides in time, and of every plan when the referral is over."""

from datetime import date

from services.program.domain import obligations
from services.program.domain.case import Case, CaseContext, Transition, settled
from services.program.domain.plan_clock import DoorMoved, planned, run_decision
from services.program.domain.plan_grants import DAY, Change, DecisionContext, NewId, Verdict, begins, grants, replaced
from services.program.domain.plans import Plan, undecided
from shared.domain.decision import Outcome
from shared.events.portal import DeadlineReached
from shared.events.program import (
    Ended,
    PlanDecisionOverdue,
    PlanDeemedApproved,
    PlanDiscontinued,
    PlanLine,
)


def expire(case: Case | None, context: CaseContext | None, reached: DeadlineReached, new_id: NewId) -> Outcome:
    """A door closed: no reply came, or no decision; one that has moved or was answered is no concern."""
    plan = undecided(case.plans) if case else None
    if case is None or context is None or plan is None or plan.deadline is None:
        return Outcome()
    if (plan.deadline.name, plan.deadline.due_at) != (reached.name, reached.due_at):
        return Outcome()
    if plan.status == "information-requested":
        return settled(case, run_decision(case.next, plan, context))
    closed_on = context.calendar.day_of(max(reached.due_at, context.at))
    matter = DecisionContext(case.next, plan, context, closed_on)
    return settled(case, _deem(matter, new_id) or _overdue(matter, reached))


def _overdue(matter: DecisionContext, reached: DeadlineReached) -> Transition:
    """The officer was too slow, and still may decide."""
    case, late = matter.case, matter.plan._replace(status="overdue", deadline=None)
    said = PlanDecisionOverdue(referral_id=case.id, revision=case.revision, plan=late.plan, due_at=reached.due_at)
    return Transition(planned(case, late), (said,))


def _deem(matter: DecisionContext, new_id: NewId) -> Transition | None:
    """Granted as submitted from the next day until a decision is notified, with a certificate of it.

    None where the contract has no such clause, or neither a line nor the program lasts so long.
    """
    case, plan = matter.case, matter.plan
    over = case.last_on or date.max
    said = [_from_the_next_day(line, matter) for line in plan.lines]
    lasting = [v for v in said if v.from_on <= min(v.line.to_on, over)]
    if not matter.context.contract.deemed_approval or not lasting:
        return None
    change = Change(grants(plan, lasting, new_id), replaced([v.line for v in lasting], matter))
    after = change.upon(case, plan._replace(status="deemed"))
    certified = PlanDeemedApproved(
        referral_id=case.id,
        revision=case.revision,
        plan=plan.plan,
        certificate=str(new_id(len(plan.lines))),
        lines=change.grants,
        ended=change.ended,
        from_on=matter.notified_on + DAY,
    )
    return Transition(after, (certified,)).then(obligations.schedule_for_grants(after, change.grants, matter.context))


def _from_the_next_day(line: PlanLine, matter: DecisionContext) -> Verdict:
    """A line as submitted, but never for a day that is gone."""
    return Verdict(line, line.units, max(begins(line, matter), matter.notified_on + DAY))


def discontinue(case: Case, cause: str, on: date) -> Transition:
    """The referral is over: what waits is not decided, what is granted holds no longer than the day."""
    moved = Transition(case)
    for plan in case.plans:
        moved = moved.then(_discontinue(moved.case, plan, cause, on))
    return moved


def _discontinue(case: Case, plan: Plan, cause: str, on: date) -> Transition:
    """One plan; where nothing of it is left to end or to decide, it stays as it is."""
    ended = tuple(Ended(grant=g.id, last_on=on) for g in plan.grants if g.to_on > on)
    if not ended and not (plan.is_undecided or plan.status == "deemed"):
        return Transition(case)
    after = Change((), ended).upon(case, plan._replace(status="discontinued", revision=case.revision))
    said = PlanDiscontinued(referral_id=case.id, revision=case.revision, plan=plan.plan, ended=ended, cause=cause)
    closing = (DoorMoved(record_key=case.id, name=plan.door),) if plan.deadline or plan.stopped else ()
    return Transition(after, (said, *closing))
