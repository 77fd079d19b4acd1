"""Names of form fields: which can be kept, and which hold secrets that are never kept, shown or logged."""

import re
from collections.abc import Mapping
from typing import Any

KEPT = "kept."  # begins a field that was typed before a sign-in and is carried through it
MOST_FIELDS = 10_000  # of one form
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}(\.[A-Za-z0-9_-]{1,60}){0,4}")
# a field whose name contains one of these, whatever stands around it
_SECRET_PARTS = (
    "password",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "onetimecode",
    "recoverycode",
    "verificationcode",
    "samlresponse",
    "assertion",
)
_SECRET_NAMES = frozenset({"pwd", "passwd", "pin", "otp", "totp", "mfa"})
_PROVIDER_ANSWERS = frozenset({"code", "idtoken", "accesstoken", "samlresponse"})  # an identity provider sent the form
_BESIDE_AN_ANSWER = frozenset({"state", "iss", "nonce", "sessionstate", "relaystate", "scope"})
_NO_LETTER = re.compile(r"[^a-z0-9]")


def is_secret(name: str) -> bool:
    """Return whether a field holds a password, a code, a token or another answer that proves who somebody is."""
    parts = [_plain(part) for part in _own(name).split(".")]
    if len(parts) == 1 and parts[0] in _PROVIDER_ANSWERS:
        return True
    return any(part in _SECRET_NAMES or any(word in part for word in _SECRET_PARTS) for part in parts)


def without_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields that may be shown and kept; what came beside an identity provider's answer is left out with it."""
    answered = any(_plain(_own(name)) in _PROVIDER_ANSWERS for name in fields)
    return {
        name: value
        for name, value in fields.items()
        if not is_secret(name) and not (answered and _plain(_own(name)) in _BESIDE_AN_ANSWER)
    }


def readable(fields: Mapping[str, Any]) -> dict[str, str]:
    """The fields that a form of this portal could have: named as forms name them, with a text, and no secret."""
    texts = {name: value for name, value in fields.items() if _NAME.fullmatch(name) and isinstance(value, str)}
    return {name: value.replace("\x00", "") for name, value in without_secrets(texts).items()}


def _own(name: str) -> str:
    """The name that a field had before it was carried through a sign-in."""
    while name.startswith(KEPT):
        name = name.removeprefix(KEPT)
    return name


def _plain(part: str) -> str:
    return _NO_LETTER.sub("", part.casefold())
