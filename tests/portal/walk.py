"""One case after another through every page: who opens which pages, and what stands on them."""

import csv
import tomllib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from typing import NamedTuple

from deploy.local.processes import ROOT
from services.portal.pages.access import PAGES
from shared.domain.decision import Event, EventContext
from shared.events.person import Identity, WorkerIdentified
from shared.events.procurement import (
    ContractActivated,
    FeeSchedulePublished,
    OrganisationRegistered,
    PayeeRegistered,
    SiteOpened,
)
from shared.events.program import ProgramPublished
from shared.messaging import encryption, outbox
from tests.portal import story
from tests.portal.conftest import ACCOUNTS, House
from tests.portal.pdf_text import texts_of_pdf
from tests.portal.raw import faults_in, faults_on, texts_of
from tests.portal.story import NOON, NUMBER
from tests.portal.visitor import Visitor, visiting
from tests.portal.world import World

IDENTITY = Identity(given_name="Ida", family_name="Invented", phone="+16045554379", language="en")
ROLES = {row[0]: row[4] for row in ACCOUNTS if row[0] in {"a-north", "a-north-biller", "a-officer", "a-payer"}}
ROLES["a-worker"] = "worker"
FORGET = "TRUNCATE cases, views, papers, timeline, notices, operations, remittances, runs, drafts, doors"
_APART = ("/static", "/events", "/operations", "/session", "/sign", "/resume")
_SECTIONS = ("about", "history", "measures")
_OF_CASE = {"/referrals/{number}", "/referrals/{number}/plan", "/referrals/{number}/reports/{name}"}
# the pages that list what happened; all others are forms about it
_LISTING = {
    "clinician": {"/inbox", "/referrals", "/referrals/{number}/answer", "/referrals/{number}/reports", *_OF_CASE},
    "biller": {"/inbox", "/invoices", "/invoices/{invoice_id}", "/payments", "/remittances/{remittance_id}"},
    "claims_officer": {
        "/officer",
        *(f"/officer{path}" for path in _OF_CASE),
        "/officer/referrals/{number}/plans/{plan}",
    },
    "payment_officer": {"/inbox"},
    "worker": {"/my", "/my/timeline"},
}
_LISTING["biller"].add("/remittances/{remittance_id}/pdf")


class Fault(NamedTuple):
    """What somebody read that nobody should, and where."""

    who: str
    path: str
    kind: str
    text: str


def network() -> Iterator[Event]:
    """Yield what procurement and program publish: one clinic with its contract, fees of every code, the programs."""
    yield story.CALENDAR
    yield OrganisationRegistered(organisation_id="o-north", name="North Clinics")
    yield PayeeRegistered(payee_id="p-1", organisation_id="o-north", name="North Clinics Payee")
    for site in ("s-north-1", "s-north-2"):
        yield SiteOpened(
            site_id=site,
            revision=1,
            organisation_id="o-north",
            payee_id="p-1",
            name=f"North Clinic {site[-1]}",
            community="Quesnel",
            languages=("en", "pa"),
            disciplines=("physical_therapist",),
            phone="+12505551234",
            email="north@example.test",
            opened_on=date(2021, 11, 1),
        )
    fees = tomllib.loads((ROOT / "data/network/fees.toml").read_text())["schedule"]
    yield from (FeeSchedulePublished.model_validate(one) for one in fees)
    catalogue = (ROOT / "services/program/catalogue").glob("*1.toml")
    yield from (ProgramPublished.model_validate(tomllib.loads(one.read_text())) for one in catalogue)
    with (ROOT / "data/network/contracts.csv").open() as lines:
        shipped = next(row for row in csv.DictReader(lines) if row["program"] == "or1")
    yield ContractActivated(
        contract_id="c-1",
        revision=1,
        holds_from=date.fromisoformat(shipped["holds_from"]),
        payee_id="p-1",
        organisation_id="o-north",
        program="or1",
        sites=("s-north-1",),
        communities=("Quesnel",),
        effective_from=date.fromisoformat(shipped["effective_from"]),
        fee_schedule_id=shipped["fee_schedule_id"],
        calendar_id="bc",
        reviewed_reports=("initial",),
    )


async def introduce(portal: World) -> None:
    """Referral says who the worker is, sealed."""
    person = WorkerIdentified(kind="worker", person_id="W1", identity=IDENTITY)
    async with portal.pool.acquire() as conn:
        (said,) = await encryption.seal_people(
            conn, [outbox.message_of(person, EventContext("c", "c", person.key, NOON, NOON))]
        )
    await portal.hear(said.event)


class Walk:
    """Everybody signed in, and a network that stays from case to case."""

    def __init__(self, house: House, portal: World, visitors: dict[str, Visitor]) -> None:
        self.house, self.portal, self.visitors = house, portal, visitors
        self.seen = 0

    async def case(self, *events: Event, everywhere: bool = False) -> list[Fault]:
        """Return what is raw on any page once these were heard, and nothing before."""
        await self.house.owner.execute(FORGET)
        await self.portal.hear(*events)
        return await self.look(everywhere=everywhere)

    async def look(self, *, everywhere: bool = False) -> list[Fault]:
        """Return what is raw on the pages that list what happened, or on every page that there is, as things stand."""
        found: list[Fault] = []
        papers = await self.portal.pool.fetch("SELECT kind, name FROM papers")
        named = {kind: [row["name"] for row in papers if row["kind"] == kind] for kind in ("report", "plan", "invoice")}
        named["remittance"] = [r[0] for r in await self.portal.pool.fetch("SELECT remittance_id FROM remittances")]
        for account, visitor in self.visitors.items():
            for path in paths_for(ROLES[account], named, everywhere=everywhere):
                found += [Fault(account, path, *fault) for fault in await self._faults(visitor, path)]
        return found

    async def read(self, account: str) -> list[str]:
        """The texts of the case's page as somebody sees it."""
        path = f"/officer/referrals/{NUMBER}" if account == "a-officer" else f"/referrals/{NUMBER}"
        return texts_of((await self.visitors[account].client.get(path)).text)

    async def _faults(self, visitor: Visitor, path: str) -> list[tuple[str, str]]:
        """404 and the way elsewhere are answers too; only a fault of ours is none."""
        answer = await visitor.client.get(path)
        assert answer.status_code < 500, (path, answer.text[-1500:])
        self.seen += 1
        kind = answer.headers.get("content-type", "")
        if kind == "application/pdf":
            return [fault for text in texts_of_pdf(answer.content) for fault in faults_in(text)]
        return list(faults_on(answer.text)) if kind.startswith("text/html") else []


def paths_for(role: str, named: dict[str, list[str]], *, everywhere: bool) -> Iterator[str]:
    """The pages of a role, with the names of what there is."""
    for (method, path), roles in PAGES.items():
        is_seen = everywhere or path in _LISTING[role]
        if method == "GET" and is_seen and (role in roles or not roles) and not path.startswith(_APART):
            yield from _filled(path.replace("{number}", NUMBER), named)


def _filled(path: str, named: dict[str, list[str]]) -> Iterator[str]:
    """A path with each of the names that it can have."""
    values: dict[str, Sequence[str]] = {
        "{name}": named["report"],
        "{section}": _SECTIONS,
        "{plan}": named["plan"],
        "{invoice_id}": [*named["invoice"], f"draft-{NUMBER}"],
        "{remittance_id}": named["remittance"],
    }
    place = next((place for place in values if place in path), None)
    if place is None:
        yield path
        return
    for value in values[place]:
        yield from _filled(path.replace(place, value), named)


@asynccontextmanager
async def walking(house: House, portal: World) -> AsyncIterator[Walk]:
    """The network published, the worker known, and everybody signed in."""
    await portal.hear(*network())
    await introduce(portal)
    async with AsyncExitStack() as stack:
        visitors = {account: await stack.enter_async_context(visiting(portal, account)) for account in ROLES}
        yield Walk(house, portal, visitors)


def told(found: Sequence[Fault]) -> str:
    """Each fault once, with the first page that shows it."""
    first: dict[tuple[str, str], Fault] = {}
    for fault in found:
        first.setdefault((fault.kind, fault.text), fault)
    return "\n".join(f"{f.kind}: {f.text!r} ({f.who} {f.path})" for f in first.values())
