"""Plans and amendments that a clinic asks for, and the officer's question about one with its reply."""

from collections.abc import Iterator

from services.program.domain.case import Case
from services.program.domain.context import CaseContext
from services.program.domain.plan_clock import days_left, resume_decision, stop_if_held, with_deadline
from services.program.domain.plan_lines import RequestedLines, faults, priced, requested
from services.program.domain.plans import Plan, find_plan, find_undecided, with_plan
from services.program.domain.refusals import document_faults, not_found, stale, violation
from shared.domain import wording
from shared.domain.decision import Decision, Refusal, Violation
from shared.domain.transition import Transition
from shared.events.portal import (
    OfficerRequestedInformation,
    ProviderRepliedPlan,
    ProviderSubmittedPlan,
    ProviderSubmittedPlanAmendment,
)
from shared.events.program import PlanInformationRequested, PlanSubmitted

_ALLOWED: dict[str, tuple[str, ...]] = {
    "submitted": ("decide", "request-information"),
    "information-requested": ("decide", "reply"),
    "overdue": ("decide",),
    "deemed": ("decide", "amend"),
    "approved": ("amend",),
    "declined": ("submit",),
}
# the predicate of a sentence about a plan with this status
_STATUS_SENTENCES: dict[str, str] = {
    "submitted": "waits for the officer's decision",
    "information-requested": "waits for the clinic's answer",
    "overdue": "waits for the officer's decision, which is overdue",
    "deemed": "is deemed approved",
    "approved": "is approved",
    "declined": "was declined",
    "discontinued": "has ended",
}


def submit(case: Case, action: ProviderSubmittedPlan, context: CaseContext) -> Decision:
    """Take a plan for what the referral itself does not cover; the clock of the decision starts."""
    if refusal := _refused_now(case):
        return refusal
    return _submit(case, requested(action.lines, None, context), context, ())


def amend(case: Case, action: ProviderSubmittedPlanAmendment, context: CaseContext) -> Decision:
    """Take a change or an extension of a plan that was decided."""
    if refusal := _refused_now(case):
        return refusal
    amended = find_plan(case.plans, action.amends)
    if amended and action.seen < amended.revision:
        return stale("plan", amended.revision)
    numbers = wording.either(str(p.plan) for p in case.plans)
    fix = f"amend plan {numbers}" if numbers else "send in a plan first"
    unknown = () if amended else (violation("PLAN-UNKNOWN", "amends", "there is no such plan", fix),)
    return _submit(case, requested(action.lines, action.amends, context), context, unknown)


def _refused_now(case: Case) -> Refusal | None:
    """Return why no plan can be asked for now: not begun, ended, held, or another plan is undecided."""
    if flaws := tuple(_closed(case)):
        return Refusal(flaws, ("none",))
    undecided = find_undecided(case.plans)
    return wrong_status(undecided, "another plan is not decided yet") if undecided else None


def _closed(case: Case) -> Iterator[Violation]:
    """Yield why nothing can be asked for in this case."""
    if case.initial_visit_on is None:
        yield Violation(code="REF-STATE", rule="the program has not started yet", fix="ask once it has")
    if case.ended or case.billing_final:
        over = {"withdrawn": "was withdrawn", "discharged": "is discharged"}.get(case.ended or "", "is closed")
        yield Violation(code="REF-STATE", rule=f"the referral {over}", fix="nothing is left to do")
    if case.holds:
        yield Violation(code="REF-HELD", rule="the referral is on hold", fix="ask once the hold is lifted")


def wrong_status(plan: Plan, rule: str = "") -> Refusal:
    """Return the refusal of an action that the status of a plan does not allow."""
    sentence = f"plan {plan.plan} {_STATUS_SENTENCES[plan.status]}"
    fix = "open it again and do what it allows"
    flaw = violation("PLAN-STATE", "plan", f"{rule}: {sentence}" if rule else sentence, fix)
    return Refusal((flaw,), _ALLOWED.get(plan.status, ("none",)))


def _submit(case: Case, lines: RequestedLines, context: CaseContext, unknown: tuple[Violation, ...]) -> Decision:
    """Put the priced plan before the officer, or return everything that is wrong with it."""
    if flaws := (*unknown, *faults(lines, case, context)):
        return Refusal(flaws)
    transition = Transition.of(case)
    fees = tuple(fee.cents for fee in lines.fees if fee is not None)
    new = Plan(len(case.plans) + 1, transition.revision, priced(lines), fees, amends=lines.amends)
    plan, deadline = with_deadline(new, context.contract.decision_days, context)
    return (
        transition.to(plans=with_plan(case.plans, plan))
        .announce(PlanSubmitted, plan=plan.plan, amends=plan.amends, lines=plan.lines, deadline=deadline)
        .outcome()
    )


def request_information(case: Case, action: OfficerRequestedInformation, context: CaseContext) -> Decision:
    """Ask the clinic about a plan, once; the decision's clock stops until the reply or the last day for it."""
    plan = find_plan(case.plans, action.plan)
    if plan is None:
        return not_found()
    if plan.status != "submitted" or plan.asked:
        return _no_question(plan)
    if action.seen < plan.revision:
        return stale("plan", plan.revision)
    if flaws := tuple(document_faults(action.question_id, action.question_sha256, "question")):
        return Refusal(flaws)
    transition = Transition.of(case)
    asked = plan._replace(
        status="information-requested", asked=True, days_left=days_left(plan, context), revision=transition.revision
    )
    waiting, deadline = with_deadline(asked, context.contract.information_days, context)
    announced = transition.to(plans=with_plan(case.plans, waiting)).announce(
        PlanInformationRequested,
        plan=plan.plan,
        question_id=action.question_id or "",
        question_sha256=action.question_sha256 or "",
        deadline=deadline,
    )
    return stop_if_held(announced, context).outcome()


def _no_question(plan: Plan) -> Refusal:
    """Return why the clinic cannot be asked about a plan."""
    if plan.status != "submitted":
        return wrong_status(plan)
    rule = "the clinic was asked about this plan already, and can be asked once only"
    return Refusal((violation("PLAN-STATE", "plan", rule, "decide it"),), ("decide",))


def reply(case: Case, action: ProviderRepliedPlan, context: CaseContext) -> Decision:
    """Take the clinic's reply to a question; the decision's clock runs on."""
    plan = find_plan(case.plans, action.plan)
    if plan is None:
        return not_found()
    if plan.status != "information-requested":
        return wrong_status(plan)
    if action.seen < plan.revision:
        return stale("plan", plan.revision)
    if flaws := tuple(document_faults(action.document_id, action.document_sha256, "document")):
        return Refusal(flaws)
    return resume_decision(Transition.of(case), plan, context, action).outcome()
