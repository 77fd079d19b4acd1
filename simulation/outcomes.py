"""What became of every request, to the last cent: by names that people know, so that two plays can be compared."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from simulation.audit import machines, path
from simulation.books import Books
from simulation.topics import Announced

Outcome: TypeAlias = dict[str, Any]
_SITED = "referral-accepted"


def outcomes(books: Books) -> dict[str, Outcome]:
    """Of each referral: how it stands, where it was treated, and its plans, reports and invoices."""
    states = _states(books.firsts)
    by_case: dict[str, list[Announced]] = {key: [] for key in books.referrals}
    for one in books.firsts:
        if one.key in by_case:
            by_case[one.key].append(one)
    return {key: _outcome(key, said, states) for key, said in by_case.items()}


def _states(firsts: Iterable[Announced]) -> Mapping[tuple[str, str], str]:
    """Where each document stands at the end."""
    return {(name, step.document): step.to or step.state for name, step in machines.gone(firsts)}


def _outcome(key: str, said: Iterable[Announced], states: Mapping[tuple[str, str], str]) -> Outcome:
    named: dict[str, list[Announced]] = {}
    for one in said:
        named.setdefault(one.words, []).append(one)
    sites = [one.data["site_id"] for one in named.get(_SITED, ())]
    return {
        "state": path.state_of(one for one in said if one.topic == "rehab-referral"),
        "site_id": sites[-1] if sites else None,
        "days": _days(named.get("attendance-recorded", ())),
        "plans": [
            {"plan": one.data["plan"], "state": states["plan", f"{key}/{one.data['plan']}"], **_granted(one, named)}
            for one in named.get("plan-submitted", ())
        ],
        "reports": {
            one.data["report"]: states["report", f"{key}/{one.data['report']}"]
            for one in named.get("obligation-scheduled", ())
        },
        "invoices": [_invoice(one, named, states) for one in named.get("invoice-received", ())],
    }


def _days(recorded: Iterable[Announced]) -> dict[str, str]:
    return dict(sorted({day["on"]: day["status"] for one in recorded for day in one.data["days"]}.items()))


def _granted(plan: Announced, named: Mapping[str, list[Announced]]) -> Outcome:
    """What was granted last, line by line."""
    granted: list[Any] = []
    for words in ("plan-deemed-approved", "plan-approved"):
        for one in named.get(words, ()):
            if one.data["plan"] == plan.data["plan"]:
                granted = [
                    [line["line"], line["code"], str(line["units"]), line["cents"]] for line in one.data["lines"]
                ]
    return {"granted": granted}


def _invoice(
    received: Announced, named: Mapping[str, list[Announced]], states: Mapping[tuple[str, str], str]
) -> Outcome:
    """As it was judged last, and when it was paid."""
    id_ = received.data["invoice_id"]
    judged = [one.data for one in named.get("invoice-adjudicated", ()) if one.data["invoice_id"] == id_]
    paid = [one.data for one in named.get("invoice-paid", ()) if one.data["invoice_id"] == id_]
    return {
        "number": received.data["number"],
        "state": states["invoice", id_],
        "claimed_cents": received.data["cents"],
        "allowed_cents": judged[-1]["allowed_cents"] if judged else None,
        "paid_cents": sum(one["cents"] for one in paid),
        "run_on": paid[-1]["run_on"] if paid else None,
        "lines": [_line(line) for line in (judged[-1]["lines"] if judged else ())],
    }


def _line(line: Mapping[str, Any]) -> list[Any]:
    codes = [reason["code"] for reason in line["reasons"]]
    return [line["code"], line["service_on"], str(line["units"]), line["allowed_cents"], codes]
