"""The second opinion on admission: small cases, decided by hand."""

from typing import Any

import pytest

from simulation.audit.expected_decisions import Expected
from simulation.audit.observations import Books
from tests.simulation.world import NUMBER, World, at

REQUEST = NUMBER, "R1"


@pytest.fixture
def world() -> World:
    made = World()
    made.publish()
    return made


def decided(world: World, request_id: str = "R1") -> Expected:
    return Books(world.lying, at("2025-06-01")).expected.decisions[NUMBER, request_id]


def asked(world: World, day: str = "2024-10-07", claim: dict[str, Any] | None = None, **request: Any) -> Expected:
    world.accept("2024-09-10", **(claim or {}))
    world.request(day, **request)
    return decided(world)


def injury(nature: str, part: str = "41200", side: str = "L", on: str = "2024-09-02") -> dict[str, Any]:
    return {
        "injury": {"occurred_on": on, "body_part": part, "nature": nature, "side": side},
        "accepted_areas": [{"body_part": part, "side": side}],
    }


def test_a_sprain_after_five_weeks_is_admitted(world: World) -> None:
    assert asked(world) == Expected(at("2024-10-07", 11), "or1", frozenset())


@pytest.mark.parametrize(
    ("day", "claim", "barriers", "program"),
    [
        ("2024-10-31", ("Vancouver", "02100"), [], "or1"),
        ("2024-11-01", ("Vancouver", "02100"), [], "crrtw"),
        ("2024-11-01", ("Tofino", "02100"), [], "or1"),
        ("2024-10-07", ("Vancouver", "17330"), [], "astd"),
        ("2024-10-07", ("Tofino", "17330"), [], "or1"),
        ("2024-10-07", ("Vancouver", "17330"), ["pain_focus"], "astd"),
        ("2024-10-07", ("Vancouver", "02100"), ["language", "pain_focus"], "or2"),
        ("2024-10-07", ("Tofino", "02100"), ["pain_focus"], "or1"),
        ("2024-11-01", ("Vancouver", "17330"), ["pain_focus"], "crrtw"),
    ],
)
def test_the_first_program_in_force_that_fits_is_the_one(
    world: World, day: str, claim: tuple[str, str], barriers: list[str], program: str
) -> None:
    community, nature = claim
    found = asked(world, day, injury(nature) | {"community": community}, barriers=barriers)
    assert found[1:] == (program, frozenset())


@pytest.mark.parametrize(
    ("day", "nature", "codes"),
    [
        ("2024-09-22", "02100", {"EARLY"}),
        ("2024-09-23", "02100", set()),
        ("2024-10-13", "01200", {"EARLY"}),
        ("2024-10-14", "01200", set()),
        ("2024-09-20", "01200", {"EARLY"}),
        ("2024-10-07", "06200", {"NATURE"}),
        ("2024-09-12", "06200", {"NATURE", "EARLY"}),
    ],
)
def test_weeks_and_natures(world: World, day: str, nature: str, codes: set[str]) -> None:
    part = injury(nature, "01100", "N") if nature == "06200" else injury(nature)
    assert asked(world, day, part).codes == codes


def test_or1_takes_no_psychosocial_barrier_and_where_or2_has_no_area_it_is_or1(world: World) -> None:
    assert asked(world, claim={"community": "Tofino"}, barriers=["psychosocial"])[1:] == ("or1", frozenset({"BARRIER"}))


def test_another_program_than_the_right_one_fails_beside_the_criteria_of_the_right_one(world: World) -> None:
    assert asked(world, "2024-09-20", program_wanted="crrtw")[1:] == ("or1", frozenset({"PROGRAM-OTHER", "EARLY"}))


@pytest.mark.parametrize(
    ("side", "accepted", "codes"),
    [
        ("L", "R", {"INJ-AREA"}),
        ("L", "B", set()),
        ("B", "L", {"INJ-AREA"}),
        ("B", "B", set()),
    ],
)
def test_every_injured_side_must_be_accepted(world: World, side: str, accepted: str, codes: set[str]) -> None:
    claim = injury("02100", side=side) | {"accepted_areas": [{"body_part": "41200", "side": accepted}]}
    assert asked(world, claim=claim).codes == codes


def test_left_and_right_accepted_apart_are_both(world: World) -> None:
    areas = [{"body_part": "41200", "side": side} for side in "RL"]
    assert asked(world, claim=injury("02100", side="B") | {"accepted_areas": areas}).codes == set()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("pended", "CLM-PEND"),
        ("suspended", "CLM-SUSPENDED"),
        ("disallowed", "CLM-DISALLOWED"),
        ("closed", "CLM-CLOSED"),
    ],
)
def test_the_standing_of_the_day_of_decision_is_a_criterion(world: World, words: str, code: str) -> None:
    world.accept("2024-09-10")
    world.decide(words, "2024-10-01", "2024-09-20")
    world.request("2024-10-07", program_wanted="or2")
    assert decided(world).codes == {code, "PROGRAM-OTHER"}


def test_a_decision_that_takes_effect_later_does_not_stand_yet(world: World) -> None:
    world.accept("2024-09-10")
    world.decide("closed", "2024-10-01", "2024-10-08")
    world.request("2024-10-07")
    world.request("2024-10-08", "R2")
    assert decided(world).codes == set()
    assert decided(world, "R2").codes == {"CLM-CLOSED"}


def test_an_acceptance_that_takes_effect_later_is_pending_until_then(world: World) -> None:
    world.accept("2024-10-01", effective_on="2024-10-09")
    world.request("2024-10-07")
    assert decided(world).codes == {"CLM-PEND"}


def test_of_two_with_one_effective_date_the_later_decision_holds_however_they_arrive(world: World) -> None:
    world.accept("2024-09-10")
    world.decide("resumed", "2024-10-04", "2024-09-20")
    world.decide("suspended", "2024-10-02", "2024-09-20", hour=15)
    world.request("2024-10-07")
    assert decided(world).codes == set()


def test_a_resumption_lifts_no_closure(world: World) -> None:
    world.accept("2024-09-10")
    world.decide("closed", "2024-10-01", "2024-10-01")
    world.decide("resumed", "2024-10-02", "2024-10-02")
    world.request("2024-10-07")
    assert decided(world).codes == {"CLM-CLOSED"}


def test_a_reopening_lifts_a_closure_and_nothing_else(world: World) -> None:
    world.accept("2024-09-10")
    world.decide("closed", "2024-10-01", "2024-10-01")
    world.decide("reopened", "2024-10-02", "2024-10-02")
    world.request("2024-10-07")
    assert decided(world).codes == set()


def test_the_community_is_that_of_the_day_of_the_request(world: World) -> None:
    world.accept("2024-09-10")
    worker = {"claim_number": NUMBER, "worker_id": "W1", "community": "Tofino", "moved_on": "2024-11-05"}
    world.claims("worker-moved", at("2024-11-06"), worker)
    world.request("2024-11-06", "R1", requested_on="2024-11-04")
    world.request("2024-11-06", "R2", hour=12)
    assert decided(world).program == "crrtw"
    assert decided(world, "R2")[1:] == ("or1", frozenset({"CASE-EXISTS"}))


def test_an_amended_injury_counts_from_its_effective_date(world: World) -> None:
    world.accept("2024-09-10")
    changed = {"claim_number": NUMBER, "effective_on": "2024-10-07", **injury("06200", "01100", "N")}
    world.claims("claim-amended", at("2024-10-01"), changed)
    world.request("2024-10-06", requested_on="2024-10-06")
    assert decided(world).codes == set()
    world.request("2024-10-07", "R2")
    assert decided(world, "R2").codes == {"NATURE", "CASE-EXISTS"}


def test_a_request_of_before_the_first_interval_is_judged_by_the_first(world: World) -> None:
    world.accept("2024-10-01", effective_on="2024-10-05")
    world.request("2024-10-07", requested_on="2024-10-03")
    assert decided(world).codes == set()


def test_a_request_waits_ten_business_days_for_its_claim(world: World) -> None:
    world.request("2024-10-07")
    # Thanksgiving, 14 October, is no business day
    assert decided(world) == Expected(at("2024-10-22", 23, 59).replace(second=59), None, frozenset({"CLM-NOTFOUND"}))
    assert decided(world).decision == "without-claim"


def test_an_acceptance_in_time_decides_what_waits_in_the_order_first_read(world: World) -> None:
    world.request("2024-10-07", "R2")
    world.request("2024-10-08", "R1")
    world.accept("2024-10-22")
    assert decided(world, "R2") == Expected(at("2024-10-22"), "or1", frozenset())
    assert decided(world, "R1").codes == {"CASE-EXISTS"}


def test_an_acceptance_too_late_needs_a_new_request(world: World) -> None:
    world.request("2024-10-07")
    world.accept("2024-10-23")
    world.request("2024-10-24", "R2")
    assert decided(world).codes == {"CLM-NOTFOUND"}
    assert decided(world, "R2").codes == set()


def test_a_pended_claim_that_was_never_accepted_is_waited_for(world: World) -> None:
    world.decide("pended", "2024-10-01", "2024-09-20")
    world.request("2024-10-07")
    assert decided(world).codes == {"CLM-NOTFOUND"}


def test_the_same_request_under_another_id_is_the_same_request(world: World) -> None:
    world.accept("2024-09-10")
    world.request("2024-10-07")
    world.request("2024-10-08")
    assert decided(world).codes == set()
    assert len(Books(world.lying, at("2025-01-01")).requests) == 1


def test_a_second_case_is_refused_while_the_first_is_open_and_not_after_it_was_withdrawn(world: World) -> None:
    world.accept("2024-09-10")
    world.request("2024-10-07", "R1")
    world.request("2024-10-08", "R2")
    world.decide("closed", "2024-10-09", "2024-10-01")
    world.decide("reopened", "2024-10-16", "2024-10-10")
    world.request("2024-10-17", "R3")
    assert decided(world, "R2").codes == {"CASE-EXISTS"}
    assert decided(world, "R3").codes == set()
    assert Books(world.lying, at("2025-01-01")).expected.followed[REQUEST] == ["withdrawn"]


def test_a_past_interval_changes_nothing_that_holds_today(world: World) -> None:
    world.accept("2024-09-10")
    world.request("2024-10-07", "R1")
    world.decide("resumed", "2024-10-14", "2024-10-15", read_on="2024-10-14")
    world.decide("suspended", "2024-10-14", "2024-10-10", read_on="2024-10-20")
    assert Books(world.lying, at("2025-01-01")).expected.followed.get(REQUEST, []) == []


def test_a_closure_ahead_withdraws_at_midnight_of_its_day(world: World) -> None:
    world.accept("2024-09-10")
    world.request("2024-10-07", "R1")
    world.decide("closed", "2024-10-08", "2024-10-10")
    world.request("2024-10-09", "R2")
    world.decide("reopened", "2024-10-11", "2024-10-11")
    world.request("2024-10-12", "R3")
    assert decided(world, "R2").codes == {"CASE-EXISTS"}
    assert decided(world, "R3").codes == set()


def test_from_one_holding_standing_to_another_nothing_is_held_anew(world: World) -> None:
    world.accept("2024-09-10")
    world.request("2024-10-07", "R1")
    for words, day in (("suspended", "2024-10-08"), ("pended", "2024-10-09"), ("resumed", "2024-10-10")):
        world.decide(words, day, day)
    assert Books(world.lying, at("2025-01-01")).expected.followed[REQUEST] == ["held", "resumed"]


def test_a_referral_that_others_ended_is_no_longer_open(world: World) -> None:
    world.accept("2024-09-10")
    world.request("2024-10-07", "R1")
    created = {"referral_id": "F", "claim_number": NUMBER, "request_id": "R1"}
    world.announce("referral.referral-created", "F", at("2024-10-07", 11), created)
    ended = {"referral_id": "F", "cause": "officer", "from_on": "2024-10-08"}
    world.announce("referral.referral-withdrawn", "F", at("2024-10-08"), ended)
    world.request("2024-10-09", "R2")
    assert decided(world, "R2").codes == set()


def test_what_was_not_known_yet_does_not_count() -> None:
    world = World()
    world.accept("2024-09-10")
    world.request("2024-11-05")
    world.publish()
    late = {"contract_id": "C-NEW", "program": "crrtw", "communities": ["Tofino"], "revision": 1}
    whole = {"holds_from": "2024-11-01", "effective_from": "2024-11-01", **late}
    world.announce("procurement.contract-activated", "C-NEW", at("2024-11-20"), whole)
    world.accept("2024-09-10", number="20000002", community="Tofino")
    world.request("2024-11-19", number="20000002")
    world.accept("2024-09-10", number="20000003", community="Tofino")
    world.request("2024-11-21", number="20000003")
    found = Books(world.lying, at("2025-01-01")).expected.decisions
    assert [found[number, "R1"].program for number in ("20000002", "20000003")] == ["or1", "crrtw"]
