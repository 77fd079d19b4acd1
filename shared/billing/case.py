"""A case as adjudication sees it: all the facts that a cent may depend on."""

from collections.abc import Container, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from shared.events.program import Attendance
from shared.events.referral import HoldCause
from shared.events.values import Discipline, Standing

_AWAITED = frozenset({"due", "submitted", "returned"})
ReportStanding: TypeAlias = Literal["due", "submitted", "returned", "accepted", "waived", "cancelled"]


class Stretch(NamedTuple):
    """The standing of the claim from a day on."""

    from_on: date
    standing: Standing


class Report(NamedTuple):
    """A report that is due, came or is not needed; `late` in business days, negative is early."""

    report: str
    kind: str
    standing: ReportStanding = "due"
    service_on: date | None = None
    author: Discipline | None = None
    late: int = 0

    @property
    def is_awaited(self) -> bool:
        """Return whether it may still be accepted."""
        return self.standing in _AWAITED


class Granted(NamedTuple):
    """Units of a code that an approved plan lets the clinic bill, between two days."""

    grant: str
    code: str
    units: Decimal
    from_on: date
    last_on: date


class RequestedLine(NamedTuple):
    """Units of a code on whose plan nobody has decided."""

    plan: int
    line: str
    code: str
    units: Decimal
    from_on: date
    last_on: date


class GrantUse(NamedTuple):
    """Units that a grant covers; without a grant, those that the referral itself does."""

    grant: str | None
    units: Decimal


class HeldLine(NamedTuple):
    """A line of an earlier invoice and the units it used, or keeps back while its invoice waits."""

    line: str
    code: str
    service_on: date
    units: Decimal
    denied: bool = False
    drawn: tuple[GrantUse, ...] = ()


class SentInvoice(NamedTuple):
    """An invoice of the case; one that is not judged keeps its units back. `rejected_on` is when a line was first."""

    invoice_id: str
    number: str
    lines: tuple[HeldLine, ...]
    is_judged: bool = False
    rectifies: str | None = None
    rejected_on: date | None = None


class Case(NamedTuple):
    """A case as adjudication sees it: claim, clinic, program days, reports, days, plans, invoices in order of receipt.

    `unanswered` are actions, and deadlines that passed, which their owner has not answered yet.
    """

    claim_number: str = ""
    injured_on: date | None = None
    claim: tuple[Stretch, ...] = ()
    contract_id: str = ""
    site_id: str = ""
    payee_id: str = ""
    accepted_on: date | None = None
    started_on: date | None = None
    last_on: date | None = None
    withdrawn_on: date | None = None
    withdrawn_by: HoldCause | None = None
    discharged_on: date | None = None
    reports: tuple[Report, ...] = ()
    attendance: Mapping[date, Attendance] = {}
    grants: tuple[Granted, ...] = ()
    asked: tuple[RequestedLine, ...] = ()
    invoices: tuple[SentInvoice, ...] = ()
    unanswered: tuple[str, ...] = ()

    def owes_reports(self, kinds: Container[str]) -> bool:
        """Return whether a report of these kinds may still be accepted."""
        return any(r.is_awaited and r.kind in kinds for r in self.reports)

    @property
    def is_over(self) -> bool:
        """Return whether nothing more becomes due on it."""
        return self.withdrawn_on is not None or self.discharged_on is not None

    @property
    def bounded_by(self) -> date | None:
        """The last day that counts, where one is known; a claim that ended it speaks for its own days."""
        withdrawn = None if self.withdrawn_by == "claim" else self.withdrawn_on
        return min((d for d in (self.last_on, withdrawn) if d), default=None)

    @property
    def ended_on(self) -> date | None:
        """The last day of treatment; None while the case is under way or was never accepted."""
        if not self.contract_id or self.last_on or not self.withdrawn_on:
            return self.last_on
        return max([self.withdrawn_on, *(day for day, how in self.attendance.items() if how == "attended")])


EMPTY = Case()
