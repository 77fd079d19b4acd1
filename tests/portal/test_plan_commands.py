"""What a clinic sends in, what an officer asks and grants, and how both see it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.portal.domain.deadlines import OpenDeadline, OpenDeadlines, close_deadlines
from shared.domain.decision import Violation
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.program import AttendanceDay, Ended, PlanDeclined, PlanDeemedApproved
from tests.portal import treated
from tests.portal.story import CASE, NOON, NUMBER
from tests.portal.world import Fact, World

CLINIC, OFFICER = "a-north", "a-officer"
HERE, THERE = f"/referrals/{NUMBER}", f"/officer/referrals/{NUMBER}"
LINE = {
    "line": "1",
    "code": "OR-DAY",
    "units": "20",
    "from_on": "2024-11-12",
    "to_on": "2024-12-10",
    "discipline": "physical_therapist",
    "goal": "increase-capacity",
}


@pytest.fixture
async def case(portal: World) -> World:
    """A worker who is treated in the north, with a first report due."""
    await portal.hear(*treated.ACTIVE, treated.due())
    return portal


async def done(portal: World, path: str, body: dict[str, Any], etag: str = '"9"', who: str = CLINIC) -> Fact:
    """The fact that a call became."""
    answer = await portal.post(path, who, body, etag=etag)
    assert answer.status_code == 202, answer.text
    return (await portal.facts())[-1]


@pytest.mark.parametrize(
    ("verb", "body", "words", "members"),
    [
        ("move", {"starts_at": "2024-11-13T09:00:00-08:00"}, "moved-appointment", {"confirmed_with_worker": False}),
        ("missed", {}, "reported-missed", {}),
        ("start", {"initial_visit_on": "2024-11-12"}, "started-referral", {"initial_visit_on": "2024-11-12"}),
        ("hold", {"reason_code": "worker-unavailable"}, "held-referral", {"review_on": None}),
        ("resume", {}, "resumed-referral", {}),
        ("end", {"last_on": "2024-12-12", "exit_reason": "moved"}, "ended-program", {"exit_reason": "moved"}),
    ],
)
async def test_what_a_clinic_does_with_a_referral_names_what_it_saw(
    case: World, verb: str, body: dict[str, Any], words: str, members: dict[str, Any]
) -> None:
    fact = await done(case, f"{HERE}/commands/{verb}", body, '"6"')
    assert (fact.words, fact.key) == (f"provider-{words}", CASE)
    assert (fact.payload["seen"], fact.payload["site_id"]) == (6, "s-north-1")
    assert fact.payload.items() >= members.items()
    stale = await case.post(f"{HERE}/commands/{verb}", CLINIC, body, etag='"5"')
    assert (stale.status_code, stale.json()["current"]["revision"]) == (412, 6)


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("attendance", {"days": [{"on": "2024-11-12", "status": "missed"}]}, "provider-recorded-attendance"),
        ("report", {"report": "initial", "measures": {"lift_kg": 10}}, "provider-submitted-report"),
        ("plan", {"lines": [LINE]}, "provider-submitted-plan"),
    ],
)
async def test_a_new_document_needs_no_revision(case: World, verb: str, body: dict[str, Any], words: str) -> None:
    headers = case.asking(CLINIC)
    del headers["If-Match"]
    answer = await case.client.post(f"/api/v1{HERE}/commands/{verb}", json=body, headers=headers)
    assert answer.status_code == 202
    (fact,) = await case.facts(words)
    assert fact.payload["seen"] == 0


@pytest.mark.parametrize("verb", ["amend", "reply"])
async def test_every_action_on_a_plan_names_the_revision_that_was_seen(case: World, verb: str) -> None:
    headers = case.asking(CLINIC)
    del headers["If-Match"]
    body = {"amends": 1, "lines": [LINE]} if verb == "amend" else {"plan": 1, "text": "Yes."}
    answer = await case.client.post(f"/api/v1{HERE}/commands/{verb}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (428, "/header/if-match")


async def test_a_report_keeps_its_words_in_the_document_store(case: World) -> None:
    body = {"report": "initial", "service_on": "2024-11-12", "narrative": "Ida lifts ten kilos.", "sections": ["goal"]}
    fact = await done(case, f"{HERE}/commands/report", body)
    assert "Ida" not in str(fact.payload)
    await case.hear(treated.sent_in(fact.payload["document_id"]), cause=fact.event_id)
    for path, who in ((HERE, CLINIC), (THERE, OFFICER)):
        page = await case.get_json(f"{path}/reports/initial", who)
        assert (page["state"], page["narrative"], page["measures"]) == (
            "submitted", "Ida lifts ten kilos.", {"lift_kg": 10},
        )  # fmt: skip


async def test_a_report_is_shown_from_its_obligation_to_its_end(case: World) -> None:
    async def page(who: str = CLINIC, path: str = HERE) -> Any:
        return await case.get_json(f"{path}/reports/initial", who)

    assert ((await page())["state"], (await page())["allowed"]) == ("scheduled", ["report"])
    await case.hear(treated.overdue())
    assert (await page())["overdue"] is True
    document = (await done(case, f"{HERE}/commands/report", {"report": "initial", "narrative": "…"})).payload
    await case.hear(treated.sent_in(document["document_id"], revision=4))
    assert (await page(OFFICER, THERE))["allowed"] == ["accept-report", "return-report"]
    await case.hear(treated.sent_back(5))
    returned = await page()
    assert (returned["state"], returned["fields"][0]["field"], returned["revision"]) == ("returned", "sections", 5)
    await case.hear(treated.sent_in(document["document_id"], 6, 2), treated.taken(6))
    taken = await page()
    assert (taken["state"], taken["fields"], taken["business_days_late"], taken["allowed"]) == ("accepted", [], -2, [])


async def test_a_document_has_the_revision_of_its_newest_event_as_etag(case: World) -> None:
    await case.hear(treated.asked_for(), treated.granted())
    for path, who in ((HERE, CLINIC), (THERE, OFFICER)):
        answer = await case.client.get(f"/api/v1{path}/plans/1", headers=case.auth(who))
        assert answer.headers["etag"] == '"11"'
    answer = await case.client.get(f"/api/v1{HERE}/reports/initial", headers=case.auth(CLINIC))
    assert answer.headers["etag"] == '"2"'


async def test_an_action_on_a_stale_plan_is_answered_with_the_new_one(case: World) -> None:
    await case.hear(treated.asked_for(), treated.granted())
    body = {"amends": 1, "lines": [{**LINE, "replaces": "g-1"}]}
    asking = asyncio.create_task(case.post(f"{HERE}/commands/amend", CLINIC, body, etag='"8"', wait=5))
    fact = await case.fact("submitted-plan-amendment")
    assert (fact.payload["amends"], fact.payload["lines"][0]["replaces"], fact.payload["seen"]) == (1, "g-1", 8)
    stale = Violation(code="STALE", rule="one acts on what one sees", fix="reload it", field="seen")
    await case.refuse(fact, stale, service="program")
    answer = await asking
    assert (answer.status_code, answer.json()["current"]["revision"]) == (412, 11)


async def test_a_question_and_its_reply_are_read_by_both(case: World) -> None:
    await case.hear(treated.asked_for())
    ask = {"plan": 1, "question": "What for, Ida?"}
    asked = await done(case, f"{THERE}/commands/request-information", ask, '"8"', OFFICER)
    assert "Ida" not in str(asked.payload)
    await case.hear(treated.questioned(asked.payload["question_id"]), cause=asked.event_id)
    page = await case.get_json(f"{HERE}/plans/1", CLINIC)
    assert (page["state"], page["question"], page["allowed"]) == (
        "information-requested", "What for, Ida?", ["reply"],
    )  # fmt: skip
    said = await done(case, f"{HERE}/commands/reply", {"plan": 1, "text": "For the goal."}, '"9"')
    await case.hear(treated.replied(said.payload["document_id"]), cause=said.event_id)
    page = await case.get_json(f"{THERE}/plans/1", OFFICER)
    assert (page["state"], page["reply"], page["allowed"]) == ("submitted", "For the goal.", ["decide-plan"])


async def test_a_plan_shows_what_was_asked_for_what_is_granted_and_what_has_ended(case: World) -> None:
    await case.hear(treated.asked_for(), treated.granted(), treated.asked_for(2, 12, amends=1))
    ended = Ended(grant="g-1", last_on=treated.DAY)
    await case.hear(treated.granted(2, 13, (ended,)))
    first, second = (await case.get_json(f"{HERE}/plans", CLINIC))["items"]
    assert (first["plan"], first["lines"][0]["units"], first["grants"][0]["units"]) == (1, "20", "15.5")
    assert (second["amends"], second["grants"][0]["grant"], second["state"]) == (1, "g-2", "approved")


async def test_a_deemed_plan_still_waits_for_its_decision(case: World) -> None:
    deemed = PlanDeemedApproved(
        referral_id=CASE, revision=9, plan=1, certificate="c-1", lines=treated.granted().lines, from_on=treated.DAY
    )
    await case.hear(treated.asked_for(), deemed)
    (waiting,) = (await case.get_json("/officer/queue", OFFICER))["items"]
    assert (waiting["plan"], waiting["state"], waiting["certificate"]) == (1, "deemed", "c-1")
    reason = Violation(code="NOT-NEEDED", rule="it serves the goal", fix="say why", field="lines.0")
    end = Ended(grant="g-1", last_on=treated.DAY)
    await case.hear(
        PlanDeclined(referral_id=CASE, revision=10, plan=1, reasons=(reason,), ended=(end,), notified_on=treated.DAY)
    )
    page = await case.get_json(f"{HERE}/plans/1", CLINIC)
    assert (page["state"], page["declined"][0]["code"], page["grants"][0]["ended_on"]) == (
        "declined", "NOT-NEEDED", "2024-11-12",
    )  # fmt: skip
    assert (await case.get_json("/officer/queue", OFFICER))["items"] == []


async def test_each_day_of_attendance_stands_as_it_was_said_last(case: World) -> None:
    tomorrow = treated.DAY + timedelta(days=1)
    await case.hear(treated.attended((tomorrow, "attended"), (treated.DAY, "missed")))
    await case.hear(treated.attended((treated.DAY, "excused"), revision=8))
    said = await case.get_json(f"{HERE}/attendance", CLINIC)
    assert said["revision"] == 8
    assert [AttendanceDay(**day).status for day in said["days"]] == ["excused", "attended"]


async def timers(portal: World) -> dict[str, datetime]:
    rows = await portal.pool.fetch("SELECT name, due_at FROM timers WHERE of = $1", CASE)
    return {row["name"]: row["due_at"] for row in rows}


async def test_the_doors_of_a_plan_follow_its_clock(case: World) -> None:
    await case.hear(treated.asked_for())
    assert set(await timers(case)) == {"plan-decision/1"}
    await case.hear(treated.questioned("0192c1f0-0000-7000-8000-000000000001"))
    assert set(await timers(case)) == {"plan-information/1"}
    await case.hear(treated.replied("0192c1f0-0000-7000-8000-000000000002"))
    assert set(await timers(case)) == {"plan-decision/1"}
    await case.hear(contract_of_service("program", DeadlineMoved)(record_key=CASE, name="plan-decision/1", due_at=None))
    assert await timers(case) == {}
    assert (await case.get_json(f"{HERE}/plans/1", CLINIC))["door"] is None
    later = NOON + timedelta(days=4000)
    await case.hear(
        contract_of_service("program", DeadlineMoved)(record_key=CASE, name="plan-decision/1", due_at=later)
    )
    assert await timers(case) == {"plan-decision/1": later}
    await case.hear(treated.granted())
    assert await timers(case) == {}


def test_the_decision_of_one_plan_leaves_the_door_of_another_open() -> None:
    deadlines = OpenDeadlines(
        "r", open=(OpenDeadline("plan-decision/11", "program", NOON), OpenDeadline("plan-decision/1", "program", NOON))
    )
    (left,) = close_deadlines(deadlines, "program", "/1").changed
    assert isinstance(left, OpenDeadlines)
    assert [deadline.name for deadline in left.open] == ["plan-decision/11"]


@pytest.mark.parametrize(
    ("verb", "body", "pointers"),
    [
        ("attendance", {"days": [{"on": "2024-13-01", "status": "Ida Secret"}]}, {"/days/0/on", "/days/0/status"}),
        ("report", {"report": "initial", "measures": {"Ida Secret": 1}}, {"/measures"}),
        ("report", {"report": "initial", "measures": {"lift_kg": "Secret"}, "sections": [1]},
         {"/measures", "/sections/0"}),
        ("plan", {"lines": [{"line": "Ida Secret", "units": "many", "Ida Secret": 1}]},
         {"/lines/0/line", "/lines/0/units", None}),
        ("amend", {"amends": 0}, {"/amends", "/lines"}),
        ("reply", {"plan": "Secret", "text": ""}, {"/plan", "/text"}),
        ("start", {"initial_visit_on": "0001-01-01"}, {"/initial_visit_on"}),
    ],
)  # fmt: skip
async def test_every_field_is_named_and_none_is_echoed(
    case: World, verb: str, body: dict[str, Any], pointers: set[str | None]
) -> None:
    answer = await case.post(f"{HERE}/commands/{verb}", CLINIC, body, etag='"9"')
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.json()["errors"]} == pointers
    assert "Secret" not in answer.text
    assert await case.facts("provider-") == []
