"""A remittance on paper: every letter that the pages' fonts have, the words and amounts of its page, nothing cut."""

import csv
import logging
import re
import tomllib
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.processes import ROOT
from services.portal.pages import formatting, remittance_pdf
from services.portal.pages.remittance_pdf import Sheet, amount, printable

NETWORK = ROOT / "data" / "network"
CUT = {"code": "RPT-MISSING", "rule": "the report is missing", "fix": "send it in", "cents": 5440}
LINE: dict[str, Any] = {
    "invoice_id": "i-1", "number": "24-1", "code": "OR-DAY", "service_on": "2024-11-12", "claimed_cents": 11_500,
    "allowed_cents": 6060, "reasons": [CUT],
}  # fmt: skip
PADDING = 2 * 1.2 + 0.1  # millimetres
SPELLING = re.compile(rb"begincmap.*?endcmap", re.DOTALL)  # of each font, as letters by their glyph
SPELLED = re.compile(rb"<[0-9A-F]{4}> <([0-9A-F]+)>")


def said(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"remittance_id": "r-1", "run_on": "2024-11-15", "cents": 6060, "lines": lines or (LINE,)}


def letters(pdf: bytes) -> set[str]:
    """Every letter that is drawn, as a reader copies it."""
    spelled = [code for one in SPELLING.findall(pdf) for code in SPELLED.findall(one)]
    return {sign for code in spelled for sign in bytes.fromhex(code.decode()).decode("utf-16-be")}


@pytest.mark.parametrize(
    "payee",
    ["Łódź Physiotherapy", "Lo\u0301dz\u0301", "Việt Phước", "ʔaq̓am Health", "ᐊᑎᒃ", "Ζωή", "Đặng & Søn", "St’at’imc"],  # noqa: RUF001 - names as they are
)
def test_a_name_is_printed_in_its_own_letters(payee: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = letters(remittance_pdf.remittance(said(), payee, "Fri 15 Nov 2024, 09:00"))
    assert "?" not in found
    assert set(printable(payee)) - {" "} <= found
    assert "\N{WHITE SQUARE}" not in printable(payee)
    assert caplog.records == []


def test_a_letter_that_no_font_has_is_a_square_that_the_paper_explains() -> None:
    assert printable("王 Clinic") == "\N{WHITE SQUARE} Clinic"
    with_note = letters(remittance_pdf.remittance(said(), "王 Clinic", "now"))
    assert "\N{WHITE SQUARE}" in with_note
    assert "?" not in with_note


@given(text=st.text(max_size=60))
def test_a_printed_text_has_a_question_mark_only_where_the_text_has_one(text: str) -> None:
    found = printable(text)
    assert ("?" in found) <= ("?" in text or "\u037e" in text or "\uff1f" in text)
    assert printable(found) == found


@pytest.mark.parametrize("lines", [0, 1, 40, 200])
def test_a_remittance_of_any_length_has_its_sum_and_numbered_pages(lines: int) -> None:
    pdf = remittance_pdf.remittance(said(*[LINE] * lines), "Łódź Physiotherapy", "Fri 15 Nov 2024, 09:00")
    assert pdf.startswith(b"%PDF-")
    pages = int(re.findall(rb"/Count (\d+)", pdf)[0])
    assert pages == max(1, pages)
    assert (lines < 20) == (pages == 1)


def test_nothing_that_stands_in_a_column_is_wider_than_it() -> None:
    fees = tomllib.loads((NETWORK / "fees.toml").read_text())["schedule"]
    codes = {line["code"] for schedule in fees for line in schedule["lines"]}
    days = {formatting.day(date(2024, 1, 1) + timedelta(days=n)) for n in range(366)}
    widths = dict(zip(remittance_pdf.COLUMNS, remittance_pdf.WIDTHS, strict=True))
    with closing(Sheet("")) as sheet:
        sheet.set_font("BC Sans", "B", size=9)
        assert sum(remittance_pdf.WIDTHS) <= sheet.epw
        for column, texts in (("Service", codes), ("Day", days), ("Paid", {amount(-1_000_000_000)})):
            assert max(map(sheet.get_string_width, texts)) + PADDING <= widths[column]


def test_amounts_and_days_are_written_as_on_the_pages() -> None:
    assert amount(-123_456) == "\N{MINUS SIGN}$1,234.56"
    assert remittance_pdf.row_of(LINE) == [
        "24-1", "OR-DAY", "Tue 12 Nov 2024", "$115.00", "$60.60", "The report is missing. Not paid: $54.40.",
    ]  # fmt: skip


def test_every_payee_that_is_shipped_can_be_printed() -> None:
    with (NETWORK / "payees.csv").open(encoding="utf-8", newline="") as rows:
        assert [row["name"] for row in csv.DictReader(rows) if "\N{WHITE SQUARE}" in printable(row["name"])] == []
