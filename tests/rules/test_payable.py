"""Where a rule of payment begins and ends: the first and last day of a week, of a claim, of an injury; codes apart."""

from datetime import date

from shared.billing.adjudication import judge
from tests.rules.billing import TERMS, accepted, active, bill, came, claim, codes, day, judged, line

DAY = 13800
WEEK = 69000
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, NEXT_MONDAY = 0, 1, 2, 3, 4, 7


def week_of(last: int, *attended: int, missed: tuple[int, ...] = (), started: int = MONDAY) -> list[str]:
    """Return what is said of a week billed on its last day."""
    case = active(came(*attended), came(*missed, status="missed"))._replace(started_on=day(started))
    return codes(judged(case, line("CR-WK", last, WEEK))[0])


def test_codes_that_no_fee_sets_apart_are_paid_for_one_day() -> None:
    found = judged(active(came(1), accepted("progress", 1)), line("CR-DAY", 1, DAY), line("CR-PROG", 1, 8500))
    assert [x.status for x in found] == ["ok", "ok"]


def test_a_day_before_anything_was_said_of_the_claim_counts_as_the_first() -> None:
    denied, paid = judged(
        active(came(1, 7), claim((day(5), "disallowed"), (day(6), "accepted"))),
        line("CR-DAY", 1, DAY), line("CR-DAY", 7, DAY),
    )  # fmt: skip
    assert (codes(denied), codes(paid)) == (["CLM-DISALLOWED"], [])


def test_a_claim_of_which_nothing_was_said_is_waited_for() -> None:
    case = active(came(1))._replace(claim=())
    assert judge(case, bill(line("CR-DAY", 1, DAY)), TERMS, day(14)).waits_for == ("claim",)


def test_a_service_on_the_day_of_the_injury_is_not_before_it() -> None:
    on_the_day, before = judged(active(), line("CR-DAY", -63, DAY), line("CR-DAY", -64, DAY))
    assert day(-63) == date(2024, 9, 2)
    assert "DOS-BEFORE-INJURY" not in codes(on_the_day)
    assert "DOS-BEFORE-INJURY" in codes(before)


def test_the_first_and_the_last_day_of_a_program_belong_to_it() -> None:
    case = active(came(0, 8))._replace(last_on=day(8))
    assert [x.status for x in judged(case, line("CR-DAY", 0, DAY), line("CR-DAY", 8, DAY))] == ["ok", "ok"]


def test_a_week_is_from_monday_to_sunday() -> None:
    assert week_of(FRIDAY, MONDAY, FRIDAY, NEXT_MONDAY, missed=(TUESDAY, WEDNESDAY, THURSDAY)) == ["ATT-MIN"]
    assert week_of(6, MONDAY, FRIDAY, 6, missed=(TUESDAY, WEDNESDAY, THURSDAY)) == []


def test_of_a_week_its_first_and_its_last_day_may_still_be_recorded() -> None:
    assert week_of(WEDNESDAY, TUESDAY, WEDNESDAY) == ["ATT-MISSING"]
    assert week_of(WEDNESDAY, MONDAY, TUESDAY) == ["ATT-MISSING"]


def test_days_before_the_program_began_are_not_waited_for() -> None:
    assert week_of(FRIDAY, THURSDAY, FRIDAY, missed=(WEDNESDAY,), started=WEDNESDAY) == ["ATT-MIN"]
    assert week_of(FRIDAY, THURSDAY, FRIDAY, started=WEDNESDAY) == ["ATT-MISSING"]
