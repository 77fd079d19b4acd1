"""The clock of a plan: asked once, stopped by holds, deemed or overdue at its end, and over with the referral."""

from datetime import date

import pytest

from services.program.domain.case import Case
from services.program.domain.plan_clock import PlanDeadlineMoved
from services.program.domain.plan_ending import discontinue
from shared.domain.decision import Outcome
from shared.domain.transition import Transition
from shared.events.portal import DeadlineReached, OfficerRequestedInformation
from shared.events.program import (
    Ended,
    ObligationScheduled,
    PlanClockResumed,
    PlanDecisionOverdue,
    PlanDeemedApproved,
    PlanDiscontinued,
    PlanInformationRequested,
)
from tests.program.context import BC, ID, OFFICER, SHA256, answer, case_in, events_in
from tests.program.planning import (
    ASKED_ON,
    DECIDED_ON,
    DUE_ON,
    MORE,
    VISIT,
    WEEKS,
    allowed,
    amend,
    approved,
    ask,
    close,
    codes,
    context,
    decide,
    deemed,
    grant_of,
    held,
    plan_of,
    reply,
    resumed,
    stopped,
    the,
    waiting,
)

NEXT_DAY = date(2024, 11, 20)


def discontinued(case: Case, on: date) -> Outcome:
    return discontinue(Transition.of(case), "withdrawal", on).outcome()


def test_the_clinic_has_five_business_days_to_reply_while_the_decision_s_clock_is_stopped() -> None:
    decision = ask(waiting(), context(DECIDED_ON))
    event = the(PlanInformationRequested, decision)
    assert (event.plan, event.question_id, event.deadline.name) == (1, "q-1", "plan-information/1")
    assert event.deadline.due_at == BC.end_of(date(2024, 11, 25))
    plan = plan_of(case_in(decision))
    assert (plan.status, plan.asked, plan.days_left) == ("information-requested", True, 1)


def test_the_contract_says_how_long_the_clinic_may_take() -> None:
    event = the(PlanInformationRequested, ask(waiting(), context(DECIDED_ON, information_days=2)))
    assert event.deadline.due_at == BC.end_of(NEXT_DAY)


def test_a_question_is_a_document_with_its_hash() -> None:
    assert codes(ask(waiting(), context(DECIDED_ON), question=None)) == {("FIELD-MISSING", "question_id")}


def test_question_and_reply_carry_id_and_hash_and_need_the_newest_revision() -> None:
    case = waiting()
    asked = ask(case, context(DECIDED_ON), seen=plan_of(case).revision)
    event = the(PlanInformationRequested, asked)
    assert (event.question_id, event.question_sha256) == ("q-1", SHA256)
    now = case_in(asked)
    assert codes(reply(now, context(DECIDED_ON), seen=plan_of(now).revision - 1)) == {("STALE", "seen")}
    announced = the(PlanClockResumed, reply(now, context(DECIDED_ON), seen=plan_of(now).revision))
    assert (announced.replied, announced.reply_id, announced.reply_sha256) == (True, "d-1", SHA256)


def test_a_document_is_named_with_a_hash_that_is_one() -> None:
    case = waiting()
    action = OfficerRequestedInformation(
        by=OFFICER, received_at=context(DECIDED_ON).at, seen=99, idempotency_key="k", referral_id=ID, plan=1,
        question_id="q-1", question_sha256="x",
    )  # fmt: skip
    assert codes(answer(case, action, context(DECIDED_ON))) == {("FIELD-MISSING", "question_sha256")}
    bare = action.model_copy(update={"question_sha256": None})
    assert codes(answer(case, bare, context(DECIDED_ON))) == {("FIELD-MISSING", "question_sha256")}
    assert codes(answer(None, action, context(DECIDED_ON))) == {("NOT-FOUND", "referral_id")}


def test_the_business_days_that_were_left_run_on_from_the_reply() -> None:
    asked = case_in(ask(waiting(), context(date(2024, 11, 15))))  # two business days were left
    decision = reply(asked, context(NEXT_DAY))
    event = the(PlanClockResumed, decision)
    assert (event.replied, event.deadline.name) == (True, "plan-decision/1")
    assert event.deadline.due_at == BC.end_of(date(2024, 11, 22))
    plan = plan_of(case_in(decision))
    assert (plan.status, plan.revision) == ("submitted", event.revision)


def test_a_question_on_the_last_day_leaves_the_officer_one_day_after_the_reply() -> None:
    asked = case_in(ask(waiting(), context(DUE_ON)))
    assert the(PlanClockResumed, reply(asked, context(DUE_ON))).deadline.due_at == BC.end_of(NEXT_DAY)


def test_without_a_reply_the_clock_runs_on_when_the_clinic_s_days_are_over() -> None:
    asked = case_in(ask(waiting(), context(DECIDED_ON)))
    outcome = close(asked, context(date(2024, 11, 25), 23))
    event = the(PlanClockResumed, outcome)
    assert (event.replied, event.deadline.due_at) == (False, BC.end_of(date(2024, 11, 26)))
    after = case_in(outcome)
    assert (plan_of(after).status, plan_of(after).revision) == ("submitted", plan_of(asked).revision)


def test_the_clinic_is_asked_once() -> None:
    answered = case_in(reply(case_in(ask(waiting(), context(DECIDED_ON))), context(DUE_ON)))
    refused = ask(answered, context(DUE_ON))
    assert codes(refused) == {("PLAN-STATE", "plan")}
    assert allowed(refused) == ("decide",)


def test_only_a_plan_that_waits_for_its_decision_is_asked_about() -> None:
    asked = case_in(ask(waiting(), context(DECIDED_ON)))
    assert allowed(ask(asked, context(DECIDED_ON))) == ("decide", "reply")
    assert allowed(ask(approved(), context(DECIDED_ON))) == ("amend",)
    overdue = case_in(close(waiting(), context(DUE_ON, 23)))
    assert allowed(ask(overdue, context(NEXT_DAY))) == ("decide",)
    assert codes(ask(waiting(), context(DECIDED_ON), plan=7)) == {("NOT-FOUND", "referral_id")}
    assert codes(ask(waiting(), context(DECIDED_ON), seen=1)) == {("STALE", "seen")}


def test_a_reply_answers_a_question() -> None:
    assert allowed(reply(waiting(), context(DECIDED_ON))) == ("decide", "request-information")
    asked = case_in(ask(waiting(), context(DECIDED_ON)))
    assert codes(reply(asked, context(DECIDED_ON), document=None)) == {("FIELD-MISSING", "document_id")}
    assert codes(reply(asked, context(DECIDED_ON), seen=2)) == {("STALE", "seen")}
    assert codes(reply(asked, context(DECIDED_ON), plan=2)) == {("NOT-FOUND", "referral_id")}
    assert codes(reply(asked._replace(site_id="van-2"), context(DECIDED_ON))) == {("NOT-YOURS", "site_id")}


def test_a_reply_after_its_deadline_is_refused() -> None:
    asked = case_in(ask(waiting(), context(DECIDED_ON)))
    late = case_in(close(asked, context(date(2024, 11, 25), 23)))
    assert codes(reply(late, context(date(2024, 11, 26)))) == {("PLAN-STATE", "plan")}


def test_without_the_clause_a_plan_that_nobody_decides_is_overdue() -> None:
    outcome = close(waiting(), context(DUE_ON, 23))
    event = the(PlanDecisionOverdue, outcome)
    assert (event.plan, event.due_at) == (1, BC.end_of(DUE_ON))
    plan = plan_of(case_in(outcome))
    assert (plan.status, plan.deadline, plan.grants) == ("overdue", None, ())


def test_with_the_clause_an_undecided_plan_is_granted_as_submitted_from_the_next_day_and_never_earlier() -> None:
    outcome = close(waiting(), context(DUE_ON, 23, deemed_approval=True))
    event = the(PlanDeemedApproved, outcome)
    assert event.from_on == NEXT_DAY
    assert [(g.line, str(g.units), g.from_on, g.to_on, g.cents) for g in event.lines] == [
        ("visit", "3.25", NEXT_DAY, date(2024, 12, 6), 53_625),
        ("weeks", "4", NEXT_DAY, date(2024, 12, 15), 276_000),
    ]
    assert event.certificate not in {g.grant for g in event.lines}
    assert plan_of(case_in(outcome)).status == "deemed"
    assert the(ObligationScheduled, outcome).report == "job-site-visit"


def test_a_deadline_reached_late_grants_from_the_day_after_it_was_reached() -> None:
    event = the(PlanDeemedApproved, close(waiting(), context(NEXT_DAY, 23, deemed_approval=True)))
    assert event.from_on == date(2024, 11, 21)


def test_a_line_whose_days_are_gone_is_not_deemed_granted() -> None:
    short = {**VISIT, "to_on": DUE_ON}
    terms = context(DUE_ON, 23, deemed_approval=True)
    assert [g.line for g in the(PlanDeemedApproved, close(waiting(short, WEEKS), terms)).lines] == ["weeks"]
    assert the(PlanDecisionOverdue, close(waiting(short), terms))


def test_an_amendment_that_is_deemed_granted_ends_what_it_replaces_on_the_day_the_clock_ends() -> None:
    case = approved()
    old = grant_of(case, "visit")
    amended = case_in(amend(case, 1, {**VISIT, "units": "6", "replaces": old}, on=context(ASKED_ON)))
    event = the(PlanDeemedApproved, close(amended, context(DUE_ON, 23, deemed_approval=True)))
    assert event.ended == (Ended(grant=old, last_on=DUE_ON),)
    assert event.lines[0].from_on == NEXT_DAY


def test_a_line_that_is_not_deemed_granted_replaces_nothing() -> None:
    case = approved()
    old = grant_of(case, "visit")
    short = {**VISIT, "to_on": DUE_ON, "replaces": old}
    amended = case_in(amend(case, 1, short, {**WEEKS, "line": "later", "units": "2"}, on=context(ASKED_ON)))
    event = the(PlanDeemedApproved, close(amended, context(DUE_ON, 23, deemed_approval=True)))
    assert [g.line for g in event.lines] == ["later"]
    assert event.ended == ()


def test_nothing_is_deemed_granted_for_days_after_the_program_s_end_and_the_officer_still_decides() -> None:
    over = waiting()._replace(last_on=DUE_ON)
    outcome = close(over, context(DUE_ON, 23, deemed_approval=True))
    assert the(PlanDecisionOverdue, outcome)
    assert isinstance(decide(case_in(outcome), context(NEXT_DAY), ("visit", "3.25"), ("weeks", "4")), Outcome)


def test_a_deadline_that_has_moved_or_was_met_changes_nothing() -> None:
    case, on = waiting(), context(DUE_ON, 23, deemed_approval=True)
    event = DeadlineReached(record_key=ID, service="program", name="plan-decision/1", due_at=BC.end_of(DUE_ON))
    earlier = event.model_copy(update={"due_at": BC.end_of(DECIDED_ON)})
    another = event.model_copy(update={"name": "plan-information/1"})
    assert [answer(case, reached, on) for reached in (earlier, another)] == [Outcome(), Outcome()]
    decided = case_in(decide(case, context(DECIDED_ON), ("visit", "3.25"), ("weeks", "4")))
    asked = case_in(ask(case, context(DECIDED_ON)))
    still = held(case, context(DECIDED_ON))
    assert [answer(now, event, on) for now in (decided, asked, still, None)] == [Outcome()] * 4
    assert answer(case, event, on) != Outcome()


def test_a_hold_stops_the_decision_s_clock_and_it_keeps_its_business_days() -> None:
    moved = stopped(waiting()._replace(holds=("claim",)), context(date(2024, 11, 15)))
    assert moved.events == (PlanDeadlineMoved(record_key=ID, name="plan-decision/1", due_at=None),)
    assert (plan_of(moved.case).deadline, plan_of(moved.case).stopped) == (None, 2)
    outcome = resumed(moved.case, context(date(2024, 12, 2)))
    due_at = BC.end_of(date(2024, 12, 4))
    assert events_in(outcome) == (PlanDeadlineMoved(record_key=ID, name="plan-decision/1", due_at=due_at),)
    deadline = plan_of(case_in(outcome)).deadline
    assert deadline is not None
    assert deadline.due_at == due_at


def test_a_clock_that_is_resumed_has_at_least_one_business_day() -> None:
    still = held(waiting(), context(DUE_ON))
    (event,) = events_in(resumed(still, context(date(2024, 11, 22))))
    assert event == PlanDeadlineMoved(record_key=ID, name="plan-decision/1", due_at=BC.end_of(date(2024, 11, 25)))


def test_a_hold_stops_only_what_is_not_yet_overdue() -> None:
    case = waiting()
    assert stopped(case, context(NEXT_DAY)).case == case
    assert the(PlanDecisionOverdue, close(case, context(NEXT_DAY)))


def test_a_hold_stops_the_clinic_s_clock_too() -> None:
    asked = case_in(ask(waiting(), context(DECIDED_ON)))
    still = held(asked, context(date(2024, 11, 21)))
    (event,) = events_in(resumed(still, context(date(2024, 12, 2))))
    assert event == PlanDeadlineMoved(record_key=ID, name="plan-information/1", due_at=BC.end_of(date(2024, 12, 4)))


def test_a_reply_during_a_hold_is_taken_and_the_decision_s_clock_stays_stopped() -> None:
    asked = case_in(ask(waiting(), context(date(2024, 11, 15))))
    still = held(asked, context(DECIDED_ON))
    decision = reply(still, context(DUE_ON))
    assert [type(e) for e in events_in(decision)] == [PlanClockResumed, PlanDeadlineMoved]
    after = case_in(decision)
    assert (plan_of(after).deadline, plan_of(after).stopped) == (None, 2)
    (event,) = events_in(resumed(after, context(date(2024, 12, 2))))
    assert event == PlanDeadlineMoved(record_key=ID, name="plan-decision/1", due_at=BC.end_of(date(2024, 12, 4)))


def test_a_question_during_a_hold_waits_for_its_end() -> None:
    still = held(waiting(), context(date(2024, 11, 15)))
    asked = case_in(ask(still, context(DECIDED_ON)))
    assert (plan_of(asked).deadline, plan_of(asked).stopped, plan_of(asked).days_left) == (None, 5, 2)
    on = resumed(asked, context(date(2024, 12, 2)))
    (event,) = events_in(on)
    assert event == PlanDeadlineMoved(record_key=ID, name="plan-information/1", due_at=BC.end_of(date(2024, 12, 9)))


def test_a_hold_changes_no_plan_that_is_decided() -> None:
    case = approved()
    assert stopped(case, context(DUE_ON)).events == ()
    assert resumed(case, context(DUE_ON)) == Outcome()


def test_a_referral_that_is_over_ends_what_was_granted_and_what_was_done_stays_payable() -> None:
    case = approved()
    ids_of = grant_of(case, "visit"), grant_of(case, "weeks")
    outcome = discontinued(case, NEXT_DAY)
    event = the(PlanDiscontinued, outcome)
    assert (event.plan, event.cause) == (1, "withdrawal")
    assert event.ended == tuple(Ended(grant=id_, last_on=NEXT_DAY) for id_ in ids_of)
    after = case_in(outcome)
    assert plan_of(after).status == "discontinued"
    assert {g.to_on for g in plan_of(after).grants} == {NEXT_DAY}
    assert codes(amend(after, 1, MORE, on=context(NEXT_DAY))) == {("AUTH-EXT", "lines.0.code")}


def test_a_plan_that_waits_when_the_referral_is_over_is_not_decided_any_more() -> None:
    case = waiting()
    outcome = discontinued(case, DECIDED_ON)
    closing = PlanDeadlineMoved(record_key=ID, name="plan-decision/1", due_at=None)
    assert [type(e) for e in events_in(outcome)] == [PlanDiscontinued, PlanDeadlineMoved]
    assert closing in events_in(outcome)
    refused = decide(case_in(outcome), context(DECIDED_ON), ("visit", "3.25"), ("weeks", "4"))
    assert codes(refused) == {("PLAN-STATE", "plan")}
    assert allowed(refused) == ("none",)


def test_a_plan_whose_deadline_a_hold_has_stopped_ends_with_its_referral() -> None:
    still = held(waiting(), context(date(2024, 11, 15)))
    outcome = discontinued(still, DECIDED_ON)
    assert plan_of(case_in(outcome)).stopped == 0


@pytest.mark.parametrize("how", ["approved", "declined"])
def test_a_withdrawal_changes_no_plan_that_has_ended(how: str) -> None:
    declined = case_in(decide(waiting(VISIT), context(DECIDED_ON), ("visit", "0", "not-needed")))
    case = approved() if how == "approved" else declined
    assert discontinued(case, date(2024, 12, 15)) == Outcome()


def test_each_plan_of_a_referral_that_is_over_says_what_of_it_ends() -> None:
    case = case_in(amend(deemed(), 1, MORE, on=context(date(2024, 11, 25))))
    case = case_in(decide(case, context(date(2024, 11, 25)), ("more", "2"), plan=2))
    moved = discontinued(case, date(2024, 12, 10))
    events = [e for e in moved.events if isinstance(e, PlanDiscontinued)]
    assert [(e.plan, len(e.ended)) for e in events] == [(1, 1), (2, 1)]
    assert {e.revision for e in events} == {case_in(moved).revision}
