"""Which records of a capture are played: all, or those that concern the claims accepted in a stretch of time."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from simulation.claims_system.capture import Captured
from simulation.claims_system.record_validity import Verdict, judge

_PACIFIC = ZoneInfo("America/Vancouver")
_ACCEPTED, _REQUESTED = "claims.claim-accepted.v1", "claims.rehabilitation-requested.v1"


class Stretch(NamedTuple):
    """Days on which claims were accepted, from the first up to and without the last."""

    from_on: date
    to_on: date

    @classmethod
    def of(cls, from_on: date | None, days: int | None) -> Self:
        """So many days from the first one; without a first one all, without a number all from then on."""
        first = from_on or date.min
        return cls(first, first + timedelta(days=days) if from_on and days else date.max)

    def holds(self, day: date) -> bool:
        """Return whether a day is one of them."""
        return self.from_on <= day < self.to_on


ALWAYS = Stretch.of(None, None)


def select(records: Sequence[Captured], stretch: Stretch) -> list[Captured]:
    """Claims accepted in the stretch with everything said of them, before and after.

    Besides what arrives in it and concerns no accepted claim: bad records, unknown types, requests without acceptance.
    """
    if stretch == ALWAYS:
        return list(records)
    verdicts = [judge(record, _day(record)) for record in records]
    accepted = _accepted_on(verdicts)
    return [
        record
        for record, verdict in zip(records, verdicts, strict=True)
        if (
            stretch.holds(accepted[number])
            if (number := _number(verdict)) in accepted
            else stretch.holds(_day(record)) and (verdict.kind != "valid" or verdict.type == _REQUESTED)
        )
    ]


def _accepted_on(verdicts: Sequence[Verdict]) -> dict[str, date]:
    """The day of each claim's first acceptance."""
    found: dict[str, date] = {}
    for verdict in verdicts:
        if verdict.kind == "valid" and verdict.type == _ACCEPTED:
            decided_on = date.fromisoformat(verdict.data["decided_on"])
            found[_number(verdict)] = min(decided_on, found.get(_number(verdict), decided_on))
    return found


def _number(verdict: Verdict) -> str:
    return str(verdict.data["claim_number"]) if verdict.kind == "valid" else ""


def _day(record: Captured) -> date:
    return record.arrives_at.astimezone(_PACIFIC).date()
