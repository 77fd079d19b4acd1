"""Actions of clinics and officers on the portal; None where there is nothing to do any more."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from simulation.actors.agenda import Agenda, Deed, at, working
from simulation.actors.case import Case, planned, unbilled
from simulation.actors.invoice_errors import spoiled, spoiled_lines
from simulation.claims_system.claim_histories import PACIFIC
from simulation.clients.published_register import Data

_DAY = timedelta(days=1)
_FRIDAY = 4
_AGAIN = "!"
_CONTENTS: Mapping[str, tuple[tuple[str, ...], Mapping[str, int]]] = {
    "initial": (
        ("history", "job-demands", "baseline-function", "barriers", "goal"),
        {"lift_kg": 10, "sit_minutes": 45, "disability_percent": 40},
    ),
    "rtw-plan": (("graduated-weeks", "limitations", "agreement"), {}),
    "progress": (("attendance", "function", "return-to-work"), {"lift_kg": 15, "disability_percent": 30}),
    "job-site-visit": (("people-met", "demands-measured", "modifications"), {"visit_minutes": 90}),
    "discharge": (("status", "outcome", "abilities", "limitations"), {"lift_kg": 22, "disability_percent": 10}),
    "follow-up": (("status",), {"work_hours_per_week": 38}),
}
_EXITS = ("goal-achieved", "goal-partly-achieved", "goal-not-achieved", "other-service-chosen", "moved")
_GOALS = ("return-to-own-job", "return-to-modified-job", "increase-capacity")


class Action(NamedTuple):
    """What is said, in which role, by which verb; `of` is the document that is acted on.

    At another site than the one that treats, and on another revision than the newest, where they are named.
    """

    role: str
    verb: str
    body: Mapping[str, Any]
    of: str = ""
    site: str = ""
    seen: int | None = None


Fees: TypeAlias = Mapping[str, Data]
Saying: TypeAlias = Callable[[Deed, Case, Agenda, Fees], Action | None]


def _visit(deed: Deed, case: Case, agenda: Agenda, _: Fees) -> Action | None:
    """Most come to their first visit."""
    if case.started_on or case.starts_at is None or str(case.starts_at) != deed.about:
        return None
    if agenda.mind(case, f"comes {deed.about}").random() < 0.06:  # noqa: PLR2004 - some do not
        return Action("clinician", "missed", {})
    on = case.starts_at.astimezone(PACIFIC).date()
    return Action("clinician", "start", {"initial_visit_on": on.isoformat()})


def _move(deed: Deed, _: Case, __: Agenda, ___: Fees) -> Action:
    starts_at = at(working(deed.day, 2), 10).isoformat()
    body = {"starts_at": starts_at, "confirmed_with_worker": True, "reason_code": "worker-unavailable"}
    return Action("clinician", "move", body)


def _hold(deed: Deed, _: Case, __: Agenda, ___: Fees) -> Action:
    review = (deed.day + 14 * _DAY).isoformat()
    return Action("clinician", "hold", {"reason_code": "worker-unavailable", "review_on": review})


def _resume(_: Deed, __: Case, ___: Agenda, ____: Fees) -> Action:
    return Action("clinician", "resume", {})


def _attend(deed: Deed, case: Case, agenda: Agenda, _: Fees) -> Action | None:
    """The days of a week, at its end; then the next week."""
    if case.started_on is None or case.planned_end is None or case.is_over:
        return None
    until = date.fromisoformat(deed.about)
    monday = until - until.weekday() * _DAY
    last = min(until, case.last_on or case.planned_end)
    days = [on for n in range(5) if case.started_on <= (on := monday + n * _DAY) <= last]
    if case.recorded_to < until < case.planned_end and not case.last_on:
        _go_on(until, case, agenda)
    case.recorded_to = max(case.recorded_to, until)
    if not days:
        return None
    case.days |= {on: _came(on, case, agenda) for on in days}
    return Action("clinician", "attendance", {"days": [{"on": on.isoformat(), "status": case.days[on]} for on in days]})


def _go_on(until: date, case: Case, agenda: Agenda) -> None:
    """Next week's days, and every other week an invoice."""
    friday = min(until + (7 + _FRIDAY - until.weekday()) * _DAY, case.planned_end or until)
    agenda.plan("attend", case, at(friday, 15), friday.isoformat())
    if case.started_on and (until - case.started_on).days // 7 % 2:
        agenda.plan("bill", case, at(working(until, 1), 11))


def _came(on: date, case: Case, agenda: Agenda) -> str:
    return agenda.mind(case, f"on {case.service('', on)}").choices(("attended", "missed", "excused"), (88, 8, 4))[0]


def _end(_: Deed, case: Case, agenda: Agenda, __: Fees) -> Action | None:
    if case.last_on or case.planned_end is None:
        return None
    reason = agenda.mind(case, "exit").choices(_EXITS, (60, 20, 10, 5, 5))[0]
    return Action("clinician", "end", {"last_on": case.planned_end.isoformat(), "exit_reason": reason})


def _report(deed: Deed, case: Case, agenda: Agenda, _: Fees) -> Action | None:
    """Whole, or now and then not; then again the next day. What the first one found is planned for, whoever is away."""
    report = deed.about.removesuffix(_AGAIN)
    if case.started_on is None or not case.owes(report):
        return None
    kind = report.rstrip("-0123456789")
    sections, measures = _CONTENTS[kind]
    chance = agenda.mind(case, f"incomplete {report}").random()
    incomplete = chance < 0.05 and not deed.about.endswith(_AGAIN)  # noqa: PLR2004 - some
    if incomplete:
        agenda.later("report", case, deed.at, 1, report + _AGAIN)
    elif kind == "initial" and not case.is_planned:
        case.is_planned = True
        agenda.later("plan", case, deed.at, 1)
    on = case.started_on if kind == "initial" else case.last_on or deed.day
    body = {
        "report": report,
        "service_on": on.isoformat(),
        "author_discipline": "physical_therapist",
        "sections": list(sections[incomplete:]),
        "measures": dict(measures),
        "narrative": "As the sections say.",
    }
    return Action("clinician", "report", body, of=f"/reports/{report}")


def _review(deed: Deed, case: Case, agenda: Agenda, _: Fees) -> Action | None:
    """Only what does not accept itself."""
    if deed.about in case.accepted:
        return None
    of = f"/reports/{deed.about}"
    if agenda.mind(case, f"return {deed.about} {case.filings[deed.about]}").random() < 0.1:  # noqa: PLR2004 - some
        fields = [{"field": "sections", "reason_code": "RPT-UNCLEAR"}]
        return Action("claims_officer", "return-report", {"report": deed.about, "fields": fields}, of=of)
    return Action("claims_officer", "accept-report", {"report": deed.about}, of=of)


def _plan(_: Deed, case: Case, agenda: Agenda, fees: Fees) -> Action | None:
    if case.last_on or any(status == "submitted" for status in case.plans.values()):
        return None
    lines = planned(case, fees, agenda.mind(case, "goal").choice(_GOALS))
    return Action("clinician", "plan", {"lines": lines}) if lines else None


def _decide(deed: Deed, case: Case, agenda: Agenda, _: Fees) -> Action | None:
    """Most is granted as asked for, some in part, little not at all; now and then something is asked first."""
    number, of = int(deed.about), f"/plans/{deed.about}"
    if case.plans.get(number) != "submitted":
        return None
    how = agenda.mind(case, f"decision {number}").choices(("all", "part", "none", "ask"), (78, 10, 6, 6))[0]
    if how == "ask" and number not in case.asked:
        case.asked.add(number)
        return Action("claims_officer", "request-information", {"plan": number, "question": "What for?"}, of=of)
    lines = [_decided(line, how) for line in case.lines[number]]
    return Action("claims_officer", "decide-plan", {"plan": number, "lines": lines}, of=of)


def _decided(line: Data, how: str) -> dict[str, Any]:
    units = Decimal(str(line["units"]))
    granted = {"part": units // 2, "none": Decimal(0)}.get(how, units)
    reason = {} if granted == units else {"reason_code": "not-needed"}
    return {"line": line["line"], "units": str(granted), **reason}


def _reply(deed: Deed, _: Case, __: Agenda, ___: Fees) -> Action:
    return Action("clinician", "reply", {"plan": int(deed.about), "text": "For the goal."}, of=f"/plans/{deed.about}")


def _bill(deed: Deed, case: Case, agenda: Agenda, fees: Fees) -> Action | None:
    """Return what was done since the last invoice; some invoices are wrong."""
    meant = list(unbilled(case, fees, deed.day))
    if not meant:
        return None
    case.invoices += 1
    number = f"{case.number.removeprefix('R-')}-{case.invoices}"
    lines = spoiled_lines(agenda, meant, case)
    case.meant[number] = {str(n): line for n, (_, line) in enumerate(lines, 1)}
    body: dict[str, Any] = {
        "number": number,
        "invoiced_on": deed.day.isoformat(),
        "lines": [line.as_body(str(n)) for n, (line, _) in enumerate(lines, 1)],
        "cents": sum(line.cents for line, _ in lines),
    }
    if deed.about != "again":
        body = spoiled(agenda.mind(case, f"invoice {case.invoices}"), body, case)
    case.under_way.append((body["number"], meant))
    return Action("biller", "invoice", body)


SAYINGS: Mapping[str, Saying] = {
    "visit": _visit,
    "move": _move,
    "hold": _hold,
    "resume": _resume,
    "attend": _attend,
    "end": _end,
    "report": _report,
    "review": _review,
    "plan": _plan,
    "decide": _decide,
    "reply": _reply,
    "bill": _bill,
}
