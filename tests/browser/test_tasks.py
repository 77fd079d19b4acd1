"""Every task of a clinic, an officer and a worker, done without scripts, without the stream, and by keyboard alone."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest
from playwright.async_api import Locator

from shared.domain.decision import Event
from tests.browser.conftest import Look, Sight
from tests.browser.test_quality import R
from tests.invoice import terms
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.world import World

CONTRACT = terms.CONTRACT.model_copy(
    update={"contract_id": "c-1", "organisation_id": "o-north", "sites": ("s-north-1",)}
)
NETWORK: Sequence[Event] = (story.CALENDAR, CONTRACT, *terms.fees())
PAPER = "0192c1f0-0000-7000-8000-000000000001"
DRAFT = f"/invoices/draft-{NUMBER}"
WAYS = ("without scripts", "without the stream", "by keyboard")


class Task(NamedTuple):
    """What has happened, who acts where, what they type and press, and what is announced then by whom."""

    name: str
    told: Sequence[Event]
    account: str
    place: str
    typed: Mapping[str, str]
    press: str
    fact: str = ""
    owner: str = "referral"


WRITTEN = (*treated.ACTIVE, treated.due())
SENT = (*WRITTEN, treated.sent_in(PAPER))
PLANNED = (*treated.ACTIVE, treated.asked_for())
LINE = {
    "code": "O1-DAY",
    "units": "5",
    "to_on": "2024-12-20",
    "discipline": "physical_therapist",
    "goal": "manage-pain",
}
PLAN = {f"lines.0.{name}": value for name, value in LINE.items()}
BILL = {"number": "24-9", "lines.0.code": "O1-DAY", "lines.0.service_on": "2024-11-12", "lines.0.units": "1"}
TASKS = (
    Task("open", treated.ACTIVE[:2], "a-north", f"{R}/answer", {}, "Open the offer", "acknowledged"),
    Task("accept", treated.ACTIVE[:3], "a-north", f"{R}/answer", {}, "Accept the referral", "accepted"),
    Task(
        "decline",
        treated.ACTIVE[:3],
        "a-north",
        f"{R}/answer",
        {"reason_code": "no-capacity", "comment": "Full until spring.", "next_step": "offer-to-next"},
        "Decline the referral",
        "declined",
    ),
    Task(
        "book",
        treated.ACTIVE[:4],
        "a-north",
        f"{R}/appointments",
        {"on": "2024-11-08", "at": "10:30", "confirmed_with_worker": "yes"},
        "Book the visit",
        "booked",
    ),
    Task(
        "move",
        treated.ACTIVE[:5],
        "a-north",
        f"{R}/appointments",
        {"on": "2024-11-15", "confirmed_with_worker": "yes", "reason_code": "travel"},
        "Move the visit",
        "moved",
    ),
    Task("miss", treated.ACTIVE[:5], "a-north", f"{R}/appointments", {}, "Record the missed visit", "missed"),
    Task(
        "start",
        treated.ACTIVE[:5],
        "a-north",
        f"{R}/start",
        {"initial_visit_on": "2024-11-12"},
        "It took place: start the program",
        "started",
    ),
    Task(
        "hold",
        treated.ACTIVE,
        "a-north",
        f"{R}/hold",
        {"reason_code": "medical", "review_on": "2024-12-02"},
        "Put on hold",
        "held",
    ),
    Task(
        "attend", treated.ACTIVE, "a-north", f"{R}/attendance", {"day": ""}, "Record the days", "attendance", "program"
    ),
    Task(
        "end",
        treated.ACTIVE,
        "a-north",
        f"{R}/discharge",
        {"last_on": "2024-12-20", "exit_reason": "goal-achieved"},
        "End treatment",
        "ended",
    ),
    Task("plan", SENT, "a-north", f"{R}/plan/edit", PLAN, "Send the plan", "submitted-plan", "program"),
    Task(
        "reply",
        (*PLANNED, treated.questioned(PAPER)),
        "a-north",
        f"{R}/plan",
        {"text": "Three times a week."},
        "Send the answer",
        "replied",
        "program",
    ),
    Task(
        "write",
        WRITTEN,
        "a-north",
        f"{R}/reports/initial/history",
        {"sections.history": "Fell from a ladder."},
        "Save and go on",
    ),
    Task(
        "send", WRITTEN, "a-north", f"{R}/reports/initial/check", {}, "Send the report", "submitted-report", "program"
    ),
    Task("bill", treated.ACTIVE, "a-north-biller", DRAFT, {**BILL, "lines.0.dollars": "100.00"}, "Check the invoice"),
    Task(
        "decide",
        PLANNED,
        "a-officer",
        f"/officer{R}/plans/1",
        {"lines.0.units": "10", "lines.0.reason_code": "fewer-suffice"},
        "Notify the decision",
        "decided-plan",
        "program",
    ),
    Task(
        "ask", PLANNED, "a-officer", f"/officer{R}/plans/1", {"question": "How often?"}, "Ask", "information", "program"
    ),
    Task("take", SENT, "a-officer", f"/officer{R}/reports/initial", {}, "Accept the report", "accepted-rep", "program"),
    Task(
        "return",
        SENT,
        "a-officer",
        f"/officer{R}/reports/initial",
        {"return.service_on": "RPT-DOS"},
        "Send it back",
        "returned",
        "program",
    ),
    Task(
        "withdraw",
        treated.ACTIVE,
        "a-officer",
        f"/officer{R}/withdraw",
        {"reason_code": "medical"},
        "Withdraw the referral",
        "withdrew",
    ),
)
OFTEN = {("plan", "by keyboard"), ("decide", "by keyboard"), ("attend", "by keyboard"), ("bill", "by keyboard")}
OFTEN |= {("write", "by keyboard"), ("start", "without scripts"), ("reply", "without scripts")}
CASES = [
    pytest.param(task, way, id=f"{task.name} {way}", marks=() if (task.name, way) in OFTEN else pytest.mark.long)
    for task in TASKS
    for way in WAYS
]


@pytest.mark.parametrize(("task", "way"), CASES)
async def test_a_task_is_done(look: Look, portal: World, task: Task, way: str) -> None:
    await portal.hear(*NETWORK, *task.told)
    async with look(task.account, java_script_enabled=way != "without scripts") as sight:
        if way == "without the stream":
            await sight.page.route("**/events", lambda route: route.abort())
        await sight.page.goto(task.place)
        await (typed_by_keyboard if way == "by keyboard" else typed)(sight, task)
        pressing = asyncio.create_task((press_by_key if way == "by keyboard" else Sight.press)(sight, task.press))
        if task.fact:
            await portal.apply(await portal.fact(task.fact), task.owner)
            await pressing
            assert "What happens next." in await sight.page.locator(".govuk-notification-banner").inner_text()
        else:
            await pressing
            assert not sight.page.url.endswith(task.place)


async def typed(sight: Sight, task: Task) -> None:
    """Fields by their names."""
    for name in task.typed:
        field = field_of(sight, name)
        match await kind_of(field):
            case "SELECT":
                await field.select_option(task.typed[name])
            case "TICK":
                await field.check()
            case _:
                await field.fill(task.typed[name])


def field_of(sight: Sight, name: str) -> Locator:
    """By its name; of the days of attendance the first."""
    return sight.page.locator(f'[name="{name}"]' if name != "day" else '[name^="day."]').first


async def kind_of(field: Locator) -> str:
    """How it is filled in."""
    if await field.get_attribute("type") in {"checkbox", "radio"}:
        return "TICK"
    return "SELECT" if await field.locator("option").count() else "TEXT"


async def typed_by_keyboard(sight: Sight, task: Task) -> None:
    """Tab from field to field, type, and stop at the button; the pointer is never moved."""
    keys = sight.page.keyboard
    for name, value in task.typed.items():
        field = field_of(sight, name)
        await tab_to(sight, field)
        match await kind_of(field):
            case "SELECT":
                await keys.type((await field.locator(f'option[value="{value}"]').inner_text())[:14])
                assert await field.input_value() == value
            case "TICK":
                await keys.press("Space")
                assert await field.is_checked()
            case _:
                await keys.press("ControlOrMeta+a")
                await keys.type(value)
    await tab_to(sight, sight.page.get_by_role("button", name=task.press, exact=True).first)


async def press_by_key(sight: Sight, _: str) -> None:
    """What has the focus."""
    async with sight.page.expect_navigation():
        await sight.page.keyboard.press("Enter")


async def tab_to(sight: Sight, wanted: Locator) -> None:
    """Until the focus is there, visibly, and nothing lies over it."""
    for _ in range(90):
        if await wanted.evaluate("e => e === document.activeElement"):
            break
        await sight.page.keyboard.press("Tab")
    else:
        raise AssertionError(f"no {wanted} by Tab")
    seen = "e => { const s = getComputedStyle(e); return s.outlineStyle + s.boxShadow + s.backgroundColor; }"
    assert not re.fullmatch(r"nonenone.*", str(await wanted.evaluate(seen)))


async def test_without_scripts_a_press_that_waits_leads_to_its_answer_by_itself(look: Look, portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE[:2])
    async with look("a-north", java_script_enabled=False) as sight:
        await sight.page.goto(f"{R}/answer")
        await sight.press("Open the offer")
        assert "Sent, being checked" in await sight.words()
        fact = await portal.fact("acknowledged")
        await portal.hear(story.acknowledged(), cause=fact.event_id)
        await sight.page.wait_for_url("**/referrals/**")
        assert "You opened the offer" in await sight.words()


async def test_a_worker_finds_by_keyboard_and_without_scripts_what_happens_next(look: Look, portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE[:5])
    async with look("a-worker", java_script_enabled=False) as sight:
        await sight.page.goto("/my")
        assert "Your first visit: " in await sight.words()
        link = sight.page.get_by_role("link", name="See what has happened")
        await tab_to(sight, link)
        await sight.page.keyboard.press("Enter")
        await sight.page.wait_for_url("**/my/timeline")
        assert "The clinic takes you." in await sight.words()
