"""A billed line is paid, cut, denied with every reason, or waits; every cent of it has a name."""

import re
from datetime import date
from decimal import Decimal

import pytest

from shared.billing.adjudication import judge
from shared.domain.wording import dollars
from shared.events.program import (
    ObligationCancelled,
    ObligationWaived,
    PlanDeclined,
    PlanDiscontinued,
    ReportReturned,
)
from shared.events.referral import HoldCause, ReferralDischarged, ReferralWithdrawn
from shared.events.values import Standing
from tests.rules.billing import (
    ID,
    SHA256,
    TERMS,
    accepted,
    active,
    announced,
    approved,
    asked,
    bill,
    billed,
    came,
    claim,
    codes,
    contract,
    day,
    due,
    ended,
    grant,
    judged,
    line,
    opened,
    received,
    schedules,
    submitted,
    terms,
    told,
)

DAY = 13800
WEEK = 69000
ASSESS = 42000


def test_an_attended_day_is_paid_as_the_fee_schedule_says() -> None:
    (found,) = judged(active(came(1)), line("CR-DAY", 1, DAY))
    assert (found.status, found.allowed_cents, found.units, found.fee_revision) == ("ok", DAY, Decimal(1), 1)
    assert found.reasons == ()


def test_a_claim_above_the_fee_is_cut_and_a_claim_below_it_is_not_raised() -> None:
    over, under = judged(active(came(1, 2)), line("CR-DAY", 1, DAY + 7), line("CR-DAY", 2, DAY - 7))
    assert (over.status, over.allowed_cents, codes(over)) == ("cut", DAY, ["FEE-ADJ"])
    assert over.reasons[0].cents == 7
    assert (under.status, under.allowed_cents) == ("ok", DAY - 7)


def test_the_fee_is_that_of_the_date_of_service() -> None:
    case = active(came(57, 58))  # 31 December and 1 January
    old, new = judged(case, line("CR-DAY", 57, 14076), line("CR-DAY", 58, 14076), on=60)
    assert (old.fee_revision, old.allowed_cents) == (1, 13800)
    assert (new.fee_revision, new.allowed_cents) == (2, 14076)


def test_half_a_cent_goes_up_once_for_the_units_of_a_line() -> None:
    case = active(due("job-site-visit"), accepted("job-site-visit", 3), approved(grant("g-1", "CR-JSV", "4", 0, 90)))
    schedule = schedules()[-2]
    odd = schedule.model_copy(
        update={"lines": tuple(x.model_copy(update={"cents": 16501}) for x in schedule.lines if x.code == "CR-JSV")}
    )
    by = terms(contract(fee_schedule_id="odd"), odd.model_copy(update={"fee_schedule_id": "odd"}))
    (found,) = judged(case, line("CR-JSV", 3, 99999, "1.5"), by=by)
    assert found.allowed_cents == 24752  # 24 751.5


def test_a_code_that_the_schedule_lacks_is_denied() -> None:
    (found,) = judged(active(), line("O1-DAY", 1, 9600))
    assert (found.status, codes(found), found.allowed_cents) == ("denied", ["FEE-CODE"], 0)
    assert found.reasons[0].cents == 9600


def test_units_that_are_no_steps_of_the_fee_are_denied() -> None:
    (found,) = judged(active(came(1)), line("CR-DAY", 1, DAY, "0.5"))
    assert codes(found) == ["FEE-UNITS"]


def test_a_service_before_the_contract_or_after_its_run_off_is_denied() -> None:
    by = terms(contract(effective_from=day(2), effective_to=day(3), run_off_to=day(5)))
    lines = [line("CR-DAY", n, DAY) for n in (1, 2, 5, 7)]
    found = judged(active(came(1, 2, 5, 7)), *lines, by=by)
    assert [x.status for x in found] == ["denied", "ok", "ok", "denied"]
    assert [codes(x) for x in found] == [["CONTRACT-DOS"], [], [], ["CONTRACT-DOS"]]


def test_of_two_versions_of_a_contract_that_hold_from_one_day_the_later_counts() -> None:
    by = terms(contract(revision=2, pend_days=60), contract(), contract(revision=3, holds_from=day(90), pend_days=5))
    found = judge(active(), bill(line("CR-DAY", 1, DAY), received=2), by, day(2))
    assert found.until == day(63)


def test_a_service_before_the_injury_or_outside_the_program_is_denied() -> None:
    case = active(ended(10), came(1))
    before, late = judged(case, line("CR-DAY", -1, DAY), line("CR-DAY", 11, DAY))
    assert "DOS-PROGRAM" in codes(before)
    assert "DOS-PROGRAM" in codes(late)
    (injured,) = judged(case, line("CR-DAY", -65, DAY))
    assert "DOS-BEFORE-INJURY" in codes(injured)


def test_nothing_is_paid_before_the_program_began() -> None:
    (found,) = judged(told(*opened(), came(1)), line("CR-DAY", 1, DAY))
    assert codes(found) == ["DOS-PROGRAM"]


@pytest.mark.parametrize(("by", "status"), [("officer", "denied"), ("claim", "ok")])
def test_a_withdrawal_ends_the_days_that_are_paid_but_a_claim_speaks_for_its_own_days(
    by: HoldCause, status: str
) -> None:
    withdrawn = ReferralWithdrawn(referral_id=ID, revision=9, cause=by, from_on=day(1))
    (found,) = judged(active(came(2), withdrawn), line("CR-DAY", 2, DAY))
    assert found.status == status


@pytest.mark.parametrize(
    ("standing", "code"),
    [("suspended", "CLM-SUSPENDED"), ("disallowed", "CLM-DISALLOWED"), ("closed", "CLM-CLOSED")],
)
def test_the_claim_decides_by_its_standing_on_the_date_of_service(standing: Standing, code: str) -> None:
    case = active(came(1, 2, 3), claim((day(-60), "accepted"), (day(2), standing), (day(3), "accepted")))
    found = judged(case, *(line("CR-DAY", n, DAY) for n in (1, 2, 3)))
    assert [codes(x) for x in found][:2] == [[], [code]]


def test_a_pended_claim_is_waited_for_without_limit() -> None:
    case = active(came(1), claim((day(-60), "pended")))
    for today in (14, 400):
        found = judge(case, bill(line("CR-DAY", 1, DAY)), TERMS, day(today))
        assert (found.waits_for, found.until) == (("claim",), None)
        assert codes(found.lines[0]) == ["CLM-PEND"]
        assert found.lines[0].reasons[0].cents == DAY


def test_a_line_denied_by_one_rule_never_waits_for_another() -> None:
    case = active(claim((day(-60), "pended")))
    found = judge(case, bill(line("NO-SUCH", 1, DAY)), TERMS, day(14))
    assert (found.waits_for, found.lines[0].status) == ((), "denied")


def test_all_reasons_of_a_denial_are_told_and_the_first_carries_the_cents() -> None:
    (found,) = judged(active(came(-65, status="missed")), line("CR-DAY", -65, DAY, discipline="physician"))
    assert codes(found) == ["CONTRACT-DOS", "FEE-CODE", "DOS-BEFORE-INJURY", "DOS-PROGRAM"]
    assert [r.cents for r in found.reasons] == [DAY, 0, 0, 0]


def test_a_discipline_that_the_fee_does_not_name_is_denied() -> None:
    wrong, right, untold = judged(
        active(came(1, 2, 7)),
        line("CR-DAY", 1, DAY, discipline="physician"),
        line("CR-DAY", 2, DAY, discipline="kinesiologist"),
        line("CR-DAY", 7, DAY),
    )
    assert [x.status for x in (wrong, right, untold)] == ["denied", "ok", "ok"]
    assert codes(wrong) == ["DISCIPLINE"]


def test_a_report_written_by_a_discipline_that_the_fee_does_not_name_is_denied() -> None:
    case = active(accepted("initial", 0, author_discipline="psychologist"))
    assert codes(judged(case, line("CR-ASSESS", 0, ASSESS))[0]) == ["DISCIPLINE"]


def test_a_day_that_was_missed_is_not_paid() -> None:
    missed, excused = judged(
        active(came(1, status="missed"), came(2, status="excused")), line("CR-DAY", 1, DAY), line("CR-DAY", 2, DAY)
    )
    assert codes(missed) == codes(excused) == ["ATT-MISSED"]


def test_a_day_not_recorded_yet_is_waited_for_thirty_days_and_then_denied() -> None:
    sent = bill(line("CR-DAY", 1, DAY))
    found = judge(active(), sent, TERMS, day(14))
    assert (found.waits_for, found.until) == (("attendance",), day(44))
    assert found.lines[0].status == "waiting"
    assert judge(active(), sent, TERMS, day(44)).waits_for == ("attendance",)
    late = judge(active(), sent, TERMS, day(45))
    assert (late.waits_for, codes(late.lines[0])) == ((), ["ATT-MISSING"])
    assert judge(active(came(1)), sent, TERMS, day(45)).lines[0].status == "ok"


def test_no_wait_ends_while_an_earlier_action_has_no_answer() -> None:
    sent = bill(line("CR-DAY", 1, DAY), heard_on=day(60))
    assert judge(active(), sent, TERMS, day(60)).until == day(91)  # day 90 is a Sunday


def test_a_week_of_enough_attended_days_is_paid() -> None:
    (found,) = judged(active(came(0, 2, 4)), line("CR-WK", 4, WEEK))
    assert (found.status, found.allowed_cents) == ("ok", WEEK)


def test_a_week_that_can_have_too_few_days_only_is_denied_and_else_waits() -> None:
    sent = line("CR-WK", 4, WEEK)
    assert codes(judged(active(came(0, 4), came(1, 2, 3, status="missed")), sent)[0]) == ["ATT-MIN"]
    assert judged(active(came(0, 4), came(1, 2, status="missed")), sent)[0].status == "waiting"
    assert codes(judged(active(came(0, 4)), sent)[0]) == ["ATT-MISSING"]


def test_days_after_the_date_of_a_week_are_not_waited_for() -> None:
    case = active(came(2), came(0, 1, status="missed"))
    assert codes(judged(case, line("CR-WK", 2, WEEK))[0]) == ["ATT-MIN"]


def test_a_holiday_is_no_day_that_somebody_may_still_record() -> None:
    case = active(came(9, 11), came(8, 10, status="missed"))  # Monday the 11th is a holiday
    assert codes(judged(case, line("CR-WK", 11, WEEK))[0]) == ["ATT-MIN"]


def test_a_report_fee_waits_for_its_report_and_is_paid_with_its_acceptance() -> None:
    sent = line("CR-ASSESS", 0, ASSESS)
    assert codes(judged(active(due("initial")), sent)[0]) == ["RPT-MISSING"]
    assert judged(active(due("initial"), submitted("initial", 0)), sent)[0].status == "waiting"
    assert judged(active(due("initial"), accepted("initial", 0)), sent)[0].status == "ok"


@pytest.mark.parametrize(
    ("late", "percent", "cents"), [(-4, 100, 42000), (0, 100, 42000), (1, 75, 31500), (15, 75, 31500), (16, 0, 0)]
)
def test_a_late_report_is_paid_by_its_tier(late: int, percent: int, cents: int) -> None:
    (found,) = judged(active(accepted("initial", 0, late=late)), line("CR-ASSESS", 0, ASSESS))
    assert (found.percent, found.allowed_cents) == (percent, cents)
    assert codes(found) == (["RPT-LATE"] if percent < 100 else [])
    assert sum(r.cents for r in found.reasons) == ASSESS - cents


def test_a_clinic_that_bills_its_own_tier_is_paid_as_claimed() -> None:
    (found,) = judged(active(accepted("initial", 0, late=3)), line("CR-ASSESS", 0, 31500))
    assert (found.status, found.percent, found.reasons) == ("ok", 75, ())


@pytest.mark.parametrize(("late", "paid"), [(-3, 3000), (-2, 3000), (-1, 0), (0, 0)])
def test_the_bonus_is_for_a_report_two_business_days_early(late: int, paid: int) -> None:
    (found,) = judged(active(accepted("initial", 0, late=late)), line("CR-EARLY", 0, 3000))
    assert found.allowed_cents == paid


def test_the_date_of_service_is_that_of_the_report() -> None:
    (found,) = judged(active(due("initial"), accepted("initial", 0)), line("CR-ASSESS", 1, ASSESS))
    assert codes(found) == ["RPT-DOS"]
    assert found.reasons[0].fix == "give Mon 4 Nov 2024"


def test_a_date_of_which_another_report_may_still_come_waits() -> None:
    case = active(due("progress", "progress-2"), accepted("progress", 1, report="progress-1"))
    (found,) = judged(case, line("CR-PROG", 2, 8500))
    assert (found.status, codes(found)) == ("waiting", ["RPT-DOS"])


def test_a_report_that_waits_for_its_review_may_still_get_another_date() -> None:
    sent = line("CR-ASSESS", 1, ASSESS)
    assert judged(active(due("initial"), submitted("initial", 0)), sent)[0].status == "waiting"


def test_a_report_sent_back_may_still_come_and_one_done_without_is_not_paid() -> None:
    sent = line("CR-ASSESS", 0, ASSESS)
    returned = ReportReturned(
        referral_id=ID, revision=9, report="initial", report_revision=1, fields=(), fault="clinic"
    )
    waived = ObligationWaived(referral_id=ID, revision=9, report="initial", kind="initial", reason_code="moved")
    cancelled = ObligationCancelled(referral_id=ID, revision=9, report="initial", kind="initial", cause="withdrawal")
    assert judged(active(due("initial"), submitted("initial", 0), returned), sent)[0].status == "waiting"
    for over in (waived, cancelled):
        (found,) = judged(active(due("initial"), over), sent)
        assert (found.status, codes(found)) == ("denied", ["RPT-MISSING"])
        assert found.reasons[0].fix == "leave the line out"


def test_a_day_on_which_a_report_is_billed_already_is_no_way_to_put_a_line_right() -> None:
    case = active(accepted("progress", 1, report="progress-1"))
    right, wrong = judged(case, line("CR-PROG", 1, 8500), line("CR-PROG", 2, 8500))
    assert (right.status, codes(wrong)) == ("ok", ["RPT-DOS"])
    assert wrong.reasons[0].fix == "leave the line out; the report's day is billed"


@pytest.mark.parametrize(("cents", "said"), [(0, "$0.00"), (5, "$0.05"), (123456, "$1,234.56"), (-105, "-$1.05")])
def test_an_amount_is_said_in_dollars(cents: int, said: str) -> None:
    assert dollars(cents) == said


def test_a_line_above_its_fee_is_told_the_fee_in_dollars() -> None:
    (found,) = judged(active(came(1)), line("CR-DAY", 1, DAY + 7))
    assert (found.reasons[0].rule, found.reasons[0].fix) == (
        "more than the fee was billed; it is $138.00 a day",
        "bill $138.00",
    )


def test_a_report_that_is_not_due_yet_may_come_while_the_case_goes_on() -> None:
    sent = line("CR-DISCH", 10, 18000)
    over = ReferralDischarged(referral_id=ID, revision=22, discharged_on=day(12))
    assert judged(active(ended(10)), sent)[0].status == "waiting"
    assert judged(active(ended(10), over), sent)[0].status == "denied"


def test_the_referral_itself_covers_its_units_and_more_need_a_plan() -> None:
    case = active(came(0, 2, 7, 8, 14))
    found = judged(case, *(line("CR-DAY", n, DAY) for n in (0, 2, 7, 8, 14)), on=20)
    assert [x.status for x in found] == ["ok"] * 4 + ["denied"]
    assert codes(found[-1]) == ["AUTH-MISSING"]


def test_a_plan_line_that_was_never_asked_for_is_denied_and_an_undecided_one_waits() -> None:
    sent = bill(line("CR-SUP-OT", 3, 14000))
    assert codes(judge(active(), sent, TERMS, day(14)).lines[0]) == ["AUTH-MISSING"]
    found = judge(active(asked("CR-SUP-OT", "3")), sent, TERMS, day(14))
    assert (found.waits_for, found.until) == (("approval",), day(44))
    assert judge(active(asked("CR-SUP-OT", "3")), sent, TERMS, day(44)).waits_for == ("approval",)
    late = judge(active(asked("CR-SUP-OT", "3")), sent, TERMS, day(45))
    assert (late.waits_for, codes(late.lines[0])) == ((), ["AUTH-MISSING"])


def test_an_undecided_plan_of_other_days_or_of_fewer_units_is_not_waited_for() -> None:
    assert judged(active(asked("CR-SUP-OT", "3", 5)), line("CR-SUP-OT", 3, 14000))[0].status == "denied"
    first, second = judged(active(asked("CR-SUP-OT", "1")), line("CR-SUP-OT", 3, 14000), line("CR-SUP-OT", 4, 14000))
    assert (first.status, second.status) == ("waiting", "denied")


def test_a_declined_or_discontinued_plan_is_not_waited_for() -> None:
    declined = PlanDeclined(referral_id=ID, revision=11, plan=1, reasons=(), notified_on=day(2))
    stopped = PlanDiscontinued(referral_id=ID, revision=11, plan=1, ended=(), cause="withdrawal")
    for over in (declined, stopped):
        (found,) = judged(active(asked("CR-SUP-OT", "3"), over), line("CR-SUP-OT", 3, 14000))
        assert (found.status, codes(found)) == ("denied", ["AUTH-MISSING"])


def test_a_grant_pays_for_its_days_and_units() -> None:
    case = active(approved(grant("g-1", "CR-SUP-OT", "2", 1, 5)))
    found = judged(case, *(line("CR-SUP-OT", n, 14000) for n in (0, 1, 5, 4)))
    assert [(x.status, x.grant) for x in found] == [("denied", None), ("ok", "g-1"), ("ok", "g-1"), ("denied", None)]


def test_the_grant_that_ends_first_is_drawn_first_and_a_line_may_draw_on_two() -> None:
    case = active(approved(grant("g-late", "CR-SUP-OT", "3", 0, 40), grant("g-soon", "CR-SUP-OT", "1", 0, 20)))
    (found,) = judged(case, line("CR-SUP-OT", 3, 28000, "2"))
    assert [(d.grant, d.units) for d in found.drawn] == [("g-soon", Decimal(1)), ("g-late", Decimal(1))]
    assert found.allowed_cents == 28000


def test_units_beyond_the_grant_are_cut() -> None:
    (found,) = judged(active(approved(grant("g-1", "CR-SUP-OT", "1"))), line("CR-SUP-OT", 3, 28000, "2"))
    assert (found.status, found.units, found.allowed_cents) == ("cut", Decimal(1), 14000)
    assert [(r.code, r.cents) for r in found.reasons] == [("AUTH-MISSING", 14000)]


def test_services_under_a_plan_before_it_ended_stay_payable() -> None:
    case = active(approved(grant("g-1", "CR-SUP-OT", "9")), approved(plan=2, ended=[("g-1", 4)]))
    found = judged(case, line("CR-SUP-OT", 4, 14000), line("CR-SUP-OT", 5, 14000))
    assert [x.status for x in found] == ["ok", "denied"]


def test_a_week_of_an_extension_needs_an_approved_extension() -> None:
    assert codes(judged(active(came(0, 1, 2)), line("CR-EXT", 2, 64000))[0]) == ["AUTH-EXT"]
    case = active(came(0, 1, 2), approved(grant("g-1", "CR-EXT", "2")))
    assert judged(case, line("CR-EXT", 2, 64000))[0].status == "ok"


def test_travel_needs_no_plan_but_the_report_of_the_visit() -> None:
    case = active(due("job-site-visit"), accepted("job-site-visit", 3))
    (found,) = judged(case, line("TRAVEL", 3, 68 * 120, "120"))
    assert (found.status, found.allowed_cents) == ("ok", 8160)


def test_more_than_a_day_may_have_is_cut_to_it() -> None:
    case = active(accepted("job-site-visit", 3))
    (found,) = judged(case, line("TRAVEL", 3, 68 * 500, "500"))
    assert (found.units, [(r.code, r.cents) for r in found.reasons]) == (Decimal(400), [("ONE-PER-DAY", 6800)])


def test_a_second_unit_of_the_day_on_one_invoice_is_over_the_daily_limit() -> None:
    first, second = judged(
        active(came(1)), line("CR-DAY", 1, DAY), line("CR-DAY", 1, DAY).model_copy(update={"line": "2"})
    )
    assert (first.status, codes(second)) == ("ok", ["ONE-PER-DAY"])


def test_a_report_is_billed_once_on_an_invoice() -> None:
    twice = line("CR-ASSESS", 0, ASSESS)
    _, second = judged(active(accepted("initial", 0)), twice, twice.model_copy(update={"line": "2"}))
    assert codes(second) == ["DUP"]


def test_more_than_a_week_or_a_referral_may_have_is_denied() -> None:
    week = judged(active(came(0, 1, 2)), *(line("CR-DAY", n, DAY) for n in (0, 1, 2)))
    assert [codes(x) for x in week] == [[], [], ["LIMIT"]]
    grants = approved(grant("g-1", "CR-SUP-PHY", "5"))
    referral = judged(active(grants), *(line("CR-SUP-PHY", n, 28000) for n in (1, 2, 3)))
    assert [codes(x) for x in referral] == [[], [], ["LIMIT"]]


def test_a_week_excludes_its_days_whichever_is_billed_first() -> None:
    case = active(came(0, 1, 2, 7))
    week_first = judged(case, line("CR-WK", 2, WEEK), line("CR-DAY", 1, DAY), line("CR-DAY", 7, DAY))
    assert [codes(x) for x in week_first] == [[], ["NOT-WITH"], []]
    excluded = week_first[1].reasons[0].rule
    assert re.search(r"together with program week .* \(CR-WK\) of \w{3} \d+ \w{3} \d{4}, invoice ", excluded), excluded
    day_first = judged(case, line("CR-DAY", 1, DAY), line("CR-WK", 2, WEEK))
    assert [codes(x) for x in day_first] == [[], ["NOT-WITH"]]


def test_a_return_to_work_plan_and_a_job_site_visit_exclude_each_other_on_a_day_only() -> None:
    case = active(
        accepted("rtw-plan", 3),
        accepted("job-site-visit", 3, report="v-1"),
        accepted("job-site-visit", 4, report="v-2"),
        approved(grant("g-1", "CR-JSV", "8")),
    )
    found = judged(case, line("CR-RTW", 3, 21000), line("CR-JSV", 3, 16500), line("CR-JSV", 4, 16500))
    assert [codes(x) for x in found] == [[], ["NOT-WITH"], []]


def test_a_service_of_another_invoice_is_a_duplicate_and_that_invoice_is_named() -> None:
    case = billed(active(came(1)), bill(line("CR-DAY", 1, DAY)))
    (found,) = judge(case, bill(line("CR-DAY", 1, DAY), invoice_id="i-2"), TERMS, day(15)).lines
    assert codes(found) == ["DUP"]
    assert "N-i-1" in found.reasons[0].rule


def test_a_service_that_another_invoice_was_denied_may_be_billed_again() -> None:
    case = billed(active(came(1, status="missed")), bill(line("CR-DAY", 1, DAY)))
    again = told(came(1), case=case)
    assert judge(again, bill(line("CR-DAY", 1, DAY), invoice_id="i-2"), TERMS, day(15)).lines[0].status == "ok"


def test_an_earlier_invoice_that_waits_keeps_its_units_back() -> None:
    case = active(came(2), approved(grant("g-1", "CR-SUP-CNS", "2")), claim((day(-60), "accepted")))
    case = told(claim((day(-60), "accepted"), (day(1), "pended"), (day(2), "accepted")), case=case)
    first = bill(line("CR-SUP-CNS", 1, 31000, "2"))
    case = billed(case, first)
    second = bill(line("CR-SUP-CNS", 3, 15500), invoice_id="i-2")
    case = told(received(second), case=case)
    assert codes(judge(case, second, TERMS, day(15)).lines[0]) == ["AUTH-MISSING"]
    assert judge(case, first, TERMS, day(15)).lines[0].status == "waiting"


def test_undecided_units_are_kept_back_for_the_invoice_that_came_first() -> None:
    case = billed(active(asked("CR-SUP-OT", "1")), bill(line("CR-SUP-OT", 3, 14000)))
    second = bill(line("CR-SUP-OT", 4, 14000), invoice_id="i-2")
    assert codes(judge(case, second, TERMS, day(15)).lines[0]) == ["AUTH-MISSING"]
    assert judge(case, second, TERMS, day(15)).waits_for == ()


def test_an_invoice_received_later_that_waits_keeps_nothing_back_from_an_earlier_one() -> None:
    first = bill(line("CR-SUP-PHY", 3, 28000))
    second = bill(line("CR-SUP-PHY", 4, 28000), invoice_id="i-2")
    case = told(received(first), received(second), case=active(approved(grant("g-1", "CR-SUP-PHY", "1"))))
    assert judge(case, first, TERMS, day(15)).lines[0].status == "ok"
    assert judge(case, second, TERMS, day(15)).lines[0].status == "denied"


def test_an_invoice_is_judged_again_without_standing_in_its_own_way() -> None:
    sent = bill(line("CR-DAY", 1, DAY))
    case = billed(active(came(1)), sent)
    assert judge(case, sent, TERMS, day(15)) == judge(active(came(1)), sent, TERMS, day(15))


def test_units_of_a_judged_invoice_are_used_even_where_it_came_later() -> None:
    first, second = bill(line("CR-SUP-PHY", 3, 28000)), bill(line("CR-SUP-PHY", 4, 28000), invoice_id="i-2")
    case = told(received(first), case=active(approved(grant("g-1", "CR-SUP-PHY", "1"))))
    case = told(received(second), case=case)
    found = judge(active(approved(grant("g-1", "CR-SUP-PHY", "1"))), second, TERMS, day(14))
    case = told(announced(second, found, day(14)), case=case)
    assert judge(case, first, TERMS, day(15)).lines[0].status == "denied"


@pytest.mark.parametrize(("received_on", "status"), [(91, "ok"), (92, "denied")])
def test_a_service_is_billed_within_ninety_days(received_on: int, status: str) -> None:
    (found,) = judged(active(came(1)), line("CR-DAY", 1, DAY), on=received_on)
    assert (found.status, codes(found)) == (status, ["TIME-BAR"] if status == "denied" else [])


def test_a_window_that_ends_on_a_weekend_ends_on_the_next_business_day() -> None:
    case = active(came(0))  # ninety days later is a Sunday
    assert [judged(case, line("CR-DAY", 0, DAY), on=n)[0].status for n in (91, 92)] == ["ok", "denied"]


@pytest.mark.parametrize(("on", "status"), [(182, "ok"), (183, "denied")])
def test_a_denied_line_is_put_right_up_to_180_days_from_its_service(on: int, status: str) -> None:
    case = told(came(1), case=billed(active(came(1, status="missed")), bill(line("CR-DAY", 1, DAY))))
    again = bill(line("CR-DAY", 1, DAY), received=on, invoice_id="i-2", rectifies="i-1")
    assert judge(case, again, TERMS, day(on)).lines[0].status == status


def test_a_denied_line_is_put_right_up_to_90_days_from_its_first_rejection_whatever_follows() -> None:
    case = billed(active(came(1, status="missed")), bill(line("CR-DAY", 1, DAY), received=91))
    second = bill(line("CR-DAY", 1, DAY), received=150, invoice_id="i-2", rectifies="i-1")
    found = judge(case, second, TERMS, day(150))
    assert found.rectify_until == day(182)  # not 240; day 181 is a Sunday
    case = told(came(1), case=billed(case, second, 150))
    third = bill(line("CR-DAY", 1, DAY), received=182, invoice_id="i-3", rectifies="i-2")
    assert judge(case, third, TERMS, day(182)).lines[0].status == "ok"
    assert judge(case, third._replace(received_at=bill(received=183).received_at), TERMS, day(183)).lines[0].status == (
        "denied"
    )


def test_a_line_that_is_new_on_a_rectification_has_the_window_of_a_first_invoice() -> None:
    case = told(came(1, 2), case=billed(active(came(1, status="missed")), bill(line("CR-DAY", 1, DAY))))
    again = bill(line("CR-DAY", 1, DAY), line("CR-DAY", 2, DAY), received=120, invoice_id="i-2", rectifies="i-1")
    assert [codes(x) for x in judge(case, again, TERMS, day(120)).lines] == [[], ["TIME-BAR"]]


def test_a_line_that_was_paid_is_not_put_right() -> None:
    case = billed(active(came(1)), bill(line("CR-DAY", 1, DAY - 100)))
    again = bill(line("CR-DAY", 1, DAY), invoice_id="i-2", rectifies="i-1")
    assert codes(judge(case, again, TERMS, day(15)).lines[0]) == ["DUP"]


def test_an_invoice_is_judged_whole_and_waits_for_all_it_needs() -> None:
    case = active(came(1), due("initial"), asked("CR-SUP-OT", "1"))
    sent = bill(line("CR-DAY", 1, DAY), line("CR-ASSESS", 0, ASSESS), line("CR-SUP-OT", 3, 14000))
    found = judge(case, sent, TERMS, day(14))
    assert found.waits_for == ("report", "approval")
    assert [x.status for x in found.lines] == ["ok", "waiting", "waiting"]


def test_terms_that_are_not_loaded_are_waited_for() -> None:
    found = judge(active(), bill(line("CR-DAY", 1, DAY)), terms(contract(fee_schedule_id="none")), day(14))
    assert (found.waits_for, found.lines, found.until) == (("terms",), (), None)


def test_a_reason_names_the_field_of_its_line() -> None:
    _, found = judged(active(came(1)), line("CR-DAY", 1, DAY), line("NO-SUCH", 1, 1))
    assert (found.reasons[0].field, found.units, found.units_claimed) == ("lines.1.code", Decimal(0), Decimal(1))


def test_the_terms_say_how_long_a_remittance_may_be_disputed() -> None:
    found = judge(active(came(1)), bill(line("CR-DAY", 1, DAY)), TERMS, day(14))
    assert (found.dispute_days, found.rectify_until) == (90, day(14))


def test_a_denial_says_until_when_it_may_be_put_right() -> None:
    found = judge(active(), bill(line("NO-SUCH", 1, 100)), TERMS, day(14))
    assert found.rectify_until == date(2025, 5, 5)  # 180 days: 4 May, a Sunday


def test_nothing_that_is_told_of_a_line_is_a_hash_or_an_id_of_a_document() -> None:
    found = judge(active(submitted("initial", 0)), bill(line("CR-ASSESS", 0, ASSESS)), TERMS, day(14))
    assert SHA256 not in found.lines[0].model_dump_json()
