"""Which program a request gets, whether it is admitted, and the smallest change that would make it so."""

import re
from datetime import date, datetime, timedelta

import pytest

from shared.events.values import Area, Barrier, Injury, Interval, Program, Side
from shared.placement.admission import AdmissionResult, Application, judge
from tests.referral.register import CUT_OVER, register

HURT = date(2024, 8, 1)
BEFORE, AFTER = date(2024, 10, 21), date(2024, 11, 4)
REGISTER = register()


def asked(
    on: date,
    community: str = "Vancouver",
    *,
    nature: str = "02100",
    part: str = "23100",
    side: Side = "N",
    barriers: tuple[Barrier, ...] = (),
    wanted: Program | None = None,
    areas: tuple[tuple[str, Side], ...] | None = None,
    standing: str = "accepted",
    open_referral: str | None = None,
    hurt: date = HURT,
) -> AdmissionResult:
    injury = Injury(body_part=part, nature=nature, side=side, occurred_on=hurt)
    accepted = tuple(Area(body_part=p, side=s) for p, s in (areas if areas is not None else ((part, side),)))
    interval = Interval.model_validate(
        {"from_on": hurt, "standing": standing, "areas": accepted, "injury": injury, "community": community}
    )
    return judge(REGISTER, Application(on, wanted, barriers, interval, lambda _: interval, open_referral))


def codes(judgement: AdmissionResult) -> list[str]:
    return [failure.code for failure in judgement.failures]


def program(judgement: AdmissionResult) -> str | None:
    return judgement.program.program if judgement.program else None


@pytest.mark.parametrize(
    ("on", "community", "what", "expected"),
    [
        (BEFORE, "Vancouver", {}, "or1"),
        (BEFORE, "Vancouver", {"barriers": ("psychosocial",)}, "or2"),
        (BEFORE, "Vancouver", {"nature": "17330", "part": "31200", "side": "L"}, "astd"),
        (BEFORE, "Vancouver", {"nature": "17330", "part": "23100"}, "or1"),
        (BEFORE, "Quesnel", {"barriers": ("pain_focus",)}, "or1"),
        (BEFORE, "Quesnel", {"nature": "17330", "part": "31200", "side": "L"}, "or1"),
        (CUT_OVER, "Vancouver", {}, "crrtw"),
        (AFTER, "Vancouver", {"barriers": ("psychosocial",)}, "crrtw"),
        (AFTER, "Quesnel", {}, "or1"),
        (AFTER, "Atlin", {}, "or1"),
    ],
)
def test_the_program_follows_from_day_community_injury_and_barriers(
    on: date, community: str, what: dict[str, object], expected: str
) -> None:
    assert program(asked(on, community, **what)) == expected  # type: ignore[arg-type]  # each case names other members


def test_a_request_that_meets_everything_is_admitted_with_a_receipt() -> None:
    judgement = asked(AFTER)
    assert not judgement.failures
    assert judgement.receipt.versions == {"crrtw": 2}
    assert judgement.receipt.override_by == ("claims officer",)
    assert "expected to benefit" in judgement.receipt.not_judged


def test_another_program_than_the_rules_answer_is_refused_by_the_right_ones_name() -> None:
    judgement = asked(AFTER, wanted="or2")
    assert codes(judgement) == ["PROGRAM-OTHER"]
    assert judgement.failures[0].fix == "ask for CRRTW, or leave the program to the rule"


def test_where_no_successor_has_an_area_the_fix_names_the_rules_answer() -> None:
    assert "OR1" in asked(AFTER, "Quesnel", wanted="crrtw").failures[0].fix


def test_every_injured_side_must_be_accepted() -> None:
    both = {"part": "41200", "side": "B"}
    assert codes(asked(AFTER, areas=(("41200", "L"),), **both)) == ["INJ-AREA"]  # type: ignore[arg-type]  # as above
    assert not asked(AFTER, areas=(("41200", "L"), ("41200", "R")), **both).failures  # type: ignore[arg-type]  # as above
    assert not asked(AFTER, part="41200", side="L", areas=(("41200", "B"),)).failures


def test_a_fracture_waits_six_weeks_and_the_day_on_which_it_passes_is_named() -> None:
    judgement = asked(AFTER, nature="01200", hurt=date(2024, 10, 7))
    assert codes(judgement) == ["EARLY"]
    assert judgement.failures[0].passes_on == date(2024, 11, 18)


def test_the_day_named_is_the_first_under_the_programs_of_that_day() -> None:
    """Or1 asks three weeks; from the cut-over crrtw asks two, and they are over before."""
    judgement = asked(date(2024, 10, 22), hurt=date(2024, 10, 18))
    assert codes(judgement) == ["EARLY"]
    assert judgement.failures[0].passes_on == CUT_OVER


def test_a_nature_that_or1_does_not_take_passes_where_crrtw_takes_over() -> None:
    judgement = asked(BEFORE, nature="01300")
    assert codes(judgement) == ["NATURE"]
    assert judgement.failures[0].passes_on == CUT_OVER


def test_or1_does_not_take_the_psychosocial_barrier() -> None:
    assert codes(asked(AFTER, "Quesnel", barriers=("psychosocial",))) == ["BARRIER"]


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        ("pended", "CLM-PEND"),
        ("suspended", "CLM-SUSPENDED"),
        ("disallowed", "CLM-DISALLOWED"),
        ("closed", "CLM-CLOSED"),
    ],
)
def test_the_standing_on_the_day_of_the_decision_is_a_criterion_like_the_others(standing: str, code: str) -> None:
    assert codes(asked(AFTER, standing=standing, wanted="or1", areas=())) == [code, "PROGRAM-OTHER", "INJ-AREA"]


def test_a_claim_has_one_open_referral_at_a_time() -> None:
    judgement = asked(AFTER, open_referral="R-24-AAAA")
    assert codes(judgement) == ["CASE-EXISTS"]
    assert "R-24-AAAA" in judgement.failures[0].rule


def test_a_program_that_does_not_take_a_barrier_names_no_day_on_which_nothing_changes() -> None:
    failure = asked(AFTER, "Quesnel", barriers=("psychosocial",)).failures[0]
    assert failure.passes_on is None


WEEKS = [date(2024, 9, 2) + timedelta(weeks=n) for n in range(14)]
DAY_NAMED = re.compile(r"ask again on \w{3} (\d+ \w{3} \d{4})(.*)")


@pytest.mark.parametrize("wanted", [None, "or1", "or2", "crrtw", "astd"])
@pytest.mark.parametrize("nature", ["02100", "01200", "01300", "17330"])
def test_a_request_made_again_on_the_named_day_in_the_named_way_is_not_early(
    wanted: Program | None, nature: str
) -> None:
    named = 0
    for community in ("Vancouver", "Quesnel"):
        for on in WEEKS:
            what = {"nature": nature, "hurt": on - timedelta(days=5)}
            failures = {f.code: f for f in asked(on, community, wanted=wanted, **what).failures}  # type: ignore[arg-type]  # as above
            if "EARLY" not in failures or not (found := DAY_NAMED.fullmatch(failures["EARLY"].fix)):
                continue
            named += 1
            again = datetime.strptime(found[1], "%d %b %Y").date()  # noqa: DTZ007 - a day
            then = None if "leave the program" in found[2] else wanted
            left = codes(asked(again, community, wanted=then, **what))  # type: ignore[arg-type]  # as above
            assert left == []
            if other := failures.get("PROGRAM-OTHER"):
                assert other.fix == "leave the program to the rule"
                assert codes(asked(again, community, **what)) == []  # type: ignore[arg-type]  # as above
    assert named > 3


def test_a_day_on_which_another_program_takes_the_injury_says_so() -> None:
    (failure,) = asked(date(2024, 10, 22), hurt=date(2024, 10, 18)).failures
    assert failure.fix == "ask again on Fri 1 Nov 2024, when CRRTW takes it"
