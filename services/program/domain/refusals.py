"""Refusals and violations that several decisions of program give."""

import re
from collections.abc import Iterator

from shared.domain.decision import Refusal, Violation, refuse

_SHA256 = re.compile(r"[0-9a-f]{64}")


def not_found() -> Refusal:
    """Return the refusal of an action on something that does not exist; the portal answers 404, as for not yours."""
    return refuse("NOT-FOUND", "there is no such referral that you may act on", "check the number", "referral_id")


def stale(document: str, revision: int) -> Refusal:
    """Return the refusal of an action on a document that has changed since the actor opened it."""
    rule = f"the {document} has changed since you opened it; it is at revision {revision}"
    return refuse("STALE", rule, "open it again and act on what it shows", "seen")


def violation(code: str, field: str, rule: str, fix: str) -> Violation:
    """Return one reason for a refusal, at a field."""
    return Violation(code=code, rule=rule, fix=fix, field=field)


def missing(field: str, rule: str, fix: str) -> Violation:
    """Return the violation of a field that is not given."""
    return violation("FIELD-MISSING", field, rule, fix)


def document_faults(id_: str | None, sha256: str | None, field: str, text: str = "the text") -> Iterator[Violation]:
    """Yield a violation where a text in the document store is not named, or is named without its SHA-256."""
    if not id_:
        yield missing(f"{field}_id", f"{text} is missing", "write it")
    if not _SHA256.fullmatch(sha256 or ""):
        fix = "give the SHA-256 of its bytes, 64 hexadecimal digits"
        yield missing(f"{field}_sha256", f"{text} is named without its hash", fix)
