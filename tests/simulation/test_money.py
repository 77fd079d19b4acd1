"""Every cent is followed: a world in which one case is paid, and every way to pay it wrongly is found."""

import json
from typing import Any

import pytest

from simulation.audit import money, prices
from simulation.audit.observations import Books
from tests.simulation.world import BEFORE, World, at

CASE, INVOICE = "aaaaaaaa-0000-5000-8000-000000000001", "I-1"
FEES = {
    "fee_schedule_id": "F", "revision": 1, "effective_from": "2020-01-01",
    "lines": [
        {"code": "ASSESS", "unit": "report", "cents": 31000, "needs_report": "initial", "dos_is_report_date": True,
         "tiers": [{"late_to": 0, "percent": 100}, {"late_to": 15, "percent": 75}, {"percent": 0}],
         "max_per_referral": "1",
         "before_plan": 1},
        {"code": "DAY", "unit": "day", "cents": 9600, "max_per_referral": "30", "attendance": "day", "before_plan": 0},
    ],
}  # fmt: skip
DENIED = {"code": "ATT-MISSED", "rule": "attended", "fix": "-", "field": "lines.3", "cents": 9600}


def line(name: str, code: str, claimed: int, allowed: int, **more: Any) -> dict[str, Any]:
    """A line as judged."""
    usual = {"service_on": "2024-11-05", "units_claimed": "1", "units": "1", "status": "ok", "reasons": []}
    return {"line": name, "code": code, "claimed_cents": claimed, "allowed_cents": allowed, "fee_revision": 1,
            "percent": 100, "drawn": [], **usual, **more}  # fmt: skip


LINES = [
    line("1", "ASSESS", 23250, 23250, percent=75, drawn=[{"grant": None, "units": "1"}]),
    line("2", "DAY", 9600, 9600, drawn=[{"grant": "G", "units": "1"}]),
    line("3", "DAY", 9600, 0, status="denied", units="0", reasons=[DENIED]),
]


def billed(one: dict[str, Any]) -> dict[str, Any]:
    """The same line as it was billed."""
    return {
        "line": one["line"],
        "code": one["code"],
        "service_on": one["service_on"],
        "units": one["units_claimed"],
        "cents": one["claimed_cents"],
    }


@pytest.fixture
def world() -> World:
    """One invoice of three lines: one paid by a tier, one whole, one denied."""
    made = World()
    made.publish()
    made.announce("procurement.fee-schedule-published", "F", BEFORE, FEES)
    contract = {"contract_id": "C-9", "revision": 1, "holds_from": "2020-01-01", "fee_schedule_id": "F"}
    made.announce("procurement.contract-activated", "C-9", BEFORE, contract)
    of_case = {"referral_id": CASE, "revision": 1}
    made.announce("referral.referral-accepted", CASE, at("2024-11-01"), {**of_case, "contract_id": "C-9"})
    report = {"report": "initial", "kind": "initial", "service_on": "2024-11-05", "business_days_late": 3}
    made.announce("program.report-accepted", CASE, at("2024-11-06"), {**of_case, **report})
    days = [{"on": "2024-11-05", "status": "attended"}, {"on": "2024-11-06", "status": "missed"}]
    made.announce("program.attendance-recorded", CASE, at("2024-11-06"), {**of_case, "days": days})
    grant = {"grant": "G", "code": "DAY", "units": "1", "from_on": "2024-11-05", "to_on": "2024-11-05"}
    made.announce("program.plan-approved", CASE, at("2024-11-06"), {**of_case, "plan": 1, "lines": [grant]})
    invoice = {**of_case, "invoice_id": INVOICE, "number": "N-1", "payee_id": "P-1"}
    received = {**invoice, "lines": [billed(one) for one in LINES], "cents": 42450}
    made.announce("invoice.invoice-received", CASE, at("2024-11-07"), received)
    judged = {**invoice, "lines": LINES, "claimed_cents": 42450, "allowed_cents": 32850}
    made.announce("invoice.invoice-adjudicated", CASE, at("2024-11-07"), judged)
    made.announce("invoice.invoice-partially-approved", CASE, at("2024-11-07"), invoice)
    made.announce("invoice.payment-scheduled", CASE, at("2024-11-07"), {**invoice, "run_id": "R"})
    run = {"run_id": "R", "run_on": "2024-11-13", "cut_off_at": at("2024-11-12", 16).isoformat(), "cents": 32850}
    made.announce(
        "invoice.run-frozen", "R", at("2024-11-12", 16), {**run, "payees": [{"payee_id": "P-1", "cents": 32850}]}
    )
    made.announce("invoice.run-released", "R", at("2024-11-13", 9), run)
    lines = [{"invoice_id": INVOICE, "line": one["line"], "allowed_cents": one["allowed_cents"]} for one in LINES]
    remittance = {"payee_id": "P-1", "remittance_id": "M", "run_id": "R", "cents": 32850, "lines": lines}
    made.announce("invoice.payment-released", "P-1", at("2024-11-13", 9), remittance)
    made.announce("invoice.remittance-issued", "P-1", at("2024-11-13", 9), remittance)
    made.announce("invoice.invoice-paid", CASE, at("2024-11-13", 9), {**invoice, "remittance_id": "M", "cents": 32850})
    return made


CHECKS = (
    money.judged_whole, money.one_fate, money.paid_once, money.all_paid, money.remittances, money.runs,
    money.run_days, money.released_by_enough, money.payments, money.listed, prices.priced, prices.granted,
    prices.attended,
)  # fmt: skip


def faults(world: World) -> list[str]:
    books = Books(world.lying, at("2025-06-01"))
    return [fault for check in CHECKS for fault in check(books)]


def place_of(world: World, words: str) -> int:
    return next(n for n, one in enumerate(world.lying) if any(words.encode() in (v or b"") for _, v in one.headers))


def change(world: World, words: str, **data: Any) -> None:
    """An announcement says something else."""
    place = place_of(world, words)
    lying = world.lying[place]
    world.lying[place] = lying._replace(value=json.dumps(json.loads(lying.value or b"") | data).encode())


def judged(*lines: dict[str, Any]) -> dict[str, Any]:
    """A judgement of other lines, whose sums are right."""
    return {"lines": list(lines), "allowed_cents": sum(one["allowed_cents"] for one in lines)}


def test_a_case_that_is_paid_rightly_has_no_fault(world: World) -> None:
    assert faults(world) == []


def test_a_price_cut_by_one_cent_is_found(world: World) -> None:
    cut = {**LINES[1], "allowed_cents": 9599, "reasons": [{**DENIED, "cents": 1}]}
    change(world, "invoice-adjudicated", **judged(LINES[0], cut, LINES[2]))
    assert any("allows 9599 cents, right is 9600" in fault for fault in faults(world))


def test_cents_without_a_reason_are_found(world: World) -> None:
    change(world, "invoice-adjudicated", **judged(*LINES[:2], {**LINES[2], "reasons": []}))
    assert any("of which 0 are allowed and 0 refused" in fault for fault in faults(world))


def test_a_late_report_paid_whole_is_found(world: World) -> None:
    change(world, "report-accepted", business_days_late=-1)
    assert any("paid at 75 percent, right is 100" in fault for fault in faults(world))


def test_a_line_without_its_report_is_found(world: World) -> None:
    del world.lying[place_of(world, "report-accepted")]
    assert any("needs a report initial" in fault for fault in faults(world))


def test_a_line_in_two_remittances_is_found(world: World) -> None:
    world.lying.append(world.lying[place_of(world, "remittance-issued")])
    twice = world.lying[-1]
    pairs = tuple((name, b"other" if name == "ce_id" else value) for name, value in twice.headers)
    world.lying[-1] = twice._replace(headers=pairs)
    assert any("stands in 2 remittances" in fault for fault in faults(world))


def test_a_remittance_that_leaves_a_cent_out_is_found(world: World) -> None:
    change(world, "remittance-issued", cents=32849)
    found = faults(world)
    assert any("pays 32849 cents, its lines make 32850" in fault for fault in found)
    assert any("owes P-1 32850 cents and remits 32849" in fault for fault in found)


def test_an_invoice_that_is_allowed_and_never_paid_is_found(world: World) -> None:
    del world.lying[place_of(world, "invoice-paid")]
    assert f"the invoice {INVOICE} was allowed and never paid" in faults(world)


def test_a_grant_that_pays_for_more_than_it_grants_is_found(world: World) -> None:
    more = {**LINES[1], "drawn": [{"grant": "G", "units": "2"}]}
    change(world, "invoice-adjudicated", **judged(LINES[0], more, LINES[2]))
    assert "the grant G of 1 units paid for 2" in faults(world)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"drawn": [{"grant": "H", "units": "1"}]}, "draws on the grant H, which nobody gave"),
        ({"drawn": [{"grant": None, "units": "1"}]}, "was paid 1 units of DAY, before_plan is 0"),
        ({"drawn": []}, "pays 1 units of 1, 0 are covered"),
        ({"units_claimed": "0.5"}, "pays 1 units of 0.5, 1 are covered"),
        ({"service_on": "2024-11-06"}, "the grant G of DAY paid for DAY on 2024-11-06"),
        ({"code": "ASSESS", "percent": 75}, "the grant G of DAY paid for ASSESS"),
        ({"fee_revision": 2}, "was priced by revision 2, right is 1"),
        ({"percent": 50}, "is paid at 50 percent, right is 100"),
    ],
)
def test_units_that_nobody_approved_or_billed_are_found(world: World, changed: dict[str, Any], fault: str) -> None:
    change(world, "invoice-adjudicated", **judged(LINES[0], {**LINES[1], **changed}, LINES[2]))
    assert any(fault in found for found in faults(world))


def test_more_units_than_a_referral_may_have_are_found(world: World) -> None:
    again = {**LINES[0], "line": "4"}
    change(world, "invoice-adjudicated", **judged(*LINES, again))
    found = faults(world)
    assert any("was paid 2 units of ASSESS, max_per_referral is 1" in fault for fault in found)
    assert f"the invoice {INVOICE} was judged by other lines than were billed" in found


def test_a_day_that_was_missed_and_paid_is_found(world: World) -> None:
    change(world, "attendance-recorded", days=[{"on": "2024-11-05", "status": "missed"}])
    assert any("was paid DAY of 2024-11-05, its week has 0 attended days" in fault for fault in faults(world))


@pytest.mark.parametrize(
    ("words", "data", "fault"),
    [
        ("invoice-partially-approved", {"invoice_id": "I-9"}, "was said to be None"),
        ("invoice-received", {"lines": []}, "was judged by other lines than were billed"),
        ("invoice-received", {"invoice_id": "I-9"}, "was judged and never received"),
        ("invoice-received", {"payee_id": "P-2"}, "is paid by ('M', 'P-2', 'R') and listed by ('M', 'P-1', 'R')"),
        ("payment-scheduled", {"run_id": "S"}, "is paid by ('M', 'P-1', 'S') and listed by ('M', 'P-1', 'R')"),
        ("invoice-paid", {"remittance_id": "N"}, "is paid by ('N', 'P-1', 'R') and listed by ('M', 'P-1', 'R')"),
        ("invoice-paid", {"cents": 32849}, "was paid 32849 cents, which were not allowed"),
        ("payment-released", {"cents": 32849}, "was paid 32849 cents, of which the remittance M does not tell"),
        ("payment-released", {"payee_id": "P-2"}, "tells P-1 of 32850 cents, which were not paid so"),
        ("run-released", {"cents": 1}, "froze 32850 cents and released 1"),
        ("run-frozen", {"cents": 1}, "freezes 1 cents, its payees make 32850"),
        ("run-frozen", {"approvals_needed": 2}, "needs 2 people and was released by 0"),
        ("run-frozen", {"run_on": "2024-11-14"}, "right is 2024-11-20"),
        ("run-frozen", {"cut_off_at": "2024-11-12T16:01:00-08:00"}, "right is 2024-11-13 and 2024-11-12 16:00"),
    ],
)
def test_what_is_said_of_one_payment_in_two_ways_is_found(
    world: World, words: str, data: dict[str, Any], fault: str
) -> None:
    change(world, words, **data)
    found = faults(world)
    assert any(fault in one for one in found), found


def test_what_two_different_people_released_is_right_and_one_twice_is_not(world: World) -> None:
    change(world, "run-frozen", approvals_needed=2)
    change(world, "run-released", released_by=["A", "A"])
    assert "the run R needs 2 people and was released by 1" in faults(world)
    change(world, "run-released", released_by=["A", "B"])
    assert faults(world) == []


def test_a_judgement_whose_sum_is_not_that_of_its_lines_is_found(world: World) -> None:
    change(world, "invoice-adjudicated", claimed_cents=42451)
    assert any("claimed_cents is 42451, and its lines make 42450" in fault for fault in faults(world))


def test_an_invoice_that_is_paid_although_it_was_taken_back_is_found(world: World) -> None:
    world.announce("invoice.invoice-voided", CASE, at("2024-11-08"), {"invoice_id": INVOICE})
    assert f"the invoice {INVOICE} was paid 1 times and taken back" in faults(world)


def test_an_invoice_that_was_never_judged_is_found_unless_it_waits_for_a_claim(world: World) -> None:
    two = {"referral_id": CASE, "invoice_id": "I-2", "payee_id": "P-1", "lines": []}
    world.announce("invoice.invoice-received", CASE, at("2024-11-08"), two)
    assert "the invoice I-2 was never judged" in faults(world)
    world.announce("invoice.invoice-pended", CASE, at("2024-11-08"), {**two, "until": "2024-12-09"})
    assert "the invoice I-2 was never judged" in faults(world)
    world.announce("invoice.invoice-pended", CASE, at("2024-12-10"), {**two, "until": None})
    assert faults(world) == []


def test_a_run_on_a_holiday_is_found(world: World) -> None:
    change(world, "run-frozen", run_on="2024-11-11")
    assert any(fault.startswith("the run R is on 2024-11-11") for fault in faults(world))
