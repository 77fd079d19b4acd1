"""How people stand on pages: a name that can be seen or the record's number, a telephone that dials, a language."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.domain.text_display import one_line, shows, trimmed
from services.portal.pages.people import full_name, language, person, telephone
from services.portal.store.register import Register
from shared.events.person import Identity
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.visitor import visiting
from tests.portal.world import World

NOTHING = (
    " ", "\u00a0", "\u200b", "\ufeff", "\u2060", "\u00ad", "\t", "\x00", "\x1b", "\u3164", "\u115f", "\u2800", "\u034f",
    "\ufe0f", "\u061c", "\u202e", "\u0301", "\u2028",
)  # fmt: skip


@pytest.mark.parametrize("blank", NOTHING)
def test_a_name_that_shows_nothing_is_shown_as_the_number_of_the_record(blank: str) -> None:
    who = Identity(given_name=blank, family_name=blank * 3)
    assert full_name(who) == ""
    assert person(who, "R-24-1") == person(who.model_dump(), "R-24-1") == person(None, "R-24-1") == "R-24-1"
    assert Register(names={"p-1": blank}).name("p-1") == "p-1"


@given(given_name=st.text(max_size=30), family_name=st.text(max_size=30))
def test_a_name_on_a_page_shows_something_on_one_line_and_turns_nothing_around(
    given_name: str, family_name: str
) -> None:
    name = full_name(Identity(given_name=given_name, family_name=family_name))
    assert bool(name) == shows(given_name + family_name)
    assert not any(
        unicodedata.category(sign) == "Cc" or sign in "\u202a\u202b\u202d\u202e\u2066\u2067" for sign in name
    )
    assert name == one_line(name)
    said = str(person(Identity(given_name=given_name, family_name=family_name), "R-24-1"))
    assert said == "R-24-1" or (said.startswith("<bdi>") and said.count("<") == 2)


@given(text=st.text(max_size=30))
def test_trimming_takes_nothing_that_shows(text: str) -> None:
    seen = [sign for sign in text if shows(sign)]
    assert [sign for sign in trimmed(text) if shows(sign)] == seen
    assert trimmed(f" \u200b{text}\u00a0\n") == trimmed(text)


def test_a_telephone_is_dialled_by_pressing_it_and_stands_as_it_was_said_where_it_cannot_be_read() -> None:
    assert telephone("+16045554379") == (
        '<a class="govuk-link pp-num pp-nowrap" href="tel:+1-604-555-4379">604-555-4379</a>'
    )
    assert telephone("at the <front> desk") == "<bdi>at the &lt;front&gt; desk</bdi>"
    assert telephone(None) == "<bdi></bdi>"


@pytest.mark.parametrize(
    ("code", "name"),
    [("en", "English"), ("pa", "Punjabi"), ("zh", "Chinese"), ("tl", "Tagalog"), ("ko", "Korean"), ("FR", "French"),
     ("zh-Hant", "Chinese"), ("pan", "Punjabi"), ("yue", "Cantonese"), ("zz", "Another language"), ("", "")],
)  # fmt: skip
def test_a_language_stands_by_its_name(code: str, name: str) -> None:
    assert language(code) == name


def test_every_language_that_a_claim_can_name_has_a_name_or_is_another_one() -> None:
    codes = [f"{first}{second}" for first in map(chr, range(97, 123)) for second in map(chr, range(97, 123))]
    assert {language(code) for code in codes} & set(codes) == set()


async def test_a_worker_without_a_name_to_see_is_opened_by_the_number_from_every_list(portal: World) -> None:
    worker: dict[str, Any] = {"given_name": "\u200b", "family_name": " ", "phone": "+16045554379", "language": "pa"}
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.due(), await story.known_as(portal.pool, **worker))
    async with visiting(portal, "a-north") as visitor:
        assert f'href="/referrals/{NUMBER}">{NUMBER}</a>' in await visitor.open("/referrals")
        text = await visitor.open(f"/referrals/{NUMBER}")
        assert f'<h1 class="govuk-heading-l">Referral {NUMBER}</h1>' in text
        assert 'href="tel:+1-604-555-4379">604-555-4379</a>' in text
        assert "<dd>Punjabi</dd>" in text
    async with visiting(portal, "a-officer") as visitor:
        assert f'<h1 class="govuk-heading-l">Referral {NUMBER}</h1>' in await visitor.open(
            f"/officer/referrals/{NUMBER}"
        )
