"""A case: a referral that a clinic accepted, with the reports due on it, its attendance and its plans."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from services.program.domain.plans import Plan
from shared.domain.calendar import Calendar
from shared.domain.transition import Transition
from shared.events.program import Attendance
from shared.events.referral import HoldCause
from shared.events.values import Discipline, Program

Ending = Literal["", "withdrawn", "discharged"]
ReportStatus = Literal["open", "submitted", "returned", "accepted", "waived", "cancelled"]
DUE: tuple[ReportStatus, ...] = ("open", "returned")


class Submission(NamedTuple):
    """A report as the clinic sent it last; `counts_at` is its first complete receipt that counts."""

    report_revision: int
    service_on: date
    author_discipline: Discipline
    counts_at: datetime


class Obligation(NamedTuple):
    """A report that is due; `paused_at` is when its clock stopped.

    `revision` is that of the newest event after which a person must look again before acting. Reminders and new due
    dates do not count: somebody who acts while program is down is not refused for what they could not see. `kept_at`
    is the receipt that still counts after the insurer sent the report back.
    """

    report: str
    kind: str
    anchor: str
    anchor_on: date
    days: int
    unit: str
    ended_by: str
    due_at: datetime
    revision: int
    status: ReportStatus = "open"
    paused_at: datetime | None = None
    submission: Submission | None = None
    kept_at: datetime | None = None
    submissions: int = 0

    @property
    def is_due(self) -> bool:
        """Return whether the clinic still owes the report."""
        return self.status in DUE

    @property
    def is_closed(self) -> bool:
        """Return whether nothing more can happen to the report."""
        return self.status in {"accepted", "waived", "cancelled"}


class Case(NamedTuple):
    """A case. Each decision that announces something raises `revision` by one; reports and plans note the newest.

    `withdrawn_on` is the last day on which a withdrawn case may have been treated.
    """

    id: str
    version: int
    revision: int
    program: Program
    program_revision: int
    contract_id: str
    site_id: str
    payee_id: str
    accepted_on: date
    initial_visit_on: date | None = None
    last_on: date | None = None
    holds: tuple[HoldCause, ...] = ()
    held_at: datetime | None = None
    ended: Ending = ""
    billing_final: bool = False
    obligations: tuple[Obligation, ...] = ()
    attendance: Mapping[date, Attendance] = {}
    plans: tuple[Plan, ...] = ()
    withdrawn_on: date | None = None

    def obligation(self, report: str) -> Obligation | None:
        """Return the report of this name that is or was due, or None."""
        return next((o for o in self.obligations if o.report == report), None)

    def held_on(self, calendar: Calendar) -> date | None:
        """Return the day of the calendar on which the case was put on hold, or None while it is not held."""
        return calendar.day_of(self.held_at) if self.held_at else None

    def obligations_with(self, *changed: Obligation) -> tuple[Obligation, ...]:
        """Return the obligations with these in the place of those of the same name; new ones stand last."""
        new = {o.report: o for o in changed}
        replaced = tuple(new.pop(o.report, o) for o in self.obligations)
        return (*replaced, *new.values())


CaseTransition: TypeAlias = Transition[Case]
