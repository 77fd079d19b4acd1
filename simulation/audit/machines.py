"""How an offer, a plan, a report, an invoice and a run may go, step by step, and the way that each of them went."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from simulation.audit import path
from simulation.audit.observations import Books
from simulation.clients.topics import Announced

Steps: TypeAlias = Mapping[str, Mapping[str, str]]
NEW = path.NEW

_OFFERED = {"referral-declined": "DECLINED", "referral-lapsed": "LAPSED", "referral-offer-withdrawn": "TAKEN BACK"}
_DECIDED = {
    "plan-approved": "APPROVED",
    "plan-approved (in part)": "APPROVED",
    "plan-declined": "DECLINED",
    "plan-discontinued": "DISCONTINUED",
}
_OVER = {"obligation-waived": "WAIVED", "obligation-cancelled": "CANCELLED"}
_OWED = {"report-submitted": "SUBMITTED", **_OVER}
_JUDGED = {"invoice-pended": "PENDED", "invoice-adjudicated": "JUDGED", "invoice-voided": "VOIDED"}
OFFER: Steps = {
    NEW: {"referral-offered": "OFFERED"},
    "OFFERED": {"referral-acknowledged": "ACKNOWLEDGED", **_OFFERED},
    "ACKNOWLEDGED": {"referral-accepted": "ACCEPTED", **_OFFERED},
}
PLAN: Steps = {
    NEW: {"plan-submitted": "SUBMITTED", "plan-submitted (amendment)": "SUBMITTED"},
    "SUBMITTED": {
        "plan-information-requested": "ASKED",
        "plan-deemed-approved": "DEEMED",
        "plan-decision-overdue": "OVERDUE",
        **_DECIDED,
    },
    "ASKED": {"plan-clock-resumed (replied)": "SUBMITTED", "plan-clock-resumed": "SUBMITTED", **_DECIDED},
    "OVERDUE": _DECIDED,
    "DEEMED": _DECIDED,
    "APPROVED": {"plan-discontinued": "DISCONTINUED"},
}
REPORT: Steps = {
    NEW: {"obligation-scheduled": "OPEN"},
    "OPEN": {
        "obligation-reminded": "OPEN",
        "obligation-overdue": "OPEN",
        "obligation-paused": "OPEN, PAUSED",
        **_OWED,
    },
    "OPEN, PAUSED": {"obligation-redated": "OPEN", **_OWED},
    "SUBMITTED": {"report-accepted": "ACCEPTED", "report-returned": "RETURNED"},
    "RETURNED": {
        "obligation-reminded": "RETURNED",
        "obligation-overdue": "RETURNED",
        "obligation-paused": "RETURNED, PAUSED",
        **_OWED,
    },
    "RETURNED, PAUSED": {"obligation-redated": "RETURNED", **_OWED},
}
INVOICE: Steps = {
    NEW: {
        "invoice-received": "RECEIVED",
        "invoice-received (rectification)": "RECEIVED",
        "invoice-returned": "RETURNED",
    },
    "RECEIVED": {"invoice-pended": "PENDED", "invoice-adjudicated": "JUDGED"},
    "PENDED": _JUDGED,
    "JUDGED": {
        "invoice-approved": "APPROVED",
        "invoice-partially-approved": "APPROVED",
        "invoice-rejected": "REJECTED",
    },
    "APPROVED": {"payment-scheduled": "SCHEDULED"},
    "SCHEDULED": {"invoice-paid": "PAID", **_JUDGED},
}
RUN: Steps = {
    NEW: {"run-frozen": "FROZEN"},
    "FROZEN": {"run-released": "RELEASED", "run-released (by people)": "RELEASED"},
}
_OF_REFERRAL = {words for machine in (path.STEPS, OFFER) for steps in machine.values() for words in steps}


class Machine(NamedTuple):
    """A state machine of a document: the events allowed in each state, and how an event names its document."""

    name: str
    steps: Steps
    about: Callable[[Announced], tuple[str, str] | None]


class Gone(NamedTuple):
    """A step that a document took; `to` is empty where it may not take it."""

    document: str
    state: str
    words: str
    to: str


def _offer(one: Announced) -> tuple[str, str] | None:
    is_step = one.event_name in _OF_REFERRAL and any(one.event_name in steps for steps in OFFER.values())
    return (one.key, one.event_name) if is_step else None


def _plan(one: Announced) -> tuple[str, str] | None:
    if not one.event_name.startswith("plan-"):
        return None
    words = one.event_name
    if words == "plan-submitted" and one.data.get("amends"):
        words += " (amendment)"
    if words == "plan-clock-resumed" and one.data["replied"]:
        words += " (replied)"
    if words == "plan-approved" and (one.data.get("declined") or any(line.get("reason") for line in one.data["lines"])):
        words += " (in part)"
    return f"{one.key}/{one.data['plan']}", words


def _report(one: Announced) -> tuple[str, str] | None:
    is_step = one.event_name.startswith(("report-", "obligation-")) and "report" in one.data
    return (f"{one.key}/{one.data['report']}", one.event_name) if is_step else None


def _invoice(one: Announced) -> tuple[str, str] | None:
    if not one.event_name.startswith(("invoice-", "payment-scheduled")):
        return None
    words = one.event_name
    if words == "invoice-received" and one.data.get("rectifies"):
        words += " (rectification)"
    return one.data["invoice_id"], words


def _run(one: Announced) -> tuple[str, str] | None:
    if not one.event_name.startswith("run-"):
        return None
    return one.data["run_id"], one.event_name + (" (by people)" if one.data.get("released_by") else "")


MACHINES = {
    "rehab-referral": (Machine("offer", OFFER, _offer),),
    "rehab-program": (Machine("plan", PLAN, _plan), Machine("report", REPORT, _report)),
    "rehab-invoice": (Machine("invoice", INVOICE, _invoice), Machine("run", RUN, _run)),
}


def gone(firsts: Iterable[Announced]) -> Iterator[tuple[str, Gone]]:
    """Every step of everything, with the name of its machine."""
    states: dict[tuple[str, str], str] = {}
    for one in firsts:
        for machine in MACHINES.get(one.topic, ()):
            if found := machine.about(one):
                document, words = found
                place = machine.name, document
                # the next offer of a referral begins anew
                state = NEW if words == "referral-offered" else states.get(place, NEW)
                to = machine.steps.get(state, {}).get(words, "")
                states[place] = to or state
                yield machine.name, Gone(document, state, words, to)


def legal(books: Books) -> Iterator[str]:
    """Plans, reports, invoices and runs go ways that the rules allow."""
    for name, step in gone(books.firsts):
        if not step.to:
            yield f"the {name} {step.document} is {step.state} and takes {step.words}"
