"""Programs, contracts and calendars as they were announced, and what they say of a request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

Data: TypeAlias = Mapping[str, Any]
_DAY = timedelta(days=1)


class Stated(NamedTuple):
    """A register event: since when it is known, and what it says."""

    known_from: datetime
    words: str
    data: Data


class Days:
    """Business days, counted from the published dates."""

    def __init__(self, published: Data) -> None:
        """The calendar as announced."""
        self.zone = ZoneInfo(published["zone"])
        self._weekend = set(published.get("weekend", (5, 6)))
        self._holidays = {date.fromisoformat(day) for day in published["holidays"]}

    def day_of(self, instant: datetime) -> date:
        """The day in the calendar's zone."""
        return instant.astimezone(self.zone).date()

    def is_working(self, day: date) -> bool:
        """Neither weekend nor holiday."""
        return day.weekday() not in self._weekend and day not in self._holidays

    def end_after(self, instant: datetime, days: int) -> datetime:
        """The last second of the n-th business day after an instant's day, which is not counted."""
        return self.end_of_nth(self.day_of(instant), days)

    def end_of_nth(self, day: date, days: int) -> datetime:
        """The last second of the n-th business day after a day, which is not counted."""
        while days:
            day += _DAY
            days -= self.is_working(day)
        return datetime.combine(day, time(23, 59, 59), self.zone)


class Register:
    """Everything stated, asked as of an instant and a day."""

    def __init__(self, stated: Iterable[Stated]) -> None:
        """In the order in which it was said."""
        self._stated: dict[str, list[Stated]] = {}
        for one in stated:
            self._stated.setdefault(one.words, []).append(one)

    def calendar(self, calendar_id: str = "") -> Days | None:
        """The newest state of a calendar, of the default one where none is named."""
        said = [one.data for one in self._stated.get("calendar-published", ())]
        found = [
            data for data in said if (data["calendar_id"] == calendar_id if calendar_id else data.get("is_default"))
        ]
        return Days(max(found, key=lambda data: int(data["revision"]))) if found else None

    def wait_days(self) -> int:
        """How many business days a request waits for its claim."""
        terms = self._stated.get("referral-terms-published")
        return int(terms[-1].data["claim_wait_business_days"]) if terms else 10

    def programs(self, on: date, known: datetime) -> Sequence[Data]:
        """The versions in force on a day, in order of precedence."""
        newest: dict[str, Data] = {}
        for data in sorted(self._known("program-published", known), key=_by_day("effective_from")):
            if data["effective_from"] <= on.isoformat():
                newest[data["program"]] = data
        in_force = [data for data in newest.values() if not _is_over(data, on)]
        return sorted(in_force, key=lambda data: int(data["precedence"]))

    def has_area(self, programs: Iterable[str], community: str | None, on: date, known: datetime) -> bool:
        """Return whether a contract of one of these programs covers the community on a day, run-off left aside."""
        wanted = set(programs)
        return any(
            contract["program"] in wanted and community in contract["communities"]
            for contract in self.contracts(on, known)
        )

    def contracts(self, on: date, known: datetime) -> Iterator[Data]:
        """Those between their first and last day."""
        for contract in self._terms(on, known).values():
            if contract["effective_from"] <= on.isoformat() and not _is_over(contract, on):
                yield contract

    def contract(self, contract_id: str, on: date, known: datetime) -> Data | None:
        """The terms of one contract that hold on a day."""
        return self._terms(on, known).get(contract_id)

    def fees(self, fee_schedule_id: str, on: date, known: datetime) -> Data | None:
        """The version of a fee schedule that holds on a day."""
        said = (
            data for data in self._known("fee-schedule-published", known) if data["fee_schedule_id"] == fee_schedule_id
        )
        begun = [data for data in said if data["effective_from"] <= on.isoformat()]
        return max(begun, key=_by_day("effective_from"), default=None)

    def _terms(self, on: date, known: datetime) -> Mapping[str, Data]:
        """Each contract as it holds on a day; cut short where that was said."""
        newest: dict[str, Data] = {}
        for data in sorted(self._known("contract-activated", known), key=_by_day("holds_from")):
            if data["holds_from"] <= on.isoformat() or data["contract_id"] not in newest:
                newest[data["contract_id"]] = data
        for data in self._known("contract-ended", known):
            if whole := newest.get(data["contract_id"]):
                newest[data["contract_id"]] = {**whole, **_cut_short(whole, data)}
        return newest

    def _known(self, words: str, known: datetime) -> Iterator[Data]:
        return (one.data for one in self._stated.get(words, ()) if one.known_from <= known)


def _cut_short(contract: Data, ended: Data) -> Data:
    """The earlier of two last days; the end says how long it runs off."""
    last = min(filter(None, (contract.get("effective_to"), ended["effective_to"])))
    return {"effective_to": last, "run_off_to": ended.get("run_off_to")}


def fits(program: Data, *, covered: bool, injury: Data, barriers: Sequence[str]) -> bool:
    """Return whether a program is the one for this injury; `covered` tells of the areas that it asks for."""
    choice = program.get("choice") or {}
    return (
        (covered or not choice.get("areas_of"))
        and _is_among(injury["nature"], choice.get("natures"))
        and _is_among(injury["body_part"], choice.get("body_parts"))
        and (not choice.get("barriers") or bool(set(choice["barriers"]) & set(barriers)))
    )


def _is_among(code: str, codes: Sequence[str] | None) -> bool:
    """Codes may be written by their first digits."""
    return not codes or any(code.startswith(one) for one in codes)


def _by_day(member: str) -> Any:  # noqa: ANN401 - a sort key
    return lambda data: (data[member], int(data["revision"]))


def _is_over(data: Data, on: date) -> bool:
    return bool(data.get("effective_to")) and data["effective_to"] < on.isoformat()
