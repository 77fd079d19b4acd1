"""Amounts on pages: whole cents, written one way, and sums that are the sums of their lines."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.portal.domain.typed_values import read_amount
from services.portal.pages.formatting import money
from services.portal.pages.invoices import dollars, total_of
from services.portal.pages.page_request import frame_without_data
from services.portal.pages.rendering import rendered

AMOUNT = re.compile(r"^\N{MINUS SIGN}?\$\d{1,3}(,\d{3})*\.\d{2}$")
SHOWN = re.compile(r"data-money>([^<]+)</span>")
AMOUNTS = st.lists(st.integers(0, 99_999_999), min_size=1, max_size=8)


def fields_of(amounts: list[int]) -> dict[str, str]:
    lines = {f"lines.{n}.dollars": dollars(cents) for n, cents in enumerate(amounts)}
    return {"rows": str(len(amounts)), **lines}


@given(amounts=AMOUNTS)
@settings(max_examples=1000, deadline=None)
def test_the_total_of_an_invoice_is_the_sum_of_its_lines_to_the_cent(amounts: list[int]) -> None:
    assert total_of(fields_of(amounts)) == sum(amounts)


@given(amounts=AMOUNTS)
@settings(max_examples=50, deadline=None)
def test_the_page_that_is_sent_shows_a_total_that_is_the_sum_of_what_it_shows(amounts: list[int]) -> None:
    fields = fields_of(amounts)
    context = {"path": "/invoices/draft-R-1/check", "f": fields, "rows": range(len(amounts)), "codes": {}, "notes": {}}
    more = {"total": total_of(fields), "r": {"number": "R-1"}, "invoice_id": "draft-R-1"}
    text = rendered("invoices/check.html", {**frame_without_data("invoices"), **context, **more})
    *lines, total = [read_amount(shown) for shown in SHOWN.findall(text)]
    assert lines == amounts
    assert total == sum(amounts)


@given(cents=st.integers(-(10**12), 10**12))
def test_an_amount_is_written_in_dollars_and_cents(cents: int) -> None:
    (said,) = SHOWN.findall(str(money(cents)))
    assert AMOUNT.fullmatch(said)


@pytest.mark.parametrize("amount", [1.0, 1.5, "100", True])
def test_a_value_that_is_not_whole_cents_is_not_shown_as_an_amount(amount: object) -> None:
    with pytest.raises(TypeError, match="whole cents"):
        money(amount)  # type: ignore[arg-type]
