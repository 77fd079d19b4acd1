"""Parts that several contracts share."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from shared.domain.decision import Value, Violation
from shared.events.limits import FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT, NEWEST, SPAN_DAYS


class _DayInRange:
    """A day that is read lies in the range of the contracts; one that a decision computes stops at its edge."""

    @staticmethod
    def __get_pydantic_core_schema__(_source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - as pydantic calls it
        """In JSON a day outside is refused; in Python it is moved to the edge, so that no sum of days raises."""
        computed = core_schema.no_info_after_validator_function(_bounded_day, core_schema.date_schema())
        return core_schema.json_or_python_schema(core_schema.date_schema(ge=FIRST_DAY, le=LAST_DAY), computed)


class _InstantInRange:
    """An instant that is read lies in the range of the contracts; one that a decision computes stops at its edge."""

    @staticmethod
    def __get_pydantic_core_schema__(_source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - as pydantic calls it
        """As of a day; one without a zone is no instant."""
        read = core_schema.datetime_schema(ge=FIRST_INSTANT, le=LAST_INSTANT, tz_constraint="aware")
        computed = core_schema.datetime_schema(tz_constraint="aware")
        bounded = core_schema.no_info_after_validator_function(_bounded_instant, computed)
        return core_schema.json_or_python_schema(read, bounded)


def _bounded_day(day: date) -> date:
    return min(max(day, FIRST_DAY), LAST_DAY)


def _bounded_instant(at: datetime) -> datetime:
    return min(max(at, FIRST_INSTANT), LAST_INSTANT)


def _span(days: int) -> int:
    if abs(days) > SPAN_DAYS:
        raise ValueError(f"must be at most {SPAN_DAYS}")
    return days


def _zone(name: str) -> str:
    """The zone must be in the locked tables, or every day that is judged by it would raise."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError("there is no such time zone") from None
    return name


def _weekend(days: tuple[int, ...]) -> tuple[int, ...]:
    """Without a working day no business day would ever come."""
    if not set(days) < set(range(7)):
        raise ValueError("must leave a working day, and number the days from 0 to 6")
    return days


def _few_lines(lines: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(lines) > NEWEST.lines:
        raise ValueError(f"must have at most {NEWEST.lines} lines")
    return lines


Day: TypeAlias = Annotated[date, _DayInRange]
Instant: TypeAlias = Annotated[datetime, _InstantInRange]
Span: TypeAlias = Annotated[int, AfterValidator(_span)]
ZoneName: TypeAlias = Annotated[str, AfterValidator(_zone)]
Weekend: TypeAlias = Annotated[tuple[int, ...], AfterValidator(_weekend)]
FewLines = AfterValidator(_few_lines)
Program = Literal["or1", "or2", "astd", "crrtw"]
Side = Literal["L", "R", "B", "N"]
Barrier = Literal[
    "psychosocial",
    "pain_focus",
    "workplace_conflict",
    "comorbidity",
    "prior_claim",
    "language",
    "transport",
    "no_modified_work",
]
Discipline = Literal[
    "physical_therapist",
    "kinesiologist",
    "occupational_therapist",
    "physician",
    "clinical_counsellor",
    "psychologist",
]
Standing = Literal["accepted", "pended", "suspended", "disallowed", "closed"]


class Area(Value):
    """A body part and side that the insurer accepted."""

    body_part: str
    side: Side


class Injury(Value):
    """What was injured, how and when."""

    body_part: str
    nature: str
    side: Side
    occurred_on: Day


class Interval(Value):
    """What holds on a claim from a day until the next interval begins; the last one is open."""

    from_on: Day
    standing: Standing
    reason_code: str | None = None
    areas: tuple[Area, ...] = ()
    injury: Injury | None = None
    community: str | None = None


class Deadline(Value):
    """A door that closes: the portal arms it, and says `DeadlineReached` with the same name and instant."""

    name: str
    due_at: Instant


class Fired(Value):
    """A rule that was applied, what it looked at and what it said."""

    rule: str
    said: str
    passed: bool = True


class Receipt(Value):
    """Why a decision is what it is: rules, inputs, versions, who may override, and what nobody could judge."""

    rules: tuple[Fired, ...] = ()
    inputs: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    versions: dict[str, int] = Field(default_factory=dict)
    override_by: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()


class Failure(Violation):
    """A criterion that a request fails; `passes_on` is the first day on which the same request would pass it."""

    passes_on: Day | None = None


class Option(Value):
    """One way to be treated from afar; cents are illustrative."""

    way: Literal["or1", "crrtw_lodging", "hybrid"]
    site_id: str
    community: str
    kilometres: int
    cents: int
    days: int


class RuralCard(Value):
    """The options of a worker who lives far from every clinic, side by side."""

    community: str
    options: tuple[Option, ...] = ()
    basis: str = "illustrative rates"


class Officer(Value):
    """A claims officer or a pool of them; the person stands on rehab-person."""

    kind: Literal["officer", "pool"]
    id: str


class Opening(Value):
    """The n-th first appointment of a site in a program and a week (its Monday)."""

    site_id: str
    program: Program
    week_on: Day
    n: int


class Actor(Value):
    """Who acted: an account in a role, for an organisation."""

    account_id: str
    role: str
    organisation_id: str | None = None
