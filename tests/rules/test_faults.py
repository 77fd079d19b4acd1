"""A document that is no invoice is returned whole, with everything that is wrong with it."""

from collections.abc import Sequence

from shared.billing.adjudication import faults
from shared.domain.decision import Violation
from tests.rules.billing import TERMS, active, bill, day, line


def told_of(flaws: Sequence[Violation]) -> list[tuple[str, str | None]]:
    return [(flaw.code, flaw.field) for flaw in flaws]


def test_a_whole_invoice_has_no_faults() -> None:
    sent = bill(line("CR-DAY", 1, 13800), line("CR-DAY", 2, 13800))
    assert faults(sent, 27600, day(14), active(), TERMS) == ()


def test_an_invoice_without_lines_is_returned() -> None:
    assert told_of(faults(bill(), 0, day(14))) == [("FIELD-MISSING", "lines")]


def test_a_total_that_is_not_the_sum_of_the_lines_is_returned_with_the_right_one() -> None:
    (flaw,) = faults(bill(line("CR-DAY", 1, 13800)), 13801, day(14))
    assert (flaw.code, flaw.field, flaw.fix) == ("TOTAL", "cents", "give $138.00")


def test_an_invoice_of_tomorrow_is_returned() -> None:
    sent = bill(line("CR-DAY", 1, 13800), invoiced_on=day(15))
    assert told_of(faults(sent, 13800, day(14))) == [("DATE-FUTURE", "invoiced_on")]


def test_a_service_after_the_date_of_the_invoice_is_returned() -> None:
    sent = bill(line("CR-DAY", 1, 13800), line("CR-DAY", 9, 13800), invoiced_on=day(8))
    assert told_of(faults(sent, 27600, day(14))) == [("DATE-ORDER", "lines.1.service_on")]


def test_no_units_and_cents_below_nothing_are_returned() -> None:
    sent = bill(line("CR-DAY", 1, 13800, "0"), line("CR-DAY", 2, -1), line("CR-DAY", 3, 0, "-1"))
    found = told_of(faults(sent, 13799, day(14)))
    assert found == [("FEE-UNITS", "lines.0.units"), ("CENTS", "lines.1.cents"), ("FEE-UNITS", "lines.2.units")]


def test_an_invoice_that_asks_for_nothing_is_returned_and_a_line_may() -> None:
    nothing, something = line("CR-DAY", 1, 0), line("CR-DAY", 2, 1)
    assert told_of(faults(bill(nothing), 0, day(14))) == [("CENTS", "cents")]
    assert faults(bill(nothing, something), 1, day(14)) == ()


def test_units_that_are_no_steps_of_their_fee_are_returned() -> None:
    sent = bill(line("CR-JSV", 1, 100, "1.1"), line("CR-JSV", 2, 100, "1.25"))
    assert told_of(faults(sent, 200, day(14), active(), TERMS)) == [("FEE-UNITS", "lines.0.units")]


def test_two_lines_of_one_name_are_returned() -> None:
    one = line("CR-DAY", 1, 13800)
    assert told_of(faults(bill(one, one), 27600, day(14))) == [("DUP", "lines.1.line")]


def test_another_payee_than_the_referrals_is_returned() -> None:
    sent = bill(line("CR-DAY", 1, 13800), payee_id="p-9")
    (flaw,) = faults(sent, 13800, day(14), active())
    assert (flaw.code, flaw.field, flaw.fix) == ("PAYEE", "payee_id", "bill as the payee of the referral")


def test_all_faults_are_told_at_once() -> None:
    sent = bill(line("CR-DAY", 20, 13800, "0"), invoiced_on=day(15), payee_id="p-9")
    found = {code for code, _ in told_of(faults(sent, 1, day(14), active(), TERMS))}
    assert found == {"PAYEE", "DATE-FUTURE", "TOTAL", "DATE-ORDER", "FEE-UNITS"}
