"""The published register that pages show: organisations, sites, contracts, fees and calendars."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from services.portal.domain.text_display import shows
from shared.billing.fees import Terms
from shared.database.postgres import Connection
from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.versions import version_on
from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    ContractEnded,
    FeeLine,
    FeeSchedulePublished,
    OrganisationRegistered,
    PayeeRegistered,
    SiteOpened,
)
from shared.events.program import ProgramPublished
from shared.events.published import Published
from shared.registers import cached_table
from shared.registers.replicated_register import ReplicatedRegister

REPLICA = ReplicatedRegister(
    "register",
    (
        OrganisationRegistered,
        PayeeRegistered,
        SiteOpened,
        ContractActivated,
        ContractEnded,
        FeeSchedulePublished,
        CalendarPublished,
        ProgramPublished,
    ),
)


class Register(NamedTuple):
    """By id, the newest revision last."""

    names: Mapping[str, str] = {}
    sites: Mapping[str, SiteOpened] = {}
    contracts: Mapping[str, tuple[ContractActivated, ...]] = {}
    schedules: Mapping[str, tuple[FeeSchedulePublished, ...]] = {}
    calendars: Mapping[str, Calendar] = {}
    programs: Mapping[str, tuple[ProgramPublished, ...]] = {}
    default_calendar: Calendar = UNPUBLISHED
    terms: Terms = Terms()

    def name(self, id_: str | None) -> str:
        """Of an organisation, a payee or a site; its id where nobody published it, and where nothing of it shows."""
        name = self.names.get(id_ or "", "")
        return name if shows(name) else id_ or ""

    def service(self, code: str) -> str:
        """A service in words with its billing code: Program day (OR-DAY); the code where no fee schedule has it."""
        lines = (line for versions in self.schedules.values() for one in versions for line in one.lines)
        words = next((line.description for line in lines if line.code == code), "")
        return f"{words[:1].upper()}{words[1:]} ({code})" if words else code

    def contract(self, contract_id: str | None, on: date) -> ContractActivated | None:
        """Return the contract as it holds on a day; None while it is not known."""
        return self.terms.contract_on(contract_id, on) if contract_id and contract_id in self.terms.contracts else None

    def calendar(self, contract_id: str | None) -> Calendar:
        """By which the days of a contract are counted."""
        versions = self.contracts.get(contract_id or "", ())
        return (
            self.calendars.get(versions[-1].calendar_id, self.default_calendar) if versions else self.default_calendar
        )

    def fees(self, contract_id: str | None, on: date) -> Mapping[str, FeeLine]:
        """Return what a contract pays on a day, by code; nothing while the contract is not known."""
        contract = self.contract(contract_id, on)
        return self.terms.fees_on(contract, on) if contract else {}

    def program(self, program: str | None, on: date) -> ProgramPublished | None:
        """As it holds on a day."""
        return version_on(self.programs.get(program or "", ()), on)


async def _load(conn: Connection) -> Register:
    return assemble(await REPLICA.load(conn))


def assemble(published: Published) -> Register:
    """Return the register that was published."""
    sites = published.newest(SiteOpened)
    named: Sequence[OrganisationRegistered | PayeeRegistered | SiteOpened] = (
        *published.all(OrganisationRegistered),
        *published.all(PayeeRegistered),
        *sites.values(),
    )
    return Register(
        {document.key: document.name for document in named},
        sites,
        published.versions(ContractActivated),
        published.versions(FeeSchedulePublished),
        published.calendars,
        published.versions(ProgramPublished),
        published.default_calendar,
        Terms.of(published),
    )


_REGISTER = cached_table.Reference(REPLICA.cache, _load)


async def current_register(conn: Connection) -> Register:
    """From memory, where nothing changed."""
    return await _REGISTER.current(conn)
