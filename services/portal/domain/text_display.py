"""The visible part of a text: blanks and letters that show nothing are left out, as people and programs paste them."""

import unicodedata
from collections.abc import Mapping

# letters and signs by their category that show nothing: fillers of Hangul, the blank of Braille
_LOOK_BLANK = "\u115f\u1160\u3164\uffa0\u2800"
_HYPHENS = "\u2010\u2011\u2212"  # drawn as the hyphen is: the hyphen of typographers, the unbroken one, the minus sign
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # as keyboards for Chinese and Japanese write
_PLAIN: Mapping[int, str | int] = {
    **_FULL_WIDTH,
    **dict.fromkeys(map(ord, _LOOK_BLANK), " "),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
}
_JOINERS = "\u200c\u200d"  # part of the spelling of names in Persian and in the scripts of India
_SEEN = ("L", "N", "P", "S")  # categories of what shows something by itself


def plain(text: str) -> str:
    """A typed value without what shows nothing: one blank for each run of blanks, full-width signs as usual ones."""
    seen = "".join(sign for sign in text.translate(_PLAIN) if unicodedata.category(sign) != "Cf")
    return " ".join(seen.split())


def shows(text: str) -> bool:
    """Return whether anything of a text can be seen."""
    return any(unicodedata.category(sign)[0] in _SEEN and sign not in _LOOK_BLANK for sign in text)


def trimmed(text: str) -> str:
    """A text without the blanks, and without what shows nothing, at its two ends; nothing where nothing shows."""
    if not shows(text):
        return ""
    first = next(n for n, sign in enumerate(text) if _is_kept(sign))
    last = next(n for n, sign in enumerate(reversed(text)) if _is_kept(sign))
    return text[first : len(text) - last]


def _is_kept(sign: str) -> bool:
    """Return whether a sign may begin or end a text."""
    return not sign.isspace() and unicodedata.category(sign) not in {"Cf", "Cc"} and sign not in _LOOK_BLANK


def one_line(text: str) -> str:
    """A name on one line, without signs that turn the direction of what stands beside it."""
    kept = (sign if unicodedata.category(sign) != "Cc" else " " for sign in text)
    return " ".join("".join(s for s in kept if unicodedata.category(s) != "Cf" or s in _JOINERS).split())
