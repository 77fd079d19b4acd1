"""Every owner refuses every act in another role, and of another site, whatever stands in the record."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, NamedTuple

import orjson
import pytest

from services.invoice.store.billing import save_billings
from services.portal.api.access import ACCESS, FACTS
from services.program.store.cases import CASES
from services.referral.store.referral import REFERRALS
from shared.config import clock
from shared.domain.decision import Event
from shared.events import catalogue, contracts, portal, procurement, referral
from shared.events.answers import SERVICES
from shared.events.values import Actor
from shared.messaging.handlers import Handlers
from shared.registers.published_documents import DOCUMENTS, Document
from tests.invoice.life import Life, submitted
from tests.invoice.terms import CALENDAR, PUBLISHED, life
from tests.invoice.terms import REFERRAL as CASE
from tests.notification.ledger import event
from tests.program import context
from tests.referral.test_life import Story
from tests.toy.inside import Inside, inside
from tests.toy.letters import Letter

ACTS = tuple(event for event in catalogue.contracts()["portal"] if event.roles)
OWNED = {service: tuple(a for a in ACTS if a.answered_by == service) for service in SERVICES}
ROLES = (*sorted(portal.STAFF), "worker", "bidder", "Clinician", "")
CLINICS = frozenset({"clinician", "biller", "administrator"})
ELSEWHERE = "s-elsewhere"
STATE = {
    "referral": ("referrals", "openings"),
    "program": ("cases",),
    "invoice": ("billings", "invoices", "runs"),
    "notification": ("notices",),
}


class Place(NamedTuple):
    """A record on which people act: its own members, and whose it is."""

    members: dict[str, Any]
    site_id: str = ""
    account_id: str = "a-1"


def act_of(kind: type[Event], place: Place, role: str, site_id: str, account_id: str = "") -> Any:
    """The golden example, done by somebody in a role."""
    golden = json.loads((contracts.EXAMPLES / kind.type_name / "1.json").read_text())["value"]
    own = {name: value for name, value in place.members.items() if name in kind.model_fields}
    where = {"site_id": site_id} if "site_id" in kind.model_fields else {}
    organisation_id = "o-1" if role in CLINICS else None
    by = Actor(account_id=account_id or place.account_id, role=role, organisation_id=organisation_id)
    return kind.model_validate({**golden, **own, **where, "by": by})


def forged(service: str, place: Place) -> Iterator[Any]:
    """Everything that nobody may do."""
    for kind in OWNED[service]:
        for role in ROLES:
            if role not in kind.roles:
                yield act_of(kind, place, role, place.site_id)
            elif "site_id" in kind.model_fields:
                yield act_of(kind, place, role, ELSEWHERE)
            elif kind.scope == "insurer":
                yield act_of(kind, place, role, "").model_copy(
                    update={"by": Actor(account_id="a-1", role=role, organisation_id="o-1")}
                )
            else:
                yield act_of(kind, place, role, "", "a-stranger")


async def referral_there(process: Inside) -> Place:
    """Offered to a site."""
    story = Story().offer()
    offer = story.referral.offer
    assert offer
    async with process.pool.acquire() as conn:
        await REFERRALS.save(conn, [story.referral])
    return Place({"referral_id": story.referral.id}, offer.site_id)


async def program_there(process: Inside) -> Place:
    """Taken by a site."""
    case = context.opened()
    async with process.pool.acquire() as conn:
        await DOCUMENTS.save(conn, [Document("program-published/crrtw/1", 0, 1, context.CRRTW.to_bytes().decode())])
        await CASES.save(conn, [case])
    await process.hear(context.contract(), context.FEES, CALENDAR)
    return Place({"referral_id": case.id}, case.site_id)


async def invoice_there(process: Inside) -> Place:
    """With an invoice that its site sent."""
    case = Life(life())
    case.bill(submitted())
    assert case.billing
    async with process.pool.acquire() as conn:
        await save_billings(conn, [case.billing])
    await process.hear(*PUBLISHED)
    invoice_id = case.invoice().id
    return Place({"referral_id": CASE, "invoice_id": invoice_id, "rectifies": invoice_id}, "s-1")


async def notification_there(process: Inside) -> Place:
    """With a notice to an account."""
    granted = event(portal.RoleGranted, account_id="a-1", role="clinician", site_id="s-1")
    offered = event(referral.ReferralOffered, number="R-24-1", site_id="s-1")
    now = clock.now().isoformat().encode()
    told = [event(procurement.SiteOpened, site_id="s-1"), granted, offered]
    await process.get(*(process.desk.write(one).saying(ce_time=now) for one in told))
    ((notice_id,),) = await process.pool.fetch("SELECT notice_id FROM notices")
    return Place({"notice_id": notice_id})


THERE = {
    "referral": referral_there,
    "program": program_there,
    "invoice": invoice_there,
    "notification": notification_there,
}


@asynccontextmanager
async def owner(service: str, database: str) -> AsyncIterator[tuple[Inside, Place]]:
    """The service with a record that is somebody's."""
    async with inside(database, import_module(f"services.{service}.app").service) as process:
        yield process, await THERE[service](process)


async def codes_of(process: Inside, letters: list[Letter]) -> list[set[str]]:
    """Why each was refused; an empty set where it was not."""
    await process.get(*letters)
    assert not await process.parked()
    told = [orjson.loads(word.payload) for word in await process.words("%action-refused%")]
    refused = {one["action_id"]: {flaw["code"] for flaw in one["reasons"]} for one in told}
    return [refused.get(letter.event_id, set()) for letter in letters]


async def state_of(process: Inside, service: str) -> list[Any]:
    """Return what the service decides on."""
    return [
        sorted(str(tuple(row)) for row in await process.pool.fetch(f"SELECT * FROM {table}"))  # noqa: S608 - names of ours
        for table in STATE[service]
    ]


@pytest.mark.parametrize("service", THERE)
async def test_an_owner_refuses_what_is_done_in_another_role_or_for_another_site(service: str, database: str) -> None:
    async with owner(service, database) as (process, place):
        before = await state_of(process, service)
        acts = list(forged(service, place))
        found = await codes_of(process, [process.desk.write(act) for act in acts])
        wrong = [
            (type(act).__name__, act.by.role, codes)
            for act, codes in zip(acts, found, strict=True)
            if codes != {"NOT-YOURS"}
        ]
        assert wrong == []
        assert await state_of(process, service) == before


@pytest.mark.parametrize("service", THERE)
async def test_an_owner_decides_what_is_done_in_its_role_and_at_its_own_site(service: str, database: str) -> None:
    async with owner(service, database) as (process, place):
        acts = [act_of(kind, place, role, place.site_id) for kind in OWNED[service] for role in sorted(kind.roles)]
        found = await codes_of(process, [process.desk.write(act) for act in acts])
        assert {type(act) for act in acts} == set(OWNED[service])
        assert [type(act).__name__ for act, codes in zip(acts, found, strict=True) if "NOT-YOURS" in codes] == []


async def test_an_invoice_stays_that_of_its_site_when_another_has_the_referral(database: str) -> None:
    async with owner("invoice", database) as (process, place):
        await process.hear(event(referral.ReferralAccepted, referral_id=CASE, site_id="s-2", payee_id="p-2"))
        kinds = (portal.ProviderRectifiedInvoice, portal.ProviderVoidedInvoice)
        theirs = [process.desk.write(act_of(kind, place, "biller", "s-2")) for kind in kinds]
        assert await codes_of(process, theirs) == [{"NOT-YOURS"}] * 2
        own = [process.desk.write(act_of(kind, place, "biller", "s-1")) for kind in kinds]
        assert not any("NOT-YOURS" in codes for codes in await codes_of(process, own))
        anew = [process.desk.write(act_of(portal.ProviderSubmittedInvoice, place, "biller", "s-1"))]
        assert await codes_of(process, anew) == [{"NOT-YOURS"}]


@pytest.mark.parametrize(
    ("recipient", "account_id", "is_theirs"),
    [
        ("a-1", "a-1", True),
        ("a-1", "a-2", False),
        ("s-1", "a-1", True),
        ("s-1", "a-3", False),
        ("claims_officer", "a-2", True),
        ("claims_officer", "a-1", False),
        ("clinician", "a-1", False),
        ("o-1", "a-1", True),
        ("o-2", "a-1", False),
    ],
)
async def test_a_notice_is_opened_by_whom_it_told_at_an_account_a_site_a_desk_or_an_organisation(
    database: str, recipient: str, account_id: str, *, is_theirs: bool
) -> None:
    async with owner("notification", database) as (process, place):
        state = event(portal.RoleGranted, account_id="a-2", role="claims_officer", site_id=None)
        away = event(portal.RoleGranted, account_id="a-3", role="clinician", site_id="s-3")
        await process.hear(state, away)
        await process.pool.execute("UPDATE notices SET recipient_id = $1", recipient)
        by = Actor(account_id=account_id, role="clinician", organisation_id="o-1")
        act = act_of(portal.NoticeOpened, place, "clinician", "").model_copy(update={"by": by})
        (codes,) = await codes_of(process, [process.desk.write(act)])
        assert codes == (set() if is_theirs else {"NOT-YOURS"})


def test_every_act_says_in_which_roles_it_is_done_and_what_must_be_the_actors_own() -> None:
    done = {event for event in catalogue.contracts()["portal"] if "by" in event.model_fields}
    assert set(ACTS) == done
    assert all(act.scope for act in ACTS)
    assert {act for act in ACTS if "site_id" in act.model_fields} == {a for a in ACTS if a.scope in {"site", "invoice"}}
    answered = {act for acts in OWNED.values() for act in acts}
    assert done - answered == {portal.OperatorReplayedParked, portal.OperatorDiscardedParked}
    assert not OWNED["procurement"]


@pytest.mark.parametrize("service", THERE)
def test_every_act_that_a_service_answers_stands_in_its_list(service: str) -> None:
    handlers: Handlers = import_module(f"services.{service}.handlers").handlers
    assert set(OWNED[service]) == {e for e in handlers.rules if e.roles and e.answered_by == service}


def test_a_list_of_acts_says_whose_it_is() -> None:
    with pytest.raises(ValueError, match="NoticeOpened"):
        Handlers().on(portal.NoticeOpened, lambda *_: (), None)  # type: ignore[arg-type]  # it is not asked


def test_the_portal_lets_act_whom_the_contract_names() -> None:
    assert {place for place in ACCESS if place[0] != "GET"} == FACTS.keys()
    assert all(ACCESS[place] == fact.roles for place, fact in FACTS.items())
    assert set(FACTS.values()) == {act for acts in OWNED.values() for act in acts}
