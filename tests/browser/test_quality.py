"""Every page in several states: no accessibility violation, no sideways scroll, nothing blocked by the policy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Look, Sight
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.world import World

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
R, REPORT = f"/referrals/{NUMBER}", f"/referrals/{NUMBER}/reports/initial"
UNTIL_OFFER, UNTIL_ACTIVE, UNTIL_DUE, ALL = 2, 6, 7, 99
PAGES: Sequence[tuple[int, str | None, Sequence[str]]] = (
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
    (0, "a-worker", ("/my", "/my/timeline")),
    (ALL, "a-worker", ("/my", "/my/timeline")),
)
WIDTHS = (320, 390, 1280)


async def happened(portal: World, told: int) -> None:
    due = [] if told != UNTIL_DUE else [treated.due()]
    await portal.hear(story.CALENDAR, *treated.TREATED[: min(told, UNTIL_ACTIVE) if told != ALL else ALL], *due)


async def examined(sight: Sight, place: str) -> list[str]:
    """Whatever is wrong with a page."""
    await sight.page.goto(place)
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


async def examine(look: Look, portal: World, n: int, width: int, scheme: str) -> None:
    told, account, places = PAGES[n]
    await happened(portal, told)
    async with look(account, viewport={"width": width, "height": 900}, color_scheme=scheme) as sight:
        wrong = [one for place in places for one in await examined(sight, place)]
    assert wrong == []
