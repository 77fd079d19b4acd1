"""A case: a referral that a clinic took, with what is due on it, its days, its plans, and what it stands on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from services.program.domain.plans import Plan
from shared.domain.calendar import Calendar
from shared.domain.decision import Event, Outcome, Refusal, SetTimer, not_yours, refuse
from shared.domain.versions import version_on
from shared.events.procurement import ContractActivated, FeeLine, FeeSchedulePublished
from shared.events.program import Attendance, ProgramPublished
from shared.events.referral import HoldCause
from shared.events.values import Discipline, Program

How = Literal["", "withdrawn", "discharged"]
Standing = Literal["open", "submitted", "returned", "accepted", "waived", "cancelled"]
DUE: tuple[Standing, ...] = ("open", "returned")


class Filing(NamedTuple):
    """A report as it was sent in last; `counts_at` is its first complete receipt that counts."""

    report_revision: int
    service_on: date
    author_discipline: Discipline
    counts_at: datetime


class Obligation(NamedTuple):
    """A report that is due; `paused_at` is when its clock stopped.

    `revision` is that of the newest event after which one must look again before one acts: a reminder or another day
    is none, so that whoever acts while program is away is not refused for what nobody could see. `kept_at` is the
    receipt that counts still after the insurer sent the report back.
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
    standing: Standing = "open"
    paused_at: datetime | None = None
    filing: Filing | None = None
    kept_at: datetime | None = None
    filings: int = 0

    @property
    def is_due(self) -> bool:
        """Whether the clinic still owes it."""
        return self.standing in DUE

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.standing in {"accepted", "waived", "cancelled"}


class Case(NamedTuple):
    """A case. Each decision that announces raises `revision` by one; its documents remember that of their newest.

    `withdrawn_on` is the last day on which a case that was withdrawn may have been treated.
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
    ended: How = ""
    billing_final: bool = False
    obligations: tuple[Obligation, ...] = ()
    attendance: Mapping[date, Attendance] = {}
    plans: tuple[Plan, ...] = ()
    withdrawn_on: date | None = None

    def obligation(self, report: str) -> Obligation | None:
        """A report that is or was due, by its name."""
        return next((o for o in self.obligations if o.report == report), None)

    @property
    def next(self) -> "Case":
        """The same case at its next revision, for a decision that announces something."""
        return self._replace(revision=self.revision + 1)

    def held_on(self, calendar: Calendar) -> date | None:
        """Since which day it stands still, where it does."""
        return calendar.day_of(self.held_at) if self.held_at else None

    def owing(self, *changed: Obligation) -> "Case":
        """The same case with obligations as changed, new ones last."""
        news = {o.report: o for o in changed}
        kept = tuple(news.pop(o.report, o) for o in self.obligations)
        return self._replace(obligations=(*kept, *news.values()))


class Transition(NamedTuple):
    """A case as a part of a decision leaves it, its revision raised already, with what is announced and timed."""

    case: Case
    events: tuple[Event, ...] = ()
    timers: tuple[SetTimer, ...] = ()

    def then(self, following: "Transition") -> "Transition":
        """The next part, which began where this one ended."""
        return Transition(following.case, (*self.events, *following.events), (*self.timers, *following.timers))


def settled(before: Case, moved: Transition) -> Outcome:
    """A whole decision; the revision is raised only when something is announced."""
    case = moved.case if moved.events else moved.case._replace(revision=before.revision)
    return Outcome((case,) if case != before else (), moved.events, moved.timers)


class CaseContext(NamedTuple):
    """What a decision on a case stands on: contract, calendar, catalogue entry and fees, as they hold at the instant.

    `contracts` are all versions of the contract and `fees` all versions of its fee schedules, earlier ones first.
    """

    at: datetime
    contract: ContractActivated
    calendar: Calendar
    entry: ProgramPublished
    contracts: Sequence[ContractActivated] = ()
    fees: Sequence[FeeSchedulePublished] = ()

    @property
    def today(self) -> date:
        """The day of the decision in the contract's calendar."""
        return self.calendar.day_of(self.at)

    def contract_on(self, day: date) -> ContractActivated:
        """The contract as it holds on a day of service; before its first version, the first."""
        return version_on(self.contracts, day) or (*self.contracts, self.contract)[0]

    def fee_on(self, code: str, day: date) -> FeeLine | None:
        """What a code is worth on a day of service, by the schedule that the contract names that day."""
        schedule_id = self.contract_on(day).fee_schedule_id
        schedule = version_on((f for f in self.fees if f.fee_schedule_id == schedule_id), day)
        return next((line for line in schedule.lines if line.code == code), None) if schedule else None


class ByClinic(Protocol):
    """Something that a clinic did on a referral."""

    @property
    def site_id(self) -> str:
        """The clinic."""


def not_there() -> Refusal:
    """For what is not there; the portal answers it as it answers what is not yours."""
    return refuse("NOT-FOUND", "there is no such referral that you may act on", "check the number", "referral_id")


def stale(name: str, revision: int) -> Refusal:
    """Somebody acted on what is no longer so."""
    rule = f"the {name} has changed since you opened it; it is at revision {revision}"
    return refuse("STALE", rule, "open it again and act on what it shows", "seen")


def at_clinic(case: Case | None, act: ByClinic) -> Case | Refusal:
    """The case, where it is this clinic's."""
    if case is None:
        return not_there()
    return case if case.site_id == act.site_id else not_yours("site_id")
