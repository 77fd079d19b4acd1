"""A plan's lines are complete and fit the fee schedule, the program's days and disciplines, and the limits."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.program.domain.plan_lines import price
from shared.domain.decision import Outcome, Refusal
from shared.events.program import PlanSubmitted
from tests.program.context import BC, case_in, opened
from tests.program.planning import (
    ASKED_ON,
    COUNSEL,
    DUE_ON,
    FEES,
    MORE,
    OR1,
    VISIT,
    WEEKS,
    allowed,
    amend,
    approved,
    codes,
    context,
    decide,
    deemed,
    grant_of,
    held,
    plan_of,
    reported,
    submit,
    the,
    waiting,
)


def test_a_plan_is_priced_by_program_and_waits_three_business_days_for_its_decision() -> None:
    decision = submit(reported(), VISIT, WEEKS)
    event = the(PlanSubmitted, decision)
    assert (event.plan, event.amends, event.revision) == (1, None, 2)
    assert [(x.line, x.units, x.cents) for x in event.lines] == [
        ("visit", Decimal("3.25"), 53_625),
        ("weeks", Decimal(4), 276_000),
    ]
    assert (event.deadline.name, event.deadline.due_at) == ("plan-decision/1", BC.end_of(DUE_ON))
    case = case_in(decision)
    assert (plan_of(case).status, plan_of(case).revision, case.revision) == ("submitted", 2, 2)


def test_the_contract_says_how_many_business_days_a_decision_has() -> None:
    event = the(PlanSubmitted, submit(reported(), VISIT, on=context(ASKED_ON, decision_days=10)))
    assert event.deadline.due_at == BC.end_of(date(2024, 11, 28))


def test_the_fee_is_that_of_the_line_s_first_day() -> None:
    later = {**VISIT, "from_on": date(2025, 1, 6), "to_on": date(2025, 1, 10), "units": "1"}
    event = the(PlanSubmitted, submit(reported(), {**VISIT, "units": "1"}, {**later, "line": "later"}))
    assert [x.cents for x in event.lines] == [16_500, 16_830]  # two per cent more from the new year


def test_half_a_cent_goes_up() -> None:
    assert price(333, Decimal("0.5")) == 167
    assert price(331, Decimal("0.5")) == 166
    assert price(13_500, Decimal("0.25")) == 3_375


@pytest.mark.parametrize("status", ["submitted", "accepted", "waived"])
def test_a_plan_rests_on_the_initial_report_once_it_was_sent_in_or_is_done_without(status: str) -> None:
    assert the(PlanSubmitted, submit(reported(status), VISIT))


@pytest.mark.parametrize("status", ["open", "returned"])
def test_without_the_initial_report_there_is_no_plan(status: str) -> None:
    assert codes(submit(reported(status), VISIT)) == {("RPT-MISSING", "lines")}


def test_a_plan_has_lines() -> None:
    assert codes(submit(reported(), on=context(ASKED_ON))) == {("FIELD-MISSING", "lines")}


def test_a_line_says_what_how_much_when_by_whom_and_what_for() -> None:
    assert codes(submit(reported(), {"line": ""})) == {
        ("FIELD-MISSING", f"lines.0.{field}")
        for field in ("line", "code", "units", "from_on", "to_on", "discipline", "goal")
    }


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = {
        **VISIT, "units": "0.3", "from_on": date(2024, 11, 1), "to_on": date(2024, 10, 31), "discipline": "physician",
        "goal": "to feel better", "replaces": "g-1",
    }  # fmt: skip
    assert codes(submit(reported("open"), wrong, {**WEEKS, "line": "visit", "units": "7"})) == {
        ("RPT-MISSING", "lines"),
        ("FEE-UNITS", "lines.0.units"),
        ("DATE-ORDER", "lines.0.to_on"),
        ("DOS-PROGRAM", "lines.0.from_on"),
        ("DISCIPLINE", "lines.0.discipline"),
        ("GOAL-UNKNOWN", "lines.0.goal"),
        ("REPLACES", "lines.0.replaces"),
        ("DUP", "lines.1.line"),
        ("LIMIT", "lines.1.units"),
    }


@pytest.mark.parametrize("amount", ["0", "-1", "0.3", "3.26", "1E+30", "1E-30"])
def test_units_are_more_than_none_and_a_multiple_of_the_fee_s_step(amount: str) -> None:
    assert ("FEE-UNITS", "lines.0.units") in codes(submit(reported(), {**VISIT, "units": amount}))


@pytest.mark.parametrize(
    ("code", "why"),
    [("CR-NONE", "nobody knows it"), ("O1-JSV", "of another schedule"), ("CR-PROG", "covered by the referral itself")],
)
def test_a_code_may_be_planned_and_is_in_the_contract_s_schedule(code: str, why: str) -> None:
    assert why
    assert codes(submit(reported(), {**VISIT, "code": code})) == {("FEE-CODE", "lines.0.code")}


def test_a_code_is_in_the_schedule_that_holds_on_the_line_s_first_day() -> None:
    old = FEES[-1].model_copy(update={"revision": 3, "effective_from": date(2024, 12, 1), "lines": ()})
    without = context(ASKED_ON)._replace(fees=(*FEES, old))
    later = {**VISIT, "from_on": date(2024, 12, 2)}
    assert codes(submit(reported(), VISIT, {**later, "line": "later"}, on=without)) == {("FEE-CODE", "lines.1.code")}


@pytest.mark.parametrize("discipline", ["physician", "clinical_counsellor", "surgeon"])
def test_a_discipline_is_one_that_the_fee_line_pays(discipline: str) -> None:
    assert codes(submit(reported(), {**VISIT, "discipline": discipline})) == {("DISCIPLINE", "lines.0.discipline")}


def test_supplemental_disciplines_are_planned_where_the_program_has_them() -> None:
    assert the(PlanSubmitted, submit(reported(), COUNSEL)).lines[0].discipline == "clinical_counsellor"


def test_a_counsellor_has_no_line_in_the_first_program() -> None:
    travel = {**VISIT, "code": "TRAVEL", "units": "40", "discipline": "clinical_counsellor"}
    first = context(ASKED_ON, entry=OR1, fee_schedule_id="fees-or1")
    assert codes(submit(reported(), travel, on=first)) == {("DISCIPLINE", "lines.0.discipline")}
    assert codes(submit(reported(), COUNSEL, on=first)) == {
        ("FEE-CODE", "lines.0.code"),
        ("DISCIPLINE", "lines.0.discipline"),
    }


def test_a_fee_line_without_disciplines_takes_every_discipline_of_the_program() -> None:
    travel = {**VISIT, "code": "TRAVEL", "units": "40"}
    first = context(ASKED_ON, entry=OR1, fee_schedule_id="fees-or1")
    assert the(PlanSubmitted, submit(reported(), travel, on=first)).lines[0].cents == 2_720


def test_a_line_may_reach_back_to_the_program_s_start_and_no_further() -> None:
    first = {**VISIT, "from_on": date(2024, 11, 4)}
    assert the(PlanSubmitted, submit(reported(), first)).lines[0].from_on == date(2024, 11, 4)
    before = {**VISIT, "from_on": date(2024, 11, 3)}
    assert codes(submit(reported(), before)) == {("DOS-PROGRAM", "lines.0.from_on")}


def test_a_line_does_not_reach_beyond_the_program_s_last_day() -> None:
    over = reported()._replace(last_on=date(2024, 12, 5))
    assert codes(submit(over, VISIT)) == {("DOS-PROGRAM", "lines.0.to_on")}


def test_a_line_may_be_of_one_day_and_last_to_the_program_s_last_day() -> None:
    over = reported()._replace(last_on=date(2024, 11, 29))
    day = {**VISIT, "from_on": date(2024, 11, 29), "to_on": date(2024, 11, 29)}
    assert isinstance(submit(over, day), Outcome)


def test_the_refusal_of_an_unknown_code_names_the_known_ones() -> None:
    asked = submit(reported(), {**VISIT, "code": "CR-NONE"})
    assert isinstance(asked, Refusal)
    assert "CR-JSV" in asked.flaws[0].fix
    before = submit(reported(), {**VISIT, "from_on": date(2020, 1, 1)})
    assert isinstance(before, Refusal)
    assert before.flaws[0].fix == "name another day"


def test_the_lines_of_a_code_together_keep_to_its_limit() -> None:
    five = {**VISIT, "units": "5"}
    assert codes(submit(reported(), five, {**five, "line": "b", "units": "3.25"})) == {("LIMIT", "lines.1.units")}
    assert the(PlanSubmitted, submit(reported(), five, {**five, "line": "b", "units": "3"}))


def test_units_granted_before_count_towards_the_limit() -> None:
    more = {**VISIT, "units": "5"}
    assert codes(amend(approved(), 1, more, on=context(date(2024, 11, 25)))) == {("LIMIT", "lines.0.units")}
    fits = {**VISIT, "units": "4.75"}
    assert the(PlanSubmitted, amend(approved(), 1, fits, on=context(date(2024, 11, 25))))


def test_units_that_a_line_replaces_do_not_count_towards_the_limit() -> None:
    case = approved()
    instead = {**VISIT, "units": "8", "replaces": grant_of(case, "visit")}
    event = the(PlanSubmitted, amend(case, 1, instead, on=context(date(2024, 11, 25))))
    assert (event.plan, event.amends, event.lines[0].replaces) == (2, 1, grant_of(case, "visit"))


def test_nothing_is_planned_before_the_program_began() -> None:
    decision = submit(opened(), VISIT)
    assert codes(decision) == {("REF-STATE", None)}
    assert allowed(decision) == ("none",)


@pytest.mark.parametrize("how", [{"ended": "withdrawn"}, {"ended": "discharged"}, {"billing_final": True}])
def test_nothing_is_planned_after_the_referral_is_over(how: dict[str, Any]) -> None:
    assert codes(submit(reported()._replace(**how), VISIT)) == {("REF-STATE", None)}


def test_nothing_is_planned_while_the_referral_is_held() -> None:
    still = held(reported(), context(ASKED_ON))
    assert codes(submit(still, VISIT)) == {("REF-HELD", None)}
    assert codes(amend(held(approved(), context(ASKED_ON)), 1, MORE, on=context(ASKED_ON))) == {("REF-HELD", None)}


def test_all_that_closes_a_case_is_said_at_once() -> None:
    still = opened()._replace(ended="withdrawn", holds=("claim",))
    assert codes(submit(still, VISIT)) == {("REF-STATE", None), ("REF-HELD", None)}


def test_another_clinic_s_case_is_not_there() -> None:
    assert codes(submit(reported(), VISIT, site="van-2")) == {("NOT-YOURS", "site_id")}
    assert codes(submit(None, VISIT)) == {("NOT-FOUND", "referral_id")}


def test_one_plan_waits_at_a_time() -> None:
    decision = submit(waiting(), COUNSEL)
    assert codes(decision) == {("PLAN-STATE", "plan")}
    assert allowed(decision) == ("decide", "request-information")
    assert codes(amend(waiting(), 1, COUNSEL, on=context(ASKED_ON))) == {("PLAN-STATE", "plan")}


def test_a_second_plan_stands_beside_the_first_but_not_over_it() -> None:
    again = {**WEEKS, "units": "1", "from_on": date(2024, 12, 15), "to_on": date(2024, 12, 20)}
    assert codes(submit(approved(), again)) == {("PLAN-OVERLAP", "lines.0.from_on")}
    after = {**again, "from_on": date(2024, 12, 16)}
    assert the(PlanSubmitted, submit(approved(), after, COUNSEL)).plan == 2


def test_after_a_plan_was_declined_another_one_may_be_asked_for() -> None:
    declined = case_in(decide(waiting(VISIT), context(ASKED_ON), ("visit", "0", "not-needed")))
    assert the(PlanSubmitted, submit(declined, VISIT)).plan == 2


def test_an_amendment_names_a_plan_that_was_decided() -> None:
    assert codes(amend(approved(), 2, COUNSEL, on=context(ASKED_ON))) == {("PLAN-UNKNOWN", "amends")}
    assert the(PlanSubmitted, amend(deemed(), 1, COUNSEL, on=context(date(2024, 11, 21)))).amends == 1


def test_an_amendment_is_of_the_plan_as_it_stands() -> None:
    case = approved()
    assert codes(amend(case, 1, COUNSEL, on=context(ASKED_ON), seen=2)) == {("STALE", "seen")}
    assert the(PlanSubmitted, amend(case, 1, COUNSEL, on=context(ASKED_ON), seen=plan_of(case).revision))


def test_a_line_replaces_a_grant_that_holds() -> None:
    case = approved()
    line = {**COUNSEL, "replaces": "00000000-0000-0000-0000-000000000000"}
    assert codes(amend(case, 1, line, on=context(ASKED_ON))) == {("REPLACES", "lines.0.replaces")}
    later = context(date(2024, 11, 25))
    instead = {**VISIT, "units": "4", "replaces": grant_of(case, "visit")}
    replaced = case_in(decide(case_in(amend(case, 1, instead, on=later)), later, ("visit", "4"), plan=2))
    assert codes(amend(replaced, 2, instead, on=later)) == {("REPLACES", "lines.0.replaces")}


def test_an_extension_is_an_amendment() -> None:
    assert codes(submit(reported(), MORE)) == {("AUTH-EXT", "lines.0.code")}
    assert the(PlanSubmitted, amend(approved(), 1, MORE, on=context(date(2024, 12, 6)))).lines[0].cents == 128_000


def test_an_extension_is_asked_for_before_the_last_approved_day() -> None:
    case = approved()  # weeks up to the 15th of December
    assert the(PlanSubmitted, amend(case, 1, MORE, on=context(date(2024, 12, 14))))
    for day in (date(2024, 12, 15), date(2024, 12, 16)):
        assert codes(amend(case, 1, MORE, on=context(day))) == {("AUTH-EXT", "lines.0.code")}


def test_an_extension_needs_something_that_was_approved() -> None:
    declined = case_in(decide(waiting(VISIT), context(ASKED_ON), ("visit", "0", "not-needed")))
    assert codes(amend(declined, 1, MORE, on=context(date(2024, 11, 20)))) == {("AUTH-EXT", "lines.0.code")}
