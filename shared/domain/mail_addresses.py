"""Mail addresses: their form as a mail server takes it, and the fault of one that cannot be delivered to."""

import re
import unicodedata
from typing import NamedTuple

import idna

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")  # the dot-atom of RFC 5322: one address, on one line, unquoted
_LONGEST_LOCAL, _LONGEST = 64, 254  # octets, RFC 5321


class Undeliverable(NamedTuple):
    """The fault of a mail address: its code, and a sentence for the person who gave the address."""

    reason_code: str
    sentence: str


_NONE = Undeliverable("no-address", "no mail address is given")
_BAD = Undeliverable("bad-address", "this is not one mail address, as desk@clinic.example")
_BEYOND_ASCII = Undeliverable(
    "address-beyond-ascii",
    "letters beyond ASCII stand before the @ of the mail address, which mail servers do not take everywhere: "
    "another address is needed",
)


def mailable(text: str) -> str | Undeliverable:
    """Return the address without blanks, its domain in ASCII by IDNA 2008, or the reason why it cannot be used."""
    said = "".join(sign for sign in text if unicodedata.category(sign) != "Cf").strip()
    local, at, domain = said.rpartition("@")
    if not said:
        return _NONE
    if not at or "@" in local:
        return _BAD
    try:
        name = idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return _BAD
    if not local.isascii() and not any(sign.isspace() for sign in local):
        return _BEYOND_ASCII
    address = f"{local}@{name}"
    is_fit = _LOCAL.fullmatch(local) and len(local) <= _LONGEST_LOCAL and len(address) <= _LONGEST
    return address if is_fit and not name.endswith(".") else _BAD
