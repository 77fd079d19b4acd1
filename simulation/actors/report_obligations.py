"""The reports that a clinic owes by its contract, and their due days, known without any reminder."""

from collections.abc import Iterator
from datetime import date, timedelta

from simulation.actors.case import Case
from simulation.clients.published_register import Data, Days
from simulation.clients.topics import Announced

_ANCHORS = {"program-started": ("initial-visit", "initial_visit_on"), "program-ended": ("last-day", "last_on")}


class ReportObligations:
    """The programs and calendars as they were published."""

    def __init__(self) -> None:
        """Nothing was published yet."""
        self._programs: dict[tuple[str, int], Data] = {}
        self._calendars: dict[str, Days] = {}

    def hear(self, one: Announced) -> None:
        """A program or a calendar."""
        if one.event_name == "program-published":
            self._programs[one.data["program"], one.data["revision"]] = one.data
        elif one.event_name == "calendar-published":
            self._calendars[one.data["calendar_id"]] = Days(one.data)

    def of(self, case: Case, one: Announced, calendar_id: str) -> Iterator[Data]:
        """The reports that a first visit or a last day makes due."""
        anchor, member = _ANCHORS.get(one.event_name, ("", ""))
        days = self._calendars.get(calendar_id)
        program = self._programs.get((case.program, case.program_revision))
        if not (anchor and days and program):
            return
        anchor_on = date.fromisoformat(one.data[member])
        for kind in program["reports"]:
            if kind["anchor"] == anchor:
                yield {
                    "report": kind["report"],
                    "due_at": _due_at(kind, anchor_on, days),
                    "ended_by": kind["ended_by"],
                }


def _due_at(kind: Data, anchor_on: date, days: Days) -> str:
    """The last second of the day; weeks count by the calendar, everything else by business days."""
    if kind["unit"] == "weeks":
        return days.end_of_nth(anchor_on + timedelta(weeks=kind["due"], days=-1), 1).isoformat()
    return days.end_of_nth(anchor_on, kind["due"]).isoformat()
