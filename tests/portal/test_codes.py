"""Every code that the owners know has its words on the pages, and the pages offer none that they do not know."""

from services.portal.pages import codes
from services.program.domain.plan_deciding import REASONS
from services.program.domain.plan_lines import GOALS
from services.program.domain.reports import RETURNS, WAIVERS
from services.program.store.register import CONTENTS
from services.referral.domain.answering import DECLINE_REASONS, NEXT_STEPS
from services.referral.domain.treating import EXIT_REASONS
from services.referral.domain.visiting import LATE_REASONS


def names(part: str) -> set[str]:
    return {one.name for one in CONTENTS if one.part == part}


def test_the_choices_on_the_pages_are_those_of_the_services_that_decide() -> None:
    assert codes.DECLINES.keys() == set(DECLINE_REASONS)
    assert codes.NEXT_STEPS.keys() == set(NEXT_STEPS)
    assert codes.LATE_REASONS.keys() == set(LATE_REASONS)
    assert codes.EXITS.keys() == set(EXIT_REASONS)
    assert codes.GOALS.keys() == set(GOALS)
    assert codes.PLAN_REASONS.keys() == set(REASONS)
    assert codes.WAIVERS.keys() == set(WAIVERS)
    assert codes.RETURN_REASONS.keys() == set(RETURNS)


def test_every_section_and_measure_of_a_report_has_its_words() -> None:
    assert names("section") <= codes.SECTIONS.keys()
    assert names("measure") <= codes.MEASURES.keys()
    assert {one.kind for one in CONTENTS} == codes.REPORTS.keys()
