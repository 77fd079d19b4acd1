"""Events that procurement announces: the register of organisations, payees, sites, contracts, fees and calendars."""

from datetime import date
from decimal import Decimal
from typing import Literal

from shared.domain.calendar import Calendar
from shared.domain.decision import Event, Value
from shared.events.values import Day, Discipline, Program, Span, Weekend, ZoneName


class OrganisationRegistered(Event, type="rehab.procurement.organisation-registered.v1", key="organisation_id"):
    """A provider organisation is known."""

    organisation_id: str
    revision: int = 1
    name: str


class PayeeRegistered(Event, type="rehab.procurement.payee-registered.v1", key="payee_id"):
    """A payee number of an organisation."""

    payee_id: str
    revision: int = 1
    organisation_id: str
    name: str


class SiteOpened(Event, type="rehab.procurement.site-opened.v1", key="site_id"):
    """A clinic stands ready in a community; names and contacts are the business's."""

    site_id: str
    revision: int = 1
    organisation_id: str
    payee_id: str
    name: str
    community: str
    languages: tuple[str, ...] = ("en",)
    disciplines: tuple[Discipline, ...] = ()
    email: str | None = None
    phone: str | None = None
    opened_on: Day


class SiteClosed(Event, type="rehab.procurement.site-closed.v1", key="site_id"):
    """A clinic takes nobody after a day."""

    site_id: str
    revision: int
    last_on: Day


class Week(Value):
    """Openings for first appointments in the week that begins on a Monday."""

    week_on: Day
    openings: int


class SiteCapacityDeclared(Event, type="rehab.procurement.site-capacity-declared.v1", key="site_id"):
    """Openings in all per week, absolute; replaces the weeks it names, never what is taken."""

    site_id: str
    revision: int
    program: Program
    weeks: tuple[Week, ...]


class ContractActivated(Event, type="rehab.procurement.contract-activated.v1", key="contract_id"):
    """A contract was entered, its dates may lie ahead; the full state each time."""

    contract_id: str
    revision: int
    holds_from: Day
    payee_id: str
    organisation_id: str
    program: Program
    sites: tuple[str, ...]
    communities: tuple[str, ...]
    disciplines: tuple[Discipline, ...] = ()
    effective_from: Day
    effective_to: Day | None = None
    run_off_to: Day | None = None
    fee_schedule_id: str
    calendar_id: str
    acknowledge_hours: Span = 24
    acknowledge_business_days: Span = 1
    answer_business_days: Span = 1
    first_visit_business_days: Span = 5
    deemed_approval: bool = False
    decision_days: Span = 3
    information_days: Span = 5
    reviewed_reports: tuple[str, ...] = ()
    submit_days: Span = 90
    rectify_days: Span = 180
    rectify_rejected_days: Span = 90
    dispute_days: Span = 90
    pend_days: Span = 30
    basis: str = ""

    @property
    def valid_from(self) -> date:
        """The first day of this version."""
        return self.holds_from


class ContractEnded(Event, type="rehab.procurement.contract-ended.v1", key="contract_id"):
    """A contract was cut short; what was accepted may run off until a later day."""

    contract_id: str
    revision: int
    effective_to: Day
    run_off_to: Day | None = None
    reason_code: str


class Tier(Value):
    """The percentage paid up to a number of business days late; negative is early."""

    late_to: Span | None = None
    percent: int


class FeeLine(Value):
    """One priced code."""

    code: str
    description: str
    unit: Literal["report", "day", "week", "visit", "hour", "km"]
    cents: int
    step: Decimal = Decimal(1)
    tax: str = "exempt"
    disciplines: tuple[Discipline, ...] = ()
    before_plan: Span | None = None
    needs_report: str | None = None
    dos_is_report_date: bool = False
    tiers: tuple[Tier, ...] = ()
    attendance: Literal["none", "day", "week"] = "none"
    min_days: Span = 0
    max_per_day: Decimal | None = None
    max_per_week: Decimal | None = None
    max_per_referral: Decimal | None = None
    not_with: tuple[str, ...] = ()
    extension: bool = False


class FeeSchedulePublished(Event, type="rehab.procurement.fee-schedule-published.v1", key="fee_schedule_id"):
    """A version of a fee schedule, from a day; amounts in cents."""

    fee_schedule_id: str
    revision: int
    effective_from: Day
    basis: str
    lines: tuple[FeeLine, ...]

    @property
    def valid_from(self) -> date:
        """The first day of this version."""
        return self.effective_from


class CalendarPublished(Event, type="rehab.procurement.calendar-published.v1", key="calendar_id"):
    """A named calendar: its zone, its weekend (0 is Monday) and its holidays; the days it knows are committed."""

    calendar_id: str
    revision: int
    name: str
    zone: ZoneName
    weekend: Weekend = (5, 6)
    holidays: tuple[Day, ...]
    from_on: Day
    to_on: Day
    is_default: bool = False
    basis: str

    def calendar(self) -> Calendar:
        """Return the calendar that counts its business days."""
        return Calendar(
            self.calendar_id, self.zone, frozenset(self.weekend), frozenset(self.holidays), self.from_on, self.to_on
        )
