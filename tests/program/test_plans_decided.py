"""An officer decides a plan line by line: units, first days, and the older grants that it ends."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from services.program.domain.case import Case
from shared.codes import code_list
from shared.events.program import Ended, ObligationScheduled, PlanApproved, PlanDeclined, PlanSubmitted
from tests.program.context import VISIT_ON, case_in, events_in
from tests.program.planning import (
    ASKED_ON,
    COUNSEL,
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
    submit,
    the,
    waiting,
)

ALL = (("visit", "3.25"), ("weeks", "4"))
LATER = date(2024, 11, 25)


def test_a_line_granted_in_whole_is_granted_as_asked() -> None:
    decision = decide(waiting(), context(DECIDED_ON), *ALL)
    event = the(PlanApproved, decision)
    assert [(g.line, g.units, g.from_on, g.to_on, g.cents, g.reason) for g in event.lines] == [
        ("visit", Decimal("3.25"), date(2024, 11, 11), date(2024, 12, 6), 53_625, None),
        ("weeks", Decimal(4), date(2024, 11, 18), date(2024, 12, 15), 276_000, None),
    ]
    assert (event.declined, event.ended, event.notified_on) == ((), (), DECIDED_ON)
    plan = plan_of(case_in(decision))
    assert (plan.status, plan.deadline, plan.revision) == ("approved", None, event.revision)


def test_an_ordinary_approval_reaches_back_to_the_program_s_start() -> None:
    case = waiting({**VISIT, "from_on": VISIT_ON})
    assert the(PlanApproved, decide(case, context(DECIDED_ON), ("visit", "3.25"))).lines[0].from_on == VISIT_ON


def test_a_line_may_be_granted_in_part_and_another_not_at_all() -> None:
    decision = decide(waiting(), context(DECIDED_ON), ("visit", "2", "fewer-suffice"), ("weeks", "0", "not-needed"))
    event = the(PlanApproved, decision)
    assert [(g.line, g.units, g.cents, g.reason) for g in event.lines] == [
        ("visit", Decimal(2), 33_000, "fewer-suffice")
    ]
    assert [(f.code, f.field) for f in event.declined] == [("not-needed", "lines.weeks")]
    reason = code_list("plan-reasons").codes["not-needed"]
    assert (event.declined[0].rule, event.declined[0].fix) == (reason.wrong, reason.fix)


def test_a_plan_of_which_nothing_is_granted_is_declined_with_a_reason_for_each_line() -> None:
    decision = decide(waiting(), context(DECIDED_ON), ("visit", "0", "no-goal"), ("weeks", "0", "no-measures"))
    event = the(PlanDeclined, decision)
    assert [(f.code, f.field) for f in event.reasons] == [("no-goal", "lines.visit"), ("no-measures", "lines.weeks")]
    assert event.ended == ()
    assert plan_of(case_in(decision)).status == "declined"
    assert plan_of(case_in(decision)).grants == ()


def test_fewer_units_than_asked_for_have_a_reason_from_the_list() -> None:
    for lines in ((("visit", "2"), ("weeks", "0")), (("visit", "2", "because"), ("weeks", "0", ""))):
        assert codes(decide(waiting(), context(DECIDED_ON), *lines)) == {
            ("REASON-MISSING", "lines.0.reason_code"),
            ("REASON-MISSING", "lines.1.reason_code"),
        }


def test_no_more_is_granted_than_asked_for_and_only_whole_steps() -> None:
    assert codes(decide(waiting(), context(DECIDED_ON), ("visit", "3.5"), ("weeks", "-1", "fewer-suffice"))) == {
        ("LIMIT", "lines.0.units"),
        ("LIMIT", "lines.1.units"),
    }
    assert codes(decide(waiting(), context(DECIDED_ON), ("visit", "1.3", "fewer-suffice"), ("weeks", "4"))) == {
        ("FEE-UNITS", "lines.0.units")
    }


def test_every_line_of_the_plan_is_decided_once() -> None:
    assert codes(decide(waiting(), context(DECIDED_ON), ("visit", "3.25"), ("visit", "3.25"), ("talks", "1"))) == {
        ("LINE-UNKNOWN", "lines.1.line"),
        ("LINE-UNKNOWN", "lines.2.line"),
        ("FIELD-MISSING", "lines"),
    }
    assert codes(decide(waiting(), context(DECIDED_ON))) == {("FIELD-MISSING", "lines")}


def test_a_plan_is_decided_once() -> None:
    again = decide(approved(), context(DECIDED_ON), *ALL)
    assert codes(again) == {("PLAN-STATE", "plan")}
    assert allowed(again) == ("amend",)
    declined = case_in(decide(waiting(VISIT), context(DECIDED_ON), ("visit", "0", "not-needed")))
    assert allowed(decide(declined, context(DECIDED_ON), ("visit", "3.25"))) == ("submit",)


def test_nothing_is_decided_once_nothing_can_be_billed_any_more() -> None:
    final = waiting()._replace(billing_final=True)
    assert codes(decide(final, context(DECIDED_ON), *ALL)) == {("BILLING-FINAL", "plan")}


def test_a_plan_that_is_not_there_is_not_decided() -> None:
    assert codes(decide(waiting(), context(DECIDED_ON), *ALL, plan=2)) == {("NOT-FOUND", "referral_id")}
    assert codes(decide(None, context(DECIDED_ON), *ALL)) == {("NOT-FOUND", "referral_id")}


def test_one_decides_what_one_sees() -> None:
    case = waiting()
    assert codes(decide(case, context(DECIDED_ON), *ALL, seen=1)) == {("STALE", "seen")}
    assert the(PlanApproved, decide(case, context(DECIDED_ON), *ALL, seen=plan_of(case).revision))


def test_a_change_by_a_clock_alone_makes_no_officer_s_decision_stale() -> None:
    case = waiting()
    overdue = case_in(close(case, context(DUE_ON, 23)))
    assert overdue.revision > plan_of(case).revision
    assert the(PlanApproved, decide(overdue, context(LATER), *ALL, seen=plan_of(case).revision))


def test_while_the_clinic_is_asked_the_officer_may_decide() -> None:
    asked = case_in(ask(waiting(), context(DECIDED_ON)))
    decided = decide(asked, context(DECIDED_ON), *ALL)
    assert the(PlanApproved, decided)
    assert plan_of(case_in(decided)).deadline is None


def test_while_the_referral_is_held_the_officer_may_decide() -> None:
    still = held(waiting(), context(DECIDED_ON))
    decided = case_in(decide(still, context(DECIDED_ON), *ALL))
    assert (plan_of(decided).status, plan_of(decided).stopped) == ("approved", 0)


def test_a_plan_that_is_overdue_may_still_be_approved_back_to_its_first_day() -> None:
    overdue = case_in(close(waiting(), context(DUE_ON, 23)))
    event = the(PlanApproved, decide(overdue, context(LATER), *ALL))
    assert [g.from_on for g in event.lines] == [date(2024, 11, 11), date(2024, 11, 18)]


def test_a_job_site_visit_that_is_granted_makes_its_report_due() -> None:
    event = the(ObligationScheduled, decide(waiting(VISIT), context(DECIDED_ON), ("visit", "3.25")))
    assert (event.report, event.anchor_on) == ("job-site-visit", DECIDED_ON)


def test_grants_have_ids_of_their_own_that_a_replay_makes_again() -> None:
    first, again = (the(PlanApproved, decide(waiting(), context(DECIDED_ON), *ALL)) for _ in range(2))
    assert len({g.grant for g in first.lines}) == 2
    assert first == again


def test_an_amendment_ends_what_it_replaces_the_day_before_its_own_first_day() -> None:
    case = approved()
    old = grant_of(case, "visit")
    instead = {**VISIT, "units": "6", "from_on": date(2024, 12, 2), "to_on": date(2024, 12, 20), "replaces": old}
    amended = case_in(amend(case, 1, instead, on=context(LATER)))
    decision = decide(amended, context(LATER), ("visit", "6"), plan=2)
    event = the(PlanApproved, decision)
    assert event.ended == (Ended(grant=old, last_on=date(2024, 12, 1)),)
    assert event.lines[0].from_on == date(2024, 12, 2)
    first = plan_of(case_in(decision), 1)
    assert [(g.grant.line, g.last_on) for g in first.grants] == [("visit", date(2024, 12, 1)), ("weeks", None)]


def test_an_amendment_takes_no_past_days_from_a_grant() -> None:
    case = approved()
    old = grant_of(case, "visit")
    amended = case_in(amend(case, 1, {**VISIT, "units": "6", "replaces": old}, on=context(LATER)))
    event = the(PlanApproved, decide(amended, context(LATER), ("visit", "2", "fewer-suffice"), plan=2))
    assert event.ended == (Ended(grant=old, last_on=LATER),)
    assert event.lines[0].from_on == LATER + timedelta(days=1)


def test_a_line_that_is_not_granted_replaces_nothing() -> None:
    case = approved()
    instead = {**VISIT, "units": "6", "replaces": grant_of(case, "visit")}
    amended = case_in(amend(case, 1, instead, on=context(LATER)))
    event = the(PlanDeclined, decide(amended, context(LATER), ("visit", "0", "not-needed"), plan=2))
    assert event.ended == ()


def test_a_grant_ends_when_the_first_of_the_lines_that_replace_it_begins() -> None:
    case = approved()
    old = grant_of(case, "visit")
    early = {**VISIT, "line": "a", "units": "2", "from_on": date(2024, 12, 2), "replaces": old}
    late = {**early, "line": "b", "from_on": date(2024, 12, 4)}
    for both in ((early, late), (late, early)):
        amended = case_in(amend(case, 1, *both, on=context(LATER)))
        event = the(PlanApproved, decide(amended, context(LATER), ("a", "2"), ("b", "2"), plan=2))
        assert event.ended == (Ended(grant=old, last_on=date(2024, 12, 1)),)


def test_a_grant_counts_towards_the_limit_when_the_line_that_replaced_it_is_declined() -> None:
    case = approved(COUNSEL)  # six of twelve hours
    fewer = {**COUNSEL, "line": "a", "units": "2", "replaces": grant_of(case, "talks")}
    amended = case_in(amend(case, 1, fewer, {**COUNSEL, "line": "b", "units": "10"}, on=context(LATER)))
    refused = decide(amended, context(LATER), ("a", "0", "not-needed"), ("b", "10"), plan=2)
    assert codes(refused) == {("LIMIT", "lines.1.units")}
    assert the(
        PlanApproved, decide(amended, context(LATER), ("a", "0", "not-needed"), ("b", "6", "fewer-suffice"), plan=2)
    )


def test_a_line_that_replaces_and_whose_days_are_gone_cannot_be_granted_any_more() -> None:
    case = approved()
    short = {**VISIT, "units": "2", "to_on": date(2024, 11, 25), "replaces": grant_of(case, "visit")}
    amended = case_in(amend(case, 1, short, on=context(date(2024, 11, 22))))
    assert codes(decide(amended, context(LATER), ("visit", "2"), plan=2)) == {("LINE-PAST", "lines.0.units")}


def test_each_extension_makes_one_more_progress_report_due() -> None:
    case = case_in(amend(approved(), 1, MORE, on=context(LATER)))
    event = the(ObligationScheduled, decide(case, context(LATER), ("more", "2"), plan=2))
    assert (event.report, event.anchor_on) == ("progress-4", date(2024, 12, 16))


def test_a_deemed_grant_ends_on_the_day_of_notice_and_the_decision_holds_from_the_next() -> None:
    case = deemed()
    old = grant_of(case, "visit"), grant_of(case, "weeks")
    decision = decide(case, context(LATER), ("visit", "2", "fewer-suffice"), ("weeks", "4"))
    event = the(PlanApproved, decision)
    assert event.ended == tuple(Ended(grant=id_, last_on=LATER) for id_ in old)
    assert [(g.line, g.units, g.from_on) for g in event.lines] == [
        ("visit", Decimal(2), date(2024, 11, 26)),
        ("weeks", Decimal(4), date(2024, 11, 26)),
    ]
    assert {g.grant for g in event.lines}.isdisjoint(old)
    assert [g.to_on for g in plan_of(case_in(decision)).grants] == [LATER, LATER, date(2024, 12, 6), date(2024, 12, 15)]


def test_a_decision_on_a_deemed_plan_schedules_no_report_again() -> None:
    case = case_in(amend(approved(), 1, MORE, on=context(DECIDED_ON)))
    extended = close(case, context(date(2024, 11, 21), 23, deemed_approval=True))
    assert the(ObligationScheduled, extended).report == "progress-4"
    decision = decide(case_in(extended), context(LATER), ("more", "2"), plan=2)
    assert [type(e) for e in events_in(decision)] == [PlanApproved]


def test_a_line_that_begins_later_is_decided_as_asked_though_it_was_deemed_granted() -> None:
    case = deemed({**WEEKS, "from_on": date(2024, 12, 2)})
    event = the(PlanApproved, decide(case, context(LATER), ("weeks", "4")))
    assert event.lines[0].from_on == date(2024, 12, 2)


def test_a_late_decision_may_decline_what_was_deemed_granted_for_the_days_to_come() -> None:
    case = deemed(VISIT)
    event = the(PlanDeclined, decide(case, context(LATER), ("visit", "0", "not-needed")))
    assert event.ended == (Ended(grant=grant_of(case, "visit"), last_on=LATER),)


def test_a_deemed_plan_is_decided_once() -> None:
    case = case_in(decide(deemed(), context(LATER), *ALL))
    assert codes(decide(case, context(LATER), *ALL)) == {("PLAN-STATE", "plan")}


def test_a_deemed_line_whose_days_are_gone_cannot_be_granted_anew() -> None:
    after = context(date(2024, 12, 6))
    assert codes(decide(deemed(), after, *ALL)) == {("LINE-PAST", "lines.0.units")}
    assert the(PlanApproved, decide(deemed(), after, ("visit", "0", "not-needed"), ("weeks", "4")))


def test_a_deemed_line_that_was_replaced_since_is_not_granted_anew() -> None:
    case = deemed()
    instead = {**VISIT, "units": "4", "replaces": grant_of(case, "visit")}
    amended = case_in(
        decide(case_in(amend(case, 1, instead, on=context(LATER))), context(LATER), ("visit", "4"), plan=2)
    )
    assert codes(decide(amended, context(LATER), *ALL)) == {("LINE-PAST", "lines.0.units")}


def test_an_undecided_plan_is_decided_before_a_deemed_one() -> None:
    case = case_in(amend(deemed(), 1, COUNSEL, on=context(LATER)))
    refused = decide(case, context(LATER), *ALL)
    assert codes(refused) == {("PLAN-STATE", "plan")}
    assert allowed(refused) == ("decide", "request-information")


def test_a_case_with_its_plans_is_read_back_as_it_was_written() -> None:
    kind = TypeAdapter(Case)
    for case in (waiting(), approved(), deemed(), case_in(ask(waiting(), context(DECIDED_ON)))):
        assert kind.validate_json(kind.dump_json(case)) == case


@pytest.mark.parametrize("day", [ASKED_ON, DECIDED_ON, DUE_ON])
def test_the_day_of_notice_is_the_day_of_the_decision_in_the_contract_s_calendar(day: date) -> None:
    assert the(PlanApproved, decide(waiting(), context(day, 23), *ALL)).notified_on == day


def test_a_plan_is_numbered_after_the_one_before() -> None:
    assert the(PlanSubmitted, submit(approved(), COUNSEL)).plan == 2
