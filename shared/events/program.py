"""What program announces: the catalogue of programs and terms, dated, with the basis of every number."""

from datetime import date

from pydantic import Field

from shared.decision import Event, Value
from shared.events.values import Barrier, Discipline, Program


class Choice(Value):
    """When a program is the rule's answer: an area of `areas_of` covers the community, and what is named fits."""

    areas_of: tuple[Program, ...] = ()
    natures: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    barriers: tuple[Barrier, ...] = ()


class Wait(Value):
    """Calendar weeks from injury to request, for the natures named, else for all."""

    weeks: int
    natures: tuple[str, ...] = ()


class Criteria(Value):
    """What a request must meet to be admitted."""

    accepted_area: bool = True
    waits: tuple[Wait, ...] = ()
    natures_not_taken: tuple[str, ...] = ()
    barriers_not_taken: tuple[Barrier, ...] = ()
    not_judged: tuple[str, ...] = ()


class ReportKind(Value):
    """A report that is due: counted from its anchor in business days, program days or weeks."""

    report: str
    kind: str
    anchor: str
    due: int
    unit: str
    ended_by: str = ""


class ProgramPublished(Event, type="rehab.program.program-published.v1", key="program"):
    """A version of a program: from when, for whom, with which disciplines, lines and reports."""

    program: Program
    revision: int
    name: str
    effective_from: date
    effective_to: date | None = None
    successor: Program | None = None
    precedence: int
    choice: Choice = Choice()
    criteria: Criteria = Criteria()
    core_disciplines: tuple[Discipline, ...] = ()
    supplemental_disciplines: tuple[Discipline, ...] = ()
    plan_lines: tuple[str, ...] = ()
    reports: tuple[ReportKind, ...] = ()
    length_days: int = 30
    basis: str


class Matching(Value):
    """Weights of the ranking, in kilometres."""

    weeks_ahead: int = 8
    first_business_day: int = 2
    per_week: int = 40
    per_week_urgent: int = 80
    language: int = 30
    discipline: int = 50
    disciplines: dict[Barrier, tuple[Discipline, ...]] = Field(default_factory=dict)


class Travel(Value):
    """Rates of the rural card, per cent for the road factor; illustrative."""

    cents_per_km: int
    lodging_cents_per_night: int
    road_percent: int
    program_days: int
    hybrid_visits: int


class ReferralTermsPublished(Event, type="rehab.program.referral-terms-published.v1", key="terms_id"):
    """Terms that hold for every program: waits, ranking weights, travel."""

    terms_id: str
    revision: int
    effective_from: date
    claim_wait_business_days: int
    refusals_allowed: int
    matching: Matching
    travel: Travel
    basis: str
