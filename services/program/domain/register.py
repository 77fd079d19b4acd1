"""The published documents that decisions on cases look up: contracts, fee schedules, calendars and the catalogue."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.program.domain.case import Case
from services.program.domain.context import CaseContext, NewId, RequiredPart
from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.events.procurement import ContractActivated, FeeSchedulePublished
from shared.events.program import ProgramPublished
from shared.events.values import Program

Catalogue = Mapping[tuple[Program, int], ProgramPublished]


class Register(NamedTuple):
    """Contracts and fee schedules with all their versions, earlier ones first; calendars in their newest version."""

    contracts: Mapping[str, tuple[ContractActivated, ...]]
    fees: Mapping[str, tuple[FeeSchedulePublished, ...]]
    calendars: Mapping[str, Calendar]
    default_calendar: Calendar = UNPUBLISHED


class Facts(NamedTuple):
    """Everything that decisions need besides the case itself."""

    register: Register
    catalogue: Catalogue
    contents: Sequence[RequiredPart]

    def context(self, case: Case, at: datetime, new_id: NewId) -> CaseContext:
        """Return the context of a decision; raise LookupError where contract or catalogue entry is not published."""
        contracts = self.register.contracts.get(case.contract_id)
        entry = self.catalogue.get((case.program, case.program_revision))
        if not contracts or entry is None:
            raise LookupError(f"contract {case.contract_id} or {case.program} {case.program_revision} is not published")
        calendar = self.register.calendars.get(contracts[-1].calendar_id, self.register.default_calendar)
        schedules = dict.fromkeys(c.fee_schedule_id for c in contracts)
        fees = tuple(f for id_ in schedules for f in self.register.fees.get(id_, ()))
        return CaseContext(at, new_id, calendar, entry, contracts, fees, self.contents)
