"""What procurement published and pages show: organisations, sites, contracts, fees and calendars."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from services.portal.domain.text_display import shows
from shared.billing.fees import Terms
from shared.database.postgres import Connection
from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.decision import Event
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
from shared.messaging.handlers import ReceivedEvent
from shared.registers import cached_table

E = TypeVar("E", bound=Event)
NAME = "register"
REGISTER_EVENTS: tuple[type[Event], ...] = (
    OrganisationRegistered,
    PayeeRegistered,
    SiteOpened,
    ContractActivated,
    ContractEnded,
    FeeSchedulePublished,
    CalendarPublished,
    ProgramPublished,
)
KEEP = """
INSERT INTO register (kind, id, revision, payload)
SELECT DISTINCT ON (kind, id, revision) kind, id, revision, payload
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) WITH ORDINALITY AS u (kind, id, revision, payload, place)
ORDER BY kind, id, revision, place DESC
ON CONFLICT (kind, id, revision) DO UPDATE SET payload = excluded.payload
"""
LOAD = """
SELECT kind, payload FROM register
ORDER BY kind, id, revision
"""


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
        versions = [one for one in self.programs.get(program or "", ()) if one.effective_from <= on]
        return versions[-1] if versions else None


async def project_register(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """By revision."""
    rows = [(k.event.type_name, k.key, getattr(k.event, "revision", 1), k.event.to_bytes().decode()) for k in received]
    await conn.execute(KEEP, *zip(*rows, strict=True))
    await cached_table.changed(conn, NAME)


async def _load(conn: Connection) -> Register:
    types = {kind.type_name: kind for kind in REGISTER_EVENTS}
    return assemble([types[kind].from_bytes(payload.encode()) for kind, payload in await conn.fetch(LOAD)])


def assemble(found: Sequence[Event]) -> Register:
    """A register from what was published, earlier revisions first."""
    published = {e.calendar_id: e for e in found if isinstance(e, CalendarPublished)}
    named = (OrganisationRegistered, PayeeRegistered, SiteOpened)
    return Register(
        {e.key: e.name for e in found if isinstance(e, named)},
        {e.site_id: e for e in found if isinstance(e, SiteOpened)},
        _versions(sorted(found, key=_from_when), ContractActivated),
        _versions(found, FeeSchedulePublished),
        {id_: calendar.calendar() for id_, calendar in published.items()},
        _versions(found, ProgramPublished),
        next((calendar.calendar() for calendar in published.values() if calendar.is_default), UNPUBLISHED),
        Terms.of(found),
    )


def _from_when(one: Event) -> tuple[date, int]:
    """The order in which versions of a contract hold; of two from one day the later revision stands last."""
    return (one.holds_from, one.revision) if isinstance(one, ContractActivated) else (date.min, 0)


def _versions(found: Sequence[Event], kind: type[E]) -> Mapping[str, tuple[E, ...]]:
    versions: dict[str, tuple[E, ...]] = {}
    for one in found:
        if isinstance(one, kind):
            versions[one.key] = (*versions.get(one.key, ()), one)
    return versions


_REGISTER = cached_table.Reference(NAME, _load)


async def current_register(conn: Connection) -> Register:
    """From memory, where nothing changed."""
    return await _REGISTER.current(conn)
