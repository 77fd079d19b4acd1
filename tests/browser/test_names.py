"""A name of any length fits on every page that shows it, at every width, and turns no text around it."""

import pytest

from tests.browser.conftest import Look
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.world import World

R = f"/referrals/{NUMBER}"
PAGES = {
    "a-north": ("/inbox", "/referrals", R, f"{R}/hold", f"{R}/plan/edit", f"{R}/reports/initial"),
    "a-north-biller": ("/invoices/new", f"/invoices/{treated.INVOICE}", f"/invoices/draft-{NUMBER}", "/payments"),
    "a-officer": ("/officer", f"/officer{R}", f"/officer{R}/plans/1"),
}
NAMES = {
    "35 letters": "Wolfeschlegelsteinhausenbergerdorff",
    "200 letters": "W" * 200,
    "right to left": "\u05d0\u05d1\u05d2\u202e" * 20,
}
WIDTHS = (320, 390, 768, 1280)
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
BROKEN = """() => [...document.querySelectorAll("main thead th, main .govuk-tag")]
    .filter(one => innerWidth > 768 || !one.closest("thead"))
    .filter(one => one.clientWidth > 2 && one.scrollWidth > one.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("family_name", NAMES.values(), ids=NAMES)
async def test_a_name_of_any_length_fits_on_every_page_at_every_width(
    look: Look, portal: World, family_name: str
) -> None:
    worker = await story.known_as(portal.pool, given_name="Velmor", family_name=family_name, phone="+16045554379")
    heard = (*treated.ACTIVE, treated.due(), treated.asked_for(), treated.billed(), *treated.decided())
    await portal.hear(story.CALENDAR, *heard, worker)
    wrong = []
    for account, places in PAGES.items():
        async with look(account) as sight:
            for place in places:
                await sight.page.goto(place)
                for width in WIDTHS:
                    await sight.page.set_viewport_size({"width": width, "height": 900})
                    wide = await sight.page.evaluate(TOO_WIDE)
                    wrong += [f"{place} at {width}: {wide} px too wide"] if wide > 0 else []
                    wrong += [f"{place} at {width}: {one}" for one in await sight.page.evaluate(BROKEN)]
                    await sight.picture(f"{place.strip('/').replace('/', '-')}-{width}-{len(family_name)}")
    assert wrong == []
