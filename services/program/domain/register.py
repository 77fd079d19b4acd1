"""What others published and cases stand on: contracts, fees, calendars, and the catalogue itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from services.program.domain.case import Case, CaseContext
from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.versions import version_on
from shared.events.procurement import ContractActivated, FeeSchedulePublished
from shared.events.program import ProgramPublished
from shared.events.values import Program

Catalogue = Mapping[tuple[Program, int], ProgramPublished]


class Register(NamedTuple):
    """Contracts and fee schedules with all their versions, earlier ones first; calendars as published last."""

    contracts: Mapping[str, tuple[ContractActivated, ...]]
    fees: Mapping[str, tuple[FeeSchedulePublished, ...]]
    calendars: Mapping[str, Calendar]
    default_calendar: Calendar = UNPUBLISHED

    def context(self, case: Case, catalogue: Catalogue, at: datetime) -> CaseContext:
        """What holds for a case at an instant; a contract or entry that nobody published raises LookupError."""
        versions = self.contracts.get(case.contract_id)
        entry = catalogue.get((case.program, case.program_revision))
        if not versions or entry is None:
            raise LookupError(f"contract {case.contract_id} and {case.program} {case.program_revision} are published")
        calendar = self.calendars.get(versions[-1].calendar_id, self.default_calendar)
        today = calendar.day_of(at)
        schedules = dict.fromkeys(v.fee_schedule_id for v in versions)
        fees = tuple(f for id_ in schedules for f in self.fees.get(id_, ()))
        return CaseContext(at, version_on(versions, today) or versions[0], calendar, entry, versions, fees)
