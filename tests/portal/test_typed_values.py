"""What people type: each reader takes the usual forms of one meaning, refuses every other with a sentence, and is the
only reader of its kind on every page."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.portal.api import problems, request_bodies
from services.portal.api.problems import Problem
from services.portal.api.request_bodies import Hold, HoldForInsurer
from services.portal.domain.text_display import plain
from services.portal.domain.typed_values import (
    LONGEST,
    MOST_CENTS,
    MOST_UNITS,
    MOST_WHOLE,
    Reader,
    Telephone,
    Unreadable,
    in_words,
    instant_of,
    read_amount,
    read_day,
    read_index,
    read_instant,
    read_telephone,
    read_time,
    read_units,
    read_whole,
)
from services.portal.pages import formatting, forms, invoices, officer, plans, reports, treatment
from shared.events.limits import FIRST_DAY, LAST_DAY

TEMPLATES = Path(invoices.__file__).parents[1] / "templates"
READERS: Mapping[str, Reader[Any]] = {
    "day": read_day,
    "time": read_time,
    "amount": read_amount,
    "units": read_units,
    "whole": read_whole,
}
NOVEMBER = date(2024, 11, 12)
DAYS = (
    "2024-11-12", "12 November 2024", "Nov 12, 2024", "12 nov 2024", "12th November 2024", "November 12 2024",
    "Tue 12 Nov 2024", "Tuesday, 12 November 2024", "Nov. 12, 2024", "12-Nov-2024", "2024 Nov 12",
    "2024/11/12", "2024.11.12", "2024 - 11 - 12", "12/Nov/2024",
    "2024\u201011\u201012", "２０２４－１１－１２",  # noqa: RUF001 - full-width
)  # fmt: skip
NO_DAYS = (
    "12/11/2024", "11/12/2024", "12.11.2024", "12-11-2024", "2024/11-12", "2024-W41-2", "20241008", "2024-316",
    "2024-11-12T09:00", "2024-11-12 09:00", "2024-02-30", "30 February 2024", "Wed 12 Nov 2024", "12 Nov 24",
    "Nov 2024 12", "Nov 2024", "today", "1899-12-31", "2201-01-01", "0001-01-01", "9999-12-31", "2024-11-1²",
    "\u0662\u0660\u0662\u0664-11-12", "NaN", "1e3", "-2024-11-12", "2024-11-12Z", "12 Brumaire 2024", "12 11 2024",
)  # fmt: skip
TIMES = {
    "9:30": time(9, 30), "09:30": time(9, 30), "09.30": time(9, 30), "9.30 am": time(9, 30), "0930": time(9, 30),
    "9:30am": time(9, 30), "9:30 A.M.": time(9, 30), "9h30": time(9, 30), "9 am": time(9), "14.30": time(14, 30),
    "2.30 pm": time(14, 30), "1430": time(14, 30), "12 am": time(0), "12:05 pm": time(12, 5), "00:00": time(0),
    "23:59": time(23, 59), "930": time(9, 30),
}  # fmt: skip
NO_TIMES = (
    "09,30", "09:30Z", "09:30+05:30", "09:30-08", "9:30 PST", "09:30 UTC", "09:30:00", "09:30:15.5", "9", "9:3",
    "24:00", "9:60", "13:00 pm", "0:30 am", "noon", "9:30 xm", "T09:30", "²:30", "1e3", "NaN", "inf", "12345",
)  # fmt: skip
AMOUNTS = {
    "96.00": 9600, "96": 9600, "96.5": 9650, "0.05": 5, "$96.00": 9600, "$ 96.00": 9600, "96.00 $": 9600,
    "1,234.50": 123_450, "1,234,567.89": 123_456_789, "96,000": 9_600_000, "-5.00": -500, "\N{MINUS SIGN}$5.00": -500,
    "10,000,000.00": MOST_CENTS, "９６．００": 9600,  # noqa: RUF001 - full-width
}  # fmt: skip
NO_AMOUNTS = (
    "96,00", "96,0", "9,6,0,0", "0,123", "1234,567", "1,23,456", "96.000", "96.", ".50", "$5$", "1 234.50", "1e3",
    "1_000", "NaN", "inf", "-inf", "(5.00)", "5.00-", "CAD 5", "0x10", "½", "²", "9" * 28, "10000000.01", "--5",
)  # fmt: skip
UNITS = {"2": "2", "2.5": "2.5", "0.125": "0.125", "-2": "-2", "9999": "9999", "007": "7", "１２": "12"}  # noqa: RUF001 - full-width
NO_UNITS = ("1,5", "1,000", "1e3", "NaN", "Infinity", "9" * 28, "10000", "2.5555", ".5", "2.", "½", "²", "0x2", "1_0")
WHOLE = {"40": 40, "0": 0, "-3": -3, "1000000": MOST_WHOLE, "４０": 40}  # noqa: RUF001 - full-width
NO_WHOLE = ("4.0", "4.5", "1,000", "1e3", "ten", "NaN", "²", "1000001", "9" * 28, "+4", "4 5")
AROUND = ("{}", " {}", "{} ", "\u00a0{}\u00a0", "\u200b{}\ufeff", "\t{}\n", "\u3000{}", "\u2009{}\u200e", "\u2800{}")
GOOD: Mapping[str, Mapping[str, Any]] = {
    "day": dict.fromkeys(DAYS, NOVEMBER),
    "time": TIMES,
    "amount": AMOUNTS,
    "units": {text: Decimal(number) for text, number in UNITS.items()},
    "whole": WHOLE,
}
BAD = {"day": NO_DAYS, "time": NO_TIMES, "amount": NO_AMOUNTS, "units": NO_UNITS, "whole": NO_WHOLE}
ANY_TEXT = st.one_of(
    st.text(max_size=LONGEST + 20),
    st.text("0123456789,.-:/ $+eE²٣９amphNVTZ\u00a0\u200b\u2212", max_size=30),  # noqa: RUF001 - on purpose
)
PACIFIC = ZoneInfo("America/Vancouver")


@pytest.mark.parametrize(
    ("kind", "text", "value"), [(kind, text, v) for kind, known in GOOD.items() for text, v in known.items()]
)
def test_a_usual_form_is_read_whatever_blanks_stand_around_it(kind: str, text: str, value: object) -> None:
    assert {form: READERS[kind](form.format(text)) for form in AROUND} == dict.fromkeys(AROUND, value)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, known in BAD.items() for text in known])
def test_a_form_of_another_or_of_no_meaning_gets_a_sentence(kind: str, text: str) -> None:
    assert isinstance(READERS[kind](text), Unreadable)


def test_a_refused_value_says_how_to_write_it() -> None:
    assert read_day("12/11/2024") == (
        "the month cannot be told from the day",
        "write the month as a word, as 12 November 2024, or write 2024-11-12",
    )
    assert read_day("Wed 12 Nov 2024") == ("12 November 2024 is a Tuesday", "write the day that is meant")
    assert read_day("9 Nov 9999") == ("this must lie between 1900-01-01 and 2200-12-31", "write a day in between")
    assert read_time("09:30Z") == ("all times here are Pacific", "leave the zone out, as 09:30")
    assert read_time("9-30") == ("a time is hours and minutes", "write it as 09:30 or 9:30 am")
    assert read_time("09:30:00") == ("a time is hours and minutes", "leave the seconds out, as 09:30")
    assert read_amount("96,00") == ("an amount is dollars and cents", "give it as 96.00")
    assert read_amount("1250,5") == ("an amount is dollars and cents", "give it as 1250.50")
    assert read_amount("9" * 28) == ("an amount is at most $10,000,000.00", "give a smaller amount")
    assert read_units("1,5") == ("this is a number", "write it as 1.5")
    assert read_units("9" * 28) == ("this number is at most 9999", "write a smaller number")
    assert read_units("٣") == ("these digits cannot be read", "write the digits 0 to 9")
    assert str(read_units("-0")) == "0"
    assert read_whole("ten") == ("this is a whole number", "write it as 40")
    assert read_whole(" \u200b ") == ("this is needed", "fill it in")
    assert read_whole("4" + " " * LONGEST) == ("this is too long", "write the value alone")


TEXTS: Mapping[type[request_bodies.Body], tuple[str, dict[str, Any]]] = {
    request_bodies.Decline: ("comment", {}),
    request_bodies.Report: ("narrative", {"report": "initial"}),
    request_bodies.Reply: ("text", {"plan": 1}),
    request_bodies.Question: ("question", {"plan": 1}),
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("blank", ["", " ", "\u00a0\n", "\u200b", "\u2800"])
def test_a_text_of_a_call_of_which_nothing_shows_is_missing_as_in_a_form(
    kind: type[request_bodies.Body], blank: str
) -> None:
    member, others = TEXTS[kind]
    with pytest.raises(ValidationError) as wrong:
        kind.model_validate({**others, member: blank})
    (fault,) = wrong.value.errors()
    assert (fault["loc"], problems.rule_of(fault)) == ((member,), "MISSING")
    assert problems.sentences_of(fault) == ("this is needed", "fill it in")
    assert getattr(kind.model_validate({**others, member: f" They live\n far away.{blank}"}), member) == (
        "They live\n far away."
    )


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_of_a_call_that_is_too_long_is_told_its_limit_in_letters(kind: type[request_bodies.Body]) -> None:
    member, others = TEXTS[kind]
    most = 4000 if kind is request_bodies.Decline else 20_000
    with pytest.raises(ValidationError) as wrong:
        kind.model_validate({**others, member: "x" * (most + 1)})
    (fault,) = wrong.value.errors()
    assert problems.sentences_of(fault) == (f"the text is longer than {most} letters", "make it shorter")


@given(text=ANY_TEXT, kind=st.sampled_from(["instant", "telephone", *READERS]))
def test_any_text_is_a_value_or_a_sentence(text: str, kind: str) -> None:
    reader = {**READERS, "instant": read_instant, "telephone": read_telephone}[kind]
    found = reader(text)
    types = (date, time, int, Decimal, datetime, Telephone)
    assert isinstance(found, types) or (isinstance(found, Unreadable) and found.reason and found.fix)


@given(on=st.dates(FIRST_DAY, LAST_DAY))
def test_a_day_is_read_as_every_page_writes_it(on: date) -> None:
    for written in (
        on.isoformat(),
        formatting.day(on),
        formatting.long_day(on),
        in_words(on),
        f"{on:%b} {on.day}, {on.year}",
    ):
        assert read_day(written) == on


@given(on=st.dates().filter(lambda on: not FIRST_DAY <= on <= LAST_DAY))
def test_a_day_out_of_reach_gets_a_sentence(on: date) -> None:
    assert isinstance(read_day(f"{on.year:04}-{on.month:02}-{on.day:02}"), Unreadable)


@given(at=st.times().map(lambda at: at.replace(second=0, microsecond=0)))
def test_a_time_is_read_as_every_page_writes_it(at: time) -> None:
    half = f"{at:%I.%M} {'am' if at.hour < 12 else 'pm'}"
    assert {read_time(written) for written in (f"{at:%H:%M}", f"{at:%H.%M}", f"{at:%H%M}", half)} == {at}


@given(cents=st.integers(-MOST_CENTS, MOST_CENTS))
def test_an_amount_is_read_as_every_page_writes_it(cents: int) -> None:
    assert read_amount(invoices.dollars(cents)) == read_amount(formatting.money(cents).striptags()) == cents


@given(units=st.decimals(-MOST_UNITS, MOST_UNITS, places=3))
def test_units_are_read_as_every_page_writes_them(units: Decimal) -> None:
    assert read_units(formatting.units(units)) == units


@given(text=ANY_TEXT)
def test_nothing_but_digits_is_a_number_that_a_form_carries_out_of_sight(text: str) -> None:
    assert (read_index(text) is not None) == bool(re.fullmatch("[0-9]{1,9}", text))


@given(text=st.text(max_size=60))
def test_invisible_characters_are_no_part_of_a_typed_value(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert plain(f"\u200b\u00a0{text}\ufeff ") == plain(text)


def test_a_time_that_the_clocks_skip_gets_a_sentence_and_one_that_comes_twice_is_the_first() -> None:
    assert isinstance(instant_of(date(2024, 3, 10), time(2, 30), PACIFIC), Unreadable)
    twice = instant_of(date(2024, 11, 3), time(1, 30), PACIFIC)
    assert isinstance(twice, datetime)
    assert twice.utcoffset() == timedelta(hours=-7)


@pytest.mark.parametrize(
    "text",
    [
        "2024-11-12", "20241112T090000Z", "2024-W46-2T09:00Z", "2024-11-12T09:00", "1731402000",
        "2024-11-12T09:00:00,5Z",
        "1899-12-31T23:59:59Z", "2200-12-31T16:30:00-08:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "2024-11-12T09:00:00+99:00", "2024-13-12T09:00:00Z",
    ],
)  # fmt: skip
def test_an_instant_that_is_not_rfc_3339_or_out_of_reach_gets_a_sentence(text: str) -> None:
    assert isinstance(read_instant(text), Unreadable)


def test_an_instant_is_read_as_programs_write_it() -> None:
    noon = datetime(2024, 11, 12, 12, tzinfo=PACIFIC)
    assert read_instant(noon.isoformat()) == read_instant("2024-11-12T20:00:00Z") == noon


@pytest.mark.parametrize(
    ("text", "shown", "link"),
    [
        ("+16045554379", "604-555-4379", "tel:+1-604-555-4379"),
        ("(604) 555-4379", "604-555-4379", "tel:+1-604-555-4379"),
        ("1 604 555 4379 ext 12", "604-555-4379 ext. 12", "tel:+1-604-555-4379;ext=12"),
        ("+44 2079460958", "+44 20 7946 0958", "tel:+44-20-7946-0958"),
        ("+91 98765 43210", "+91 98765 43210", "tel:+91-98765-43210"),
    ],
)
def test_a_telephone_is_shown_as_it_is_written_here_and_dialled_with_its_country(
    text: str, shown: str, link: str
) -> None:
    assert read_telephone(text) == Telephone(shown, link)


@pytest.mark.parametrize("text", ["call me", "5554379", "911", "+1604555437", "", "604-555-4379 or 604-555-4380"])
def test_an_incomplete_telephone_number_is_explained_in_a_sentence(text: str) -> None:
    assert isinstance(read_telephone(text), Unreadable)


class Field(NamedTuple):
    """A field of a page: the kind of what is typed there, its name in the form, and what becomes of it."""

    kind: str
    name: str
    value: Callable[[str], Any]


def line(page: Callable[[Mapping[str, str]], Any], member: str, **more: str) -> Callable[[str], Any]:
    """A member of the first line of a form, typed."""
    fields = {**more, "rows": "1", "lines.0.code": "OR-DAY", "lines.0.service_on": "2024-11-12", "lines.0.units": "1"}
    amount = {"lines.0.dollars": "96.00"} if page is invoices.billed else {}
    typed = {"dollars": "cents"}.get(member, member)
    return lambda text: getattr(page({**fields, **amount, f"lines.0.{member}": text}).lines[0], typed)


def visit(fields: Mapping[str, str]) -> datetime:
    """A first visit, typed."""
    return treatment.booked({"on": "2024-11-12", "at": "09:30", **fields}).starts_at.astimezone(PACIFIC)


HEAD = {"number": "24-1", "invoiced_on": "2024-11-20"}
FIELDS: Mapping[tuple[str, str], Field] = {
    ("visits/appointments.html", '"on"'): Field("day", "on", lambda t: visit({"on": t}).date()),
    ("visits/appointments.html", '"at"'): Field("time", "at", lambda t: visit({"at": t}).time()),
    ("visits/start.html", '"initial_visit_on"'): Field(
        "day", "initial_visit_on", lambda t: treatment.started({"initial_visit_on": t}).initial_visit_on
    ),
    ("visits/hold.html", '"review_on"'): Field(
        "day", "review_on", lambda t: treatment.held({"review_on": t}, Hold).review_on
    ),
    ("officer/referral.html", '"review_on"'): Field(
        "day", "review_on", lambda t: treatment.held({"review_on": t}, HoldForInsurer).review_on
    ),
    ("visits/attendance.html", '"other_on"'): Field(
        "day", "days.0.on", lambda t: treatment.attended({"other_on": t, "other_status": "missed"}).days[0].on
    ),
    ("visits/discharge.html", '"last_on"'): Field("day", "last_on", lambda t: treatment.ended({"last_on": t}).last_on),
    ("reports/section.html", '"service_on"'): Field(
        "day", "service_on", lambda t: reports.written("initial", (), (), {"service_on": t}).service_on
    ),
    ("reports/section.html", '"measures." ~ x.name'): Field(
        "whole",
        "measures.lift_kg",
        lambda t: reports.written("initial", (), ("lift_kg",), {"measures.lift_kg": t}).measures["lift_kg"],
    ),
    ("plans/edit.html", 'at ~ ".units"'): Field("units", "lines.0.units", line(plans.planned, "units")),
    ("plans/edit.html", 'at ~ ".from_on"'): Field("day", "lines.0.from_on", line(plans.planned, "from_on")),
    ("plans/edit.html", 'at ~ ".to_on"'): Field("day", "lines.0.to_on", line(plans.planned, "to_on")),
    ("officer/plan.html", 'at ~ ".units"'): Field(
        "units",
        "lines.0.units",
        lambda t: officer.decided(1, {"lines.0.line": "1", "lines.0.units": t}).lines[0].units,
    ),
    ("invoices/edit.html", '"invoiced_on"'): Field(
        "day", "invoiced_on", lambda t: invoices.billed({**HEAD, "invoiced_on": t}).invoiced_on
    ),
    ("invoices/edit.html", 'at ~ ".service_on"'): Field(
        "day", "lines.0.service_on", line(invoices.billed, "service_on", **HEAD)
    ),
    ("invoices/edit.html", 'at ~ ".units"'): Field("units", "lines.0.units", line(invoices.billed, "units", **HEAD)),
    ("invoices/edit.html", 'at ~ ".dollars"'): Field(
        "amount", "lines.0.dollars", line(invoices.billed, "dollars", **HEAD)
    ),
}


def test_every_field_of_every_page_has_a_kind() -> None:
    found = {
        (str(path.relative_to(TEMPLATES)), name): kind
        for path in TEMPLATES.rglob("*.html")
        for kind, name in re.findall(r"form\.(day|time|amount|units|whole|input)\(([^,]+),", path.read_text())
    }
    assert found.pop(("invoices/edit.html", '"number"')) == "input"  # the clinic's own: letters, digits and dashes
    assert found == {place: field.kind for place, field in FIELDS.items()}


@pytest.mark.parametrize("place", FIELDS, ids=lambda place: f"{place[0]} {place[1]}")
def test_a_field_takes_what_every_field_of_its_kind_takes_and_refuses_with_the_same_sentence(
    place: tuple[str, str],
) -> None:
    kind, name, value = FIELDS[place]
    for text, meant in GOOD[kind].items():
        for form in AROUND:
            assert value(form.format(text)) == meant, (text, form)
    for text in BAD[kind]:
        with pytest.raises(Problem) as refused:
            value(text)
        (error,) = refused.value.errors
        wrong = READERS[kind](text)
        assert isinstance(wrong, Unreadable)
        assert (forms.name_of(error["pointer"]), error["rule"]) == (name, wrong.rule), text
        assert (error["reason"], error["fix"]["text"]) == wrong


def test_an_error_stands_at_the_line_that_was_typed_whatever_blank_lines_are_before_it() -> None:
    fields = {"rows": "3", "lines.0.code": "", "lines.2.dollars": "96,00", "lines.2.code": "OR-DAY"}
    places = forms.row_places(fields, "lines", ("dollars",))
    with pytest.raises(Problem) as refused:
        invoices.billed({**HEAD, **fields})
    found = [forms.name_of(error["pointer"]) for error in refused.value.errors]
    assert places[found[0]] == "lines.2.dollars"


def test_every_fault_of_an_invoice_is_told_at_once() -> None:
    line = {"code": "OR-DAY", "service_on": "31 feb", "units": "x", "dollars": "1o0"}
    fields = {"rows": "1", **{f"lines.0.{member}": value for member, value in line.items()}}
    with pytest.raises(Problem) as refused:
        invoices.billed({**HEAD, "invoiced_on": "soon", **fields})
    found = {forms.name_of(error["pointer"]) for error in refused.value.errors}
    assert found == {"invoiced_on", "lines.0.service_on", "lines.0.units", "lines.0.dollars"}


def test_every_fault_of_a_report_is_told_at_once() -> None:
    fields = {"service_on": "31 feb", "author_discipline": "physical_therapist", "measures.lift_kg": "many"}
    with pytest.raises(Problem) as refused:
        reports.written("initial", (), ("lift_kg", "sit_min"), {**fields, "measures.sit_min": "few"})
    found = {forms.name_of(error["pointer"]) for error in refused.value.errors}
    assert found == {"service_on", "measures.lift_kg", "measures.sit_min"}


def test_an_example_of_what_to_type_is_shown_as_it_is_typed() -> None:
    assert (
        formatting.sentence("write it as 2024-11-12 or 12 November 2024")
        == "Write it as 2024-11-12 or 12 November 2024."
    )
    assert formatting.sentence("write a day of the calendar, as 2024-11-12").endswith("as 2024-11-12.")
    assert formatting.sentence("write the month as a word, or write 2024-11-12").endswith("or write 2024-11-12.")
    assert formatting.sentence("the day is before 2024-11-12") == "The day is before Tue 12 Nov 2024."


def test_lines_that_are_more_than_any_invoice_may_be_together_get_a_sentence() -> None:
    line = {"code": "OR-DAY", "service_on": "2024-11-12", "units": "1", "dollars": "9,999,999.99"}
    fields = {f"lines.{n}.{member}": value for n in range(2) for member, value in line.items()}
    with pytest.raises(Problem) as refused:
        invoices.billed({**HEAD, "rows": "2", **fields})
    assert refused.value.errors[0]["reason"] == "all lines together are more than $10,000,000.00"
