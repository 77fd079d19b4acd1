"""What the walk takes for raw, and what it does not."""

import pytest

from tests.portal.raw import faults_in, faults_on, texts_of

RAW = {
    "Rehab.referral.referral offered.v1": "a type",
    "rehab.referral.referral-offered.v1": "a type",
    "It waits for sit_minutes": "a name of the machine",
    "Decline: no-capacity": "a code",
    "It ended: goal-partly-achieved.": "a code",
    "At most 1 a day FEE-ADJ": "a code",
    "DUP": "a code",
    "Give 2024-09-25": "a day of the machine",
    "Due 2024-11-04T18:30:00Z": "an instant",
    "Clinic: None": "None",
    "Told on ()": "empty brackets",
    "It may be disputed until .": "an empty value",
    "Claim 17919338 ·": "an empty value",
    "It may be disputed until": "an empty value",
    "Referral  is offered to you": "a double blank",
    "+16045554379": "a raw telephone",
    "en": "a raw language",
    "The fee is 31000 cents a report.": "cents",
    "['report', 'claim']": "a list of the machine",
}
SOUND = (
    "Return-to-work plan",
    "Barriers to return to work; follow-up report",
    "No room for a first visit in time, ask the claims officer.",
    "Referral R-24-0000000A: a report is due",
    "Program day (O1-DAY), $96.00 a day",
    "Tue 12 Nov 2024, 09:00",
    "(604) 555-4379",
    "OR1",
    "English",
    "As 2024-11-12",
)


@pytest.mark.parametrize(("text", "kind"), RAW.items())
def test_a_raw_code_is_noticed(text: str, kind: str) -> None:
    assert kind in {found for found, _ in faults_in(text)}


@pytest.mark.parametrize("text", SOUND)
def test_plain_words_are_not_taken_for_raw_codes(text: str) -> None:
    assert list(faults_in(text)) == []


def test_a_page_is_read_block_by_block_with_what_is_said_of_its_parts() -> None:
    page = '<title>Inbox</title><h1>In<b>box</b></h1><p aria-label="All">One<br>two</p><script>no_script</script>'
    assert texts_of(page) == ["Inbox", "Inbox", "All", "One two"]
    assert list(faults_on(page)) == []


@pytest.mark.parametrize("empty", ["<dl><dt>Due</dt><dd> </dd></dl>", "<ul><li></li></ul>", "<p><strong></strong></p>"])
def test_a_label_without_its_value_is_noticed(empty: str) -> None:
    assert ("an empty element", "dd" if "dd" in empty else "li" if "li" in empty else "strong") in set(faults_on(empty))
