"""One person, changing roles in the browser, takes a referral from the inbox to a paid remittance."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import pytest
from playwright.async_api import Browser

from deploy.local import commands
from deploy.local.stack import Stack
from simulation.audit.reconcile import reconcile
from simulation.claims_system import capture
from simulation.claims_system.capture import Captured
from simulation.claims_system.claim_histories import PACIFIC
from simulation.clients.clock_file import ClockFile
from simulation.run import session
from simulation.run.play import Manner
from tests.browser.conftest import Sight, looking

pytestmark = pytest.mark.stack
CLAIM = b"17919567"  # the first of the bundled capture that is offered to the site that people play
PENDED = b"claims.claim-pended.v1"
WAYS = (
    "with scripts",
    pytest.param("without scripts", marks=pytest.mark.long),
    pytest.param("without the stream", marks=pytest.mark.long),
)
SECTIONS = ("history", "job-demands", "baseline-function", "barriers", "goal")


class Gate:
    """The days go on until an instant, and then wait for the person."""

    def __init__(self, clock: ClockFile) -> None:
        self._clock, self.until = clock, clock.now

    async def wait(self) -> None:
        while self._clock.now >= self.until:  # noqa: ASYNC110 - the clock is a file
            await asyncio.sleep(0.02)


class World(NamedTuple):
    """A stack, its clock, and the passwords that it made."""

    stack: Stack
    clock: ClockFile
    gate: Gate
    playing: "asyncio.Task[datetime]"

    def password(self, account: str) -> str:
        return str(json.loads(self.stack.passwords.read_text())[account])

    async def go_on(self, until: datetime) -> None:
        """The days go by."""
        self.gate.until = until
        async with asyncio.timeout(120):
            while self.clock.now < until and not self.playing.done():  # noqa: ASYNC110 - the clock is a file
                await asyncio.sleep(0.05)
        if self.playing.done():
            self.playing.result()

    @property
    def today(self) -> date:
        return self.clock.now.astimezone(PACIFIC).date()


@pytest.fixture
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("journey")
    feed = _feed()
    clock = ClockFile(folder / "clock.json")
    clock.set(feed[0].arrives_at - session.BEFORE)
    stack = Stack(folder, fast=True, clock=f"stepped:{clock.path}", people=True)
    await asyncio.to_thread(stack.start)
    try:
        await asyncio.to_thread(commands.fill, stack.client_environment, stack.logs)
        where = session.Addresses.of(stack)
        gate = Gate(clock)
        manner = Manner(1, lambda _: None, wait=gate.wait, by_hand=frozenset({commands.BY_HAND}))
        playing = asyncio.create_task(session.run(feed, clock, where, manner))
        yield World(stack, clock, gate, playing)
        playing.cancel()
    finally:
        await asyncio.to_thread(stack.stop)


def _feed() -> list[Captured]:
    """One claim, and what is said of claims that nobody asks anything for, so that the days go by one by one."""
    found = capture.read(session.BUNDLED)
    own = [record for record in found if record.key == CLAIM][:2]
    idle = [
        record for record in found if PENDED in dict(record.headers).values() and record.arrives_at > own[0].arrives_at
    ]
    return sorted([*own, *idle], key=lambda record: record.arrives_at)


async def reach(world: World, sight: Sight, words: str, place: str, days: int) -> None:
    """Day by day until a page says it."""
    for _ in range(days):
        await sight.page.goto(place)
        if words in await sight.words():
            return
        await world.go_on(world.clock.now + timedelta(hours=8))
    raise AssertionError(f"{place} never said {words!r}: {await sight.words()}")


@asynccontextmanager
async def seeing(browser: Browser, world: World, way: str) -> AsyncIterator[Sight]:
    """A browser that has what the portal can do without, or has it not."""
    base = world.stack.environment["REHAB_PORTAL"]
    async with looking(browser, base, java_script_enabled=way != "without scripts") as sight:
        if way == "without the stream":
            await sight.page.route("**/events", lambda route: route.abort())
        yield sight


@pytest.mark.parametrize("way", WAYS)
async def test_a_referral_goes_from_the_inbox_to_a_paid_remittance_by_hand(
    browser: Browser, world: World, way: str
) -> None:
    clinician = ("clinician.vancouver-1@cedar.example", world.password("a-vancouver-1-clinician"))
    biller = ("biller.vancouver-1@cedar.example", world.password("a-vancouver-1-biller"))
    officer = ("u0101@insurer.example", world.password("a-officer-u0101"))
    worker = ("worker@worker.example", world.password("a-worker"))
    async with seeing(browser, world, way) as sight:
        await sight.sign_in_as(*clinician)
        await reach(world, sight, "Open a new referral", "/inbox", 30)
        await sight.picture("inbox")
        place = await _accepted(world, sight)
        number = place.rpartition("/")[2]
        await _treated(world, sight, place)
    async with seeing(browser, world, way) as sight:
        await sight.sign_in_as(*officer)
        await _decided(sight, number)
    async with seeing(browser, world, way) as sight:
        await sight.sign_in_as(*biller)
        await _billed(world, sight)
    async with seeing(browser, world, way) as sight:
        await sight.sign_in_as(*worker)
        await sight.page.goto("/my/timeline")
        assert "Your program began." in await sight.words()
    report = await reconcile(world.stack.environment["REHAB_KAFKA"], at_the_end=False)
    assert report.faults == []
    assert report.as_json()["paid_cents"] > 0


async def _accepted(world: World, sight: Sight) -> str:
    """Opened, accepted, booked for the day after tomorrow, and started."""
    page = sight.page
    await page.get_by_role("link", name="Open a new referral").first.click()
    await sight.press("Open the offer")
    assert "You opened the offer" in await sight.words()
    await sight.picture("answer")
    await sight.press("Accept the referral")
    assert "You accepted the referral" in await sight.words()
    place = page.url.partition("/appointments")[0]
    await page.get_by_label("Agreed with the worker").check()
    await sight.press("Book the visit")
    assert "The first visit is booked" in await sight.words()
    when = await page.locator("dd", has_text=":").first.inner_text()
    visit = datetime.strptime(when, "%a %d %b %Y, %H:%M").replace(tzinfo=PACIFIC)
    await world.go_on(visit.astimezone(UTC) + timedelta(hours=1))
    await page.goto(f"{place}/start")
    await sight.press("It took place: start the program")
    assert "The program has started" in await sight.words()
    return place


async def _treated(world: World, sight: Sight, place: str) -> None:
    """The initial report section by section, a plan of one line, and the days of a week."""
    page = sight.page
    await reach(world, sight, "Initial report", f"{place}/reports", 4)
    await page.goto(f"{place}/reports/initial/about")
    await page.get_by_label("Discipline of the author").select_option("physical_therapist")
    await _saved(sight)
    for section in SECTIONS:
        await page.locator("textarea").fill(f"What is to be said about {section}.")
        await _saved(sight)
    for name, value in (("lift_kg", "10"), ("sit_minutes", "45"), ("disability_percent", "40")):
        await page.locator(f'[name="measures.{name}"]').fill(value)
    await _saved(sight)
    await sight.press("Send the report")
    assert "The report was received" in await sight.words(), await sight.words()
    await page.goto(f"{place}/plan/edit")
    code = page.locator('[name="lines.0.code"]')
    daily = await code.locator("option").evaluate_all("all => all.map(o => o.value).find(v => v.endsWith('-DAY'))")
    first = world.today
    await code.select_option(daily)
    await page.fill('[name="lines.0.units"]', "5")
    await page.fill('[name="lines.0.to_on"]', (first + timedelta(days=28)).isoformat())
    await page.locator('[name="lines.0.discipline"]').select_option("physical_therapist")
    await page.locator('[name="lines.0.goal"]').select_option("increase-capacity")
    await sight.press("Send the plan")
    assert "The plan is with the claims officer" in await sight.words(), await sight.words()
    days = 7 - first.weekday()
    await world.go_on(datetime.combine(first + timedelta(days=days), time(16), PACIFIC).astimezone(UTC))
    await page.goto(f"{place}/attendance")
    for label in await page.get_by_label("Was here").all():
        await label.check()
    await sight.press("Record the days")
    assert "The days are on the record" in await sight.words(), await sight.words()
    await page.goto(place)
    await sight.picture("referral")


async def _saved(sight: Sight) -> None:
    """On to the next section."""
    section = sight.page.url
    await sight.press("Save and go on")
    assert sight.page.url != section, await sight.words()


async def _decided(sight: Sight, number: str) -> None:
    """The officer grants the plan as it was asked for, if its clock has not."""
    page = sight.page
    await page.goto(f"/officer/referrals/{number}/plans/1")
    await sight.picture("plan")
    await sight.press("Notify the decision")
    assert "The decision is notified" in await sight.words(), await sight.words()


async def _billed(world: World, sight: Sight) -> None:
    """What is ready becomes an invoice, and is paid with the next run."""
    page = sight.page
    await reach(world, sight, "Make an invoice", "/invoices/new", 20)
    await sight.press("Make an invoice for referral " + (await page.locator("h2 + .pp-num").first.inner_text()))
    await sight.picture("invoice-draft")
    await sight.press("Check the invoice")
    await sight.press("Send the invoice")
    assert "The invoice was received" in await sight.words(), await sight.words()
    invoice = page.url
    await reach(world, sight, "Paid", invoice, 40)
    await sight.picture("invoice")
    await page.goto("/payments")
    assert "Paid" in await sight.words()
    await page.locator("main a[href^='/remittances/']").first.click()
    assert "paid with the run of" in await sight.words()
    await sight.picture("remittance")
    async with page.expect_download() as found:
        await page.get_by_role("link", name="As PDF").click()
    assert (await found.value).suggested_filename.endswith(".pdf")
