"""The bodies of calls; whether their content suffices is decided by the owner of the record."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from services.portal.api.coded import FromCodeList
from services.portal.domain.text_display import shows, trimmed
from services.portal.domain.typed_values import (
    MOST_CENTS,
    MOST_UNITS,
    MOST_WHOLE,
    NEEDED,
    Reader,
    Unreadable,
    read_day,
    read_instant,
    read_units,
)
from shared.events.limits import NEWEST

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_MOST_MEASURES, _LARGEST = 40, MOST_WHOLE
TYPED = "typed"  # the kind of error that carries its own sentences


def _unread(why: Unreadable) -> PydanticCustomError:
    """The error of a member with the sentences of its reader."""
    return PydanticCustomError(TYPED, "cannot be read", {"reason": why.reason, "fix": why.fix, "rule": why.rule})


def _through(read: Reader[Any]) -> Callable[[Any], Any]:
    """Reads a member with the reader of its kind, whatever JSON said it as; its sentences go into the error."""

    def validate(said: object) -> object:
        found = read(str(said))
        if isinstance(found, Unreadable):
            raise _unread(found)
        return found

    return validate


def _shown(said: object) -> object:
    """A text without the blanks around it; one of which nothing shows is missing, as it is in a form."""
    if not isinstance(said, str):
        return said
    if not shows(said):
        raise _unread(NEEDED)
    return trimmed(said)


def _measured(said: dict[str, Any]) -> dict[str, int]:
    """Whole numbers by name; judged as a whole, so that no name is told back."""
    if len(said) > _MOST_MEASURES or not all(_NAME.fullmatch(name) for name in said):
        raise ValueError("not so named")
    if not all(type(value) is int and abs(value) <= _LARGEST for value in said.values()):
        raise ValueError("no whole number")
    return said


_MEASURES = {
    "type": "object",
    "maxProperties": _MOST_MEASURES,
    "propertyNames": {"pattern": f"^{_NAME.pattern}$"},
    "additionalProperties": {"type": "integer", "minimum": -_LARGEST, "maximum": _LARGEST},
}
Code: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
DeclineReason: TypeAlias = Annotated[str, FromCodeList("decline-reasons", "clinic")]
NextStep: TypeAlias = Annotated[str, FromCodeList("next-steps", "clinic")]
VisitReason: TypeAlias = Annotated[str, FromCodeList("first-visit-reasons", "clinic")]
ClinicHold: TypeAlias = Annotated[str, FromCodeList("hold-reasons", "clinic")]
OfficerHold: TypeAlias = Annotated[str, FromCodeList("hold-reasons", "officer")]
ExitReason: TypeAlias = Annotated[str, FromCodeList("exit-reasons", "clinic")]
WithdrawalReason: TypeAlias = Annotated[str, FromCodeList("withdrawal-reasons", "officer")]
WaiverReason: TypeAlias = Annotated[str, FromCodeList("waiver-reasons", "officer")]
ReturnReason: TypeAlias = Annotated[str, FromCodeList("return-reasons", "officer")]
PlanReason: TypeAlias = Annotated[str, FromCodeList("plan-reasons", "officer")]
Goal: TypeAlias = Annotated[str, FromCodeList("goals", "clinic")]
Discipline: TypeAlias = Annotated[str, FromCodeList("disciplines", "clinic")]
Section: TypeAlias = Annotated[str, FromCodeList("report-sections", "clinic")]
Label: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=60)]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=20_000), BeforeValidator(_shown)]
Comment: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000), BeforeValidator(_shown)]
Day: TypeAlias = Annotated[date, BeforeValidator(_through(read_day))]
Instant: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_through(read_instant))]
Units: TypeAlias = Annotated[
    Decimal,
    BeforeValidator(_through(read_units)),
    Field(ge=-MOST_UNITS, le=MOST_UNITS, max_digits=8, decimal_places=3),
]
Cents: TypeAlias = Annotated[StrictInt, Field(ge=-MOST_CENTS, le=MOST_CENTS)]
Number: TypeAlias = Annotated[StrictInt, Field(ge=1, le=9999)]
Measures: TypeAlias = Annotated[dict[str, Any], AfterValidator(_measured), WithJsonSchema(_MEASURES)]


class Body(BaseModel):
    """The body of a call; `written` is the member that goes to the document store, and its name in the event."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    written: ClassVar[tuple[str, str] | None] = None


class Nothing(Body):
    """The action says it all."""


class Decline(Body):
    """Why a clinic does not take a referral, and what should happen next; the owner says what is missing."""

    written = ("comment", "comment")
    reason_code: DeclineReason | None = None
    comment: Comment | None = None
    next_step: NextStep | None = None


class Appointment(Body):
    """The first visit."""

    starts_at: Instant
    confirmed_with_worker: StrictBool = False
    late_reason_code: VisitReason | None = None


class Move(Body):
    """The first visit, agreed anew."""

    starts_at: Instant
    confirmed_with_worker: StrictBool = False
    reason_code: VisitReason | None = None


class Start(Body):
    """The day of the first visit."""

    initial_visit_on: Day


class Hold(Body):
    """Why a clinic lets a referral stand still, and when one looks at it again."""

    reason_code: ClinicHold | None = None
    review_on: Day | None = None


class HoldForInsurer(Body):
    """Why the insurer lets a referral stand still, and when one looks at it again."""

    reason_code: OfficerHold | None = None
    review_on: Day | None = None


class Withdrawal(Body):
    """Why a referral ends before its purpose is reached."""

    reason_code: WithdrawalReason | None = None


class End(Body):
    """The last day of treatment, and why it ends."""

    last_on: Day
    exit_reason: ExitReason | None = None


class AttendanceOn(Body):
    """A day and whether the worker was there."""

    on: Day
    status: Literal["attended", "missed", "excused"]


class Attendance(Body):
    """Days; each replaces what was said of it."""

    days: Annotated[tuple[AttendanceOn, ...], Field(max_length=400)]


class Report(Body):
    """A report: its coded parts, and its narrative."""

    written = ("narrative", "document")
    report: Code
    service_on: Day | None = None
    author_discipline: Discipline | None = None
    measures: Measures = Field(default_factory=dict)
    sections: Annotated[tuple[Section, ...], Field(max_length=40)] = ()
    narrative: Text | None = None


class PlannedLine(Body):
    """A line that a clinic asks for in a plan."""

    line: Label
    code: Label | None = None
    units: Units | None = None
    from_on: Day | None = None
    to_on: Day | None = None
    discipline: Discipline | None = None
    goal: Goal | None = None
    replaces: Label | None = None


class Plan(Body):
    """Lines for the officer's decision."""

    lines: Annotated[tuple[PlannedLine, ...], Field(max_length=NEWEST.lines)]


class Amendment(Plan):
    """Lines that change or extend a plan."""

    amends: Number


class Reply(Body):
    """The clinic's answer to a question about a plan."""

    written = ("text", "document")
    plan: Number
    text: Text | None = None


class BilledLine(Body):
    """A line of an invoice."""

    line: Label
    code: Label
    service_on: Day
    units: Units
    cents: Cents
    discipline: Discipline | None = None


class Invoice(Body):
    """An invoice for the services of one worker; who is paid stands in the contract."""

    number: Label
    invoiced_on: Day
    lines: Annotated[tuple[BilledLine, ...], Field(max_length=NEWEST.lines)]
    cents: Cents


class Rectification(Invoice):
    """A new invoice that puts right what an older one was denied."""

    rectifies: Label


class Void(Body):
    """Which invoice is taken back."""

    invoice_id: Label


class DecidedLine(Body):
    """Units granted of a line, with a reason where they are fewer than asked for."""

    line: Label
    units: Units
    reason_code: PlanReason | None = None


class PlanDecision(Body):
    """A plan, line by line."""

    plan: Number
    lines: Annotated[tuple[DecidedLine, ...], Field(max_length=NEWEST.lines)]


class Question(Body):
    """An officer's question about a plan."""

    written = ("question", "question")
    plan: Number
    question: Text | None = None


class OfReport(Body):
    """Which report."""

    report: Code


class ReturnedField(Body):
    """A field of a report and what is wrong with it."""

    field: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]*$", max_length=80)]
    reason_code: ReturnReason


class ReportReturn(OfReport):
    """The faults of a report that is sent back, and whose fault it is."""

    fields: Annotated[tuple[ReturnedField, ...], Field(max_length=60)]
    fault: Literal["clinic", "insurer"] = "clinic"


class ReportWaiver(OfReport):
    """Why a report is not needed."""

    reason_code: WaiverReason | None = None
