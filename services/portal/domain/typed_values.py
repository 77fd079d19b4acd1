"""Reads what people type: one reader for each kind of value, lenient in form and strict in meaning.

Every reader returns the value, or a sentence that says what is wrong and how to write it; none raises.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import wraps
from typing import NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import phonenumbers

from services.portal.domain.text_display import plain
from shared.events.limits import BETWEEN, FIRST_DAY, LAST_DAY

V = TypeVar("V")
MOST_CENTS, MOST_UNITS, MOST_WHOLE = 1_000_000_000, 9999, 1_000_000
LONGEST = 200  # letters of any typed value but a text, blanks included
_DECIMALS = 3  # digits behind the point of a number of units
_NOON = 12
_FIRST_HALF = ("january", "february", "march", "april", "may", "june")
_MONTHS = (*_FIRST_HALF, "july", "august", "september", "october", "november", "december")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = {short: n for n, name in enumerate(_MONTHS, 1) for short in (name, name[:3])} | {"sept": 9}
_WEEKDAY = {short: n for n, name in enumerate(_WEEKDAYS) for short in (name, name[:3])}
_WEEKDAY |= {"tues": 1, "thur": 3, "thurs": 3}

_YEAR_FIRST = re.compile(r"([0-9]{4}) ?([-/.]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2})")
_NUMBERS_ALONE = re.compile(r"[0-9]{1,4} ?[/. -] ?[0-9]{1,2} ?[/. -] ?[0-9]{1,4}")
_BETWEEN = re.compile(r"[ ,./-]+")
_DAY_OF_MONTH = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?")
_FOUR = re.compile(r"[0-9]{4}")
_TIME = re.compile(r"(?:([0-9]{1,2}) ?[:.h] ?([0-9]{2})|([0-9]{1,2})([0-9]{2}))(?: ?([ap])\.? ?m\.?)?")
_FULL_HOUR = re.compile(r"([0-9]{1,2}) ?([ap])\.? ?m\.?")
_SECONDS = re.compile(r"[0-9]{1,2}[:.][0-9]{2}[:.,][0-9].*")
_ZONE = re.compile(
    r"[0-9].*?(?:z|utc|gmt|p[sd]?t|m[sd]?t|pacific)|[0-9]{1,2} ?[:.h]? ?[0-9]{2}.*?[+-] ?[0-9]{1,2}(?::?[0-9]{2})?"
)
_AMOUNT = re.compile(r"(-?) ?(\$?) ?([1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]{1,2}))? ?(\$?)")
_DECIMAL_COMMA = re.compile(r"(-?)[ $]*([0-9]{1,8}),([0-9]{1,2})[ $]*")
_DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_WHOLE = re.compile(r"-?[0-9]+")
_INDEX = re.compile(r"[0-9]{1,9}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class Unreadable(NamedTuple):
    """A fault of a text and how to write it; both begin with a small letter and end without a full stop."""

    reason: str
    fix: str

    @property
    def rule(self) -> str:
        """The code of the fault."""
        return {NEEDED: "MISSING", FAR_DAY: "OUT-OF-RANGE"}.get(self, "SHAPE")


Reader: TypeAlias = Callable[[str], V | Unreadable]
NEEDED = Unreadable("this is needed", "fill it in")
_TOO_LONG = Unreadable("this is too long", "write the value alone")
_OTHER_DIGITS = Unreadable("these digits cannot be read", "write the digits 0 to 9")
_NO_DAY = Unreadable("a day is a year, a month and a day", "write it as 2024-11-12 or 12 November 2024")
_WHICH_MONTH = Unreadable(
    "the month cannot be told from the day", "write the month as a word, as 12 November 2024, or write 2024-11-12"
)
FAR_DAY = Unreadable(f"this {BETWEEN}", "write a day in between")
_NO_TIME = Unreadable("a time is hours and minutes", "write it as 09:30 or 9:30 am")
_WITH_SECONDS = Unreadable("a time is hours and minutes", "leave the seconds out, as 09:30")
_WITH_ZONE = Unreadable("all times here are Pacific", "leave the zone out, as 09:30")
_NO_SUCH_TIME = Unreadable("there is no such time", "write it as 09:30 or 9:30 am")
_SKIPPED = Unreadable("the clocks skip this time on that day", "choose another time")
_NO_AMOUNT = Unreadable("an amount is dollars and cents", "give it as 96.00")
_MUCH = Unreadable(f"an amount is at most ${MOST_CENTS // 100:,}.00", "give a smaller amount")
_NO_NUMBER = Unreadable("this is a number", "write it as 2 or 2.5")
_MANY = Unreadable(f"this number is at most {MOST_UNITS}", "write a smaller number")
_FINE = Unreadable("this number has at most three digits behind the point", "write it as 2 or 2.5")
_NOT_WHOLE = Unreadable("this is a whole number", "write it as 40")
_FAR_NUMBER = Unreadable(f"this number is at most {MOST_WHOLE}", "write a smaller number")
_NO_INSTANT = Unreadable("a visit has a day and a time", "write them as 2024-11-12T09:30:00-08:00")
_NO_TELEPHONE = Unreadable("this is not a telephone number", "write it as 604-555-0100")


def _reader(read: Reader[V]) -> Reader[V]:
    """Hands a reader the plain form of a text that is neither blank nor too long."""

    @wraps(read)
    def bounded(text: str) -> V | Unreadable:
        if len(text) > LONGEST:
            return _TOO_LONG
        said = plain(text)
        if any(sign.isdecimal() and not sign.isascii() for sign in said):
            return _OTHER_DIGITS
        return read(said) if said else NEEDED

    return bounded


@_reader
def read_day(said: str) -> date | Unreadable:
    """A day as 2024-11-12, 2024/11/12, 12 November 2024 or Nov 12, 2024; a weekday that is named must be right."""
    if iso := _YEAR_FIRST.fullmatch(said):
        return _day(int(iso[1]), int(iso[3]), int(iso[4]))
    if _NUMBERS_ALONE.fullmatch(said):
        return _WHICH_MONTH
    parts = [part for part in _BETWEEN.split(said.casefold()) if part]
    weekday = _WEEKDAY.get(parts[0]) if parts else None
    return _worded_day(parts if weekday is None else parts[1:], weekday)


def _worded_day(parts: list[str], weekday: int | None) -> date | Unreadable:
    """A day whose month is a word, in any of the usual orders."""
    words = [part for part in parts if part in _MONTH]
    years = [part for part in parts if _FOUR.fullmatch(part)]
    days = [number for part in parts if (number := _DAY_OF_MONTH.fullmatch(part))]
    if len(parts) != 3 or not (len(words) == len(years) == len(days) == 1) or years[0] == parts[1]:  # noqa: PLR2004 - a day has three parts
        return _NO_DAY
    found = _day(int(years[0]), _MONTH[words[0]], int(days[0][1]))
    if isinstance(found, date) and weekday not in {None, found.weekday()}:
        return Unreadable(f"{in_words(found)} is a {found:%A}", "write the day that is meant")
    return found


def _day(year: int, month: int, day: int) -> date | Unreadable:
    """A day of the calendar that lies in reach."""
    try:
        found = date(year, month, day)
    except ValueError:
        return Unreadable("there is no such day", "write a day of the calendar, as 2024-11-12")
    return found if FIRST_DAY <= found <= LAST_DAY else FAR_DAY


def in_words(on: date) -> str:
    """12 November 2024."""
    return f"{on.day} {on:%B} {on.year}"


@_reader
def read_time(said: str) -> time | Unreadable:
    """A time as 9:30, 09.30, 9.30 am or 0930, without seconds and without a zone."""
    said = said.casefold()
    if found := _TIME.fullmatch(said):
        return _time(int(found[1] or found[3]), int(found[2] or found[4]), found[5])
    if found := _FULL_HOUR.fullmatch(said):
        return _time(int(found[1]), 0, found[2])
    return _WITH_ZONE if _ZONE.fullmatch(said) else _WITH_SECONDS if _SECONDS.fullmatch(said) else _NO_TIME


def _time(hour: int, minute: int, half: str | None) -> time | Unreadable:
    """A time of day; with am or pm the hour is one of twelve."""
    if half and not 1 <= hour <= _NOON:
        return _NO_SUCH_TIME
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return _NO_SUCH_TIME


def instant_of(on: date, at: time, zone: ZoneInfo) -> datetime | Unreadable:
    """The instant of a time on a day in a zone; the earlier one where the clocks are put back."""
    found = datetime.combine(on, at, zone)
    return (
        found if found.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == datetime.combine(on, at) else _SKIPPED
    )


def day_in(said: str) -> date | None:
    """The day that a text names, where it names one; for what is looked up by a day that may not be typed yet."""
    found = read_day(said)
    return None if isinstance(found, Unreadable) else found


@_reader
def read_instant(said: str) -> datetime | Unreadable:
    """An instant of RFC 3339 in reach, with its offset, as programs send it."""
    if not _INSTANT.fullmatch(said):
        return _NO_INSTANT
    try:
        found = datetime.fromisoformat(said.upper())
        return found if FIRST_DAY <= found.astimezone(UTC).date() <= LAST_DAY else FAR_DAY
    except OverflowError:
        return FAR_DAY
    except ValueError:
        return _NO_INSTANT


@_reader
def read_amount(said: str) -> int | Unreadable:
    """Whole cents of an amount as 96.00, 1,234.5 or $96; a comma stands between groups of three digits alone."""
    if comma := _DECIMAL_COMMA.fullmatch(said):
        return Unreadable(_NO_AMOUNT.reason, f"give it as {comma[1]}{comma[2]}.{comma[3]:0<2}")
    found = _AMOUNT.fullmatch(said)
    if found is None or (found[2] and found[5]):
        return _NO_AMOUNT
    cents = int(found[3].replace(",", "")) * 100 + int(f"{found[4] or '':0<2}")
    return _MUCH if cents > MOST_CENTS else -cents if found[1] else cents


@_reader
def read_units(said: str) -> Decimal | Unreadable:
    """A number with at most three digits behind the point."""
    found = _DECIMAL.fullmatch(said)
    if found is None:
        comma = _DECIMAL_COMMA.fullmatch(said) if "$" not in said else None
        return Unreadable(_NO_NUMBER.reason, f"write it as {comma[1]}{comma[2]}.{comma[3]}") if comma else _NO_NUMBER
    if len(found[2] or "") > _DECIMALS:
        return _FINE
    value = Decimal(said) + 0  # no number of units is less than nothing and nothing at once: -0 is 0
    return value if abs(value) <= MOST_UNITS else _MANY


@_reader
def read_whole(said: str) -> int | Unreadable:
    """A whole number, as something measured has."""
    if not _WHOLE.fullmatch(said):
        return _NOT_WHOLE
    value = int(said)
    return value if abs(value) <= MOST_WHOLE else _FAR_NUMBER


def read_index(text: str) -> int | None:
    """A number that a form of ours carries out of sight: its digits and nothing else."""
    return int(text) if _INDEX.fullmatch(text) else None


class Telephone(NamedTuple):
    """A telephone number as it is shown, and as a link dials it."""

    shown: str
    link: str


@_reader
def read_telephone(said: str) -> Telephone | Unreadable:
    """A telephone number with its area code; without a country it is one of North America."""
    try:
        found = phonenumbers.parse(said, "CA")
    except phonenumbers.NumberParseException:
        return _NO_TELEPHONE
    if phonenumbers.is_possible_number_with_reason(found) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return _NO_TELEPHONE
    link = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.RFC3966)
    return Telephone(_shown(found), link)


def _shown(found: phonenumbers.PhoneNumber) -> str:
    """As 604-555-4379 in North America, with the country elsewhere."""
    digits = phonenumbers.national_significant_number(found)
    if found.country_code != 1:
        return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return "-".join((digits[:3], digits[3:6], digits[6:])) + (f" ext. {found.extension}" if found.extension else "")
