"""A page says what is so and promises nothing that is not there."""

import asyncio
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from markupsafe import escape

from deploy.local.processes import ROOT
from services.portal.api.access import ACCESS
from services.portal.pages import formatting, labels
from shared.billing.payable import RULES
from shared.codes import code_list, explained_codes
from shared.domain.decision import Event
from shared.events.invoice import Cut, InvoiceVoided
from shared.events.referral import AppointmentBooked
from simulation.audit.refusals import CODES
from tests.portal import story, treated
from tests.portal.story import CASE, NOON, NUMBER
from tests.portal.test_pages_of_treatment import BILLER, CLINICIAN, OFFICER, REPORT, WORKER
from tests.portal.visitor import visiting
from tests.portal.world import World

R = f"/referrals/{NUMBER}"
# what no page offers: nothing may say that one can, or that it will be there
ABSENT = re.compile(
    r"disput|side by side|certificate|bank file|worker is told|administrator of your site opens"
    r"|In writing|By phone|ask you how you are",
    re.IGNORECASE,
)
OWN = frozenset(
    {"DRAFT-BEGUN", "DRAFT-CHANGED", "GIVEN-UP", "IDEMPOTENCY_MISMATCH", "MISSING", "SHAPE", "UNKNOWN-FIELD"}
)


async def test_no_page_promises_what_is_not_there(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.TREATED, *treated.decided(), treated.paid())
    invoice, remittance = f"/invoices/{treated.INVOICE}", f"/remittances/{treated.REMITTANCE}"
    for account, places in {
        None: ("/", "/contacts", "/sign-in"),
        "a-north": (*CLINICIAN, *REPORT[:1], f"{R}/answer", f"{R}/appointments"),
        "a-north-biller": (*BILLER, invoice, remittance),
        "a-officer": OFFICER,
        "a-payer": ("/inbox",),
        "a-worker": WORKER,
    }.items():
        async with visiting(portal, account) as visitor:
            for place in places:
                assert not ABSENT.search(await visitor.open(place)), place
    for said in labels.DONE.values():
        assert not ABSENT.search(" ".join(said)), said


def test_whatever_is_asked_for_is_told_in_its_own_words_when_it_was_taken() -> None:
    verbs = {path.rpartition("/")[2] for method, path in ACCESS if method == "POST" and "{number}" in path}
    assert verbs <= labels.EVENT_OF.keys()
    assert set(labels.EVENT_OF.values()) <= labels.DONE.keys()
    for verb, words_of in labels.EVENT_OF.items():
        operation = {"about": f"/officer{R}/commands/{verb}", "result": {"event": "referral-offer-withdrawn"}}
        assert formatting.done_words(operation) == labels.DONE[words_of]


def test_no_document_promises_what_is_not_there() -> None:
    documents = [ROOT / "README.md", ROOT / "docs" / "operations.md", ROOT / "data" / "contacts.csv"]
    for document in documents:
        found = re.search("bank file|restore procedure|In writing|By phone", document.read_text())
        assert not found, (document, found)


@pytest.mark.parametrize("rule", sorted(frozenset().union(*CODES.values()) | OWN))
async def test_the_type_of_a_problem_is_a_page_that_says_its_rule(portal: World, rule: str) -> None:
    async with visiting(portal) as visitor:
        text = await visitor.open(f"/about/{rule}")
    code = explained_codes()[rule]
    assert code.about.endswith(".")
    assert f'<h1 class="govuk-heading-l">{escape(code.label)}</h1>' in text
    assert escape(code.about) in text


async def test_a_problem_names_a_page_that_is_there(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    refused = await portal.post(f"{R}/commands/decline", "a-north", {"unheard_of": 1}, etag='"2"')
    place = refused.json()["type"]
    async with visiting(portal) as visitor:
        await visitor.open(place)
        await visitor.open("/about/NO-SUCH-RULE", 404)


@pytest.mark.parametrize(("account", "role"), [("a-north", "clinician"), ("a-officer", "claims officer")])
async def test_a_page_that_is_not_there_leaves_who_is_signed_in_their_menu(
    portal: World, account: str, role: str
) -> None:
    async with visiting(portal, account) as visitor:
        for place in ("/nowhere", "/referrals/R-24-NOWHERE0", "/about/NO-SUCH-RULE", "/payments/what"):
            text = await visitor.open(place, 404)
            assert f"<span>{role}</span>" in text
            assert "Sign out" in text
            assert ">Sign in<" not in text
            assert 'href="/inbox"' in text
            assert len(set(re.findall(r"This page cannot be found|The address may be mistyped", text))) == 2
    async with visiting(portal) as visitor:
        assert ">Sign in<" in await visitor.open("/nowhere", 404)


async def test_a_booked_visit_leads_to_being_moved_or_missed_before_it_begins(
    portal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.config.clock.now", lambda: NOON + timedelta(days=4))
    for days, is_odd in ((9, True), (10, True), (11, False)):  # a Sunday, the holiday, a Tuesday
        booked = AppointmentBooked(
            referral_id=CASE, revision=4 + days, site_id="s-north-1", starts_at=NOON + timedelta(days=days)
        )
        await portal.hear(*((story.CALENDAR, *treated.ACTIVE[:4]) if days == 9 else ()), booked)
        async with visiting(portal, "a-north") as visitor:
            text = await visitor.open(R)
            assert f'href="{R}/appointments"' in text
            assert ("That is no business day." in text) == is_odd
            assert "Record the missed visit" in await visitor.open(f"{R}/appointments")


async def test_an_officer_reads_which_clinic_declined_why_and_what_it_wrote(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered(), story.acknowledged())
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{R}/answer")
        pressing = asyncio.create_task(
            visitor.press("decline", reason_code="out-of-region", comment="Too far for her.", next_step="ask-officer")
        )
        fact = await portal.fact("provider-declined-referral")
        said = {name: fact.payload[name] for name in ("reason_code", "next_step", "comment_id", "comment_sha256")}
        await portal.hear(story.declined(4).model_copy(update=said), cause=fact.event_id)
        assert (await pressing).status_code == 303
    async with visiting(portal, "a-officer") as visitor:
        text = await visitor.open(f"/officer{R}")
        for wanted in (
            "The worker lives too far away",
            "Ask the claims officer",
            "Too far for her.",
            "Offered to s-north-1",
        ):
            assert wanted in text, wanted
        assert "s-north-1 declined the referral" in text
        assert "this clinic" not in text
    await portal.hear(
        story.offered(5, "s-south-1", organisation="o-south", rank=2), story.acknowledged(6, "s-south-1", 2)
    )
    async with visiting(portal, "a-south") as visitor:
        assert "Too far for her." not in await visitor.open(R)


async def test_a_comment_that_no_document_holds_leaves_the_officer_the_page(portal: World) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered(), story.declined())
    async with visiting(portal, "a-officer") as visitor:
        text = await visitor.open(f"/officer{R}")
    assert "No room for a first visit in time" in text
    assert "Comment" not in text


def line_of(status: str, claimed: int, units: int, cents: int) -> Event:
    cut = Cut(code="ONE-PER-DAY", rule="at most 1 a day; 0 are used", fix="bill 1", cents=0)
    line = treated.judged("ok", 10_000).model_copy(
        update={"units_claimed": Decimal(claimed), "units": Decimal(units), "status": status, "reasons": (cut,)}
    )
    adjudicated, *_ = treated.decided()
    return adjudicated.model_copy(update={"lines": (line,), "allowed_cents": cents})


async def test_a_line_whose_units_were_cut_is_not_called_payable_in_full(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.billed(), line_of("ok", 3, 1, 10_000))
    async with visiting(portal, "a-north-biller") as visitor:
        text = await visitor.open(f"/invoices/{treated.INVOICE}")
    assert "The amount is payable, for 1 of 3 units." in text
    assert "Payable in full." not in text
    assert "Fix:" not in text


async def test_what_an_invoice_waits_for_is_said_in_words_and_of_one_taken_back_nothing(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.billed(), treated.pended())
    for account, place in (
        ("a-north-biller", "/invoices"),
        ("a-north-biller", f"/invoices/{treated.INVOICE}"),
        ("a-north", R),
    ):
        async with visiting(portal, account) as visitor:
            assert code_list("waits").sentence("report") in await visitor.open(place), place
    await portal.hear(InvoiceVoided(referral_id=CASE, revision=9, invoice_id=treated.INVOICE, number="24-1"))
    async with visiting(portal, "a-north-biller") as visitor:
        assert "Nothing, it was taken back" in await visitor.open("/invoices")
        text = await visitor.open(f"/invoices/{treated.INVOICE}")
        assert "Waits." not in text
        assert "The insurer checks" not in text


def test_everything_that_a_money_rule_waits_for_has_its_words() -> None:
    source = "".join(Path(rule.__code__.co_filename).read_text() for rule in RULES[:1])
    source += (ROOT / "shared" / "billing" / "adjudication.py").read_text()
    named = set(re.findall(r'PendingFact\(\s*"([a-z]+)"', source)) | set(
        re.findall(r'^(?:_APPROVAL|TERMS) = "([a-z]+)"', source, re.MULTILINE)
    )
    assert named == code_list("waits").codes.keys() - {"answer"}


async def test_what_a_worker_is_told_of_one_instant_stands_in_its_order(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    async with visiting(portal, "a-worker") as visitor:
        text = await visitor.open("/my/timeline")
    steps = re.findall(r'<h2 class="pp-tl__t">(.+?)</h2>', text)
    assert steps == [
        "Your program began.",
        "Your first visit was booked.",
        "The clinic takes you.",
        "The clinic opened your file.",
        "We asked a clinic to take you.",
        "Your program was asked for.",
    ]
