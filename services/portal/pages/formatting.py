"""Codes in people's words, and how amounts, days and instants are written."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Undefined
from markupsafe import Markup, escape

from services.portal.domain.day_count import CountedDay, Pause, count_days
from services.portal.domain.granted_lines import lines_of
from services.portal.domain.typed_values import Unreadable, read_amount, read_day, read_index, read_units
from services.portal.pages import labels, people
from shared.codes import code_list
from shared.codes.injuries import body_part, nature
from shared.domain import wording
from shared.domain.calendar import Calendar

_DATA = Path(__file__).parents[3] / "data"
_PACIFIC = ZoneInfo("America/Vancouver")
_ISO_DAY = re.compile(r"(?<!\bas )(?<!\bwrite )\b(\d{4}-\d{2}-\d{2})(?!\d)(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?")
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
    of_kind = {"report": labels.OF_REPORTS, "invoice": labels.OF_INVOICES}.get(kind, {})
    return of_kind.get(code) or labels.STATES.get(code) or ("State not known here", "grey")


def report_title(name: str | None) -> str:
    """Progress report 2."""
    kind = (name or "").rstrip("-0123456789")
    number = (name or "").removeprefix(kind).strip("-")
    return f"{code_list('report-kinds').label(kind)} {number}".strip()


def units(amount: Decimal | str | float | None) -> str:
    """Without zeros that say nothing."""
    return "" if amount in {None, ""} else f"{Decimal(str(amount)).normalize():f}"


def areas(found: Sequence[Mapping[str, Any]] | None) -> str:
    """Shoulder, left; knee, right."""
    sides = code_list("body-sides")
    named = (", ".join(filter(None, (body_part(a["body_part"]), sides.sentence(a["side"])))) for a in found or ())
    return _capital("; ".join(named))


def sentence(text: str | None) -> str:
    """Begins with a capital letter and ends with a full stop; days of older sentences are written as people do.

    What follows "as" or "write" is an example of what to type and stays as it is.
    """
    found = _ISO_DAY.sub(lambda m: day(m[1]), (text or "").strip().rstrip("."))
    return f"{_capital(found)}." if found else ""


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


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
    """Return what was just done and what happens next; by the action where the first event has no words."""
    event = str((operation.get("result") or {}).get("event", ""))
    call = operation["about"].rpartition("/")[2]
    words = labels.DONE.get(event) or labels.DONE.get(labels.EVENT_OF.get(call, ""))
    return words or ("It was taken", "It is on the record.")


def typed(fields: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return what somebody typed, field by field, in the words of its form."""
    seen = {name: value for name, value in fields.items() if name not in _UNSEEN and value}
    return [(field(name), _chosen(name, value, fields.get("how", ""))) for name, value in seen.items()]


def _chosen(name: str, value: str, how: str) -> str:
    """The words of a code that was chosen; whatever else was typed stays as it is."""
    member = name.rpartition(".")[2]
    if name == "confirmed_with_worker":
        return "Yes" if value == "yes" else "No"
    if name.startswith("day."):
        known = "attendance"
    elif name.startswith("return."):
        known = "return-reasons"
    elif member == "reason_code":
        known = labels.REASONS_OF.get(how, "decline-reasons")
    else:
        known = labels.LISTS.get(member, "")
    return code_list(known).label(value) if known else value


def field(name: str | None) -> str:
    """The label of a field: line 2, units; Wed 13 Nov 2024; empty where none is named."""
    if not name:
        return ""
    first, _, rest = name.partition(".")
    number, _, member = rest.partition(".")
    match first:
        case "lines" if (n := read_index(number)) is not None:
            return f"Line {n + 1}, {field(member).lower()}"
        case "day":
            return typed_day(rest)
        case "sections" | "measures" if rest:
            return code_list("report-sections" if first == "sections" else "measures").label(rest)
        case "return":
            return f"Send back: {field(rest).lower()}"
    return labels.FIELDS.get(name) or name.replace("_", " ").capitalize()


def typed_day(text: str | None) -> str:
    """A day that somebody typed, in words; as typed where it cannot be read."""
    found = read_day(text or "")
    return text or "" if isinstance(found, Unreadable) else day(found)


def typed_amount(text: str) -> Markup:
    """An amount that somebody typed, in dollars and cents; as typed where it cannot be read."""
    found = read_amount(text)
    return escape(text) if isinstance(found, Unreadable) else money(found)


def typed_units(text: str) -> str:
    """A number of units that somebody typed; as typed where it cannot be read."""
    found = read_units(text)
    return text if isinstance(found, Unreadable) else units(found)


def notice(about: str) -> str:
    """Return what somebody was told of, by the type of what happened."""
    words = (about.split(".")[2:3] or [about])[0]
    return labels.NOTICES.get(words, "Something happened to one of your referrals")


@cache
def contacts() -> Sequence[Mapping[str, str]]:
    """Whom to ask about what."""
    with (_DATA / "contacts.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def program_short(code: str | None) -> Markup:
    """The abbreviation of a program, which tells its whole name."""
    known = code_list("programs")
    return Markup('<abbr title="{}">{}</abbr>').format(known.label(code), known.short(code)) if code else Markup("")


def span(days: int | None, unit: str | None) -> str:
    """5 business days; empty where nobody has said how many."""
    known = code_list("units").codes.get(unit or "")
    return wording.counted(days, known.sentence, known.many.lower()) if known and days is not None else ""


def business_days(days: int) -> str:
    """1 business day, 5 business days."""
    return wording.counted(days, "business day")


def lateness(days: int) -> str:
    """2 business days late, 1 business day early; a report of the day itself is neither."""
    return f"{business_days(abs(days))} {'late' if days > 0 else 'early'}" if days else "on the day it was due"


def counted_units(amount: Decimal | str | float) -> str:
    """1 unit, 2.5 units."""
    said = units(amount)
    return f"{said} unit" if said == "1" else f"{said} units"


def due_rule(report: Mapping[str, Any]) -> str:
    """How the day of a report is counted: 5 business days from Tue 12 Nov 2024; empty where it was not said."""
    length, first = span(report.get("days"), report.get("unit")), day(report.get("anchor_on"))
    return f"{length} from {first}." if length and first else ""


def listed(found: Sequence[str] | None, name: str) -> str:
    """Codes of a list inside a sentence: the clinic and the state of the claim."""
    return wording.together(code_list(name).sentence(one) for one in found or ())


def either(found: Sequence[str] | None, name: str) -> str:
    """Codes of a list to choose from inside a sentence."""
    return wording.either(code_list(name).sentence(one) for one in found or ())


def _label(name: str) -> Callable[[str | None], str]:
    return code_list(name).label


FILTERS: Mapping[str, Callable[..., Any]] = {
    "person": people.person,
    "telephone": people.telephone,
    "language": people.language,
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
    "typed_day": typed_day,
    "typed_amount": typed_amount,
    "typed_units": typed_units,
    "areas": areas,
    "nature": nature,
    "body_part": body_part,
    "report_title": report_title,
    "program": _label("programs"),
    "program_short": program_short,
    "span": span,
    "business_days": business_days,
    "lateness": lateness,
    "counted_units": counted_units,
    "listed": listed,
    "due_rule": due_rule,
    "field": field,
    "either": either,
    "section": _label("report-sections"),
    "measure": _label("measures"),
    "discipline": _label("disciplines"),
    "goal": _label("goals"),
    "exit": _label("exit-reasons"),
    "decline": _label("decline-reasons"),
    "next_step": _label("next-steps"),
    "plan_lines": lines_of,
    "plan_reason": _label("plan-reasons"),
    "side": code_list("sides").sentence,
    "explanation": _label("explanation-codes"),
    "role": _label("roles"),
    "attendance": _label("attendance"),
}
