"""The limits of records, from dated data (`shared/events/limits.toml`)."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple


class Limits(NamedTuple):
    """The limits that are valid from a day on; the data explain each."""

    from_on: date
    attribute_bytes: int
    header_name_bytes: int
    header_value_bytes: int
    headers_bytes: int
    value_bytes: int
    person_id_bytes: int
    text_characters: int
    accepted_areas: int
    barriers: int
    job_demands: int
    lines: int


_DATA: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "limits.toml").read_text())
ALL = tuple(sorted((Limits(**entry) for entry in _DATA["limits"]), key=lambda limits: limits.from_on))
NEWEST = ALL[-1]  # for what is written now: bodies of calls, pages, own announcements

FIRST_DAY: date = _DATA["days"]["first"]
LAST_DAY: date = _DATA["days"]["last"]
SPAN_DAYS: int = _DATA["days"]["span_days"]
FIRST_INSTANT = datetime.combine(FIRST_DAY, time.min, UTC)
LAST_INSTANT = datetime.combine(LAST_DAY, time.max, UTC)
BETWEEN = f"must lie between {FIRST_DAY} and {LAST_DAY}"


@lru_cache(maxsize=64)
def limits_on(day: date) -> Limits:
    """Return the limits for a record that was first read on this day."""
    return next((limits for limits in reversed(ALL) if limits.from_on <= day), ALL[0])
