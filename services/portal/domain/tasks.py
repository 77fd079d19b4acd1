"""Tasks of a clinic, each with its day and its worth."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from shared.codes import code_list
from shared.domain.calendar import Calendar
from shared.events.procurement import FeeLine

_DAY = timedelta(days=1)
_PROGRAMS = code_list("programs")
GROUPS = ("Overdue", "Today and tomorrow", "This week", "Later", "Whenever you can")


class Task(NamedTuple):
    """One thing to do: what, on which referral, on which page, until when, why then, and for how much."""

    what: str
    number: str
    href: str
    action: str
    about: str = ""
    due_at: datetime | None = None
    since: date | datetime | None = None  # an instant begins on its day in the zone of the calendar
    contract_id: str | None = None
    person_id: str | None = None
    at_stake: int | None = None
    is_money: bool = False
    pauses: Sequence[Sequence[str]] = ()  # the instants between which its clock stood still


def of_referral(state: str, number: str, body: Mapping[str, Any], now: datetime, calendar: Calendar) -> Iterator[Task]:
    """Yield the tasks of a clinic by the state of a referral; a visit is confirmed by the end of its day."""
    place, held = f"/referrals/{number}", bool(body.get("held_by"))
    program, community = _PROGRAMS.label(body.get("program")), body.get("community")
    about = ", ".join(filter(None, (program, community)))
    if held:
        return
    match state:
        case "offered":
            yield _task_with_deadline(body, "Open a new referral", number, f"{place}/answer", "Open", about)
        case "acknowledged":
            yield _task_with_deadline(body, "Answer a referral", number, f"{place}/answer", "Answer", about)
        case "accepted":
            yield Task("Book the first visit", number, f"{place}/appointments", "Book", about)
        case "scheduled" if body.get("missed"):
            yield Task("Book the first visit anew", number, f"{place}/appointments", "Book", about)
        case "scheduled" if (at := _instant(body.get("starts_at"))) and at <= now:
            due = calendar.end_of(calendar.day_of(at))
            yield Task("Say whether the first visit took place", number, f"{place}/start", "Confirm", about, due)
        case "active" if body.get("planned") is False:
            yield Task("Make a plan", number, f"{place}/plan/edit", "Plan", about)


def of_report(number: str, name: str, title: str, body: Mapping[str, Any], worth: int | None) -> Task:
    """A report is to be written, or put right."""
    was_returned = bool(body.get("fields"))
    what = f"Put right: {title.lower()}" if was_returned else f"Write: {title.lower()}"
    since = body.get("anchor_on")
    due = None if body.get("paused_by") else _instant(body.get("due_at"))
    about = "On hold, its day will move" if body.get("paused_by") else ""
    return Task(
        what,
        number,
        f"/referrals/{number}/reports/{name}",
        "Continue" if was_returned else "Write",
        about,
        due,
        date.fromisoformat(since) if since else None,
        at_stake=worth,
        pauses=body.get("pauses", ()),
    )


def of_question(number: str, plan: str, body: Mapping[str, Any]) -> Task:
    """The officer asks about a plan."""
    return _task_with_deadline(
        body, f"Answer the officer about plan {plan}", number, f"/referrals/{number}/plan", "Answer", ""
    )


def of_invoice(number: str, invoice_id: str, body: Mapping[str, Any], calendar: Calendar) -> Task | None:
    """Return the task to put refused lines right, until the end of a day of the contract's calendar."""
    denied = sum(line.get("claimed_cents", 0) for line in body.get("lines", ()) if line.get("status") == "denied")
    until = body.get("rectify_until")
    if not denied or not until:
        return None
    due = calendar.end_of(date.fromisoformat(until))
    what = f"Put right invoice {body.get('number', '')}"
    return Task(what, number, f"/invoices/{invoice_id}", "Look", "", due, at_stake=denied, is_money=True)


def worth_of(fees: Iterable[FeeLine], kind: str) -> int | None:
    """Return what is paid for a report of a kind at best, in cents."""
    paid = [fee.cents for fee in fees if fee.needs_report == kind and fee.unit == "report" and fee.attendance == "none"]
    return max(paid, default=None)


def by_urgency(tasks: Iterable[Task], now: datetime) -> Sequence[Task]:
    """Return the sort key that puts the earliest due date first and tasks without one last."""
    return sorted(tasks, key=lambda one: (one.due_at is None, one.due_at or now, one.number))


def grouped(tasks: Sequence[Task], now: datetime, calendar: Calendar) -> Sequence[tuple[str, Sequence[Task]]]:
    """By when they are due, the most urgent first; groups without a task are left out."""
    groups: dict[str, list[Task]] = {name: [] for name in GROUPS}
    for task in by_urgency(tasks, now):
        groups[_group(task, now, calendar)].append(task)
    return [(name, found) for name, found in groups.items() if found]


def _group(task: Task, now: datetime, calendar: Calendar) -> str:
    if task.due_at is None:
        return GROUPS[4]
    if task.due_at <= now:
        return GROUPS[0]
    days = (calendar.day_of(task.due_at) - calendar.day_of(now)).days
    return GROUPS[1] if days <= 1 else GROUPS[2] if days < 7 else GROUPS[3]  # noqa: PLR2004 - tomorrow, a week


def _task_with_deadline(  # noqa: PLR0913, PLR0917 - what a task shows
    body: Mapping[str, Any], what: str, number: str, href: str, action: str, about: str
) -> Task:
    deadline = body.get("door") or {}
    due, since = _instant(deadline.get("due_at")), _instant(deadline.get("since"))
    return Task(what, number, href, action, about, due, since, pauses=deadline.get("pauses", ()))


def _instant(text: Any) -> datetime | None:  # noqa: ANN401 - JSON
    return datetime.fromisoformat(text) if text else None
