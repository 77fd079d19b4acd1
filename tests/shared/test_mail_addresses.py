"""Mail addresses: each goes out in ASCII, or is given up with its own reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.mail_addresses import Undeliverable, mailable

ONE = re.compile(r"[!-?A-~]{1,64}@[a-z0-9.-]+")  # printable ASCII, one @, no blank


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("clinic@b\u00fccher.example", "clinic@xn--bcher-kva.example"),
        ("clinic@B\u00dcCHER.example", "clinic@xn--bcher-kva.example"),
        ("clinic@bu\u0308cher.example", "clinic@xn--bcher-kva.example"),
        ("clinic@xn--bcher-kva.example", "clinic@xn--bcher-kva.example"),
        ("a@cedar.example ", "a@cedar.example"),
        ("\u00a0a@cedar.example\u200b\r\n", "a@cedar.example"),
        ("\ufeffa.b+c@cedar.example", "a.b+c@cedar.example"),
        ("O'Brien@Cedar.Example", "O'Brien@cedar.example"),
    ],
)
def test_an_address_goes_out_in_ascii_without_blanks(text: str, address: str) -> None:
    assert mailable(text) == address


@pytest.mark.parametrize(
    ("text", "reason_code"),
    [
        ("jos\u00e9@cedar.example", "address-beyond-ascii"),
        ("\u738b@b\u00fccher.example", "address-beyond-ascii"),
        ("", "no-address"),
        (" \u200b\u00a0", "no-address"),
        *((text, "bad-address") for text in (
            "desk", "@cedar.example", "a@", "a..b@cedar.example", ".a@cedar.example", "a.@cedar.example", "a@-b",
            "a@b-", "a@b..c", "a@.b", "a@b.", "a@b@c.example", "a b@cedar.example", "a@ce dar.example", "<a@b>",
            "a@b.example, c@d.example", "desk@clinic.example\r\nBcc: x@y.example", "a@[127.0.0.1]", '"a"@b.example',
            "a" * 65 + "@b.example", "a@" + "b" * 64 + ".example", "a@" + "b." * 130 + "example",
            "jos\u00e9 x@y.example", "a@b_c.example", "a\x00@b.example",
        )),
    ],
)  # fmt: skip
def test_an_address_that_no_mail_can_go_to_has_its_own_reason(text: str, reason_code: str) -> None:
    found = mailable(text)
    assert isinstance(found, Undeliverable)
    assert found.reason_code == reason_code


@given(text=st.one_of(st.text(max_size=80), st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=40))))
def test_any_text_is_one_address_in_ascii_or_has_a_reason(text: str) -> None:
    found = mailable(text)
    assert isinstance(found, Undeliverable) or (ONE.fullmatch(found) and mailable(found) == found)
