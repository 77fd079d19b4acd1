"""Labels that no code list has: of states, fields, finished actions and notices."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeAlias

from shared.codes import Side, code_list

Choices: TypeAlias = Callable[..., dict[str, str]]


def choices_on(day: date) -> Choices:
    """Return what forms offer on a day: by the name of a code list, its codes with their labels."""

    def choices(name: str, side: Side | None = None) -> dict[str, str]:
        return code_list(name).choices(day, side)

    return choices


STATES: Mapping[str, tuple[str, str]] = {
    "admitted": ("Admitted", "blue"),
    "not-admitted": ("Not admitted", "red"),
    "matched": ("Looking for a clinic", "blue"),
    "unplaced": ("No clinic found", "red"),
    "offered": ("New offer", "yellow"),
    "acknowledged": ("Offer opened", "yellow"),
    "accepted": ("Accepted", "blue"),
    "scheduled": ("First visit booked", "blue"),
    "active": ("In the program", "green"),
    "discharged": ("Discharged", "grey"),
    "closed": ("Closed", "grey"),
    "declined": ("Declined", "grey"),
    "lapsed": ("Not answered in time", "grey"),
    "offer-withdrawn": ("Offer taken back", "grey"),
    "withdrawn": ("Withdrawn", "grey"),
    "submitted": ("With the officer", "blue"),
    "information-requested": ("The officer asks", "yellow"),
    "approved": ("Approved", "green"),
    "deemed": ("Deemed approved", "green"),
    "overdue": ("Decision overdue", "red"),
    "discontinued": ("Ended", "grey"),
    "returned": ("Sent back", "red"),
    "waived": ("Not needed", "grey"),
    "cancelled": ("Cancelled", "grey"),
    "received": ("Received", "blue"),
    "pended": ("Waiting", "yellow"),
    "adjudicated": ("Checked", "blue"),
    "partially-approved": ("Approved in part", "yellow"),
    "rejected": ("Refused", "red"),
    "paid": ("Paid", "green"),
    "voided": ("Taken back", "grey"),
    "allowed": ("Payable in full", "green"),
    "reduced": ("Paid in part", "yellow"),
    "cut": ("Paid in part", "yellow"),
    "denied": ("Refused", "red"),
    "draft": ("Draft", "grey"),
    "on hold": ("On hold", "grey"),
}
OF_REPORTS = {
    "scheduled": ("To be written", "yellow"),
    "accepted": ("Accepted", "green"),
    "submitted": ("In review", "blue"),
}
OF_INVOICES = {"scheduled": ("Payment planned", "blue")}
# the code list that a field is chosen from; a field of several forms goes by what its form does
LISTS: Mapping[str, str] = {
    "next_step": "next-steps",
    "late_reason_code": "first-visit-reasons",
    "waive_code": "waiver-reasons",
    "exit_reason": "exit-reasons",
    "discipline": "disciplines",
    "author_discipline": "disciplines",
    "goal": "goals",
    "other_status": "attendance",
    "fault": "faults",
}
REASONS_OF: Mapping[str, str] = {
    "decline": "decline-reasons",
    "book": "first-visit-reasons",
    "move": "first-visit-reasons",
    "hold": "hold-reasons",
    "withdraw": "withdrawal-reasons",
    "decide": "plan-reasons",
}
# fields of the forms, where they are named apart from their form
FIELDS = {
    "reason_code": "Why",
    "late_reason_code": "Why",
    "waive_code": "Why it is not needed",
    "exit_reason": "Why it ends",
    "comment": "Comment",
    "next_step": "What should happen next",
    "on": "Day",
    "at": "Time",
    "confirmed_with_worker": "Agreed with the worker",
    "initial_visit_on": "Day of the first visit",
    "review_on": "Look again on",
    "last_on": "Last day of treatment",
    "other_on": "Another day",
    "other_status": "What happened",
    "text": "Your answer",
    "question": "Your question",
    "fault": "Whose fault it is",
    "service_on": "Day of service",
    "author_discipline": "Discipline of the author",
    "from_on": "From",
    "to_on": "To",
    "dollars": "Amount",
    "discipline": "By whom",
    "code": "Service",
    "invoiced_on": "Invoice date",
    "document_id": "Text of the report",
    "sections": "Sections",
    "measures": "Measures",
    "lines": "Lines",
    "days": "Days",
}
# what was done, and what happens next with whom acting; by what was announced, or by the call
DONE: Mapping[str, tuple[str, str]] = {
    "referral-acknowledged": (
        "You opened the offer",
        "You accept or decline it before its deadline; who the worker is stands here now.",
    ),
    "referral-accepted": (
        "You accepted the referral",
        "You call the worker and book the first visit, in the business days that your contract gives for it.",
    ),
    "referral-declined": (
        "You declined the referral",
        "The insurer offers it to the next clinic; the claims officer reads why. You need do nothing.",
    ),
    "appointment-booked": (
        "The first visit is booked",
        "Tell the worker. After the visit you say whether it took place.",
    ),
    "appointment-moved": (
        "The first visit was moved",
        "Tell the worker. After the visit you say whether it took place.",
    ),
    "appointment-missed": ("The missed visit is on the record", "You agree a new first visit with the worker."),
    "program-started": (
        "The program has started",
        "The days of your reports stand on the referral; you write the initial report first.",
    ),
    "program-ended": (
        "The end of treatment is on the record",
        "You write the discharge report; the referral is discharged when it is accepted.",
    ),
    "referral-held": ("The referral stands still", "All its clocks are stopped until somebody lifts the hold."),
    "referral-resumed": (
        "The hold is lifted",
        "Unless another side holds it too, every clock runs again from today; the new days stand on the referral.",
    ),
    "referral-withdrawn": ("The referral was withdrawn", "The clinic is told; what was done until now can be billed."),
    "attendance-recorded": (
        "The days are on the record",
        "Days that were attended can be billed: by the day, or once their week is over.",
    ),
    "report-submitted": (
        "The report was received",
        "It is checked; where nobody reviews it, it is accepted by itself, otherwise the claims officer answers.",
    ),
    "report-accepted": ("The report is accepted", "Services that needed it can be billed from now on."),
    "report-returned": ("The report went back", "The clinic puts the named fields right and sends it again."),
    "obligation-waived": (
        "The report is not needed any more",
        "Nothing is due for it; the clinic sees that on the referral.",
    ),
    "plan-submitted": (
        "The plan is with the claims officer",
        "The officer decides line by line before the deadline on the plan.",
    ),
    "plan-information-requested": (
        "The clinic is asked",
        "The decision clock stands still until the clinic answers or its time is over.",
    ),
    "plan-clock-resumed": ("Your answer was sent", "The decision clock runs again; the officer decides."),
    "plan-approved": (
        "The decision is notified",
        "The clinic may bill what was granted from the days of each line on.",
    ),
    "plan-declined": ("The plan is declined", "The clinic is told why, line by line, and may send another plan."),
    "invoice-received": (
        "The invoice was received",
        "It is checked line by line now; what is allowed is paid with the next weekly run.",
    ),
    "invoice-voided": ("The invoice was taken back", "Nothing of it is paid; its services can be billed again."),
    "run-released": ("The run is released", "Its payees are paid and get their remittances."),
}
# what a call has done where its answer tells no more than that it was taken
EVENT_OF: Mapping[str, str] = {
    "acknowledge": "referral-acknowledged",
    "accept": "referral-accepted",
    "decline": "referral-declined",
    "appointments": "appointment-booked",
    "move": "appointment-moved",
    "missed": "appointment-missed",
    "start": "program-started",
    "end": "program-ended",
    "hold": "referral-held",
    "resume": "referral-resumed",
    "withdraw": "referral-withdrawn",
    "attendance": "attendance-recorded",
    "report": "report-submitted",
    "accept-report": "report-accepted",
    "return-report": "report-returned",
    "waive-report": "obligation-waived",
    "plan": "plan-submitted",
    "amend": "plan-submitted",
    "reply": "plan-clock-resumed",
    "request-information": "plan-information-requested",
    "decide-plan": "plan-approved",
    "invoice": "invoice-received",
    "rectify": "invoice-received",
    "void": "invoice-voided",
    "release": "run-released",
}
NOTICES = {
    "referral-offered": "A new referral was offered to your site",
    "referral-discharged": "A worker was discharged",
    "worker-far-away": "The worker of a referral moved",
    "plan-clock-resumed": "A plan waits for your decision again",
    "report-submitted": "A report waits for your review",
    "invoice-approved": "An invoice will be paid",
    "notice-escalated": "Nobody has seen a notice",
    "referral-offer-withdrawn": "An offer was taken back",
    "referral-accepted": "A clinic accepted the referral",
    "referral-lapsed": "An offer was not answered in time",
    "referral-declined": "A clinic declined the referral",
    "referral-unplaced": "No clinic is left for a referral",
    "referral-withdrawn": "A referral was withdrawn",
    "referral-held": "A referral was put on hold",
    "referral-resumed": "A hold was lifted",
    "appointment-booked": "A first visit was booked",
    "appointment-missed": "A first visit was missed",
    "obligation-reminded": "A report is due soon",
    "obligation-overdue": "A report is overdue",
    "report-returned": "A report came back",
    "plan-submitted": "A plan waits for your decision",
    "plan-information-requested": "The officer asks about a plan",
    "plan-approved": "A plan was decided",
    "plan-declined": "A plan was declined",
    "plan-deemed-approved": "A plan was deemed approved",
    "plan-decision-overdue": "The decision of a plan is overdue",
    "invoice-returned": "An invoice cannot be processed",
    "invoice-pended": "An invoice waits",
    "invoice-rejected": "An invoice was refused",
    "invoice-partially-approved": "An invoice was approved in part",
    "remittance-issued": "You were paid",
    "run-frozen": "A payment run waits for its release",
}
