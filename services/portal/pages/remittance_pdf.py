"""A remittance on paper, as a PDF file with the letters of the pages."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.fonts import FontFace, TTFFont
from typing_extensions import override

from services.portal.domain.text_display import one_line
from services.portal.pages import formatting

_FONTS = Path(__file__).parents[1] / "static" / "fonts"
_FONT = "BC Sans"
_UNSHOWN = "\N{WHITE SQUARE}"  # in the place of a letter that the font does not have
_NOTE = f"{_UNSHOWN} stands for a letter that this paper cannot show. The page under Payments shows it."
COLUMNS = ("Invoice", "Service", "Day", "Asked", "Paid", "Why")
WIDTHS = (33, 25, 32, 27.5, 27.5, 50.5)  # millimetres, of the 195.9 between the margins
_ALIGNED = ("LEFT", "LEFT", "LEFT", "RIGHT", "RIGHT", "LEFT")
_NAMES, _VALUES = 44, 152  # millimetres of the two columns above the table


class Sheet(FPDF):
    """Letter paper whose pages are numbered."""

    def __init__(self, title: str) -> None:
        """The title stands below each page, too."""
        super().__init__(format="letter")
        self.title_below = title
        for style, name in (("", "regular"), ("B", "bold")):
            self.add_font(_FONT, style, _FONTS / f"bcsans-{name}.ttf")
        self.set_title(title)
        self.set_lang("en-CA")
        self.set_auto_page_break(auto=True, margin=18)
        self.add_page()

    def close(self) -> None:
        """The files of the fonts are open until then."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    @override
    def footer(self) -> None:
        """Which remittance it is, and which page of how many."""
        self.set_y(-14)
        self.set_font(_FONT, size=8)
        self.cell(w=0, h=5, text=f"{self.title_below}, page {self.page_no()} of {{nb}}", align="C")


def remittance(said: Mapping[str, Any], payee: str, at: str, service: Callable[[str], str] = str) -> bytes:
    """A remittance with its number, its day, every line and the sum, in the words of its page.

    `service` returns the words of a fee code.
    """
    with closing(Sheet(f"Remittance {said['remittance_id']}")) as sheet:
        _fill(sheet, said, payee, at, service)
        return bytes(sheet.output())


def _fill(sheet: Sheet, said: Mapping[str, Any], payee: str, at: str, service: Callable[[str], str]) -> None:
    """Write the pages."""
    sheet.set_font(_FONT, "B", 18)
    sheet.cell(w=0, h=12, text="Remittance", new_x="LMARGIN", new_y="NEXT")
    head = {
        "Number": said["remittance_id"],
        "Payee": payee,
        "Paid with the run of": formatting.long_day(said["run_on"]),
        "Amount": amount(said["cents"]),
        "Printed": at,
    }
    for name, value in head.items():
        _named(sheet, name, printable(value))
    sheet.ln(5)
    rows = [*(row_of(line, service) for line in said["lines"]), ("In all", "", "", "", amount(said["cents"]), "")]
    _table(sheet, rows)
    if any(_UNSHOWN in text for text in (printable(payee), *(cell for row in rows for cell in row))):
        sheet.ln(3)
        sheet.multi_cell(w=0, h=5, text=_NOTE)


def _named(sheet: FPDF, name: str, value: str) -> None:
    """A value beside its name; a long one goes on in the next line below itself."""
    sheet.set_font(_FONT, "B", 10)
    sheet.cell(w=_NAMES, h=6, text=name)
    sheet.set_font(_FONT, size=10)
    sheet.multi_cell(w=_VALUES, h=6, text=value, align="L", new_x="LMARGIN", new_y="NEXT")


def row_of(line: Mapping[str, Any], service: Callable[[str], str] = str) -> Sequence[str]:
    """A line that was paid, with what was taken off it and why."""
    why = " ".join(_reason(cut) for cut in line.get("reasons", ()))
    cents = (amount(line["claimed_cents"]), amount(line["allowed_cents"]))
    return [
        printable(text)
        for text in (line["number"], service(line["code"]), formatting.day(line["service_on"]), *cents, why)
    ]


def _reason(cut: Mapping[str, Any]) -> str:
    """Why something of a line was not paid, and how much."""
    rule = formatting.sentence(cut["rule"])
    return f"{rule} Not paid: {amount(cut['cents'])}." if cut["cents"] else rule


def _table(sheet: FPDF, rows: Sequence[Sequence[str]]) -> None:
    """Lines under headings that stand on every page; the last one is the sum."""
    sheet.set_font(_FONT, size=9)
    heading = FontFace(emphasis="BOLD", fill_color=(243, 242, 241))
    with sheet.table(
        align="LEFT",
        borders_layout="HORIZONTAL_LINES",
        col_widths=WIDTHS,
        headings_style=heading,
        line_height=5,
        padding=1.2,
        text_align=_ALIGNED,
    ) as table:
        table.row(COLUMNS)
        for row in rows:
            table.row(row, style=FontFace(emphasis="BOLD") if row is rows[-1] else None)


def amount(cents: int) -> str:
    """$1,234.50, as on the pages."""
    return formatting.money(cents).striptags()


@cache
def _letters() -> frozenset[int]:
    """Return what both fonts can show."""
    with closing(Sheet("")) as sheet:
        fonts = [font for font in sheet.fonts.values() if isinstance(font, TTFFont)]
        return frozenset.intersection(*(frozenset(font.cmap) for font in fonts))


def printable(text: str) -> str:
    """A text on one line in letters that the font has; a square stands for each that it has not."""
    composed = unicodedata.normalize("NFC", one_line(text))
    return "".join(sign if ord(sign) in _letters() else _UNSHOWN for sign in composed)
