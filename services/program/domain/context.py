"""The context of decisions on a case: the contract, its calendar and fees, the catalogue and the instant."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from shared.domain.calendar import Calendar
from shared.events.procurement import ContractActivated, FeeLine, FeeSchedulePublished
from shared.events.program import ProgramPublished

NewId: TypeAlias = Callable[[int], UUID]


class RequiredPart(NamedTuple):
    """A section or a measure that a kind of report needs between two days; a measure lies within its bounds."""

    kind: str
    first: date
    last: date
    part: Literal["section", "measure"]
    name: str
    low: int = 0
    high: int = 0


class CaseContext(NamedTuple):
    """The instant, the ids it gives, and the calendar, catalogue entry, contract and fees that the case stands under.

    `contracts` are all versions of the contract and `fees` all versions of its fee schedules, earlier ones first;
    `contents` is what reports must carry. `new_id(n)` returns the n-th id of this decision, the same in each retry.
    """

    at: datetime
    new_id: NewId
    calendar: Calendar
    entry: ProgramPublished
    contracts: Sequence[ContractActivated]
    fees: Sequence[FeeSchedulePublished] = ()
    contents: Sequence[RequiredPart] = ()

    @property
    def today(self) -> date:
        """The day of the decision in the contract's calendar."""
        return self.calendar.day_of(self.at)

    @property
    def contract(self) -> ContractActivated:
        """The contract as it holds today."""
        return self.contract_on(self.today)

    def contract_on(self, day: date) -> ContractActivated:
        """Return the contract as it holds on a day; before its first version begins, the first."""
        versions = [c for c in self.contracts if c.holds_from <= day]
        return max(versions, key=lambda c: (c.holds_from, c.revision)) if versions else self.contracts[0]

    def fee_on(self, code: str, day: date) -> FeeLine | None:
        """Return the fee line of a code in the schedule that the contract names for a day of service, or None."""
        schedule = self.contract_on(day).fee_schedule_id
        versions = [f for f in self.fees if f.fee_schedule_id == schedule and f.effective_from <= day]
        if not versions:
            return None
        newest = max(versions, key=lambda f: (f.effective_from, f.revision))
        return next((line for line in newest.lines if line.code == code), None)
