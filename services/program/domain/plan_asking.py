"""A clinic asks for a plan or amends one, and answers what the officer wants to know about it."""

import re
from collections.abc import Iterator
from typing import TypeAlias

from services.program.domain.case import Case, CaseContext, Transition, at_clinic, not_there, settled, stale
from services.program.domain.plan_clock import days_left, opened, planned, run_decision, stopped_if_held
from services.program.domain.plan_lines import Asked, asked, faults, flaw, priced
from services.program.domain.plans import Plan, find_plan, undecided
from shared.domain import wording
from shared.domain.decision import Decision, Refusal, Violation
from shared.events.portal import (
    OfficerRequestedInformation,
    ProviderRepliedPlan,
    ProviderSubmittedPlan,
    ProviderSubmittedPlanAmendment,
)
from shared.events.program import PlanInformationRequested, PlanSubmitted

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ALLOWED: dict[str, tuple[str, ...]] = {
    "submitted": ("decide", "request-information"),
    "information-requested": ("decide", "reply"),
    "overdue": ("decide",),
    "deemed": ("decide", "amend"),
    "approved": ("amend",),
    "declined": ("submit",),
}
# what a plan with a status is, after its number
_STANDS: dict[str, str] = {
    "submitted": "waits for the officer's decision",
    "information-requested": "waits for the clinic's answer",
    "overdue": "waits for the officer's decision, which is overdue",
    "deemed": "is deemed approved",
    "approved": "is approved",
    "declined": "was declined",
    "discontinued": "has ended",
}
Asking: TypeAlias = ProviderSubmittedPlan | ProviderSubmittedPlanAmendment


def submit(case: Case | None, context: CaseContext | None, act: ProviderSubmittedPlan) -> Decision:
    """A clinic asks for what the referral itself does not cover; the officer's clock starts."""
    mine = _asking(case, act)
    if isinstance(mine, Refusal) or context is None:
        return mine if isinstance(mine, Refusal) else not_there()
    return _ask(mine, asked(act.lines, None, context), context, ())


def amend(case: Case | None, context: CaseContext | None, act: ProviderSubmittedPlanAmendment) -> Decision:
    """A clinic changes or extends a plan that was decided."""
    mine = _asking(case, act)
    if isinstance(mine, Refusal) or context is None:
        return mine if isinstance(mine, Refusal) else not_there()
    before = find_plan(mine.plans, act.amends)
    if before and act.seen < before.revision:
        return stale("plan", before.revision)
    known = wording.either(str(p.plan) for p in mine.plans)
    fix = f"amend plan {known}" if known else "send in a plan first"
    unknown = () if before else (flaw("PLAN-UNKNOWN", "amends", "there is no such plan", fix),)
    return _ask(mine, asked(act.lines, act.amends, context), context, unknown)


def _asking(case: Case | None, act: Asking) -> Case | Refusal:
    """The clinic's case, where it may ask now: begun, neither ended nor held, with no other plan undecided."""
    mine = at_clinic(case, act)
    if isinstance(mine, Refusal):
        return mine
    if flaws := tuple(_closed(mine)):
        return Refusal(flaws, ("none",))
    before = undecided(mine.plans)
    return wrong_state(before, "another plan is not decided yet") if before else mine


def _closed(case: Case) -> Iterator[Violation]:
    """Why nothing may be asked for."""
    if case.initial_visit_on is None:
        yield Violation(code="REF-STATE", rule="the program has not started yet", fix="ask once it has")
    if case.ended or case.billing_final:
        over = {"withdrawn": "was withdrawn", "discharged": "is discharged"}.get(case.ended or "", "is closed")
        yield Violation(code="REF-STATE", rule=f"the referral {over}", fix="nothing is left to do")
    if case.holds:
        yield Violation(code="REF-HELD", rule="the referral is on hold", fix="ask once the hold is lifted")


def wrong_state(plan: Plan, rule: str = "") -> Refusal:
    """What became of a plan does not allow it."""
    stands = f"plan {plan.plan} {_STANDS[plan.status]}"
    said = flaw("PLAN-STATE", "plan", f"{rule}: {stands}" if rule else stands, "open it again and do what it allows")
    return Refusal((said,), _ALLOWED.get(plan.status, ("none",)))


def _ask(case: Case, lines: Asked, context: CaseContext, unknown: tuple[Violation, ...]) -> Decision:
    """Priced and put before the officer; or everything that is wrong with it."""
    if flaws := (*unknown, *faults(lines, case, context)):
        return Refusal(flaws)
    raised = case.next
    fees = tuple(fee.cents for fee in lines.fees if fee is not None)
    new = Plan(len(case.plans) + 1, raised.revision, priced(lines), fees, amends=lines.amends)
    waiting, door = opened(new, context.contract.decision_days, context)
    said = PlanSubmitted(
        referral_id=case.id,
        revision=raised.revision,
        plan=waiting.plan,
        amends=waiting.amends,
        lines=waiting.lines,
        deadline=door,
    )
    return settled(case, Transition(planned(raised, waiting), (said,)))


def request_information(case: Case | None, context: CaseContext | None, act: OfficerRequestedInformation) -> Decision:
    """The officer asks the clinic, once: the decision's clock stands still until the reply or the last day for it."""
    plan = find_plan(case.plans, act.plan) if case else None
    if case is None or context is None or plan is None:
        return not_there()
    if plan.status != "submitted" or plan.asked:
        return _not_again(plan)
    if act.seen < plan.revision:
        return stale("plan", plan.revision)
    if flaws := tuple(_document(act.question_id, act.question_sha256, "question")):
        return Refusal(flaws)
    raised = case.next
    standing = plan._replace(
        status="information-requested", asked=True, days_left=days_left(plan, context), revision=raised.revision
    )
    waiting, door = opened(standing, context.contract.information_days, context)
    said = PlanInformationRequested(
        referral_id=case.id,
        revision=raised.revision,
        plan=plan.plan,
        question_id=act.question_id or "",
        question_sha256=act.question_sha256 or "",
        deadline=door,
    )
    return settled(case, stopped_if_held(planned(raised, waiting), (said,), context))


def _not_again(plan: Plan) -> Refusal:
    """The plan waits for no question any more."""
    if plan.status != "submitted":
        return wrong_state(plan)
    said = flaw(
        "PLAN-STATE", "plan", "the clinic was asked about this plan already, and can be asked once only", "decide it"
    )
    return Refusal((said,), ("decide",))


def _document(id_: str | None, sha256: str | None, name: str) -> Iterator[Violation]:
    """Words lie in the document store."""
    if not id_:
        yield flaw("FIELD-MISSING", f"{name}_id", "the text is missing", "write it")
    if not _SHA256.fullmatch(sha256 or ""):
        fix = "give the SHA-256 of its bytes, 64 hexadecimal digits"
        yield flaw("FIELD-MISSING", f"{name}_sha256", "the text is named without its hash", fix)


def reply(case: Case | None, context: CaseContext | None, act: ProviderRepliedPlan) -> Decision:
    """The clinic answers what it was asked: the decision's clock runs on."""
    mine = at_clinic(case, act)
    if isinstance(mine, Refusal) or context is None:
        return mine if isinstance(mine, Refusal) else not_there()
    plan = find_plan(mine.plans, act.plan)
    if plan is None:
        return not_there()
    if plan.status != "information-requested":
        return wrong_state(plan)
    if act.seen < plan.revision:
        return stale("plan", plan.revision)
    if flaws := tuple(_document(act.document_id, act.document_sha256, "document")):
        return Refusal(flaws)
    return settled(mine, run_decision(mine.next, plan, context, act))
