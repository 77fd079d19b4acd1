"""Invalid actions: too early, too late, without a reason, with impossible days; each is refused."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from simulation.actors.actions import Action, Fees
from simulation.actors.agenda import Agenda, Deed, at
from simulation.actors.case import Case, planned
from simulation.clients.topics import Announced

_DAY = timedelta(days=1)
_OFTEN = 0.02  # of the occasions for each
_ABOUT = ("plan", "report", "invoice_id", "site_id")
_FAR = 40 * _DAY


class Slip(NamedTuple):
    """A mistake about to be made: what it is about, on which day, in which case."""

    about: str
    day: date
    case: Case
    fees: Fees

    @property
    def invoice_id(self) -> str:
        """The invoice whose number it is about; none has the number of nobody's."""
        sent = self.case.sent.get(self.about)
        return str(sent["invoice_id"]) if sent else "nobody"


Words: TypeAlias = Callable[[Slip], Action | None]


class Mistake(NamedTuple):
    """After which announcement it is made, after about how many days, and what is said."""

    after: str
    days: float
    words: Words


def _says(role: str, verb: str, **body: Any) -> Words:  # noqa: ANN401 - whatever a body can say
    """The same whatever it is about."""
    return lambda _: Action(role, verb, body)


def _lost(slip: Slip) -> Action:
    """A clinic that has the offer no more, or not yet."""
    return Action("clinician", "accept", {}, site=slip.about)


def _decline(slip: Slip) -> Action:
    return Action("clinician", "decline", {}, site=slip.about)


def _move(ahead: timedelta, *, confirmed: bool) -> Words:
    def words(slip: Slip) -> Action:
        starts_at = at(slip.day + ahead, 10).isoformat()
        return Action("clinician", "move", {"starts_at": starts_at, "confirmed_with_worker": confirmed})

    return words


def _start(ahead: timedelta) -> Words:
    return lambda slip: Action("clinician", "start", {"initial_visit_on": (slip.day + ahead).isoformat()})


def _hold(slip: Slip) -> Action:
    return Action("clinician", "hold", {"reason_code": "no-reason", "review_on": (slip.day - _DAY).isoformat()})


def _hold_unseen(slip: Slip) -> Action:
    body = {"reason_code": "travel", "review_on": (slip.day + _FAR).isoformat()}
    return Action("clinician", "hold", body, seen=1)


def _end(slip: Slip) -> Action:
    return Action("clinician", "end", {"last_on": (slip.day + _FAR).isoformat()})


def _attend(*ahead: int) -> Words:
    def words(slip: Slip) -> Action:
        days = [{"on": (slip.day + n * _DAY).isoformat(), "status": "attended"} for n in ahead]
        return Action("clinician", "attendance", {"days": days})

    return words


def _plan(slip: Slip) -> Action:
    """Nothing in it is right, whenever it is said."""
    line = {
        "line": "1", "code": "NONE", "units": "0", "from_on": (slip.day - 400 * _DAY).isoformat(),
        "to_on": (slip.day - 401 * _DAY).isoformat(), "discipline": "naturopath", "goal": "be-happy", "replaces": "x",
    }  # fmt: skip
    return Action("clinician", "plan", {"lines": [line, line]})


def _plan_with(change: Callable[[Fees, Mapping[str, Any]], Mapping[str, Any] | None]) -> Words:
    """A plan as it should be, but for one member of its first line."""

    def words(slip: Slip) -> Action | None:
        lines = planned(slip.case, slip.fees, "increase-capacity")
        changed = change(slip.fees, lines[0]) if lines else None
        return Action("clinician", "plan", {"lines": [changed]}) if changed else None

    return words


def _extended(fees: Fees, line: Mapping[str, Any]) -> Mapping[str, Any] | None:
    code = next((fee["code"] for fee in fees.values() if fee["extension"]), None)
    return {**line, "code": code} if code else None


def _amend(_: Slip) -> Action:
    return Action("clinician", "amend", {"amends": 999, "lines": []}, seen=1)


def _decide(
    lines: Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]], seen: int | None = None
) -> Words:
    def words(slip: Slip) -> Action | None:
        said = lines(slip.case.lines.get(int(slip.about), ()))
        body = {"plan": int(slip.about), "lines": said}
        return Action("claims_officer", "decide-plan", body, of=f"/plans/{slip.about}", seen=seen) if said else None

    return words


def _strange(lines: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [{"line": "nobody", "units": "1"}, *({"line": line["line"], "units": "9999"} for line in lines[1:])]


def _too_much(lines: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [{"line": line["line"], "units": "9999"} for line in lines]


def _wordless(lines: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [{"line": line["line"], "units": "0"} for line in lines]


def _of_plan(role: str, verb: str, **body: Any) -> Words:  # noqa: ANN401 - whatever a body can say
    def words(slip: Slip) -> Action:
        return Action(role, verb, {"plan": int(slip.about), **body}, of=f"/plans/{slip.about}")

    return words


def _report(ahead: timedelta, report: str = "") -> Words:
    """Without most of what a report has."""

    def words(slip: Slip) -> Action:
        name = report or slip.about
        body = {"report": name, "service_on": (slip.day + ahead).isoformat(), "author_discipline": "naturopath"}
        return Action("clinician", "report", body, of=f"/reports/{name}")

    return words


def _of_report(verb: str, **body: Any) -> Words:  # noqa: ANN401 - whatever a body can say
    def words(slip: Slip) -> Action:
        return Action("claims_officer", verb, {"report": slip.about, **body}, of=f"/reports/{slip.about}")

    return words


def _void(seen: int | None = None) -> Words:
    def words(slip: Slip) -> Action:
        invoice_id = slip.invoice_id
        return Action("biller", "void", {"invoice_id": invoice_id}, of=f"/invoices/{invoice_id}", seen=seen)

    return words


def _rectify(slip: Slip) -> Action:
    body = {
        "number": "again",
        "invoiced_on": slip.day.isoformat(),
        "lines": [],
        "cents": 0,
        "rectifies": slip.invoice_id,
    }
    return Action("biller", "rectify", body, seen=1)


def _rectify_none(slip: Slip) -> Action:
    return _rectify(slip._replace(about="nobody"))


_RETURNED = [{"field": "colour", "reason_code": "UGLY"}]
MISTAKES: Mapping[str, Mistake] = {
    "accepts-unseen": Mistake("referral-offered", 0.05, _lost),
    "declines-wordless": Mistake("referral-offered", 0.05, _decline),
    "accepts-lapsed": Mistake("referral-lapsed", 1, _lost),
    "accepts-declined": Mistake("referral-declined", 1, _lost),
    "starts-withdrawn": Mistake("referral-withdrawn", 1, _start(-_DAY)),
    "holds-unseen": Mistake("referral-accepted", 0.5, _hold_unseen),
    "withdraws-wordless": Mistake("referral-accepted", 1, _says("claims_officer", "withdraw")),
    "holds-wordless": Mistake("referral-accepted", 1, _says("claims_officer", "hold")),
    "moves-back": Mistake("appointment-booked", 0.3, _move(-3 * _DAY, confirmed=False)),
    "moves-far": Mistake("appointment-booked", 0.3, _move(_FAR, confirmed=True)),
    "starts-ahead": Mistake("appointment-booked", 0.3, _start(3 * _DAY)),
    "starts-before": Mistake("appointment-booked", 0.3, _start(-200 * _DAY)),
    "misses-ahead": Mistake("appointment-booked", 0.05, _says("clinician", "missed")),
    "holds-back": Mistake("appointment-booked", 0.3, _hold),
    "attends-unstarted": Mistake("appointment-booked", 0.1, _attend(-200)),
    "resumes-unheld": Mistake("program-started", 2, _says("clinician", "resume")),
    "resumes-others": Mistake("referral-held", 0.2, _says("clinician", "resume")),
    "moves-held": Mistake("referral-held", 0.2, _move(-3 * _DAY, confirmed=False)),
    "plans-held": Mistake("referral-held", 0.2, _plan),
    "ends-ahead": Mistake("program-started", 2, _end),
    "ends-again": Mistake("program-ended", 1, _end),
    "attends-ahead": Mistake("program-started", 2, _attend(20, 20, -200)),
    "attends-nothing": Mistake("program-started", 2, _attend()),
    "attends-held": Mistake("referral-held", 1.5, _attend(0)),
    "plans-wrongly": Mistake("program-started", 1, _plan),
    "plans-nothing": Mistake("report-accepted", 1, _says("clinician", "plan", lines=[])),
    "plans-too-much": Mistake("report-accepted", 1, _plan_with(lambda _, line: {**line, "units": "9999"})),
    "plans-extension": Mistake("report-accepted", 1, _plan_with(_extended)),
    "plans-twice": Mistake("plan-submitted", 0.1, _plan),
    "plans-over": Mistake("plan-approved", 1, _plan_with(lambda _, line: line)),
    "amends-unknown": Mistake("plan-approved", 1, _amend),
    "decides-others": Mistake("plan-submitted", 0.1, _decide(_strange)),
    "decides-too-much": Mistake("plan-submitted", 0.1, _decide(_too_much)),
    "decides-wordless": Mistake("plan-submitted", 0.1, _decide(_wordless)),
    "decides-unseen": Mistake("plan-submitted", 0.1, _decide(_wordless, 0)),
    "decides-again": Mistake("plan-approved", 1, _decide(_wordless)),
    "asks-nothing": Mistake("plan-submitted", 0.1, _of_plan("claims_officer", "request-information")),
    "replies-unasked": Mistake("plan-approved", 1, _of_plan("clinician", "reply", text="For the goal.")),
    "reports-unasked": Mistake("program-started", 2, _report(-_DAY, "progress-9")),
    "reports-ahead": Mistake("obligation-scheduled", 1, _report(3 * _DAY)),
    "reports-before": Mistake("obligation-scheduled", 1, _report(-200 * _DAY)),
    "reports-other-day": Mistake("program-ended", 0.5, _report(-9 * _DAY, "discharge")),
    "reports-again": Mistake("report-accepted", 1, _report(-_DAY)),
    "returns-strange": Mistake("report-submitted", 0.1, _of_report("return-report", fields=_RETURNED)),
    "returns-nothing": Mistake("report-submitted", 0.1, _of_report("return-report", fields=[])),
    "accepts-again": Mistake("report-accepted", 1, _of_report("accept-report")),
    "waives-wordless": Mistake("obligation-scheduled", 1, _of_report("waive-report")),
    "voids-paid": Mistake("invoice-paid", 1, _void()),
    "voids-again": Mistake("invoice-voided", 1, _void()),
    "voids-unseen": Mistake("payment-scheduled", 0.1, _void(0)),
    "rectifies-voided": Mistake("invoice-voided", 1, _rectify),
    "rectifies-nothing": Mistake("invoice-paid", 1, _rectify_none),
}


def err(agenda: Agenda, one: Announced, case: Case, now: datetime) -> None:
    """Plan a mistake now and then after an announcement that invites it."""
    about = str(next((one.data[name] for name in _ABOUT if one.data.get(name)), ""))
    about = case.numbers.get(about, about)
    for name, mistake in MISTAKES.items():
        if mistake.after == one.event_name and agenda.mind(case, f"{name} {about}").random() < _OFTEN:
            agenda.later("mistake", case, now, mistake.days, f"{name} {about}")


def make(deed: Deed, case: Case, _: Agenda, fees: Fees) -> Action | None:
    """The mistake that a deed is about; nobody makes that of a clinic while none has the referral."""
    name, _space, about = deed.about.partition(" ")
    call = MISTAKES[name].words(Slip(about, deed.day, case, fees))
    has_someone = call and (call.role == "claims_officer" or call.site or case.site_id)
    return call if has_someone else None
