"""Who is asked first, and why."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import cast

from shared.events.values import Program
from shared.placement import rural
from shared.placement.geo import kilometres
from shared.placement.matching import Candidate, MatchRequest, TakenOpenings, rank, receipt
from tests.referral.register import CONTRACTS, contract, register, site

DAY = date(2024, 11, 5)
MONDAY = date(2024, 11, 4)


def gone(numbers: dict[tuple[str, Program, date], set[int]]) -> TakenOpenings:
    return cast("TakenOpenings", numbers)


NONE = gone({})


def wanted(community: str = "Vancouver", **what: object) -> MatchRequest:
    return MatchRequest("crrtw", community, DAY, **what)  # type: ignore[arg-type]  # each case names other members


def sites(found: Sequence[Candidate]) -> list[str]:
    return [c.site_id for c in found]


def test_sites_of_one_town_tie_and_the_smaller_share_taken_goes_first() -> None:
    taken = gone({("van-1", "crrtw", MONDAY + timedelta(weeks=3)): {1}})
    assert sites(rank(register(), wanted(), taken, DAY)) == ["van-2", "van-1"]


def test_of_two_alike_the_site_id_decides() -> None:
    assert sites(rank(register(), wanted(), NONE, DAY)) == ["van-1", "van-2"]


def test_the_workers_choice_goes_first_when_it_can_take_somebody() -> None:
    assert sites(rank(register(), wanted(site_chosen="van-2"), NONE, DAY))[0] == "van-2"
    assert sites(rank(register(), wanted(site_chosen="kel-1"), NONE, DAY))[0] == "van-1"


def test_a_week_of_waiting_weighs_forty_kilometres_and_eighty_when_urgent() -> None:
    full = gone({("van-1", "crrtw", MONDAY): {1, 2}, ("van-2", "crrtw", MONDAY): {1, 2}})
    routine = rank(register(), wanted(), full, DAY)[0]
    urgent = rank(register(), wanted(urgent=True), full, DAY)[0]
    assert (routine.points, urgent.points) == (40, 80)


def test_a_language_not_spoken_weighs_thirty_and_is_never_named() -> None:
    found = rank(register(sites=[site("van-2", ("en", "pa"))]), wanted(language="pa"), NONE, DAY)
    assert [(c.site_id, c.points) for c in found] == [("van-2", 0), ("van-1", 30)]
    assert "pa" not in receipt(found, 1, ()).model_dump_json().replace("parts", "").split('"')


def test_a_discipline_that_a_barrier_asks_for_weighs_fifty() -> None:
    with_counsellor = site("van-2", disciplines=("physical_therapist", "clinical_counsellor"))
    found = rank(register(sites=[with_counsellor]), wanted(barriers=("pain_focus",)), NONE, DAY)
    assert [(c.site_id, c.points) for c in found] == [("van-2", 0), ("van-1", 50)]


def test_a_site_without_an_opening_within_eight_weeks_is_no_candidate() -> None:
    assert sites(rank(register(openings=0), wanted(), NONE, DAY)) == []


def test_a_site_that_declined_is_not_asked_again() -> None:
    assert sites(rank(register(), wanted(refused={"van-1"}), NONE, DAY)) == ["van-2"]


def test_the_smallest_free_number_is_taken() -> None:
    taken = gone({("van-1", "crrtw", MONDAY): {1}})
    found = {c.site_id: c.opening.n for c in rank(register(), wanted(), taken, DAY)}
    assert found == {"van-1": 2, "van-2": 1}


def test_a_contract_in_run_off_serves_only_what_was_requested_while_it_was_in_force() -> None:
    old = (*CONTRACTS[:4], contract("or1", "van-2", ("Vancouver",), last=date(2024, 10, 31)))
    before = MatchRequest("or1", "Vancouver", date(2024, 10, 30))
    after = MatchRequest("or1", "Vancouver", date(2024, 11, 4))
    assert sites(rank(register(old), before, NONE, DAY)) == ["van-1"]
    assert sites(rank(register(old), after, NONE, DAY)) == []
    assert sites(rank(register(old), before, NONE, date(2025, 1, 2))) == []


def test_the_receipt_shows_the_first_five_sums_with_their_parts() -> None:
    found = rank(register(), wanted(), NONE, DAY)
    assert [fired.rule for fired in receipt(found, 1, ()).rules] == ["rank/1", "rank/2"]


def test_the_rural_card_shows_the_nearest_of_each_way_without_those_who_refused() -> None:
    card = rural.card(register(), "Williams Lake", DAY)
    assert [(option.way, option.site_id) for option in card.options] == [
        ("or1", "que-1"),
        ("crrtw_lodging", "kel-1"),
        ("hybrid", "que-1"),
    ]
    assert "que-1" not in {option.site_id for option in rural.card(register(), "Williams Lake", DAY, {"que-1"}).options}


def test_crrtw_is_no_option_before_its_first_day() -> None:
    ways = {option.way for option in rural.card(register(), "Williams Lake", date(2024, 10, 21)).options}
    assert "crrtw_lodging" not in ways


def test_distances_are_great_circles() -> None:
    assert round(kilometres("Vancouver", "Kelowna")) == 272
    assert kilometres("Vancouver", "Vancouver") == 0
