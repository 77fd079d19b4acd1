"""The register: its files' rows read into events, with every fault of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Self, TypeAlias, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from shared.domain.decision import Event, Value
from shared.domain.mail_addresses import Undeliverable, mailable
from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    FeeSchedulePublished,
    OrganisationRegistered,
    PayeeRegistered,
    SiteCapacityDeclared,
    SiteOpened,
    Week,
)
from shared.events.values import Program

Row: TypeAlias = Mapping[str, Any]
Read = TypeVar("Read", bound=BaseModel)
_LISTS = frozenset({"sites", "disciplines", "languages", "reviewed_reports", "weekend"})
_WHOLE = 100
_NUMBERED = (ContractActivated, FeeSchedulePublished, CalendarPublished)
_DAYS_A_WEEK = 7
_LONGEST_PATTERN = 10 * 53  # weeks of one row of capacity


class Holiday(Value):
    """A row of the holidays: one day of one calendar."""

    calendar_id: str
    on: date


class WeeksOfOpenings(Value):
    """A row of the capacity: the same openings in each of several weeks, both ends included."""

    site_id: str
    program: Program
    from_week: date
    to_week: date
    openings: int = Field(ge=0)

    @model_validator(mode="after")
    def _check_weeks(self) -> Self:
        """Refuse weeks that do not begin on a Monday, end before they begin, or go on for too long."""
        if self.from_week.weekday() or self.to_week < self.from_week:
            raise ValueError("weeks begin on a Monday, and the last is not before the first")
        if self.count > _LONGEST_PATTERN:
            raise ValueError(f"a row covers at most {_LONGEST_PATTERN} weeks")
        return self

    @property
    def count(self) -> int:
        """The number of weeks that the row covers."""
        return (self.to_week - self.from_week).days // _DAYS_A_WEEK + 1

    @property
    def weeks(self) -> Iterator[Week]:
        """Each week with its openings."""
        return (Week(week_on=self.from_week + timedelta(weeks=n), openings=self.openings) for n in range(self.count))


@dataclass(frozen=True)
class Files:
    """The rows of each file, not checked yet."""

    organisations: Sequence[Row]
    payees: Sequence[Row]
    sites: Sequence[Row]
    contracts: Sequence[Row]
    capacity: Sequence[Row]
    calendars: Sequence[Row]
    holidays: Sequence[Row]
    schedules: Sequence[Row]
    communities: frozenset[str]


class InvalidRegister(Exception):  # noqa: N818 - says what is wrong with the files
    """The files cannot be published; each argument is one fault with where it is."""


def read_register(files: Files) -> list[Event]:
    """Return everything that the files register; raise InvalidRegister with every fault."""
    faults: list[str] = []
    holidays = list(_each(Holiday, "holidays", files.holidays, faults))
    capacity = list(_each(WeeksOfOpenings, "capacity", files.capacity, faults))
    calendars = [_with_holidays(row, holidays) for row in files.calendars]
    events: list[Event] = [
        *_each(OrganisationRegistered, "organisations", files.organisations, faults),
        *_each(PayeeRegistered, "payees", files.payees, faults),
        *_each(SiteOpened, "sites", files.sites, faults),
        *_each(CalendarPublished, "calendars", calendars, faults),
        *_each(FeeSchedulePublished, "fees", files.schedules, faults),
        *_each(ContractActivated, "contracts", files.contracts, faults),
    ]
    faults += [*_duplicates(events), *_reference_faults(events, files.communities), *_capacity_faults(capacity, events)]
    faults += _holiday_faults(holidays, events)
    if faults:
        raise InvalidRegister(*faults)
    return [*events, *_declarations(capacity)]


def is_numbered(event: Event) -> bool:
    """Return whether the files number the revisions of such a document."""
    return isinstance(event, _NUMBERED)


def _each(kind: type[Read], file: str, rows: Iterable[Row], faults: list[str]) -> Iterator[Read]:
    """Yield each row as a value; a row that does not fit becomes a fault with its line."""
    for line, row in enumerate(rows, 2):
        if fault := _shape_fault(row):
            faults.append(f"{file}, line {line}: {fault}")
            continue
        try:
            yield kind.model_validate({name: _value(name, cell) for name, cell in row.items() if cell != ""})
        except ValidationError as problem:
            errors = problem.errors(include_url=False, include_input=False, include_context=False)
            faults += [
                f"{file}, line {line}: {_member(e['loc'])}{e['msg'].removeprefix('Value error, ')}" for e in errors
            ]


def _shape_fault(row: object) -> str:
    """Return why a row cannot be read, or an empty text; `csv` marks missing and surplus cells by None."""
    if not isinstance(row, Mapping):
        return "it is no table of names and values"
    if None in row:
        return "it has more cells than the first line names"
    if None in row.values():
        return "it has fewer cells than the first line names"
    return ""


def _member(path: Sequence[int | str]) -> str:
    return f"{'.'.join(map(str, path))}: " if path else ""


def _value(name: str, cell: Any) -> Any:  # noqa: ANN401 - whatever a file says
    """Return the value of a cell; the items of a list are separated by blanks, communities by semicolons."""
    if not isinstance(cell, str):
        return cell
    if name in _LISTS:
        return tuple(cell.split())
    if name == "communities":
        return tuple(part.strip() for part in cell.split(";"))
    return {"yes": True, "no": False}.get(cell, cell)


def _with_holidays(calendar: Row, holidays: Sequence[Holiday]) -> Row:
    """Return the row of a calendar with its holidays."""
    if not isinstance(calendar, Mapping):
        return calendar
    return {**calendar, "holidays": tuple(h.on for h in holidays if h.calendar_id == calendar.get("calendar_id"))}


def _declarations(capacity: Sequence[WeeksOfOpenings]) -> Iterator[SiteCapacityDeclared]:
    """Yield one declaration a site, program and year, whatever rows its weeks stand in."""
    weeks = sorted(
        (row.site_id, row.program, week.week_on.year, week.week_on, week.openings)
        for row in capacity
        for week in row.weeks
    )
    for (site_id, program, _), rows in groupby(weeks, key=lambda week: week[:3]):
        declared = tuple(Week(week_on=on, openings=openings) for *_, on, openings in rows)
        yield SiteCapacityDeclared(site_id=site_id, revision=1, program=program, weeks=declared)


def _duplicates(events: Sequence[Event]) -> Iterator[str]:
    """Yield a fault for each document that stands in its file more than once."""
    documents = Counter((type(e).__name__, e.key, getattr(e, "revision", 1)) for e in events)
    for (kind, key, revision), times in documents.items():
        if times > 1:
            yield f"{key}, revision {revision}, stands {times} times among what {kind} says"


def _capacity_faults(capacity: Sequence[WeeksOfOpenings], events: Sequence[Event]) -> Iterator[str]:
    """Yield a fault for openings of a site that is not registered, and for a week that two rows declare."""
    sites = {e.site_id for e in events if isinstance(e, SiteOpened)}
    for site_id in sorted({row.site_id for row in capacity} - sites):
        yield f"capacity: site {site_id} is not registered"
    weeks = Counter((row.site_id, row.program, week.week_on) for row in capacity for week in row.weeks)
    doubled = {(site_id, program) for (site_id, program, _), times in weeks.items() if times > 1}
    for site_id, program in sorted(doubled):
        yield f"capacity: two rows declare the same week of site {site_id} in {program}"


def _holiday_faults(holidays: Sequence[Holiday], events: Sequence[Event]) -> Iterator[str]:
    """Yield a fault for each calendar that only its holidays name."""
    known = {e.calendar_id for e in events if isinstance(e, CalendarPublished)}
    for calendar_id in sorted({h.calendar_id for h in holidays} - known):
        yield f"holidays: calendar {calendar_id} is not published"


def _reference_faults(events: Sequence[Event], communities: frozenset[str]) -> Iterator[str]:
    """Yield a fault for each reference to a document that is not there, and for what is wrong with each document."""
    known = {type(e): {x.key for x in events if type(x) is type(e)} for e in events}
    organisations, payees = known.get(OrganisationRegistered, set()), known.get(PayeeRegistered, set())
    for event in events:
        match event:
            case PayeeRegistered(organisation_id=organisation) if organisation not in organisations:
                yield f"payee {event.key}: organisation {organisation} is not registered"
            case SiteOpened(payee_id=payee, community=community, email=email):
                if email and isinstance(problem := mailable(email), Undeliverable):
                    yield f"site {event.key}: {problem.sentence}"
                if payee not in payees:
                    yield f"site {event.key}: payee {payee} is not registered"
                if community not in communities:
                    yield f"site {event.key}: community {community} is not known"
            case ContractActivated():
                yield from _contract_faults(event, known, communities)
            case FeeSchedulePublished():
                yield from _fee_faults(event)
            case CalendarPublished():
                yield from _calendar_faults(event)
    yield from _foreign(events)
    yield from _unpriced(events)


def _foreign(events: Sequence[Event]) -> Iterator[str]:
    """Yield a fault wherever a document names a payee or a site of another organisation."""
    known = {e.organisation_id for e in events if isinstance(e, OrganisationRegistered)}
    payees = {
        e.payee_id: e.organisation_id for e in events if isinstance(e, PayeeRegistered) and e.organisation_id in known
    }
    sites = {e.site_id: e.organisation_id for e in events if isinstance(e, SiteOpened)}
    for event in events:
        if not isinstance(event, SiteOpened | ContractActivated):
            continue
        document = f"site {event.key}" if isinstance(event, SiteOpened) else f"contract {event.key}"
        organisation_id = event.organisation_id
        if payees.get(event.payee_id, organisation_id) != organisation_id:
            yield f"{document}: payee {event.payee_id} belongs to another organisation than {organisation_id}"
        if isinstance(event, ContractActivated):
            foreign = sorted({site for site in event.sites if sites.get(site, organisation_id) != organisation_id})
            if foreign:
                yield f"{document}: sites {', '.join(foreign)} belong to another organisation than {organisation_id}"


def _calendar_faults(calendar: CalendarPublished) -> Iterator[str]:
    """Yield a fault for days of a calendar that are in the wrong order or outside its range."""
    document = f"calendar {calendar.calendar_id}, revision {calendar.revision}"
    if calendar.to_on < calendar.from_on:
        yield f"{document}: it ends before it begins"
    if outside := [on for on in calendar.holidays if not calendar.from_on <= on <= calendar.to_on]:
        yield f"{document}: {', '.join(map(str, outside))} lie outside the days that it knows"


def _contract_faults(
    contract: ContractActivated, known: Mapping[type[Event], set[str]], communities: frozenset[str]
) -> Iterator[str]:
    """Yield a fault for each unknown reference of a contract, and for dates in the wrong order."""
    document = f"contract {contract.contract_id}"
    if unknown := set(contract.sites) - known.get(SiteOpened, set()):
        yield f"{document}: sites {', '.join(sorted(unknown))} are not registered"
    if unknown := set(contract.communities) - communities:
        yield f"{document}: communities {', '.join(sorted(unknown))} are not known"
    if contract.payee_id not in known.get(PayeeRegistered, set()):
        yield f"{document}: payee {contract.payee_id} is not registered"
    if contract.fee_schedule_id not in known.get(FeeSchedulePublished, set()):
        yield f"{document}: fee schedule {contract.fee_schedule_id} is not published"
    if contract.calendar_id not in known.get(CalendarPublished, set()):
        yield f"{document}: calendar {contract.calendar_id} is not published"
    last = contract.effective_to
    if last and last < contract.effective_from:
        yield f"{document}: it ends before it begins"
    if contract.run_off_to and (last is None or contract.run_off_to < last):
        yield f"{document}: it runs off before it ends"


def _fee_faults(schedule: FeeSchedulePublished) -> Iterator[str]:
    """Yield each fault of the lines of a fee schedule."""
    codes = [line.code for line in schedule.lines]
    for n, line in enumerate(schedule.lines):
        document = f"fee schedule {schedule.fee_schedule_id}, revision {schedule.revision}, {line.code}"
        if line.code in codes[:n]:
            yield f"{document}: the code stands there twice"
        if line.cents < 0 or line.step <= 0:
            yield f"{document}: cents lie under 0, or its step not above 0"
        if unknown := set(line.not_with) - set(codes):
            yield f"{document}: it excludes {', '.join(sorted(unknown))}, which the schedule lacks"
        ends = [date.max.toordinal() if tier.late_to is None else tier.late_to for tier in line.tiers]
        if ends != sorted(set(ends)) or not all(0 <= tier.percent <= _WHOLE for tier in line.tiers):
            yield f"{document}: its tiers go from early to late, each from 0 to 100 percent"


def _unpriced(events: Sequence[Event]) -> Iterator[str]:
    """Yield a fault for each contract that begins before the first version of its fees."""
    begins: dict[str, date] = {}
    for fees in events:
        if isinstance(fees, FeeSchedulePublished):
            begins[fees.key] = min(fees.effective_from, begins.get(fees.key, date.max))
    for contract in events:
        if isinstance(contract, ContractActivated):
            first = begins.get(contract.fee_schedule_id, date.min)
            if contract.effective_from < first:
                yield f"contract {contract.contract_id}: it begins before its fees, which hold from {first}"
