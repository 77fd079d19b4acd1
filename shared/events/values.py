"""Parts that several contracts share."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from shared.decision import Flaw, Value

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
    occurred_on: date


class Interval(Value):
    """What holds on a claim from a day until the next interval begins; the last one is open."""

    from_on: date
    standing: Standing
    reason_code: str | None = None
    areas: tuple[Area, ...] = ()
    injury: Injury | None = None
    community: str | None = None


class Deadline(Value):
    """A door that closes: the portal arms it, and says `DeadlineReached` with the same name and instant."""

    name: str
    due_at: datetime


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


class Failure(Flaw):
    """A criterion that a request fails; `passes_on` is the first day on which the same request would pass it."""

    passes_on: date | None = None


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
    week_on: date
    n: int


class Actor(Value):
    """Who acted: an account in a role, for an organisation."""

    account_id: str
    role: str
    organisation_id: str | None = None
