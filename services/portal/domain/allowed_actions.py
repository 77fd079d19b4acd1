"""The actions that a clinic and a claims officer are offered in each state of a referral and of its documents.

The services that own the records decide what a state allows and announce it with a refusal only. Until they announce it
with every event, this is the portal's one table of it: pages and calls show an action by it, and an owner refuses what
it does not allow.
"""

from collections.abc import Mapping, Sequence
from typing import Any

_CLINIC_ON_REFERRAL: Mapping[str, Sequence[str]] = {
    "offered": ("acknowledge", "decline"),
    "acknowledged": ("accept", "decline"),
    "accepted": ("book", "hold"),
    "scheduled": ("move", "missed", "start", "hold"),
    "active": ("end", "hold"),
}
_CLINIC_ON_DOCUMENT: Mapping[tuple[str, str], Sequence[str]] = {
    ("plan", "information-requested"): ("reply",),
    ("plan", "approved"): ("amend",),
    ("plan", "deemed"): ("amend",),
    ("report", "scheduled"): ("report",),
    ("report", "returned"): ("report",),
    ("invoice", "received"): ("void",),
    ("invoice", "pended"): ("void",),
    ("invoice", "adjudicated"): ("void",),
    ("invoice", "approved"): ("void",),
    ("invoice", "partially-approved"): ("void",),
    ("invoice", "scheduled"): ("void",),
    ("invoice", "rejected"): ("rectify",),
    ("invoice", "paid"): ("rectify",),
}
_OFFICER_ON_DOCUMENT: Mapping[tuple[str, str], Sequence[str]] = {
    ("plan", "submitted"): ("decide-plan", "request-information"),
    ("plan", "information-requested"): ("decide-plan",),
    ("plan", "overdue"): ("decide-plan",),
    ("plan", "deemed"): ("decide-plan",),
    ("report", "submitted"): ("accept-report", "return-report"),
    ("report", "scheduled"): ("waive-report",),
    ("report", "returned"): ("waive-report",),
}
_OVER = frozenset({"not-admitted", "withdrawn", "discharged", "closed"})  # states in which an officer does no more
# the calls of an officer by the names that the owners have for their actions
_OFFICER_CALLS = {
    "hold": "hold",
    "resume": "resume",
    "withdraw": "withdraw",
    "decide": "decide-plan",
    "request-information": "request-information",
    "accept": "accept-report",
    "return": "return-report",
    "waive": "waive-report",
}
_NO_CLINIC_CALLS = frozenset({"none", "wait", "look", "decide", "request-information"})


def clinic_on_referral(state: str, body: Mapping[str, Any]) -> list[str]:
    """Returns what a clinic may do with its referral; a hold is lifted by the side that made it."""
    if held_by := body.get("held_by"):
        return ["resume"] if "clinic" in held_by else []
    done = {"missed"} if body.get("missed") else {"end"} if body.get("last_on") else set()
    return [action for action in _CLINIC_ON_REFERRAL.get(state, ()) if action not in done]


def clinic_on_document(kind: str, state: str, body: Mapping[str, Any]) -> list[str]:
    """Returns what a clinic may do with a plan, a report or an invoice of a referral that it has."""
    if kind == "invoice" and state in {"rejected", "paid"} and not _has_denied_line(body):
        return []
    return list(_CLINIC_ON_DOCUMENT.get((kind, state), ()))


def officer_on_referral(state: str, body: Mapping[str, Any]) -> list[str]:
    """Returns what a claims officer may do with a referral; a hold is lifted by the side that made it."""
    if state in _OVER:
        return []
    held_by = body.get("held_by") or []
    own = ["resume"] if "officer" in held_by else []
    return [*own, "withdraw"] if held_by else ["hold", "withdraw"]


def officer_on_document(kind: str, state: str, body: Mapping[str, Any]) -> list[str]:
    """Returns what a claims officer may do with a plan or a report; a plan is asked about once."""
    allowed = _OFFICER_ON_DOCUMENT.get((kind, state), ())
    is_asked = "question_id" in body
    return [action for action in allowed if not (is_asked and action == "request-information")]


def payment_officer_on_run(state: str, body: Mapping[str, Any]) -> list[str]:
    """Returns what a payment officer may do with a payment run."""
    return ["release"] if state == "frozen" and body.get("approvals_needed") else []


def calls_for(allowed: Sequence[str], about: str) -> list[str]:
    """Returns the calls for the actions that an owner allows instead of the one at path `about`, for the same side."""
    if about.startswith("/officer/"):
        return [_OFFICER_CALLS[action] for action in allowed if action in _OFFICER_CALLS]
    new = "plan" if about.endswith(("/amend", "/reply", "/plan")) else "invoice"
    return [new if action == "submit" else action for action in allowed if action not in _NO_CLINIC_CALLS]


def _has_denied_line(body: Mapping[str, Any]) -> bool:
    return any(line.get("status") == "denied" for line in body.get("lines", ()))
