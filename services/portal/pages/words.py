"""Codes in people's words, and how amounts, days and instants are written."""

import csv
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Undefined
from markupsafe import Markup

from services.portal.domain.counting import CountedDay, Pause, count_days
from services.portal.domain.granted import lines_of
from services.portal.pages import codes
from shared.calendar import Calendar

_DATA = Path(__file__).parents[3] / "data"
_PACIFIC = ZoneInfo("America/Vancouver")
_LISTED = re.compile(r"(?<=of )[a-z_-]+(?:, [a-z_-]+)+")
_DAY_ALONE = len("2024-11-12")
_written_once = lru_cache(maxsize=4096)  # the same days and instants stand in many rows of many pages
_UNSEEN = frozenset({"key", "seen", "then", "how", "version", "rows", "plan", "amends", "rectifies", "page"})


def money(cents: int | Undefined | None) -> Markup:
    """$1,234.50; negative amounts with a minus sign; nothing for an amount that nobody has said yet."""
    if cents is None or isinstance(cents, Undefined):
        return Markup("")
    if type(cents) is not int:
        raise TypeError("amounts are whole cents")
    sign, whole = ("\N{MINUS SIGN}" if cents < 0 else ""), abs(cents)
    return Markup('<span class="pp-num" data-money>{}${:,}.{:02d}</span>').format(sign, whole // 100, whole % 100)


@_written_once
def instant(at: datetime | str | None) -> datetime | None:
    """As read from JSON, in Pacific time."""
    if not at:
        return None
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return found.astimezone(_PACIFIC)


def a_day(on: date | str | None) -> date | None:
    """Reads a day from JSON; of an instant it is the day in Pacific time, never that of the instant's own offset."""
    if isinstance(on, datetime) or (isinstance(on, str) and len(on) > _DAY_ALONE):
        found = instant(on)
        return found.date() if found else None
    return date.fromisoformat(on) if isinstance(on, str) and on else on or None


@_written_once
def day(on: date | str | None) -> str:
    """Tue 12 Nov 2024."""
    found = a_day(on)
    return f"{found:%a} {found.day} {found:%b %Y}" if found else ""


def long_day(on: date | str | None) -> str:
    """Tuesday 12 November 2024."""
    found = a_day(on)
    return f"{found:%A} {found.day} {found:%B %Y}" if found else ""


@_written_once
def when(at: datetime | str | None) -> str:
    """Tue 12 Nov 2024, 09:00."""
    found = instant(at)
    return f"{day(found.date())}, {found:%H:%M}" if found else ""


def left(due: datetime | str | None, now: datetime) -> str:
    """How much time there is, in words."""
    found = instant(due)
    if found is None:
        return ""
    seconds = int((found - now).total_seconds())
    days, hours, minutes = abs(seconds) // 86400, abs(seconds) // 3600, abs(seconds) // 60
    amount = f"{days} days" if days > 1 else f"{hours} hours" if hours > 1 else f"{minutes} minutes"
    return f"{amount} left" if seconds >= 0 else f"{amount} over"


def state(code: str, kind: str = "") -> tuple[str, str]:
    """The words and the colour of a state."""
    of_kind = {"report": codes.OF_REPORTS, "invoice": codes.OF_INVOICES}.get(kind, {})
    return of_kind.get(code) or codes.STATES.get(code) or (code.replace("-", " ").capitalize(), "grey")


def report_title(name: str) -> str:
    """Progress report 2."""
    kind = name.rstrip("-0123456789")
    number = name.removeprefix(kind).strip("-")
    return f"{codes.REPORTS.get(kind, kind)}{f' {number}' if number else ''}"


def waits(found: Sequence[str] | None) -> str:
    """What an invoice waits for, in words."""
    return " and ".join(codes.WAITS.get(one, one.replace("-", " ")) for one in found or ())


def units(amount: Decimal | str | float | None) -> str:
    """Without zeros that say nothing."""
    return "" if amount in {None, ""} else f"{Decimal(str(amount)).normalize():f}"


@cache
def _injuries() -> Mapping[tuple[str, str], str]:
    with (_DATA / "injury-codes.csv").open(encoding="utf-8", newline="") as lines:
        return {(row["list"], row["code"]): row["meaning"] for row in csv.DictReader(lines)}


def body_part(code: str) -> str:
    """What was injured."""
    return _injuries().get(("body_part", code), code)


def nature(code: str) -> str:
    """How it was injured."""
    return _injuries().get(("nature", code), code)


def areas(found: Sequence[Mapping[str, Any]] | None) -> str:
    """Shoulder, left; knee, right."""
    return "; ".join(
        ", ".join(filter(None, (body_part(a["body_part"]), codes.SIDES.get(a["side"], "")))) for a in found or ()
    )


def sentence(text: str | None) -> str:
    """Begins with a capital letter and ends with a full stop."""
    found = _LISTED.sub(_in_words, (text or "").strip().rstrip("."))
    return f"{found[:1].upper()}{found[1:]}." if found else ""


def _in_words(listed: re.Match[str]) -> str:
    """Codes to choose from, as their form names them."""
    parts = listed[0].split(", ")
    return "; ".join(codes.CHOICES[p].lower() for p in parts) if codes.CHOICES.keys() >= set(parts) else listed[0]


def counted(
    calendar: Calendar,
    since: date | datetime | str,
    due: datetime | str,
    pauses: Sequence[Sequence[str]] | Undefined | None = None,
) -> Markup:
    """The list of days between the beginning of a deadline, a day or an instant, and its end.

    `pauses` are the instants between which its clock stood still; the last one may have no end yet.
    """
    ends = instant(due)
    if isinstance(since, str) and "T" not in since.replace(" ", "T"):
        since = date.fromisoformat(since)
    begins = instant(since) if isinstance(since, str | datetime) else since
    first = calendar.day_of(begins) if isinstance(begins, datetime) else begins
    still = tuple(
        Pause(*(calendar.day_of(datetime.fromisoformat(at)) for at in one)) for one in pauses or () if one[1:]
    )
    return _listed(calendar, first, calendar.day_of(ends), still) if first and ends else Markup("")


@_written_once
def _listed(calendar: Calendar, first: date, last: date, pauses: tuple[Pause, ...] = ()) -> Markup:
    days = count_days(calendar, first, last, pauses)
    items = Markup("").join(_listed_day(one, is_first=one is days[0], is_last=one is days[-1]) for one in days)
    return Markup('<ol class="pp-days" aria-label="Day count" data-first="{}">{}</ol>').format(first, items)


def _listed_day(one: CountedDay, *, is_first: bool, is_last: bool) -> Markup:
    """With its number, or why it has none."""
    kind = "is-start" if is_first else "is-due" if is_last else "" if one.n else "is-skip"
    place = f" dow-{one.on.isoweekday()}" if is_first else ""
    number = f"day {one.n}" if one.n else one.why
    said = (kind, place, f"{one.on:%a}", f"{one.on.day} {one.on:%b}", number, ", due" if is_last else "")
    return Markup('<li class="{}{}">{}<b>{}</b>{}{}</li>').format(*said)


def done_words(operation: Mapping[str, Any]) -> tuple[str, str]:
    """What was just done, and what happens next; where the first thing announced has no words, by what was asked."""
    event = str((operation.get("result") or {}).get("event", ""))
    asked = codes.ASKED.get(operation["about"].rpartition("/")[2], "")
    return codes.DONE.get(event) or codes.DONE.get(asked) or ("It was taken", "It is on the record.")


def typed(fields: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """What somebody typed, field by field, in the words of its form."""
    seen = {name: value for name, value in fields.items() if name not in _UNSEEN and value}
    return [(field(name), codes.CHOICES.get(value, value)) for name, value in seen.items()]


def field(name: str) -> str:
    """The label of a field: line 2, units; Wed 13 Nov 2024."""
    first, _, rest = name.partition(".")
    number, _, member = rest.partition(".")
    match first:
        case "lines" if number.isdigit():
            return f"Line {int(number) + 1}, {field(member).lower()}"
        case "day":
            return day(rest)
        case "sections":
            return codes.SECTIONS.get(rest, rest)
        case "measures":
            return codes.MEASURES.get(rest, rest)
        case "return":
            return f"Send back: {field(rest).lower()}"
    return codes.FIELDS.get(name) or name.replace("_", " ").capitalize()


def notice(about: str) -> str:
    """What somebody was told of, by the type of what happened."""
    words = (about.split(".")[2:3] or [about])[0]
    return codes.NOTICES.get(words) or f"{words.replace('-', ' ').capitalize()}"


@cache
def contacts() -> Sequence[Mapping[str, str]]:
    """Whom to ask about what."""
    with (_DATA / "contacts.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def rules() -> Mapping[str, str]:
    """What each code of a refusal means, in a sentence."""
    return tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))


def _of(known: Mapping[str, str]) -> Callable[[str | None], str]:
    return lambda code: known.get(code or "", (code or "").replace("-", " ").replace("_", " "))


FILTERS: Mapping[str, Callable[..., Any]] = {
    "sentence": sentence,
    "notice": notice,
    "counted": counted,
    "done_words": done_words,
    "typed": typed,
    "money": money,
    "day": day,
    "long_day": long_day,
    "when": when,
    "left": left,
    "instant": instant,
    "state": state,
    "units": units,
    "waits": waits,
    "areas": areas,
    "nature": nature,
    "body_part": body_part,
    "report_title": report_title,
    "program": _of(codes.PROGRAMS),
    "section": _of(codes.SECTIONS),
    "measure": _of(codes.MEASURES),
    "discipline": _of(codes.DISCIPLINES),
    "goal": _of(codes.GOALS),
    "exit": _of(codes.EXITS),
    "decline": _of(codes.DECLINES),
    "next_step": _of(codes.NEXT_STEPS),
    "plan_lines": lines_of,
    "plan_reason": _of(codes.PLAN_REASONS),
    "role": _of(codes.ROLES),
    "attendance": _of(codes.ATTENDANCES),
}
