"""What happened to a referral, told to those who work on it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from services.portal.pages import codes, words
from services.portal.store.timeline import Entry

_IN, _OK, _WARN = "in", "ok", "warn"
_TOLD: Mapping[str, tuple[str, str, str]] = {
    "referral-created": (_IN, "Rehabilitation was asked for", "Requested on {requested_on}."),
    "referral-offered": (_IN, "Offered to this clinic", "Offer {rank}."),
    "referral-acknowledged": (_IN, "The offer was opened", ""),
    "referral-accepted": (_OK, "The referral was accepted", ""),
    "appointment-booked": (_IN, "First visit booked", "{starts_at}."),
    "appointment-moved": (_WARN, "First visit moved", "Now {starts_at}."),
    "appointment-missed": (_WARN, "The worker missed the first visit", "Time {times}."),
    "program-started": (_OK, "The program started", "First visit {initial_visit_on}."),
    "program-ended": (_IN, "Treatment ended", "Last day {last_on}: {exit_reason}."),
    "referral-discharged": (_OK, "Discharged", ""),
    "referral-closed": (_OK, "Closed", ""),
    "referral-held": (_WARN, "Put on hold", "By the {cause}."),
    "referral-resumed": (_OK, "Hold lifted", ""),
    "referral-withdrawn": (_WARN, "Withdrawn", "By the {cause}."),
    "obligation-scheduled": (_IN, "{report}: due {due_at}", ""),
    "obligation-overdue": (_WARN, "{report} is overdue", "It was due {due_at}."),
    "obligation-waived": (_OK, "{report} is not needed", ""),
    "obligation-cancelled": (_IN, "{report} is cancelled", ""),
    "report-submitted": (_IN, "{report} received", "Counts from {counts_at}."),
    "report-accepted": (_OK, "{report} accepted", ""),
    "report-returned": (_WARN, "{report} sent back", "{fields} to put right."),
    "plan-submitted": (_IN, "Plan {plan} sent in", "{lines} asked for."),
    "plan-information-requested": (_WARN, "The officer asks about plan {plan}", ""),
    "plan-clock-resumed": (_IN, "The decision clock of plan {plan} runs again", ""),
    "plan-approved": (_OK, "Plan {plan} decided", "{lines} granted."),
    "plan-declined": (_WARN, "Plan {plan} declined", ""),
    "plan-deemed-approved": (_OK, "Plan {plan} deemed approved", "Nobody decided in time."),
    "plan-decision-overdue": (_WARN, "The decision of plan {plan} is overdue", ""),
    "plan-discontinued": (_IN, "Plan {plan} ended", ""),
    "attendance-recorded": (_IN, "Attendance recorded", "{days}."),
    "invoice-received": (_IN, "Invoice {number} received", "{dollars} asked."),
    "invoice-pended": (_WARN, "Invoice {number} waits", "For {waits_for}."),
    "invoice-adjudicated": (_IN, "Invoice {number} checked", "{dollars} allowed."),
    "invoice-rejected": (_WARN, "Invoice {number} refused", ""),
    "payment-scheduled": (_IN, "Payment planned", "With the run of {run_on}."),
    "invoice-paid": (_OK, "Invoice paid", "{dollars}."),
    "invoice-voided": (_IN, "Invoice {number} taken back", ""),
}
# to the insurer, who sees every clinic that was asked
_OF_CLINICS: Mapping[str, tuple[str, str, str]] = {
    "referral-offered": (_IN, "Offered to {clinic}", "Offer {rank}."),
    "referral-acknowledged": (_IN, "{clinic} opened the offer", ""),
    "referral-accepted": (_OK, "{clinic} accepted the referral", ""),
    "referral-declined": (_WARN, "{clinic} declined the referral", "{reason}."),
    "referral-lapsed": (_WARN, "{clinic} did not answer in time", ""),
    "referral-offer-withdrawn": (_IN, "The offer to {clinic} was taken back", ""),
    "referral-unplaced": (_WARN, "No clinic is left to ask", ""),
}
_DAYS = frozenset({"requested_on", "initial_visit_on", "last_on", "run_on"})
_INSTANTS = frozenset({"starts_at", "due_at", "counts_at"})


class Line(NamedTuple):
    """An entry as it stands on a page."""

    look: str
    title: str
    at: datetime
    more: str


def told(entry: Entry) -> Line | None:
    """In words; what nobody needs to read is left out."""
    if entry.words not in _TOLD:
        return None
    look, title, more = _TOLD[entry.words]
    said = _said(entry.body)
    return Line(look, title.format_map(said), entry.at, more.format_map(said))


def told_to_insurer(entry: Entry, name: Callable[[str | None], str]) -> Line | None:
    """The same for the insurer, who sees each clinic by its name."""
    if entry.words not in _OF_CLINICS:
        return told(entry)
    look, title, more = _OF_CLINICS[entry.words]
    said = _Said({**_said(entry.body), "clinic": name(entry.site_id)})
    said["reason"] = codes.DECLINES.get(entry.body.get("reason_code", ""), "")
    return Line(look, title.format_map(said), entry.at, more.format_map(said).strip(". ") and more.format_map(said))


class _Said(dict[str, str]):
    """A member that an older event has not is left blank."""

    def __missing__(self, _: str) -> str:
        return ""


def _said(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Members as words."""
    said = _Said({name: str(value) for name, value in body.items() if isinstance(value, str | int)})
    said |= {name: words.day(body[name]) for name in _DAYS & body.keys()}
    said |= {name: words.when(body[name]) for name in _INSTANTS & body.keys()}
    cents = body.get("allowed_cents", body.get("cents"))
    said["dollars"] = f"${cents // 100:,}.{cents % 100:02d}" if isinstance(cents, int) else ""
    said["report"] = words.report_title(body.get("report", ""))
    said["exit_reason"] = codes.EXITS.get(body.get("exit_reason", ""), "").lower()
    said["waits_for"] = words.waits(body.get("waits_for", ()))
    for name, one in (("lines", "line"), ("days", "day"), ("fields", "field")):
        count = len(body[name]) if isinstance(body.get(name), list) else 0
        said[name] = f"{count} {one}{'' if count == 1 else 's'}"
    return said
