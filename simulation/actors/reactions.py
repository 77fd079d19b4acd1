"""Reactions of actors to what was announced."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeAlias

from simulation.actors.agenda import Agenda, at, working
from simulation.actors.case import Case
from simulation.claims_system.claim_histories import PACIFIC
from simulation.clients.published_register import Data

Reaction: TypeAlias = Callable[[Agenda, Data, Case, datetime], None]
_DAY = timedelta(days=1)
_FRIDAY = 4
_MOST_PLANS = 3
_BY_PROGRAM_END = "program-end"


def _accepted(_: Agenda, said: Data, case: Case, __: datetime) -> None:
    case.site_id, case.contract_id, case.payee_id = said["site_id"], said["contract_id"], said["payee_id"]
    case.program, case.program_revision = said["program"], said["program_revision"]


def _booked(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """The visit, and seldom a while before it in which nothing moves."""
    case.starts_at = datetime.fromisoformat(said["starts_at"])
    agenda.plan("visit", case, case.starts_at + timedelta(hours=2), str(case.starts_at))
    if agenda.mind(case, "hold").random() < 0.02:  # noqa: PLR2004 - a few
        agenda.later("hold", case, now, 1)


def _missed(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    agenda.later("move", case, now, 0.5, str(said["times"]))


def _started(agenda: Agenda, said: Data, case: Case, _: datetime) -> None:
    """How long it will take, with some who leave early."""
    case.started_on = date.fromisoformat(said["initial_visit_on"])
    mind = agenda.mind(case, "length")
    early = mind.random() < 0.12  # noqa: PLR2004 - one in eight
    case.planned_end = working(case.started_on, mind.randrange(4, 12) if early else mind.randrange(18, 31))
    friday = case.started_on + (_FRIDAY - case.started_on.weekday()) % 7 * _DAY
    first = min(friday, case.planned_end)
    agenda.plan("attend", case, at(first, 16), first.isoformat())
    agenda.plan("end", case, at(case.planned_end, 16))


def scheduled(agenda: Agenda, said: Data, case: Case, _: datetime) -> None:
    """Most reports come in time, some early for the bonus, some late; whoever knew of it has planned it already."""
    if said.get("ended_by") == _BY_PROGRAM_END:
        case.until_end.add(said["report"])
    if said["report"] in case.due:
        return
    case.due[said["report"]] = datetime.fromisoformat(said["due_at"])
    mind = agenda.mind(case, f"report {said['report']}")
    shift = mind.choices((-3, -1, 0, 2, 18), (15, 40, 30, 13, 2))[0]
    day = working(datetime.fromisoformat(said["due_at"]).astimezone(PACIFIC).date(), shift)
    agenda.plan("report", case, at(day, mind.randrange(9, 16)), said["report"])


def _report_submitted(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    case.filings[said["report"]] += 1
    agenda.later("review", case, now, 1, said["report"])


def _report_returned(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    case.returned.add(said["report"])
    agenda.later("report", case, now, 1, said["report"])


def _report_accepted(_: Agenda, said: Data, case: Case, __: datetime) -> None:
    case.accepted[said["report"]] = said


def _plan_submitted(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """Decided soon, now and then too late."""
    case.plans[said["plan"]], case.lines[said["plan"]] = "submitted", said["lines"]
    slow = agenda.mind(case, f"slow {said['plan']}").random() < 0.05  # noqa: PLR2004 - one in twenty
    agenda.later("decide", case, now + 7 * _DAY if slow else now, 1, str(said["plan"]))


def _asked(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """Most answer within days, some too late."""
    slow = agenda.mind(case, f"slow reply {said['plan']}").random() < 0.2  # noqa: PLR2004 - one in five
    agenda.later("reply", case, now + 9 * _DAY if slow else now, 2, str(said["plan"]))


def _clock_resumed(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    agenda.later("decide", case, now, 1, str(said["plan"]))


def _granted(_: Agenda, said: Data, case: Case, __: datetime) -> None:
    case.plans[said["plan"]] = "decided"
    case.grants += said["lines"]


def _declined(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """Some plan again."""
    case.plans[said["plan"]] = "decided"
    if len(case.plans) < _MOST_PLANS and agenda.mind(case, f"replan {said['plan']}").random() < 0.3:  # noqa: PLR2004 - some
        agenda.later("plan", case, now, 2)


def _ended(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    case.last_on = date.fromisoformat(said["last_on"])
    agenda.later("bill", case, now, 3)


def _over(agenda: Agenda, _: Data, case: Case, now: datetime) -> None:
    case.is_over = True
    agenda.later("bill", case, now, 3)


def _withdrawn(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    case.last_on = case.last_on or date.fromisoformat(said["from_on"])
    _over(agenda, said, case, now)


def _held(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    case.holds.add(said["cause"])
    if said["cause"] == "clinic":
        agenda.later("resume", case, now, 3)


def _resumed(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """Do now the actions that the hold had put off."""
    case.holds = set(said["still_held"])
    if not case.holds:
        for what, about in sorted(case.postponed):
            agenda.later(what, case, now, 1, about)
        case.postponed = set()


def _returned(agenda: Agenda, said: Data, case: Case, now: datetime) -> None:
    """The same again, put right."""
    case.unbill(case.answered(said["number"]))
    agenda.later("bill", case, now, 1, "again")


REACTIONS: Mapping[str, Reaction] = {
    "referral-accepted": _accepted,
    "appointment-booked": _booked,
    "appointment-moved": _booked,
    "appointment-missed": _missed,
    "program-started": _started,
    "obligation-scheduled": scheduled,
    "report-submitted": _report_submitted,
    "report-returned": _report_returned,
    "report-accepted": _report_accepted,
    "plan-submitted": _plan_submitted,
    "plan-information-requested": _asked,
    "plan-clock-resumed": _clock_resumed,
    "plan-approved": _granted,
    "plan-deemed-approved": _granted,
    "plan-declined": _declined,
    "program-ended": _ended,
    "referral-discharged": _over,
    "referral-withdrawn": _withdrawn,
    "referral-held": _held,
    "referral-resumed": _resumed,
    "invoice-returned": _returned,
}
