"""What a clinic and an officer are offered in each state, and by which names."""

from pathlib import Path

import pytest

from services.portal.domain.allowed_actions import (
    calls_for,
    clinic_on_document,
    clinic_on_referral,
    officer_on_document,
    officer_on_referral,
    payment_officer_on_run,
)

PAGES = Path(__file__).parents[2] / "services" / "portal" / "pages"


@pytest.mark.parametrize(
    ("state", "body", "expected"),
    [
        ("offered", {}, ["acknowledge", "decline"]),
        ("scheduled", {}, ["move", "missed", "start", "hold"]),
        ("scheduled", {"missed": True}, ["move", "start", "hold"]),
        ("active", {"last_on": "2024-11-12"}, ["hold"]),
        ("active", {"held_by": ["clinic"]}, ["resume"]),
        ("active", {"held_by": ["officer"]}, []),
        ("closed", {}, []),
    ],
)
def test_a_clinic_is_offered_what_the_state_of_its_referral_allows(
    state: str, body: dict[str, object], expected: list[str]
) -> None:
    assert clinic_on_referral(state, body) == expected


def test_a_hold_is_lifted_by_the_side_that_made_it() -> None:
    assert officer_on_referral("active", {"held_by": ["officer"]}) == ["resume", "withdraw"]
    assert officer_on_referral("active", {"held_by": ["clinic"]}) == ["withdraw"]


def test_an_officer_acts_on_no_referral_that_is_over() -> None:
    assert officer_on_referral("withdrawn", {}) == []
    assert officer_on_referral("active", {}) == ["hold", "withdraw"]


def test_an_officer_asks_about_a_plan_once() -> None:
    assert officer_on_document("plan", "submitted", {}) == ["decide-plan", "request-information"]
    assert officer_on_document("plan", "submitted", {"question_id": "q"}) == ["decide-plan"]


def test_an_invoice_without_a_denied_line_cannot_be_rectified() -> None:
    denied = {"lines": [{"status": "allowed"}, {"status": "denied"}]}
    assert clinic_on_document("invoice", "paid", denied) == ["rectify"]
    assert clinic_on_document("invoice", "paid", {"lines": [{"status": "allowed"}]}) == []
    assert clinic_on_document("invoice", "received", {}) == ["void"]


def test_a_run_is_released_only_while_it_waits_for_approvals() -> None:
    assert payment_officer_on_run("frozen", {"approvals_needed": 2}) == ["release"]
    assert payment_officer_on_run("frozen", {}) == payment_officer_on_run("released", {"approvals_needed": 2}) == []


def test_a_refusal_names_the_calls_of_the_side_that_asked() -> None:
    assert calls_for(["decide", "withdraw"], "/officer/referrals/R-1/commands/hold") == ["decide-plan", "withdraw"]
    assert calls_for(["submit", "wait"], "/referrals/R-1/commands/amend") == ["plan"]
    assert calls_for(["submit"], "/referrals/R-1/commands/rectify") == ["invoice"]


def test_no_page_reads_the_json_of_the_portals_own_calls() -> None:
    sources = {file.name: file.read_text(encoding="utf-8") for file in PAGES.glob("*.py")}
    assert sources
    assert {name for name, text in sources.items() if "orjson" in text or "response.body" in text} == set()
