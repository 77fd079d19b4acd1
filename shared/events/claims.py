"""Events of the insurer's claims system: its schemas to the letter, and rules that only a whole record shows."""

import csv
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import orjson
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from typing_extensions import override

from shared.domain.calendar import PACIFIC
from shared.domain.decision import Event, Value
from shared.events.limits import BETWEEN, FIRST_DAY, LAST_DAY, NEWEST, Limits, limits_on
from shared.events.values import Barrier, Program, Side

TOPIC = "claims"
_DATA = Path(__file__).parents[2] / "data"
_ZONE = ZoneInfo(PACIFIC)
_PAIRED = {"21000", "25100", "25400"}
_SEVERAL = {"31800", "41800"}
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")
_MOST_NAMED = 5


def _column(file: str, column: str, **where: str) -> frozenset[str]:
    """Return one column of a reference file."""
    with (_DATA / file).open(encoding="utf-8", newline="") as lines:
        return frozenset(r[column] for r in csv.DictReader(lines) if where.items() <= r.items())


COMMUNITIES = _column("communities.csv", "community")
BODY_PARTS = _column("injury-codes.csv", "code", list="body_part")
NATURES = _column("injury-codes.csv", "code", list="nature")
_SIDED = frozenset(p for p in BODY_PARTS if (p in _PAIRED or p[0] in "34") and p not in _SEVERAL)


def _full_date(value: object) -> date:
    """Parse an RFC 3339 `full-date` alone: pydantic would read digits as seconds, the standard library knows weeks."""
    if not isinstance(value, str) or len(value) != len("2024-09-16") or value[4] != "-" or value[7] != "-":
        raise ValueError("must be a date written as YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("there is no such date") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(BETWEEN)
    return day


def _whole(value: object) -> object:
    """Return 5.0 as 5: it is an integer to JSON Schema, too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _few_members(value: object) -> object:
    """Raise ValueError for too many members; the schema of job demands sets no limit."""
    if isinstance(value, dict) and len(value) > NEWEST.job_demands:
        raise ValueError(f"must have at most {NEWEST.job_demands} members")
    return value


def _given(value: object) -> object:
    """Raise ValueError for null: a member may be left out, but null says nothing."""
    if value is None:
        raise ValueError("must not be null: leave it out")
    return value


Given = BeforeValidator(_given)
Day = Annotated[date, BeforeValidator(_full_date)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
PostalCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9][A-Z] [0-9][A-Z][0-9]$")]
_STRICT = ConfigDict(strict=True)


class _Part(Value):
    """A part of what the claims system says."""

    model_config = _STRICT


class ClaimedArea(_Part):
    """A body part and side."""

    body_part: Code
    side: Side

    def flaws(self, field: str) -> list[str]:
        """Return what is impossible, each with its remedy."""
        if self.body_part not in BODY_PARTS:
            return [f"{field}.body_part is not in the list of body parts: send a code of the list"]
        if self.body_part in _SIDED and self.side == "N":
            return [f"{field}.side is N at a body part that has sides: send L, R or B"]
        if self.body_part not in _SIDED and self.side != "N":
            return [f"{field}.side is not N at a body part without sides: send N"]
        return []


class ClaimedInjury(ClaimedArea):
    """What was injured, how and when."""

    occurred_on: Day
    nature: Code

    @override
    def flaws(self, field: str) -> list[str]:
        """Return the flaws of its area, and natures that cannot be at a body system."""
        found = super().flaws(field)
        if self.nature not in NATURES:
            found.append(f"{field}.nature is not in the list of natures: send a code of the list")
        elif self.body_part[0] == "5" and ("01" <= self.nature[:2] <= "05" or self.nature == "09710"):
            found.append(f"{field}.nature cannot be at a body system (5xxxx): send the body part that was hurt")
        return found


class Worker(_Part):
    """Who was hurt; an empty text is a member that was not sent."""

    worker_id: Text
    given_name: Text
    family_name: Text
    birth_date: Day
    community: Text
    phn: Annotated[str, StringConstraints(pattern=r"^9[0-9]{9}$")] = ""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = ""
    postal_code: PostalCode = ""
    email: str = ""
    phone: Text = ""


class Employer(_Part):
    """Where the worker was hurt."""

    employer_id: Text
    name: Text
    classification_unit: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    workers: Annotated[int, BeforeValidator(_whole), Field(ge=0)] = 0
    phone: Text = ""


class RequestedBy(_Part):
    """Who asks."""

    kind: Literal["officer", "physician"]
    id: Text


class JobDemands(_Part):
    """What the worker's job asks of the body."""

    strength: Annotated[Literal["sedentary", "light", "medium", "heavy", "very_heavy"] | None, Given] = None


class _ClaimEvent(Event):
    """Anything said of a claim."""

    model_config = _STRICT

    claim_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]

    @override
    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        """Validate JSON; a fault is a sentence that names members and never repeats their content."""
        if b"NaN" in value or b"Infinity" in value:
            orjson.loads(value)  # a word of that name may be; pydantic would take it for a number, too
        try:
            return super().from_bytes(value)
        except ValidationError as problem:
            raise ValueError(_sentence(problem)) from None

    @override
    def to_bytes(self) -> bytes:
        """Return the event as it came, without members that were left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_unset=True)

    @override
    def check(self, key: str | None, read_at: datetime) -> None:
        """Raise ValueError for what the schemas cannot express."""
        if key != self.claim_number:
            raise ValueError("the record's key is not its claim_number: send it under the number of its claim")
        if found := self.excesses(limits_on(read_at.date())) or self.flaws(read_at):
            raise ValueError("; ".join(found))

    def excesses(self, limits: Limits) -> list[str]:  # noqa: ARG002 - most contracts bound all that they hold
        """Return what is longer or more than the limits of the day of reading allow."""
        return []

    def flaws(self, read_at: datetime) -> list[str]:  # noqa: ARG002 - a request is judged by the day of reading
        """Return what is impossible, each with its remedy."""
        return []


class ClaimAccepted(_ClaimEvent, type="claims.claim-accepted.v1", key="claim_number", topic=TOPIC):
    """The insurer accepts a claim for the injury, the areas and the date given."""

    worker: Worker
    injury: ClaimedInjury
    accepted_areas: Annotated[tuple[ClaimedArea, ...], Field(min_length=1)]
    employer: Employer
    occupation: Text = ""
    decided_on: Day
    effective_on: Day

    @override
    def excesses(self, limits: Limits) -> list[str]:
        """Return the excesses of areas, of ids that become keys, and of the address."""
        return (
            _too_many(self.accepted_areas, "accepted_areas", limits.accepted_areas)
            + _unfit_id(self.worker.worker_id, "worker.worker_id", limits)
            + _unfit_id(self.employer.employer_id, "employer.employer_id", limits)
            + _too_long(self.worker.email, "worker.email", limits)
        )

    @override
    def flaws(self, read_at: datetime) -> list[str]:
        """Return impossible codes, combinations and communities, and an injury before birth."""
        found = _unknown(self.worker.community, "worker.community")
        if self.injury.occurred_on < self.worker.birth_date:
            found.append("injury.occurred_on lies before worker.birth_date: send the dates as they were")
        return found + self.injury.flaws("injury") + _area_flaws(self.accepted_areas)


class _Decided(_ClaimEvent):
    """A decision on a claim, with its reason."""

    effective_on: Day
    decided_on: Day
    reason_code: Text


class ClaimPended(_Decided, type="claims.claim-pended.v1", key="claim_number", topic=TOPIC):
    """The claim waits for a decision."""


class ClaimSuspended(_Decided, type="claims.claim-suspended.v1", key="claim_number", topic=TOPIC):
    """Benefits stop from effective_on, which may lie before decided_on."""


class ClaimResumed(_Decided, type="claims.claim-resumed.v1", key="claim_number", topic=TOPIC):
    """A suspension or a pending ends on effective_on."""


class ClaimDisallowed(_Decided, type="claims.claim-disallowed.v1", key="claim_number", topic=TOPIC):
    """The claim is, or turns out to be, not compensable from effective_on."""


class ClaimClosed(_Decided, type="claims.claim-closed.v1", key="claim_number", topic=TOPIC):
    """No more benefits from effective_on."""


class ClaimReopened(_Decided, type="claims.claim-reopened.v1", key="claim_number", topic=TOPIC):
    """A closed claim is open again from effective_on."""


class ClaimAmended(_ClaimEvent, type="claims.claim-amended.v1", key="claim_number", topic=TOPIC):
    """Facts of the claim change with effect from effective_on; only the members given change."""

    effective_on: Day
    injury: Annotated[ClaimedInjury | None, Given] = None
    accepted_areas: Annotated[tuple[ClaimedArea, ...], Field(min_length=1)] = ()
    employer: Annotated[Employer | None, Given] = None

    @override
    def excesses(self, limits: Limits) -> list[str]:
        """Return the excesses of areas and of the employer's id, which becomes a key."""
        employer_id = self.employer.employer_id if self.employer else ""
        return _too_many(self.accepted_areas, "accepted_areas", limits.accepted_areas) + _unfit_id(
            employer_id, "employer.employer_id", limits
        )

    @override
    def flaws(self, read_at: datetime) -> list[str]:
        """Return impossible codes and combinations among the given members."""
        return (self.injury.flaws("injury") if self.injury else []) + _area_flaws(self.accepted_areas)


class RehabilitationRequested(_ClaimEvent, type="claims.rehabilitation-requested.v1", key="claim_number", topic=TOPIC):
    """An officer, or a physician through a form, asks for occupational rehabilitation."""

    request_id: Text
    requested_on: Day
    requested_by: RequestedBy
    program_wanted: Program | None = None
    barriers: tuple[Barrier, ...] = ()
    job_demands: Annotated[JobDemands, BeforeValidator(_few_members)] = JobDemands()
    urgency: Literal["routine", "urgent"] = "routine"
    worker_choice_site: str | None = None

    @override
    def excesses(self, limits: Limits) -> list[str]:
        """Return the excesses of barriers and of the site that the worker chose."""
        return _too_many(self.barriers, "barriers", limits.barriers) + _too_long(
            self.worker_choice_site or "", "worker_choice_site", limits
        )

    @override
    def flaws(self, read_at: datetime) -> list[str]:
        """Return the flaw of a request that is dated in the future."""
        if self.requested_on > read_at.astimezone(_ZONE).date():
            return ["requested_on lies after the day on which the record was read: send it with the day of the request"]
        return []


class WorkerMoved(_ClaimEvent, type="claims.worker-moved.v1", key="claim_number", topic=TOPIC):
    """The worker lives in another community from moved_on."""

    worker_id: Text
    community: Text
    moved_on: Day
    postal_code: PostalCode = ""

    @override
    def excesses(self, limits: Limits) -> list[str]:
        """Return the excess of the worker's id, which becomes a key."""
        return _unfit_id(self.worker_id, "worker_id", limits)

    @override
    def flaws(self, read_at: datetime) -> list[str]:
        """Return the flaw of a community outside the province."""
        return _unknown(self.community, "community")


class WorkerContactChanged(_ClaimEvent, type="claims.worker-contact-changed.v1", key="claim_number", topic=TOPIC):
    """How the worker can be reached changes."""

    worker_id: Text
    email: str = ""
    phone: Text = ""

    @override
    def excesses(self, limits: Limits) -> list[str]:
        """Return the excesses of the worker's id, which becomes a key, and of the address."""
        return _unfit_id(self.worker_id, "worker_id", limits) + _too_long(self.email, "email", limits)


def _too_many(items: Sequence[object], field: str, most: int) -> list[str]:
    """Return a fault when there are more than the limit."""
    return [f"{field} has more than {most} items: send at most {most}"] if len(items) > most else []


def _too_long(text: str, field: str, limits: Limits) -> list[str]:
    """Return a fault when a text for which the schema sets no limit is too long."""
    most = limits.text_characters
    return [f"{field} is longer than {most} characters: send a shorter text"] if len(text) > most else []


def _unfit_id(text: str, field: str, limits: Limits) -> list[str]:
    """Return a fault when an id cannot be the key of a record."""
    if len(text.encode()) > limits.person_id_bytes:
        return [f"{field} is longer than {limits.person_id_bytes} bytes: send a shorter id"]
    return [f"{field} holds a control character: send it without"] if _CONTROL.search(text) else []


def _unknown(community: str, field: str) -> list[str]:
    """Return a fault when a community is in no list."""
    return [] if community in COMMUNITIES else [f"{field} is not in the list of communities: send a name of the list"]


def _area_flaws(areas: tuple[ClaimedArea, ...]) -> list[str]:
    """Return what is impossible in any accepted area."""
    return [flaw for n, area in enumerate(areas) for flaw in area.flaws(f"accepted_areas.{n}")]


def _sentence(problem: ValidationError) -> str:
    """Return the schema's faults by member; messages of its own rules repeat no input."""
    errors = problem.errors(include_url=False, include_context=False, include_input=False)
    named = [(".".join(map(str, e["loc"])) or "body", e["msg"].removeprefix("Value error, ")) for e in errors]
    return "; ".join(f"{member}: {said}" for member, said in named[:_MOST_NAMED])
