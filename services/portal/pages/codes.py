"""Codes in people's words; those of other services are theirs to extend, and a test keeps the lists together."""

from collections.abc import Mapping

PROGRAMS = {
    "or1": "Occupational Rehabilitation 1",
    "or2": "Occupational Rehabilitation 2",
    "astd": "Activity-related soft tissue disorders",
    "crrtw": "Customized Recovery and Return-to-Work",
}
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
}
OF_REPORTS = {
    "scheduled": ("To be written", "yellow"),
    "accepted": ("Accepted", "green"),
    "submitted": ("In review", "blue"),
}
OF_INVOICES = {"scheduled": ("Payment planned", "blue")}
REPORTS = {
    "initial": "Initial report",
    "progress": "Progress report",
    "rtw-plan": "Return-to-work plan",
    "job-site-visit": "Job-site visit report",
    "discharge": "Discharge report",
    "follow-up": "Follow-up report",
}
SECTIONS = {
    "history": "History of the injury",
    "job-demands": "What the job demands",
    "baseline-function": "Function today",
    "barriers": "Barriers to return to work",
    "goal": "Goal",
    "graduated-weeks": "Week by week",
    "limitations": "Limits, and until when",
    "agreement": "Who agreed, and when",
    "attendance": "Attendance",
    "function": "Change in function",
    "return-to-work": "Return to work",
    "people-met": "People met",
    "demands-measured": "Demands measured",
    "modifications": "Changes to the job",
    "status": "Status",
    "outcome": "Outcome against the goal",
    "abilities": "Abilities",
}
MEASURES = {
    "lift_kg": "Lifts, in kilograms",
    "sit_minutes": "Sits, in minutes",
    "disability_percent": "Disability score, in percent",
    "visit_minutes": "Length of the visit, in minutes",
    "work_hours_per_week": "Hours worked a week",
}
DISCIPLINES = {
    "physical_therapist": "Physical therapist",
    "kinesiologist": "Kinesiologist",
    "occupational_therapist": "Occupational therapist",
    "physician": "Physician",
    "clinical_counsellor": "Clinical counsellor",
    "psychologist": "Psychologist",
}
GOALS = {
    "return-to-own-job": "Return to the own job",
    "return-to-modified-job": "Return to a modified job",
    "return-to-other-job": "Return to another job",
    "increase-capacity": "Increase work capacity",
    "adapt-workplace": "Adapt the workplace",
    "manage-pain": "Manage pain",
    "overcome-barriers": "Overcome barriers",
}
DECLINES = {
    "no-capacity": "No room for a first visit in time",
    "not-contactable": "The worker cannot be reached",
    "worker-declined": "The worker does not want it",
    "out-of-scope": "The injury is outside what we treat",
    "out-of-region": "The worker lives too far away",
    "discipline-missing": "A discipline is missing here",
    "conflict-of-interest": "Conflict of interest",
    "other-service-better": "Another service fits better",
    "other": "Something else",
}
NEXT_STEPS = {
    "offer-to-next": "Offer it to the next clinic",
    "ask-officer": "Ask the claims officer",
    "offer-later": "Offer it to us again later",
    "other-program": "Consider another program",
    "other-service": "Consider another service",
}
LATE_REASONS = {
    "worker-unavailable": "The worker is not free earlier",
    "travel": "Travel",
    "medical": "Medical reasons",
    "clinic-capacity": "No room at the clinic",
    "other": "Something else",
}
EXITS = {
    "goal-achieved": "Goal achieved",
    "goal-partly-achieved": "Goal achieved in part",
    "goal-not-achieved": "Goal not achieved",
    "non-compliance": "The worker did not take part",
    "other-service-chosen": "Another service was chosen",
    "out-of-scope-diagnosis": "A diagnosis outside the program",
    "no-longer-eligible": "No longer eligible",
    "moved": "The worker moved away",
    "other": "Something else",
}
WITHDRAWALS = {
    "worker-asked": "The worker asked for it",
    "treated-elsewhere": "Treated elsewhere",
    "not-needed": "Not needed any more",
    "surgery": "Surgery is ahead",
    "other": "Something else",
}
ATTENDANCES = {"attended": "Was here", "missed": "Missed", "excused": "Excused"}
PLAN_REASONS = {
    "not-needed": "What is granted serves the goal",
    "fewer-suffice": "Fewer are enough for the goal",
    "no-goal": "The line leads to no goal",
    "not-covered": "Treats what was not accepted",
    "other-service": "Another service pays for it",
    "no-measures": "Rests on no measures",
}
RETURN_REASONS = {
    "RPT-INCOMPLETE": "Not complete",
    "RPT-UNCLEAR": "Not clear",
    "RPT-DOS": "Wrong day of service",
    "RPT-NOTREQ": "Was not asked for",
    "DISCIPLINE": "Wrong discipline of the author",
}
WAIVERS = {
    "not-needed": "Not needed",
    "told-otherwise": "Told in another way",
    "worker-gone": "The worker is gone",
    "clinic-closed": "The clinic closed",
    "other": "Something else",
}
ROLES = {
    "clinician": "clinician",
    "biller": "biller",
    "administrator": "administrator",
    "claims_officer": "claims officer",
    "program_officer": "program officer",
    "payment_officer": "payment officer",
    "procurement_officer": "procurement officer",
    "contact_centre": "contact centre",
    "operations": "operations",
    "worker": "worker",
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
}
CHOICES: Mapping[str, str] = {
    **EXITS,
    **WITHDRAWALS,
    **WAIVERS,
    **DECLINES,
    **NEXT_STEPS,
    **LATE_REASONS,
    **PLAN_REASONS,
    **RETURN_REASONS,
    **DISCIPLINES,
    **GOALS,
    **ATTENDANCES,
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
        "Every clock runs again from today; the new days stand on the referral.",
    ),
    "referral-withdrawn": ("The referral was withdrawn", "The clinic is told; what was done until now can be billed."),
    "attendance-recorded": ("The days are on the record", "Attended days are ready to bill once their week is over."),
    "report-submitted": (
        "The report was received",
        "It is checked; where nobody reviews it, it is accepted by itself, otherwise the claims officer answers.",
    ),
    "report-accepted": ("The report is accepted", "What it releases can be billed from now on."),
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
# what each call asks for, by its verb
ASKED: Mapping[str, str] = {
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
# what a line or an invoice waits for
WAITS = {
    "report": "its report to be accepted",
    "claim": "the claim to be decided",
    "attendance": "its attendance to be recorded",
    "approval": "the plan to be decided",
    "terms": "the terms of the contract",
}
UNITS = {"report": "report", "day": "day", "week": "week", "visit": "visit", "hour": "hour", "km": "kilometre"}
SIDES = {"L": "left", "R": "right", "B": "both sides", "N": ""}
