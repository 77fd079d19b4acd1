"""What each caller can list and open is what the model says that belongs to them, whatever happened to a referral.

The model: an invoice belongs to the site that sent it, for ever. Plans, reports and attendance are seen by the site
that has the referral and, as they were on its last day, by those that had it. Nothing is listed twice.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.processes import ROOT
from services.portal.api.access import BILLS, CLINIC
from services.portal.pages.settings import settings as page_settings
from services.portal.store.change_feed import list_hints, newest_change
from shared.database.migrate import MECHANISM, migrate
from shared.database.postgres import open_session
from shared.domain.decision import Event
from tests.portal import story, treated
from tests.portal.conftest import House
from tests.portal.story import NOON
from tests.portal.world import World
from tests.stack.databases import Databases

NORTH, SOUTH = ("s-n1", "s-n2", "s-n3"), ("s-s1",)
SITES = NORTH + SOUTH
CALLERS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "w-clinician": ("o-north", (("clinician", "s-n1"),)),
    "w-biller": ("o-north", (("biller", "s-n1"),)),
    "w-other": ("o-north", (("biller", "s-n2"), ("clinician", "s-n2"))),
    "w-mixed": ("o-north", (("clinician", "s-n1"), ("biller", "s-n2"))),
    "w-administrator": ("o-north", tuple(("administrator", site) for site in NORTH)),
    "w-rival": ("o-south", (("administrator", "s-s1"),)),
}
_numbers = count(1)


@dataclass
class Model:
    """A referral, and what each site may see of it; documents by kind and name, each with its newest revision."""

    n: int
    asked: str | None = None
    holder: str | None = None
    is_started: bool = False
    reached: set[str] = field(default_factory=set)
    documents: dict[tuple[str, str], int] = field(default_factory=dict)
    days: dict[str, str] = field(default_factory=dict)
    kept: dict[str, tuple[dict[tuple[str, str], int], dict[str, str]]] = field(default_factory=dict)
    lost_at: dict[str, int] = field(default_factory=dict)
    invoices: dict[str, str] = field(default_factory=dict)
    reports_due: set[str] = field(default_factory=set)
    steps: int = 0
    revision: int = 1

    @property
    def id(self) -> str:
        return str(UUID(int=self.n))

    @property
    def number(self) -> str:
        return f"R-24-{self.n:08d}"

    def lose(self) -> None:
        """The site that was asked, or has it, does so no more."""
        if self.holder:
            self.kept[self.holder] = dict(self.documents), dict(self.days)
            self.lost_at[self.holder] = self.steps
        self.asked = self.holder = None
        self.is_started = False

    def opens(self, sites: Sequence[str]) -> bool:
        """Return whether these sites have it, are asked, or had it."""
        return bool({self.holder, self.asked, *self.kept} & set(sites))

    def seen_by(self, sites: Sequence[str]) -> tuple[dict[tuple[str, str], int], dict[str, str]]:
        """Documents and days: as they are, else as the one of the sites saw them that lost the referral last."""
        if self.holder in sites:
            return self.documents, self.days
        former = sorted((site for site in self.kept if site in sites), key=lambda site: self.lost_at[site])
        return self.kept[former[-1]] if former else ({}, {})

    def billed_by(self, sites: Sequence[str]) -> set[str]:
        """Invoices that these sites sent."""
        return {invoice for invoice, site in self.invoices.items() if site in sites}


class Step(NamedTuple):
    """Something that may happen, at a site, to one of the documents; what cannot happen now is left out."""

    what: str
    site: str
    which: int


# what happens often stands more often
WHAT = (
    *("offer", "offer", "offer", "acknowledge", "accept", "accept", "accept", "start", "decline", "lapse", "withdraw"),
    *("withdraw", "plan", "plan", "grant", "report", "overdue", "attend", "bill", "bill", "judge"),
)
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(WHAT),
        st.sampled_from(SITES),
        st.integers(0, 5),
    ),
    min_size=4,
    max_size=40,
)


def told(model: Model, step: Step) -> Iterator[Event]:  # noqa: C901, PLR0912, PLR0915 - one line or three for each
    """Yield what others announce when it happens."""
    model.steps += 1
    model.revision += 1
    named = {"referral_id": model.id, "revision": model.revision}
    found: Event | None = None
    match step.what:
        case "offer" if not (model.asked or model.holder):
            organisation = "o-south" if step.site in SOUTH else "o-north"
            found = story.offered(site=step.site, organisation=organisation, number=model.number)
            model.asked = step.site
            model.reached.add(step.site)
        case "acknowledge" if model.asked:
            found = story.acknowledged(site=model.asked)
        case "accept" if model.asked:
            found = story.accepted(site=model.asked)
            model.holder, model.asked = model.asked, None
            model.kept.pop(model.holder, None)
        case "start" if model.holder and not model.is_started:
            found = treated.started().model_copy(update={"site_id": model.holder})
            model.is_started = True
        case "decline" if model.asked:
            found = story.declined(site=model.asked)
            model.lose()
        case "lapse" if model.asked:
            found = story.lapsed(site=model.asked)
            model.lose()
        case "withdraw" if site := model.asked or model.holder:
            found = story.taken_back(site=site)
            model.lose()
        case "plan" if model.holder:
            plan = len([1 for kind, _ in model.documents if kind == "plan"]) + 1
            found = treated.asked_for(plan)
            model.documents["plan", str(plan)] = model.revision
        case "grant" if plans := sorted(name for kind, name in model.documents if kind == "plan"):
            plan = int(plans[step.which % len(plans)])
            found = treated.granted(plan)
            model.documents["plan", str(plan)] = model.revision
        case "report" if model.holder:
            report = f"progress-{len([1 for kind, _ in model.documents if kind == 'report']) + 1}"
            found = treated.due(report)
            model.documents["report", report] = model.revision
            model.reports_due.add(report)
        case "overdue" if model.reports_due:
            report = sorted(model.reports_due)[step.which % len(model.reports_due)]
            found = treated.overdue().model_copy(update={"report": report})
            model.documents["report", report] = model.revision
        case "attend" if model.holder:
            on = treated.DAY + timedelta(days=step.which)
            status = "attended" if model.revision % 2 else "missed"
            found = treated.attended((on, status))
            model.days = dict(sorted({**model.days, on.isoformat(): status}.items()))
        case "bill" if model.holder:
            invoice = f"i-{model.n}-{len(model.invoices) + 1}"
            says = {"site_id": model.holder} if step.which % 2 else {}
            found = treated.billed().model_copy(update={"invoice_id": invoice, "number": invoice.upper(), **says})
            model.invoices[invoice] = model.holder
        case "judge" if model.invoices:
            invoice = sorted(model.invoices)[step.which % len(model.invoices)]
            found = treated.pended().model_copy(update={"invoice_id": invoice, "number": invoice.upper()})
    if found:
        yield found.model_copy(update=named)


@pytest.fixture
async def callers(portal: World) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """With a key and a session each."""
    clients: dict[str, httpx2.AsyncClient] = {}
    for account, (organisation, roles) in CALLERS.items():
        key = f"key-of-{account}"
        portal.keys[account] = key
        digest = sha256(key.encode()).digest()
        await portal.pool.execute("INSERT INTO accounts VALUES ($1, 'provider', $2)", account, organisation)
        rows = [(account, *role) for role in roles]
        await portal.pool.executemany("INSERT INTO roles VALUES ($1, $2, $3)", rows)
        await portal.pool.execute("INSERT INTO tokens VALUES ($1, $2)", digest, account)
        await portal.pool.execute("INSERT INTO sessions VALUES ($1, $2)", digest, account)
        clients[account] = httpx2.AsyncClient(
            base_url=portal.client.base_url,
            timeout=60,
            headers=portal.auth(account),
            cookies={page_settings().cookie: key},
        )
    yield clients
    for client in clients.values():
        await client.aclose()


def sites_of(account: str, roles: frozenset[str]) -> list[str]:
    return sorted({site for role, site in CALLERS[account][1] if role in roles})


async def items(client: httpx2.AsyncClient, path: str) -> list[dict[str, Any]] | None:
    """Return a list with all its pages; None where there is none."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await client.get(
            f"/api/v1{path}", params={"limit": 200, "cursor": cursor} if cursor else {"limit": 200}
        )
        assert answer.status_code in {200, 404}, answer.text
        if answer.status_code != 200:
            return None
        page = answer.json()
        found += page.get("items", page.get("days"))
        cursor = page.get("next")
    return found


async def check_lists(client: httpx2.AsyncClient, account: str, model: Model) -> None:
    """Of a referral and of each kind of document."""
    sites = sites_of(account, CLINIC)
    place = f"/referrals/{model.number}"
    listed = Counter(one["number"] for one in await items(client, "/referrals") or ())
    assert listed[model.number] == bool(model.reached & set(sites))
    documents, days = model.seen_by(sites)
    for kind in ("plan", "report"):
        found = await items(client, f"{place}/{kind}s")
        expected = {name: revision for (k, name), revision in documents.items() if k == kind}
        assert (found is None) != model.opens(sites)
        assert sorted((str(one[kind]), one["revision"]) for one in found or ()) == sorted(expected.items())
        if model.holder not in sites:
            assert all(one["allowed"] == [] for one in found or ())
        for name in {name for k, name in model.documents if k == kind}:
            answer = await client.get(f"/api/v1{place}/{kind}s/{name}")
            assert (answer.status_code == 200) == (name in expected), (kind, name)
    attended = await items(client, f"{place}/attendance")
    assert {one["on"]: one["status"] for one in attended or ()} == days
    billed = await items(client, f"{place}/invoices")
    assert sorted(one["invoice_id"] for one in billed or ()) == sorted(model.billed_by(sites))
    for invoice in model.invoices:
        answer = await client.get(f"/api/v1{place}/invoices/{invoice}")
        assert (answer.status_code == 200) == (invoice in model.billed_by(sites))


async def check_pages(client: httpx2.AsyncClient, account: str, model: Model) -> None:
    """Invoices, each on its page; the referral with what happened to it; the inbox."""
    sites, bills = sites_of(account, CLINIC), sites_of(account, BILLS)
    answer = await client.get("/invoices")
    assert answer.status_code == (200 if bills else 404)
    links = Counter(re.findall(rf'href="/invoices/(i-{model.n}-\d+)"', answer.text))
    assert links == Counter(model.billed_by(bills))
    for invoice in model.invoices:
        assert ((await client.get(f"/invoices/{invoice}")).status_code == 200) == (invoice in model.billed_by(bills))
    page = await client.get(f"/referrals/{model.number}")
    assert (page.status_code == 200) == bool(model.reached & set(sites))
    received = set(re.findall(r"Invoice (\S+) received", page.text))
    assert received == {invoice.upper() for invoice in model.billed_by(sites)}
    sent_in = Counter(re.findall(r"Plan (\d+) sent in", page.text))
    assert sent_in == Counter(name for kind, name in model.seen_by(sites)[0] if kind == "plan")
    inbox = (await client.get("/inbox")).text
    treats = sites_of(account, frozenset({"clinician", "administrator"}))
    reports = Counter(re.findall(rf'href="/referrals/{model.number}/reports/(progress-\d+)"', inbox))
    has = model.is_started and model.holder in treats
    assert set(reports) == (model.reports_due if has else set())


async def check_others(portal: World, model: Model, after: int) -> None:
    """The insurer reads everything once; hints go to whose it is."""
    async with httpx2.AsyncClient(
        base_url=portal.client.base_url, timeout=60, headers=portal.auth("a-officer")
    ) as officer:
        listed = Counter(referral["number"] for referral in await items(officer, "/officer/referrals") or ())
    assert listed[model.number] == 1
    plans = (await portal.get_json(f"/officer/referrals/{model.number}/plans?limit=200", "a-officer"))["items"]
    assert sorted(str(one["plan"]) for one in plans) == sorted(n for kind, n in model.documents if kind == "plan")
    async with portal.pool.acquire() as conn:
        hints = await list_hints(conn, after, [])
    for hint in hints:
        if hint.number == model.number and hint.topic == "invoice":
            assert hint.recipient in {"claims_officer", *model.invoices.values()}
        elif hint.number == model.number and hint.topic in {"plan", "report", "attendance"}:
            assert hint.recipient in {"claims_officer", model.holder, *model.kept}


Callers = dict[str, httpx2.AsyncClient]
SIZES = st.lists(st.integers(1, 6), min_size=40, max_size=40)
COMMON: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


async def check(house: House, callers: Callers, steps: Sequence[Step], sizes: Sequence[int]) -> None:
    """Hear one history in batches of these sizes, in a portal without others: no list then has a second page."""
    portal, model = house.world, Model(next(_numbers))
    await house.owner.execute("TRUNCATE views, papers, papers_left, cases, timeline, doors")
    async with portal.pool.acquire() as conn:
        after = await newest_change(conn)
    created = story.created(model.id, model.number)
    events: list[Event] = [created, *(event for step in steps for event in told(model, step))]
    for size in sizes:
        if events:
            await portal.hear(*events[:size])
        events = events[size:]
    for account, client in callers.items():
        await check_lists(client, account, model)
        await check_pages(client, account, model)
    await check_others(portal, model, after)


@settings(max_examples=8, derandomize=True, **COMMON)
@given(STEPS, SIZES)
async def test_each_caller_sees_what_the_model_says_is_theirs(
    house: House, callers: Callers, steps: list[Step], sizes: list[int]
) -> None:
    await check(house, callers, steps, sizes)


@pytest.mark.long
@settings(max_examples=300, **COMMON)
@given(STEPS, SIZES)
async def test_each_caller_sees_what_the_model_says_is_theirs_in_many_histories(
    house: House, callers: Callers, steps: list[Step], sizes: list[int]
) -> None:
    await check(house, callers, steps, sizes)


HISTORIES: dict[str, str] = {
    "lost after an invoice, and treated by a sister site": """
        offer s-n1, accept s-n1, start s-n1, plan s-n1, report s-n1, attend s-n1, bill s-n1, withdraw s-n1,
        offer s-n2, accept s-n2, start s-n2, plan s-n2, grant s-n2, attend s-n2, overdue s-n2, bill s-n2, judge s-n2""",
    "lost, and told more of before it is taken": """
        offer s-n1, accept s-n1, start s-n1, plan s-n1, report s-n1, attend s-n1, withdraw s-n1,
        grant s-n1, overdue s-n1""",
    "lost to another organisation": """
        offer s-n1, accept s-n1, start s-n1, plan s-n1, bill s-n1, withdraw s-n1, grant s-n1,
        offer s-s1, accept s-s1, start s-s1, plan s-s1, bill s-s1, judge s-s1""",
    "declined and lapsed at two sites, treated at the third": """
        offer s-n1, decline s-n1, offer s-n2, lapse s-n2,
        offer s-n3, accept s-n3, start s-n3, plan s-n3, bill s-n3""",
    "asked of another organisation after treatment began": """
        offer s-n1, accept s-n1, start s-n1, plan s-n1, report s-n1, withdraw s-n1, offer s-s1, acknowledge s-s1""",
    "back at the site that had it first": """
        offer s-n1, accept s-n1, plan s-n1, withdraw s-n1, offer s-n2, accept s-n2, plan s-n2, withdraw s-n2,
        offer s-n1, accept s-n1, plan s-n1, grant s-n1""",
    "offered again to the site that had it, and declined": """
        offer s-n1, accept s-n1, plan s-n1, withdraw s-n1, offer s-n2, accept s-n2, plan s-n2, withdraw s-n2,
        offer s-n1, decline s-n1""",
}


@pytest.mark.parametrize("size", [1, 40])
@pytest.mark.parametrize("history", HISTORIES)
async def test_what_belongs_to_a_referral_follows_it_and_its_invoices_do_not(
    house: House, callers: Callers, history: str, size: int
) -> None:
    said = (part.split() for part in HISTORIES[history].split(","))
    steps = [Step(what, site, 1) for what, site in said]
    await check(house, callers, steps, [size] * 40)


async def lost_and_taken(portal: World, model: Model) -> None:
    """A site treats, bills and loses the referral; a sister site takes it."""
    history = """offer s-n1, accept s-n1, start s-n1, plan s-n1, report s-n1, bill s-n1, withdraw s-n1,
        offer s-n2, accept s-n2"""
    steps = [Step(what, site, 1) for what, site in (part.split() for part in history.split(","))]
    events = [event for step in steps for event in told(model, step)]
    await portal.hear(story.created(model.id, model.number), *events)


async def test_what_is_told_late_of_a_sites_own_time_reaches_it_still(portal: World, callers: Callers) -> None:
    model = Model(next(_numbers))
    await lost_and_taken(portal, model)
    named = {"referral_id": model.id, "revision": 99}
    late = (treated.granted(1).model_copy(update=named), treated.due("progress-9").model_copy(update=named))
    early = (NOON - timedelta(hours=1)).isoformat().encode()
    await portal.get([portal.desk.write(event).saying(ce_time=early) for event in late])
    for account in ("w-clinician", "w-other"):
        plans = await items(callers[account], f"/referrals/{model.number}/plans") or []
        reports = await items(callers[account], f"/referrals/{model.number}/reports") or []
        assert [plan["state"] for plan in plans] == ["approved"]
        assert [report["report"] for report in reports] == ["progress-1", "progress-9"]
        assert "Plan 1 decided" in (await callers[account].get(f"/referrals/{model.number}")).text


async def test_an_account_of_two_sites_acts_on_an_invoice_for_the_site_that_sent_it(
    portal: World, callers: Callers
) -> None:
    model = Model(next(_numbers))
    await lost_and_taken(portal, model)
    (invoice,) = model.invoices
    for account in ("w-biller", "w-administrator"):
        await portal.post(f"/referrals/{model.number}/commands/void", account, {"invoice_id": invoice}, etag='"1"')
        assert (await portal.fact("voided-invoice")).payload["site_id"] == "s-n1"
        page = await callers[account].post(
            f"/invoices/{invoice}", data={"how": "void", "key": str(uuid4()), "seen": "1"}, follow_redirects=False
        )
        assert page.status_code == 303
        assert (await portal.fact("voided-invoice")).payload["site_id"] == "s-n1"
    await portal.post(f"/referrals/{model.number}/commands/attendance", "w-administrator", {"days": []})
    assert (await portal.fact("recorded-attendance")).payload["site_id"] == "s-n2"


async def test_a_site_that_lost_a_referral_writes_no_report_and_puts_its_invoice_right(
    portal: World, callers: Callers
) -> None:
    model = Model(next(_numbers))
    await lost_and_taken(portal, model)
    pages = {"plan": 200, "plan/edit": 404, "reports": 200, "reports/progress-1": 200, "reports/progress-1/about": 404}
    for path, expected in pages.items():
        page = await callers["w-clinician"].get(f"/referrals/{model.number}/{path}")
        assert page.status_code == expected, path
        assert not re.search(r'href="[^"]*/(plan/edit|reports/progress-1/\w+)"', page.text)
    answer = await callers["w-biller"].get(f"/invoices/draft-{model.number}")
    assert answer.status_code == 200


async def test_papers_of_before_are_given_to_the_sites_whose_they_are(databases: Databases, tmp_path: Path) -> None:
    folder = ROOT / "services" / "portal" / "migrations"
    for file in folder.glob("*.sql"):
        if file.name < "portal_0009":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    url = await databases.clone("portal-of-before", {"portal": [MECHANISM, tmp_path]})
    conn = await open_session(url, "portal", "portal")
    await conn.execute(
        """
        INSERT INTO cases (referral_id, site_id, body, number)
        VALUES ('r-1', 's-2', '{}', 'R-1'), ('r-2', NULL, '{}', 'R-2');
        INSERT INTO views VALUES ('r-1', 's-1', 'o', 'R-1', 'declined', 1, 'W', 1, '{}'),
            ('r-1', 's-2', 'o', 'R-1', 'active', 1, 'W', 2, '{"payee_id": "p-1"}'),
            ('r-2', 's-1', 'o', 'R-2', 'offer-withdrawn', 1, 'W', 3, '{"payee_id": "p-1"}');
        INSERT INTO papers VALUES ('r-1', 'plan', '1', 'approved', 1, '{}', 4),
            ('r-1', 'invoice', 'i-1', 'paid', 1, '{"payee_id": "p-1"}', 5),
            ('r-2', 'plan', '1', 'approved', 1, '{}', 6),
            ('r-2', 'invoice', 'i-2', 'paid', 1, '{"payee_id": "p-1"}', 7);
        INSERT INTO timeline VALUES ('r-1', 'rehab-invoice', 1, 'invoice-paid', now(), NULL, '{"invoice_id": "i-1"}'),
            ('r-1', 'rehab-program', 1, 'plan-approved', now(), NULL, '{}')
        """
    )
    await migrate(url, "portal_owner", "portal", [MECHANISM, folder])
    rows = await conn.fetch("SELECT referral_id, kind, site_id FROM papers ORDER BY referral_id, kind")
    assert [tuple(row) for row in rows] == [
        ("r-1", "invoice", "s-2"), ("r-1", "plan", "s-2"), ("r-2", "invoice", "s-1"), ("r-2", "plan", None),
    ]  # fmt: skip
    rows = await conn.fetch("SELECT topic, site_id FROM timeline ORDER BY topic")
    assert [tuple(row) for row in rows] == [("rehab-invoice", "s-2"), ("rehab-program", None)]
    await conn.close()
    await databases.drop(url)
