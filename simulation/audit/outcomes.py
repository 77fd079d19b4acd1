"""The outcome of every request, to the cent, by names that people know, so that two plays can be compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from simulation.audit import machines, path
from simulation.audit.observations import Books
from simulation.clients.topics import Announced

Outcome: TypeAlias = dict[str, Any]
_SITED = "referral-accepted"
_FATES = {
    "referral-declined": "declined",
    "referral-lapsed": "lapsed",
    "referral-offer-withdrawn": "taken back",
    _SITED: "accepted",
}
_FOLLOWS = {"referral-held", "referral-resumed", "referral-withdrawn"}
_REFUSALS = {"action-refused": "reasons", "invoice-returned": "fields"}


class _Answer(NamedTuple):
    """For which codes an action was refused, none where it was taken, and where that stands."""

    codes: Sequence[str]
    topic: str
    sequence: int


class _Ends(NamedTuple):
    """Where each document stands at the end, and what was answered to each action."""

    states: Mapping[tuple[str, str], str]
    answers: Mapping[str, _Answer]


def outcomes(books: Books) -> dict[str, Outcome]:
    """Of each referral: how it stands, who was asked, what people did, and its days, plans, reports and invoices."""
    ends = _Ends(_states(books.firsts), _answers(books.firsts))
    by_case: dict[str, list[Announced]] = {key: [] for key in books.referrals}
    for one in books.firsts:
        if one.key in by_case:
            by_case[one.key].append(one)
    return {key: _outcome(key, said, ends) for key, said in by_case.items()}


def _states(firsts: Iterable[Announced]) -> Mapping[tuple[str, str], str]:
    return {(name, step.document): step.to or step.state for name, step in machines.gone(firsts)}


def _answers(firsts: Iterable[Announced]) -> Mapping[str, _Answer]:
    """By the action's id."""
    found: dict[str, _Answer] = {}
    for one in firsts:
        if one.owner != "portal" and one.causation:
            codes = sorted({flaw["code"] for flaw in one.data.get(_REFUSALS.get(one.event_name, ""), ())})
            known = found.setdefault(one.causation, _Answer(codes, one.topic, one.sequence))
            found[one.causation] = known._replace(codes=codes or known.codes)
    return found


def _outcome(key: str, said: Sequence[Announced], ends: _Ends) -> Outcome:
    named: dict[str, list[Announced]] = {}
    for one in said:
        named.setdefault(one.event_name, []).append(one)
    sites = [one.data["site_id"] for one in named.get(_SITED, ())]
    return {
        "state": path.state_of(one for one in said if one.topic == "rehab-referral"),
        "site_id": sites[-1] if sites else None,
        "offers": _offers(said),
        "by_claim": _by_claim(said),
        "started_on": next((one.data["initial_visit_on"] for one in named.get("program-started", ())), None),
        "acts": _acts(said, ends.answers),
        "days": _days(named.get("attendance-recorded", ())),
        "plans": [
            {
                "plan": one.data["plan"],
                "state": ends.states["plan", f"{key}/{one.data['plan']}"],
                **_granted(one, named),
            }
            for one in named.get("plan-submitted", ())
        ],
        "reports": {
            one.data["report"]: ends.states["report", f"{key}/{one.data['report']}"]
            for one in named.get("obligation-scheduled", ())
        },
        "invoices": [_invoice(one, named, ends.states) for one in named.get("invoice-received", ())],
    }


def _offers(said: Iterable[Announced]) -> list[Outcome]:
    """Return who was asked, for which program, when, and what came of it."""
    found: list[Outcome] = []
    for one in said:
        if one.event_name == "referral-offered":
            made = {"site_id": one.data["site_id"], "program": one.data["program"], "at": one.at.isoformat()}
            found.append({**made, "fate": None})
        elif found and one.event_name in _FATES and one.owner == "referral":
            found[-1]["fate"] = _FATES[one.event_name]
    return found


def _by_claim(said: Iterable[Announced]) -> list[list[str]]:
    """When it stood still, went on or ended because the insurer decided so on the claim."""
    return [
        [one.event_name, one.at.isoformat()]
        for one in said
        if one.event_name in _FOLLOWS and one.data.get("cause") == "claim"
    ]


def _acts(said: Iterable[Announced], answers: Mapping[str, _Answer]) -> dict[str, Outcome]:
    """Return what people did, by the key by which they did it: the same act has the same key in every play.

    `unseen` is what was done before, was taken, and could not be shown yet.
    """
    found: dict[str, Outcome] = {}
    taken: list[_Answer] = []
    ours = (one for one in said if one.owner == "portal" and one.data.get("idempotency_key"))
    for one in sorted(ours, key=lambda act: act.sequence):
        answer, seen = answers.get(one.id), one.seen
        found[one.data["idempotency_key"]] = {
            "act": one.event_name,
            "at": one.at.isoformat(),
            "answer": [*answer.codes] if answer else None,
            "unseen": any(before.sequence > seen.get(before.topic, 0) for before in taken),
        }
        if answer and not answer.codes:
            taken.append(answer)
    return found


def _days(recorded: Iterable[Announced]) -> dict[str, str]:
    return dict(sorted({day["on"]: day["status"] for one in recorded for day in one.data["days"]}.items()))


def _granted(plan: Announced, named: Mapping[str, list[Announced]]) -> Outcome:
    """Return what was granted last, line by line."""
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


def _line(line: Mapping[str, Any]) -> Outcome:
    return {
        "code": line["code"],
        "service_on": line["service_on"],
        "units": str(line["units_claimed"]),
        "claimed_cents": line["claimed_cents"],
        "allowed_cents": line["allowed_cents"],
        "reasons": [reason["code"] for reason in line["reasons"]],
    }
