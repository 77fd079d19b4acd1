"""The register's files: rows to events, and every fault of them at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, TypeAlias

from pydantic import ValidationError

from shared.decision import Event
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
from shared.mail_addresses import Undeliverable, mailable

Row: TypeAlias = Mapping[str, Any]
_LISTS = frozenset({"sites", "disciplines", "languages", "reviewed_reports", "weekend"})
_WHOLE = 100
_NUMBERED = (ContractActivated, FeeSchedulePublished, CalendarPublished)


@dataclass(frozen=True)
class Files:
    """The rows of each file, as read."""

    organisations: Sequence[Row]
    payees: Sequence[Row]
    sites: Sequence[Row]
    contracts: Sequence[Row]
    capacity: Sequence[Row]
    calendars: Sequence[Row]
    holidays: Sequence[Row]
    schedules: Sequence[Row]
    communities: frozenset[str]


class Unfit(Exception):  # noqa: N818 - says what the files are
    """The files cannot be filed; each argument is one fault with its place."""


def read_register(files: Files) -> list[Event]:
    """Everything the files register; raises Unfit with every fault."""
    faults: list[str] = []
    events = [
        *_each(OrganisationRegistered, "organisations", files.organisations, faults),
        *_each(PayeeRegistered, "payees", files.payees, faults),
        *_each(SiteOpened, "sites", files.sites, faults),
        *_each(CalendarPublished, "calendars", [_with_holidays(r, files.holidays) for r in files.calendars], faults),
        *_each(FeeSchedulePublished, "fees", files.schedules, faults),
        *_each(ContractActivated, "contracts", files.contracts, faults),
    ]
    capacity = list(_capacity(files.capacity, faults))
    faults += _unknown(events, files.communities)
    if faults:
        raise Unfit(*faults)
    return [*events, *capacity]


def is_numbered(event: Event) -> bool:
    """Whether its file says which revision it is."""
    return isinstance(event, _NUMBERED)


def _each(kind: type[Event], file: str, rows: Iterable[Row], faults: list[str]) -> Iterator[Event]:
    """Rows as events; what does not fit is told with its line."""
    for line, row in enumerate(rows, 2):
        try:
            yield kind.model_validate({name: _value(name, said) for name, said in row.items() if said != ""})
        except ValidationError as problem:
            found = problem.errors(include_url=False, include_input=False, include_context=False)
            faults += [f"{file}, line {line}: {'.'.join(map(str, f['loc']))}: {f['msg']}" for f in found]


def _value(name: str, said: Any) -> Any:  # noqa: ANN401 - whatever a file says
    """A cell: words in a list are set apart by blanks, communities by semicolons."""
    if not isinstance(said, str):
        return said
    if name in _LISTS:
        return tuple(said.split())
    if name == "communities":
        return tuple(part.strip() for part in said.split(";"))
    return {"yes": True, "no": False}.get(said, said)


def _with_holidays(calendar: Row, holidays: Sequence[Row]) -> Row:
    """A calendar and its days."""
    return {**calendar, "holidays": tuple(h["on"] for h in holidays if h["calendar_id"] == calendar["calendar_id"])}


def _capacity(rows: Sequence[Row], faults: list[str]) -> Iterator[SiteCapacityDeclared]:
    """A pattern of weeks as one declaration a year."""
    for line, row in enumerate(rows, 2):
        first, last = date.fromisoformat(row["from_week"]), date.fromisoformat(row["to_week"])
        if first.weekday() or last < first:
            faults.append(f"capacity, line {line}: weeks begin on a Monday, and the last is not before the first")
            continue
        count = (last - first).days // 7 + 1
        weeks = [Week(week_on=first + timedelta(weeks=n), openings=int(row["openings"])) for n in range(count)]
        for _, some in groupby(weeks, key=lambda week: week.week_on.year):
            yield SiteCapacityDeclared(site_id=row["site_id"], revision=1, program=row["program"], weeks=tuple(some))


def _unknown(events: Sequence[Event], communities: frozenset[str]) -> Iterator[str]:
    """What one document says of another that is not there, and dates the wrong way round."""
    known = {type(e): {x.key for x in events if type(x) is type(e)} for e in events}
    organisations, payees = known.get(OrganisationRegistered, set()), known.get(PayeeRegistered, set())
    for event in events:
        match event:
            case PayeeRegistered(organisation_id=organisation) if organisation not in organisations:
                yield f"payee {event.key}: organisation {organisation} is not registered"
            case SiteOpened(payee_id=payee, community=community, email=email):
                if email and isinstance(found := mailable(email), Undeliverable):
                    yield f"site {event.key}: {found.sentence}"
                if payee not in payees:
                    yield f"site {event.key}: payee {payee} is not registered"
                if community not in communities:
                    yield f"site {event.key}: community {community} is not known"
            case ContractActivated():
                yield from _contract_faults(event, known, communities)
            case FeeSchedulePublished():
                yield from _fee_faults(event)
    yield from _unpriced(events)


def _contract_faults(
    contract: ContractActivated, known: Mapping[type[Event], set[str]], communities: frozenset[str]
) -> Iterator[str]:
    """What is wrong with a contract."""
    place = f"contract {contract.contract_id}"
    if strange := set(contract.sites) - known.get(SiteOpened, set()):
        yield f"{place}: sites {', '.join(sorted(strange))} are not registered"
    if strange := set(contract.communities) - communities:
        yield f"{place}: communities {', '.join(sorted(strange))} are not known"
    if contract.payee_id not in known.get(PayeeRegistered, set()):
        yield f"{place}: payee {contract.payee_id} is not registered"
    if contract.fee_schedule_id not in known.get(FeeSchedulePublished, set()):
        yield f"{place}: fee schedule {contract.fee_schedule_id} is not published"
    if contract.calendar_id not in known.get(CalendarPublished, set()):
        yield f"{place}: calendar {contract.calendar_id} is not published"
    last = contract.effective_to
    if last and last < contract.effective_from:
        yield f"{place}: it ends before it begins"
    if contract.run_off_to and (last is None or contract.run_off_to < last):
        yield f"{place}: it runs off before it ends"


def _fee_faults(schedule: FeeSchedulePublished) -> Iterator[str]:
    """What is wrong with a fee schedule, line by line."""
    codes = [line.code for line in schedule.lines]
    for n, line in enumerate(schedule.lines):
        place = f"fee schedule {schedule.fee_schedule_id}, revision {schedule.revision}, {line.code}"
        if line.code in codes[:n]:
            yield f"{place}: the code stands there twice"
        if line.cents < 0 or line.step <= 0:
            yield f"{place}: cents lie under 0, or its step not above 0"
        if strange := set(line.not_with) - set(codes):
            yield f"{place}: it excludes {', '.join(sorted(strange))}, which the schedule lacks"
        ends = [date.max.toordinal() if tier.late_to is None else tier.late_to for tier in line.tiers]
        if ends != sorted(set(ends)) or not all(0 <= tier.percent <= _WHOLE for tier in line.tiers):
            yield f"{place}: its tiers go from early to late, each from 0 to 100 percent"


def _unpriced(events: Sequence[Event]) -> Iterator[str]:
    """A contract whose first days no version of its fees covers."""
    begins: dict[str, date] = {}
    for fees in events:
        if isinstance(fees, FeeSchedulePublished):
            begins[fees.key] = min(fees.effective_from, begins.get(fees.key, date.max))
    for contract in events:
        if isinstance(contract, ContractActivated):
            first = begins.get(contract.fee_schedule_id, date.min)
            if contract.effective_from < first:
                yield f"contract {contract.contract_id}: it begins before its fees, which hold from {first}"
