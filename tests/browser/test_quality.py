"""Every page in several states: no accessibility violation, no sideways scroll, nothing blocked by the policy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from shared.domain.decision import Event, Violation
from tests.browser.conftest import Look, Sight
from tests.portal import story, treated
from tests.portal.conftest import PASSWORD
from tests.portal.story import NUMBER
from tests.portal.visitor import EMAIL
from tests.portal.world import World

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
R, REPORT = f"/referrals/{NUMBER}", f"/referrals/{NUMBER}/reports/initial"
UNTIL_OFFER, UNTIL_ACTIVE, UNTIL_DUE, ALL = 2, 6, 7, 99
PAPER = "0192c1f0-0000-7000-8000-000000000001"
ACTIVE = treated.ACTIVE
IN_REVIEW: Sequence[Event] = (*ACTIVE, treated.due(), treated.sent_in(PAPER))
SENT_BACK, ASKED = (*IN_REVIEW, treated.sent_back()), (*ACTIVE, treated.asked_for(), treated.questioned(PAPER))
GRANTED = (*ACTIVE, treated.asked_for(), treated.granted())
PENDED, DECIDED = (*ACTIVE, treated.billed(), treated.pended()), (*ACTIVE, treated.billed(), *treated.decided())
INVOICE = f"/invoices/{treated.INVOICE}"
Told: TypeAlias = int | Sequence[Event]
PAGES: Sequence[tuple[Told, str | None, Sequence[str]]] = (
    (0, None, ("/", "/contacts", "/sign-in", "/signed-out")),
    (0, "a-north", ("/inbox", "/referrals")),
    (UNTIL_OFFER, "a-north", ("/inbox", "/referrals", R, f"{R}/answer", "/nowhere")),
    (UNTIL_ACTIVE, "a-north", (R, *(f"{R}/{p}" for p in ("appointments", "start", "hold", "attendance", "discharge")))),
    (UNTIL_ACTIVE, "a-north", (f"{R}/plan", f"{R}/plan/edit", f"{R}/reports")),
    (UNTIL_DUE, "a-north", ("/inbox", R, *(f"{REPORT}{p}" for p in ("", "/about", "/history", "/measures", "/check")))),
    (ALL, "a-north", ("/inbox", R, f"{R}/plan", f"{R}/plan/edit", f"{R}/reports", REPORT)),
    (0, "a-north-biller", ("/inbox", "/invoices", "/invoices/new", "/payments")),
    (ALL, "a-north-biller", ("/invoices", f"/invoices/{treated.INVOICE}", f"/invoices/draft-{NUMBER}")),
    (ALL, "a-north-biller", (f"/invoices/draft-{NUMBER}/check", "/payments", f"/remittances/{treated.REMITTANCE}")),
    (0, "a-officer", ("/inbox", "/officer")),
    (
        ALL,
        "a-officer",
        ("/officer", f"/officer{R}", f"/officer{R}/withdraw", f"/officer{R}/plans/1", f"/officer{REPORT}"),
    ),
    ((*ACTIVE[:2], story.declined()), "a-north", (R, f"{R}/answer")),
    ((*ACTIVE[:2], story.lapsed()), "a-north", (R,)),
    ((*ACTIVE[:2], story.taken_back()), "a-north", (R,)),
    ((*ACTIVE, story.withdrawn(9)), "a-north", (R, f"{R}/start")),
    ((*ACTIVE, story.held(9)), "a-north", (R, f"{R}/hold")),
    (SENT_BACK, "a-north", (R, REPORT, f"{REPORT}/history", "/inbox")),
    (ASKED, "a-north", (R, f"{R}/plan", "/inbox")),
    (GRANTED, "a-north", (R, f"{R}/plan", f"{R}/plan/edit")),
    (PENDED, "a-north-biller", (INVOICE, "/invoices", R)),
    (DECIDED, "a-north-biller", (INVOICE, "/invoices", "/payments", "/inbox")),
    (IN_REVIEW, "a-officer", ("/officer", f"/officer{REPORT}", f"/officer{R}")),
    (GRANTED, "a-officer", (f"/officer{R}/plans/1",)),
    (0, None, ("/session-ended?then=/inbox",)),
    (0, "a-worker", ("/my", "/my/timeline")),
    (ACTIVE[:5], "a-worker", ("/my", "/my/timeline")),
    (ALL, "a-worker", ("/my", "/my/timeline")),
)
WIDTHS = (320, 390, 1280)
LETTERS = "parseFloat(getComputedStyle(document.querySelector('main p, main dd, main label, main td')).fontSize)"
CUT_OFF = """() => {
    const wide = document.documentElement.scrollWidth - innerWidth;
    const hides = (how, within, shown) => (how === "hidden" || how === "clip") && within > shown + 1;
    const isCut = one => {
        const {overflowX, overflowY} = getComputedStyle(one);
        if (one.clientWidth < 2 || one.clientHeight < 2 || one.closest("[aria-hidden=true]")) return false;
        const sideways = hides(overflowX, one.scrollWidth, one.clientWidth);
        return sideways || hides(overflowY, one.scrollHeight, one.clientHeight);
    };
    const cut = [...document.querySelectorAll("main *")].filter(isCut).map(one => one.outerHTML.slice(0, 120));
    return wide > 0 ? [`${wide} px too wide`, ...cut] : cut;
}"""


async def happened(portal: World, told: Told) -> None:
    if not isinstance(told, int):
        await portal.hear(story.CALENDAR, *told)
        return
    due = [] if told != UNTIL_DUE else [treated.due()]
    await portal.hear(story.CALENDAR, *treated.TREATED[: min(told, UNTIL_ACTIVE) if told != ALL else ALL], *due)


async def examined(sight: Sight, place: str) -> list[str]:
    """Whatever is wrong with a page."""
    await sight.page.goto(place)
    return await barriers(sight, place)


async def barriers(sight: Sight, place: str) -> list[str]:
    """Whatever is wrong with what is shown."""
    await sight.page.evaluate(AXE)
    said: Any = await sight.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    found = [
        f"{v['id']}: {v['nodes'][0]['html'][:120]} {(v['nodes'][0]['any'] or [{}])[0].get('message', '')}"
        for v in said["violations"]
    ]
    wide = await sight.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found += [f"{wide} px too wide"] if wide > 0 else []
    found += sight.wrong
    sight.wrong.clear()
    return [f"{place}: {one}" for one in found]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
@pytest.mark.parametrize("n", range(len(PAGES)))
async def test_a_page_has_no_barrier_and_fits(look: Look, portal: World, n: int, width: int, scheme: str) -> None:
    await examine(look, portal, n, width, scheme)


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), [(w, s) for w in WIDTHS for s in ("light", "dark")])
@pytest.mark.parametrize("n", range(len(PAGES)))
async def test_a_page_has_no_barrier_and_fits_at_every_width_in_both_schemes(
    look: Look, portal: World, n: int, width: int, scheme: str
) -> None:
    await examine(look, portal, n, width, scheme)


@pytest.mark.parametrize(
    "n", [pytest.param(n, marks=() if n in {6, 8, 10, 25} else pytest.mark.long) for n in range(len(PAGES))]
)
async def test_text_of_twice_the_size_fits(look: Look, portal: World, n: int) -> None:
    """As a person sets it in the browser: the default size of letters, not the zoom."""
    told, account, places = PAGES[n]
    await happened(portal, told)
    async with look(account, viewport={"width": 1280, "height": 900}) as sight:
        browser = await sight.page.context.new_cdp_session(sight.page)
        await sight.page.goto(places[0])
        before = await sight.page.evaluate(LETTERS)
        await browser.send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
        found = []
        for place in places:
            await sight.page.goto(place)
            assert await sight.page.evaluate(LETTERS) == 2 * before
            found += [f"{place}: {one}" for one in await sight.page.evaluate(CUT_OFF)]
    assert found == []


async def examine(look: Look, portal: World, n: int, width: int, scheme: str) -> None:
    told, account, places = PAGES[n]
    await happened(portal, told)
    async with look(account, viewport={"width": width, "height": 900}, color_scheme=scheme) as sight:
        wrong = [one for place in places for one in await examined(sight, place)]
    assert wrong == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
async def test_a_page_that_refuses_waits_or_asks_again_has_no_barrier(
    look: Look, portal: World, width: int, scheme: str
) -> None:
    await happened(portal, UNTIL_OFFER)
    async with look("a-north", viewport={"width": width, "height": 900}, color_scheme=scheme) as sight:
        page, wrong = sight.page, []
        await page.goto(f"{R}/answer")
        await page.fill("#comment", "x" * 4001)
        await sight.press("Decline the referral")
        wrong += await barriers(sight, "what cannot be read")
        await page.fill("#comment", "They live far away.")
        await sight.press("Decline the referral")
        await page.goto(f"{page.url.partition('?')[0]}?times=40")  # where it has given up looking again by itself
        wrong += await barriers(sight, "a request that waits")
        flaw = Violation(code="FIELD-MISSING", field="reason_code", rule="a decline has a reason", fix="choose one")
        await portal.refuse(await portal.fact("declined"), flaw, allowed=("accept",))
        await page.reload()
        wrong += await barriers(sight, "a request that was refused")
        await page.goto(f"{R}/answer")
        await portal.hear(story.acknowledged())
        await page.fill("#comment", "They live far away.")
        await sight.press("Decline the referral")
        wrong += await barriers(sight, "what changed meanwhile")
        await page.evaluate("document.querySelectorAll('[name=seen]').forEach(e => { e.value = ''; })")
        await sight.press("Decline the referral")
        wrong += await barriers(sight, "a page that does not say what it showed")
        await portal.pool.execute("DELETE FROM sessions")
        await sight.press("Decline the referral")
        wrong += await barriers(sight, "a session that ended")
        await page.fill("#name", EMAIL["a-north"])
        await page.fill("#password", "wrong")
        await sight.press("Sign in")
        wrong += await barriers(sight, "a wrong password")
        await page.fill("#password", PASSWORD)
        await sight.press("Sign in")
        wrong += await barriers(sight, "signed in again")
        assert "They live far away." in await sight.words()
    assert wrong == []
