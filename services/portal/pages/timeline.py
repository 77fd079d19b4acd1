"""The history of a referral, told to those who work on it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from string import Formatter
from typing import Any, NamedTuple

from services.portal.pages import formatting
from services.portal.store.timeline import Entry
from shared.codes import code_list
from shared.domain import wording

_IN, _OK, _WARN = "in", "ok", "warn"
_TOLD: Mapping[str, tuple[str, str, str]] = {
    "referral-created": (_IN, "Rehabilitation was asked for", "Requested on {requested_on}."),
    "referral-offered": (_IN, "Offered to this clinic", "Offer {rank}."),
    "referral-acknowledged": (_IN, "The offer was opened", ""),
    "referral-accepted": (_OK, "The referral was accepted", ""),
    "appointment-booked": (_IN, "First visit booked", "{starts_at}."),
    "appointment-moved": (_WARN, "First visit moved", "Now {starts_at}."),
    "appointment-missed": (_WARN, "The worker missed the first visit", "Missed {missed} so far."),
    "program-started": (_OK, "The program started", "First visit {initial_visit_on}."),
    "program-ended": (_IN, "Treatment ended", "Last day {last_on}. Why: {exit_reason}."),
    "referral-discharged": (_OK, "Discharged", ""),
    "referral-closed": (_OK, "Closed", ""),
    "referral-held": (_WARN, "Put on hold", "Cause: {cause}. Why: {reason_code}. Looked at again on {review_on}."),
    "referral-resumed": (_OK, "Hold lifted", "On hold still because of {still_held}."),
    "referral-withdrawn": (_WARN, "Withdrawn", "Cause: {cause}. Why: {reason_code}."),
    "obligation-scheduled": (_IN, "{report}: due {due_at}", ""),
    "obligation-overdue": (_WARN, "{report} is overdue", "It was due {due_at}."),
    "obligation-waived": (_OK, "{report} is not needed", "Why: {reason_code}."),
    "obligation-cancelled": (_IN, "{report} is cancelled", "Cause: {ending}."),
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
_DAYS = frozenset({"requested_on", "initial_visit_on", "last_on", "run_on", "review_on"})
_INSTANTS = frozenset({"starts_at", "due_at", "counts_at"})
_COUNTED = {"lines": "line", "days": "day", "fields": "field"}
_REASONS = {
    "referral-held": "hold-reasons",
    "referral-withdrawn": "withdrawal-reasons",
    "obligation-waived": "waiver-reasons",
}


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
    said = dict(_said(entry.words, entry.body))
    return Line(look, title.format_map(_Blank(said)), entry.at, " ".join(_sentences(more, said)))


def told_to_insurer(entry: Entry, name: Callable[[str | None], str]) -> Line | None:
    """The same for the insurer, who sees each clinic by its name."""
    if entry.words not in _OF_CLINICS:
        return told(entry)
    look, title, more = _OF_CLINICS[entry.words]
    reason = code_list("decline-reasons").label(entry.body.get("reason_code"))
    said = {**dict(_said(entry.words, entry.body)), "clinic": name(entry.site_id), "reason": reason}
    return Line(look, title.format_map(_Blank(said)), entry.at, " ".join(_sentences(more, said)))


class _Blank(dict[str, str]):
    """A member that an older event has not is left blank."""

    def __missing__(self, _: str) -> str:
        return ""


def _sentences(more: str, said: Mapping[str, str]) -> Iterable[str]:
    """Those for which the event says everything; the others are left out."""
    for sentence in filter(None, more.split(". ")):
        names = [name for _, name, _, _ in Formatter().parse(sentence) if name]
        if all(said.get(name) for name in names):
            yield f"{sentence.rstrip('.').format_map(said)}."


def _said(event: str, body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Members as words; a code is never shown as it is."""
    yield from ((name, str(body[name])) for name in ("number", "rank", "plan") if body.get(name))
    yield from ((name, formatting.day(body[name])) for name in _DAYS & body.keys())
    yield from ((name, formatting.when(body[name])) for name in _INSTANTS & body.keys())
    yield from ((n, wording.counted(len(body[n]), one)) for n, one in _COUNTED.items() if isinstance(body.get(n), list))
    cents = body.get("allowed_cents", body.get("cents"))
    yield "dollars", wording.dollars(cents) if isinstance(cents, int) else ""
    yield "missed", wording.counted(body["times"], "time") if body.get("times") else ""
    yield "report", formatting.report_title(body.get("report"))
    yield "waits_for", formatting.listed(body.get("waits_for"), "waits")
    yield "still_held", formatting.listed(body.get("still_held"), "sides")
    yield from _coded(event, body)


def _coded(event: str, body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Members that are codes of a list."""
    yield "exit_reason", code_list("exit-reasons").sentence(body.get("exit_reason"))
    yield "cause", code_list("sides").sentence(body.get("cause"))
    yield "ending", code_list("endings").sentence(body.get("cause"))
    if event in _REASONS:
        is_known = body.get("cause") != "claim"  # the claims system's own reasons are codes of no list
        yield "reason_code", code_list(_REASONS[event]).sentence(body.get("reason_code") if is_known else None)
