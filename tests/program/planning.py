"""A case whose initial report is in, with the fee schedules as bundled; plans are asked for, decided and awaited."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from services.program.domain import plan_clock
from services.program.domain.case import Case
from services.program.domain.context import CaseContext
from services.program.domain.plans import Plan, find_plan
from shared.domain.decision import Decision, Event, Outcome, Refusal
from shared.domain.transition import Transition
from shared.events.portal import (
    DeadlineReached,
    OfficerDecidedPlan,
    OfficerRequestedInformation,
    ProviderRepliedPlan,
    ProviderSubmittedPlan,
    ProviderSubmittedPlanAmendment,
)
from shared.events.procurement import FeeSchedulePublished
from shared.events.program import ProgramPublished
from tests.program.context import (
    BC,
    CATALOGUE,
    CLINIC,
    CRRTW,
    ID,
    OFFICER,
    SHA256,
    Left,
    answer,
    at,
    case_in,
    contract,
    left,
    new_id,
    started,
)

NETWORK = Path(__file__).parents[2] / "data" / "network"
FEES = tuple(
    FeeSchedulePublished.model_validate(said) for said in tomllib.loads((NETWORK / "fees.toml").read_text())["schedule"]
)
OR1 = ProgramPublished.model_validate(tomllib.loads((CATALOGUE / "or1.toml").read_text()))
ASKED_ON = date(2024, 11, 14)  # a Thursday; three business days later is Tuesday the 19th
DECIDED_ON = date(2024, 11, 18)
DUE_ON = date(2024, 11, 19)
VISIT: Mapping[str, Any] = {
    "line": "visit", "code": "CR-JSV", "units": "3.25", "from_on": date(2024, 11, 11), "to_on": date(2024, 12, 6),
    "discipline": "kinesiologist", "goal": "adapt-workplace",
}  # fmt: skip
WEEKS: Mapping[str, Any] = {
    "line": "weeks", "code": "CR-WK", "units": "4", "from_on": date(2024, 11, 18), "to_on": date(2024, 12, 15),
    "discipline": "physical_therapist", "goal": "return-to-own-job",
}  # fmt: skip
COUNSEL: Mapping[str, Any] = {
    "line": "talks", "code": "CR-SUP-CNS", "units": "6", "from_on": date(2024, 11, 18), "to_on": date(2024, 12, 15),
    "discipline": "clinical_counsellor", "goal": "overcome-barriers",
}  # fmt: skip
MORE: Mapping[str, Any] = {
    "line": "more", "code": "CR-EXT", "units": "2", "from_on": date(2024, 12, 16), "to_on": date(2024, 12, 29),
    "discipline": "physical_therapist", "goal": "increase-capacity",
}  # fmt: skip


def context(day: date, hour: int = 12, entry: ProgramPublished = CRRTW, **terms: Any) -> CaseContext:
    """The context of a decision on that day, under a contract with these terms."""
    return CaseContext(at(day, hour), new_id, BC, entry, (contract(**terms),), FEES)


def reported(status: Any = "accepted") -> Case:
    """A case with its initial report."""
    case = started()
    initial = case.obligation("initial")
    assert initial is not None
    return case._replace(obligations=case.obligations_with(initial._replace(status=status)))


def submit(
    case: Case | None, *lines: Mapping[str, Any], on: CaseContext | None = None, site: str = "van-1"
) -> Decision:
    on = on or context(ASKED_ON)
    by = {"by": CLINIC, "received_at": on.at, "seen": 0, "idempotency_key": "k", "referral_id": ID}
    return answer(case, ProviderSubmittedPlan.model_validate({**by, "site_id": site, "lines": lines}), on)


def amend(case: Case, amends: int, *lines: Mapping[str, Any], on: CaseContext, seen: int = 99) -> Decision:
    by = {"by": CLINIC, "received_at": on.at, "seen": seen, "idempotency_key": "k", "referral_id": ID}
    members = {**by, "site_id": "van-1", "amends": amends, "lines": lines}
    return answer(case, ProviderSubmittedPlanAmendment.model_validate(members), on)


def ask(case: Case, on: CaseContext, plan: int = 1, seen: int = 99, question: str | None = "q-1") -> Decision:
    action = OfficerRequestedInformation(
        by=OFFICER, received_at=on.at, seen=seen, idempotency_key="k", referral_id=ID, plan=plan,
        question_id=question, question_sha256=SHA256,
    )  # fmt: skip
    return answer(case, action, on)


def reply(case: Case, on: CaseContext, plan: int = 1, seen: int = 99, document: str | None = "d-1") -> Decision:
    action = ProviderRepliedPlan(
        by=CLINIC, received_at=on.at, seen=seen, idempotency_key="k", referral_id=ID, site_id="van-1", plan=plan,
        document_id=document, document_sha256=SHA256,
    )  # fmt: skip
    return answer(case, action, on)


def decide(
    case: Case | None, on: CaseContext, *lines: tuple[str, str] | tuple[str, str, str], plan: int = 1, seen: int = 99
) -> Decision:
    decided = [dict(zip(("line", "units", "reason_code"), line, strict=False)) for line in lines]
    by = {"by": OFFICER, "received_at": on.at, "seen": seen, "idempotency_key": "k", "referral_id": ID}
    return answer(case, OfficerDecidedPlan.model_validate({**by, "plan": plan, "lines": decided}), on)


def close(case: Case, on: CaseContext) -> Decision:
    """The deadline of the newest plan, as it runs, is reached."""
    deadline = case.plans[-1].deadline
    assert deadline is not None
    reached = DeadlineReached(record_key=ID, service="program", name=deadline.name, due_at=deadline.due_at)
    return answer(case, reached, on)


def held(case: Case, on: CaseContext) -> Case:
    """The case on hold from then on, its plan's clock stopped."""
    return stopped(case._replace(holds=("claim",), held_at=on.at), on).case


def stopped(case: Case, on: CaseContext) -> Left:
    return left(case, plan_clock.stop(Transition.of(case), on))


def resumed(case: Case, on: CaseContext) -> Outcome:
    return plan_clock.run(Transition.of(case).to(holds=(), held_at=None), on).outcome()


def waiting(*lines: Mapping[str, Any], on: CaseContext | None = None) -> Case:
    """A case with a plan that waits for its decision."""
    return case_in(submit(reported(), *(lines or (VISIT, WEEKS)), on=on))


def approved(*lines: Mapping[str, Any]) -> Case:
    """A case with a plan that was approved as asked."""
    lines = lines or (VISIT, WEEKS)
    return case_in(decide(waiting(*lines), context(DECIDED_ON), *((str(x["line"]), str(x["units"])) for x in lines)))


def deemed(*lines: Mapping[str, Any]) -> Case:
    """A case with a plan that nobody decided in time, under a contract that grants it then."""
    on = context(DUE_ON, 23, deemed_approval=True)
    return case_in(close(waiting(*(lines or (VISIT, WEEKS))), on))


def plan_of(case: Case, number: int = 1) -> Plan:
    plan = find_plan(case.plans, number)
    assert plan is not None
    return plan


def grant_of(case: Case, line: str, number: int = 1) -> str:
    """The id of the newest grant of a line."""
    return [g.id for g in plan_of(case, number).grants if g.grant.line == line][-1]


def codes(decision: Decision) -> set[tuple[str, str | None]]:
    """Return what is wrong, and where."""
    assert isinstance(decision, Refusal), decision
    return {(f.code, f.field) for f in decision.flaws}


def allowed(decision: Decision) -> tuple[str, ...]:
    assert isinstance(decision, Refusal), decision
    return decision.allowed


def the(kind: type[Event], decision: object) -> Any:
    """The one event of a kind that was announced."""
    assert isinstance(decision, Outcome), decision
    (event,) = [e for e in decision.events if isinstance(e, kind)]
    return event
