"""Two plays are compared: what may differ is not told, and whatever may not is found where it is planted."""

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest

from simulation.audit.compare import differences

LINES = [
    ("OR1-ASSESS", "2024-11-12", 31000),
    ("OR1-DAY", "2024-11-13", 9600),
    ("OR1-DAY", "2024-11-14", 0),
]


def line(code: str, service_on: str, allowed: int) -> dict[str, Any]:
    return {
        "code": code, "service_on": service_on, "units": "1", "claimed_cents": 31000, "allowed_cents": allowed,
        "reasons": [] if allowed else ["ATT-MISSED"],
    }  # fmt: skip


def act(words: str, *codes: str) -> dict[str, Any]:
    return {"act": words, "at": "2024-11-12T20:00:00+00:00", "answer": list(codes), "unseen": False}


def case(**changed: Any) -> dict[str, Any]:
    """A request that was admitted, treated and paid."""
    paid = {"number": "1", "state": "PAID", "run_on": "2024-11-27", "lines": [line(*one) for one in LINES]}
    whole = {
        "claim_number": "20000001", "request_id": "R1", "decision": "admitted", "program": "or1", "codes": [],
        "decided_at": "2024-10-30T17:00:00+00:00", "heard": 2, "state": "CLOSED", "site_id": "S-1",
        "offers": [
            {"site_id": "S-2", "program": "or1", "at": "2024-10-30T17:00:00+00:00", "fate": "lapsed"},
            {"site_id": "S-1", "program": "or1", "at": "2024-11-01T06:59:59+00:00", "fate": "accepted"},
        ],
        "by_claim": [["referral-held", "2024-12-02T17:00:00+00:00"]],
        "started_on": "2024-11-12",
        "acts": {"k1": act("provider-accepted-referral"), "k2": act("provider-submitted-plan", "PLAN-OVERLAP")},
        "days": {"2024-11-12": "attended", "2024-11-13": "attended", "2024-11-14": "missed"},
        "plans": [{"plan": 1, "state": "APPROVED", "granted": [["1", "OR1-DAY", "5", 48000]]}],
        "reports": {"initial": "ACCEPTED"},
        "invoices": [paid],
    }  # fmt: skip
    return deepcopy(whole | changed)


def refused(*codes: str, **changed: Any) -> dict[str, Any]:
    """The same request, not admitted."""
    return case(decision="not-admitted", codes=list(codes), **changed)


def told(after: dict[str, Any], away: str = "program", before: dict[str, Any] | None = None) -> list[str]:
    return [one.removeprefix("20000001/R1: ") for one in differences([before or case()], [after], away)]


def billed(*invoices: tuple[str, list[tuple[str, str, int]]]) -> list[dict[str, Any]]:
    """Invoices by how they stand and what is on them."""
    return [
        {"number": str(n), "state": state, "run_on": None, "lines": [line(*one) for one in lines]}
        for n, (state, lines) in enumerate(invoices)
    ]


def weeks_later(day: str, weeks: int = 1) -> str:
    return (date.fromisoformat(day) + timedelta(weeks=weeks)).isoformat()


def test_two_plays_that_are_the_same_do_not_differ() -> None:
    assert told(case()) == []


def test_another_site_and_other_instants_are_no_difference() -> None:
    offers = [{**one, "site_id": f"other-{one['site_id']}"} for one in case()["offers"]]
    assert told(case(site_id="S-9", offers=offers, decided_at="2024-11-04T17:00:00+00:00"), "referral") == []


def test_a_first_visit_some_weeks_later_moves_every_day_of_service() -> None:
    days = {weeks_later(on): status for on, status in case()["days"].items()}
    lines = [(code, weeks_later(on), cents) for code, on, cents in LINES]
    later = case(started_on="2024-11-19", days=days, invoices=billed(("PAID", lines)))
    assert told(later) == []


def test_services_on_other_invoices_are_no_difference() -> None:
    assert told(case(invoices=billed(("PAID", LINES[:1]), ("PAID", LINES[1:])))) == []


def test_an_invoice_taken_back_and_billed_anew_is_no_difference() -> None:
    assert told(case(invoices=billed(("VOIDED", LINES), ("PAID", LINES)))) == []


def test_a_request_that_was_never_decided_is_found() -> None:
    assert differences([case()], [], "referral") == ["the request 20000001/R1 was decided in one play alone"]
    assert differences([], [case()], "referral") == ["the request 20000001/R1 was decided in one play alone"]


@pytest.mark.parametrize("away", ["program", "invoice", "procurement", "notification"])
def test_another_admission_is_found_where_referral_was_there(away: str) -> None:
    later = refused("CLM-SUSPENDED", decided_at="2024-11-04T20:00:00+00:00")
    assert told(later, away) == ["admitted or1 became not-admitted or1 CLM-SUSPENDED"]


def test_where_referral_was_away_the_standing_of_the_later_day_decides() -> None:
    later = {"decided_at": "2024-11-04T20:00:00+00:00"}
    assert told(refused("CLM-SUSPENDED", **later), "referral") == []
    assert told(case(**later), "referral", refused("CLM-PEND")) == []


def test_another_standing_on_the_same_instant_is_found() -> None:
    assert told(refused("CLM-SUSPENDED"), "referral") == ["admitted or1 became not-admitted or1 CLM-SUSPENDED"]


def test_another_criterion_on_a_later_day_is_found_unless_more_was_heard_of_the_claim() -> None:
    later = {"decided_at": "2024-11-04T20:00:00+00:00"}
    assert told(refused("NATURE", **later), "referral") == ["admitted or1 became not-admitted or1 NATURE"]
    assert told(refused("NATURE", heard=3, **later), "referral") == []


def test_another_program_is_found() -> None:
    assert told(case(program="or2"), "referral") == ["admitted or1 became admitted or2"]


def test_a_lapse_that_has_no_counterpart_is_found() -> None:
    first, last = case()["offers"]
    later = {**last, "at": "2024-11-05T07:59:59+00:00"}
    for away in ("program", "referral"):
        said = told(case(offers=[first, {**last, "fate": "lapsed"}, later]), away)
        assert "offer 2 was accepted and became lapsed" in said


def test_where_referral_was_away_the_programs_and_openings_of_the_later_day_are_offered() -> None:
    first, last = case()["offers"]
    later = {**last, "at": "2024-11-05T17:00:00+00:00"}
    assert told(case(offers=[first, {**later, "program": "crrtw"}], invoices=[]), "referral") == []
    assert told(case(offers=[first, {**last, "program": "crrtw"}], invoices=[]), "referral") != []
    assert told(case(offers=[{**first, "at": later["at"]}], state="UNPLACED", invoices=[]), "referral") == []
    assert told(case(offers=[first], state="UNPLACED", invoices=[]), "referral") != []
    assert told(case(offers=[first, {**later, "program": "crrtw"}]), "program") != []


def test_where_referral_was_away_the_insurers_decisions_hold_from_a_later_day() -> None:
    later = {"by_claim": [["referral-held", "2024-12-06T17:00:00+00:00"]], "days": {}, "invoices": []}
    assert told(case(**later), "referral") == []
    assert "day 0 was attended and became None" in told(case(**later), "program")


def test_an_offer_for_another_program_is_found() -> None:
    offers = [{**one, "program": "crrtw"} for one in case()["offers"]]
    assert told(case(offers=offers)) == ["the offers lapsed or1, accepted or1 became lapsed crrtw, accepted crrtw"]


def test_a_refusal_of_what_was_taken_is_found() -> None:
    acts = {**case()["acts"], "k1": act("provider-accepted-referral", "REF-LAPSED")}
    assert told(case(acts=acts)) == ["provider-accepted-referral was taken and became refused for REF-LAPSED"]


def test_who_acts_on_what_nobody_could_show_is_told_that_it_is_stale_and_acts_anew() -> None:
    before = case(acts={**case()["acts"], "k3": act("officer-withdrew-referral")})
    stale = act("officer-withdrew-referral", "STALE")
    unseen = {**case()["acts"], "k3": {**stale, "unseen": True}}
    assert told(case(acts=unseen, state="ACTIVE", reports={}), before=before) == []
    assert told(case(acts={**case()["acts"], "k3": stale}), before=before) == [
        "officer-withdrew-referral was taken and became refused for STALE"
    ]


def test_who_takes_an_invoice_back_later_may_find_the_run_frozen() -> None:
    before = case(acts={**case()["acts"], "k3": act("provider-voided-invoice")})
    frozen = act("provider-voided-invoice", "RUN-FROZEN")
    later = {**frozen, "at": "2024-11-13T20:00:00+00:00"}
    assert told(case(acts={**case()["acts"], "k3": later}), before=before) == []
    assert told(case(acts={**case()["acts"], "k3": frozen}), before=before) == [
        "provider-voided-invoice was taken and became refused for RUN-FROZEN"
    ]


def test_what_was_refused_and_is_taken_now_is_found() -> None:
    acts = {**case()["acts"], "k2": act("provider-submitted-plan")}
    assert told(case(acts=acts)) == ["provider-submitted-plan was refused for PLAN-OVERLAP and became taken"]


def test_an_action_that_was_never_answered_is_found() -> None:
    acts = {**case()["acts"], "k3": {**act("provider-held-referral"), "answer": None}}
    assert told(case(acts=acts)) == ["provider-held-referral was never answered"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"state": "ACTIVE"}, "CLOSED became ACTIVE"),
        ({"days": {}}, "day 0 was attended and became None"),
        ({"plans": []}, "plan 1 was ('APPROVED', [['1', 'OR1-DAY', '5', 48000]]) and became None"),
        ({"reports": {"initial": "OPEN"}}, "report initial was ACCEPTED and became OPEN"),
    ],
)
def test_a_case_that_ends_otherwise_is_found(changed: dict[str, Any], said: str) -> None:
    assert said in told(case(**changed))


@pytest.mark.parametrize(
    ("invoices", "said"),
    [
        ([], "cents of OR1-ASSESS 0 1 was 31000 and became None"),
        (billed(("VOIDED", LINES)), "cents of OR1-DAY 1 1 was 9600 and became None"),
        (
            billed(("PAID", [("OR1-ASSESS", "2024-11-12", 23250), *LINES[1:]])),
            "cents of OR1-ASSESS 0 1 was 31000 and became 23250",
        ),
        (billed(("PAID", LINES), ("PAID", LINES[:1])), "cents of OR1-ASSESS 0 1 was 31000 and became 62000"),
        (
            billed(("PAID", [*LINES[:2], ("OR1-DAY", "2024-11-14", 9600)])),
            "cents of OR1-DAY 2 1 was None and became 9600",
        ),
    ],
)
def test_other_cents_for_a_service_are_found(invoices: list[dict[str, Any]], said: str) -> None:
    assert said in told(case(invoices=invoices))
