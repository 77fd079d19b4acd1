"""Rare actions: hold, withdraw, waive, take back, put right, amend, decide late."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from simulation.actors.actions import Action, Fees, Saying
from simulation.actors.agenda import Agenda, Deed
from simulation.actors.case import Case, Line
from simulation.actors.reactions import Reaction
from simulation.clients.published_register import Data

_DAY = timedelta(days=1)
_WITHDRAWALS = ("worker-declined", "not-contactable", "medical", "returned-to-work", "moved")
_WAIVERS = ("not-needed", "told-otherwise", "worker-gone")


def _hold(deed: Deed, case: Case, _: Agenda, __: Fees) -> Action | None:
    if case.is_over:
        return None
    review = (deed.day + 14 * _DAY).isoformat()
    return Action("claims_officer", "hold", {"reason_code": "claim-review", "review_on": review})


def _resume(_: Deed, case: Case, __: Agenda, ___: Fees) -> Action | None:
    return Action("claims_officer", "resume", {}) if "officer" in case.holds else None


def _withdraw(_: Deed, case: Case, agenda: Agenda, __: Fees) -> Action | None:
    if case.is_over:
        return None
    return Action("claims_officer", "withdraw", {"reason_code": agenda.mind(case, "withdrawal").choice(_WITHDRAWALS)})


def _waive(deed: Deed, case: Case, agenda: Agenda, _: Fees) -> Action | None:
    if deed.about in case.accepted:
        return None
    reason = agenda.mind(case, f"waive {deed.about}").choice(_WAIVERS)
    body = {"report": deed.about, "reason_code": reason}
    return Action("claims_officer", "waive-report", body, of=f"/reports/{deed.about}")


def _void(deed: Deed, case: Case, _: Agenda, __: Fees) -> Action:
    invoice_id = case.sent[deed.about]["invoice_id"]
    return Action("biller", "void", {"invoice_id": invoice_id}, of=f"/invoices/{invoice_id}")


def _rectify(deed: Deed, case: Case, _: Agenda, fees: Fees) -> Action | None:
    """Return what was denied, as it should have been billed."""
    meant, invoice_id = case.meant.get(deed.about, {}), case.sent[deed.about]["invoice_id"]
    lines = [_as_meant(line, meant, fees) for line in case.denied.get(deed.about, ())]
    if not lines:
        return None
    case.invoices += 1
    number = f"{case.number.removeprefix('R-')}-{case.invoices}"
    case.meant[number] = {line["line"]: meant[line["line"]] for line in lines if line["line"] in meant}
    body = {
        "number": number,
        "invoiced_on": deed.day.isoformat(),
        "lines": lines,
        "cents": sum(line["cents"] for line in lines),
        "rectifies": invoice_id,
    }
    return Action("biller", "rectify", body, of=f"/invoices/{invoice_id}")


def _as_meant(line: Data, meant: Mapping[str, Line], fees: Fees) -> dict[str, Any]:
    """A denied line as it was meant; else once more as it was billed."""
    if line["line"] in meant:
        return meant[line["line"]].as_body(line["line"])
    fee = fees.get(line["code"], {})
    said = {
        "line": line["line"], "code": line["code"], "service_on": line["service_on"],
        "units": str(line["units_claimed"]), "cents": line["claimed_cents"],
    }  # fmt: skip
    taken = fee.get("disciplines")
    return said | ({"discipline": taken[0]} if taken else {})


def _amend(deed: Deed, case: Case, agenda: Agenda, fees: Fees) -> Action | None:
    """The rest of a grant anew, or an extension where the fees have one."""
    plan = int(deed.about)
    if case.last_on or case.planned_end is None or case.planned_end <= deed.day:
        return None
    days = {"from_on": (deed.day + _DAY).isoformat(), "to_on": case.planned_end.isoformat()}
    goal = {"line": "1", "goal": "increase-capacity", **days}
    extension = next((fee for fee in fees.values() if fee["extension"] and fee.get("disciplines")), None)
    if extension and agenda.mind(case, f"extend {plan}").random() < 0.5:  # noqa: PLR2004 - a half
        lines = [{**goal, "code": extension["code"], "units": "1", "discipline": extension["disciplines"][0]}]
    else:
        lines = [
            {**goal, "code": g["code"], "units": str(g["units"]), "discipline": g["discipline"], "replaces": g["grant"]}
            for g in case.grants[-1:]
        ]
    return Action("clinician", "amend", {"amends": plan, "lines": lines}, of=f"/plans/{plan}") if lines else None


def _decide_deemed(deed: Deed, case: Case, _: Agenda, __: Fees) -> Action | None:
    """A decision after all, of what was deemed granted."""
    number = int(deed.about)
    lines = [{"line": line["line"], "units": str(Decimal(str(line["units"])))} for line in case.lines[number]]
    return Action("claims_officer", "decide-plan", {"plan": number, "lines": lines}, of=f"/plans/{number}")


RARE: Mapping[str, Saying] = {
    "officer-hold": _hold,
    "officer-resume": _resume,
    "withdraw": _withdraw,
    "waive": _waive,
    "void": _void,
    "rectify": _rectify,
    "amend": _amend,
    "decide-deemed": _decide_deemed,
}


def _now_and_then(what: str, share: float, days: float, about: str = "") -> Reaction:
    """A deed that follows an announcement in so many of a hundred cases, after about so many days."""

    def react(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
        of = str(said.get(about, ""))
        of = case.numbers.get(of, of)
        if agenda.mind(case, f"rarely {what} {of} {share}").random() < share / 100:
            agenda.later(what, case, now, days, of)

    return react


def _held(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    if said["cause"] == "officer":
        agenda.later("officer-resume", case, now, 3)


def _received(_: Agenda, said: Data, case: Case, __: datetime) -> None:
    case.answered(said["number"])
    case.sent[said["number"]] = said
    case.numbers[said["invoice_id"]] = said["number"]


def _judged(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """Most of what was denied is put right; each service for itself, whichever invoice it stands in."""
    denied = [line for line in said["lines"] if line["status"] == "denied" and _puts_right(line, agenda, case)]
    case.denied[said["number"]] = denied
    if denied and len(case.denied) < _MOST_INVOICES:
        agenda.later("rectify", case, now, 4, said["number"])


def _puts_right(line: Data, agenda: Agenda, case: Case) -> bool:
    service = case.service(line["code"], date.fromisoformat(line["service_on"]))
    case.denials[service] += 1
    return agenda.mind(case, f"rectify {service} {case.denials[service]}").random() < 0.6  # noqa: PLR2004 - most


def _voided(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """Bill again the services of an invoice that was taken back."""
    case.unbill({(line.code, line.service_on): line for line in case.meant.get(said["number"], {}).values()}.values())
    agenda.later("bill", case, now, 2)


_MOST_INVOICES = 30  # of a case; nobody puts right for ever
RARELY: Mapping[str, tuple[Reaction, ...]] = {
    "referral-created": (_now_and_then("withdraw", 3, 5), _now_and_then("officer-hold", 5, 1)),
    "referral-accepted": (_now_and_then("officer-hold", 3, 1), _now_and_then("withdraw", 2, 3)),
    "appointment-booked": (_now_and_then("move", 6, 0.5), _now_and_then("officer-hold", 2, 1)),
    "program-started": (
        _now_and_then("officer-hold", 6, 6),
        _now_and_then("hold", 6, 9),
        _now_and_then("withdraw", 4, 15),
    ),
    "program-ended": (_now_and_then("officer-hold", 2, 1),),
    "referral-held": (_held,),
    "obligation-scheduled": (_now_and_then("waive", 2, 4, "report"),),
    "obligation-overdue": (_now_and_then("waive", 40, 0.5, "report"),),
    "plan-approved": (_now_and_then("amend", 20, 4, "plan"),),
    "plan-deemed-approved": (_now_and_then("decide-deemed", 70, 3, "plan"),),
    "invoice-received": (_received,),
    "invoice-pended": (_now_and_then("void", 20, 1, "invoice_id"),),
    "payment-scheduled": (_now_and_then("void", 5, 0.5, "invoice_id"),),
    "invoice-adjudicated": (_judged,),
    "invoice-voided": (_voided,),
}
