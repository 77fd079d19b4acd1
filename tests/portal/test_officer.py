"""What the insurer's officers see, decide and release."""

import asyncio
from datetime import date
from typing import Any

import pytest

from shared.domain.decision import Violation
from shared.events.invoice import RunReleased
from shared.events.referral import OfficerAssigned, ReferralNotAdmitted, ReferralUnplaced
from shared.events.values import Failure, Officer
from tests.portal import story, treated
from tests.portal.story import CASE, NUMBER
from tests.portal.world import World

OFFICER, PAYER = "a-officer", "a-payer"
HERE = f"/officer/referrals/{NUMBER}"


@pytest.fixture
async def case(portal: World) -> World:
    """A worker who is treated in the north."""
    await portal.hear(*treated.ACTIVE)
    return portal


async def test_an_officer_sees_a_referral_from_its_request_on(portal: World) -> None:
    pool = OfficerAssigned(referral_id=CASE, revision=1, officer=Officer(kind="pool", id="interior"))
    await portal.hear(story.created(), pool)
    page = await portal.get_json(HERE, OFFICER)
    assert (page["state"], page["officer"]["id"], page["allowed"]) == ("admitted", "interior", ["hold", "withdraw"])
    assert (page["claim_number"], page["site_id"]) == ("20000001", None)
    assert "person_id" not in page


async def test_an_officer_sees_what_no_clinic_does(portal: World) -> None:
    failure = Failure(code="EARLY", rule="weeks from injury", fix="ask later", passes_on=date(2024, 12, 1))
    await portal.hear(
        ReferralNotAdmitted(
            referral_id=CASE,
            revision=1,
            number=NUMBER,
            claim_number="20000001",
            request_id="R1",
            requested_on=date(2024, 10, 30),
            failures=(failure,),
        )
    )
    page = await portal.get_json(HERE, OFFICER)
    assert (page["state"], page["failures"][0]["code"], page["allowed"]) == ("not-admitted", "EARLY", [])


async def test_a_referral_that_was_refused_goes_back_to_who_looks_for_a_clinic(portal: World) -> None:
    await portal.hear(story.created(), story.offered(), story.lapsed())
    assert (await portal.get_json(HERE, OFFICER))["state"] == "matched"
    unplaced = ReferralUnplaced(referral_id=CASE, revision=4, program="or1", refused_by=("s-north-1",))
    await portal.hear(unplaced)
    assert (await portal.get_json("/officer/referrals?state=unplaced", OFFICER))["items"][0]["number"] == NUMBER
    assert (await portal.get_json("/officer/referrals?state=matched", OFFICER))["items"] == []


async def test_a_treated_referral_shows_the_same_to_both_sides(case: World) -> None:
    theirs = await case.get_json(f"/referrals/{NUMBER}", "a-north")
    ours = await case.client.get(f"/api/v1{HERE}", headers=case.auth(OFFICER))
    page = ours.json()
    assert ours.headers["etag"] == '"6"'
    for name in ("state", "revision", "initial_visit_on", "site_id", "held_by", "starts_at", "program", "community"):
        assert page[name] == theirs[name], name
    assert theirs["allowed"] == ["end", "hold"]


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("hold", {"reason_code": "claim-review", "review_on": "2024-12-01"}, "officer-held-referral"),
        ("resume", {}, "officer-resumed-referral"),
        ("withdraw", {"reason_code": "returned-to-work"}, "officer-withdrew-referral"),
    ],
)
async def test_an_officer_acts_for_the_insurer_at_no_site(
    case: World, verb: str, body: dict[str, Any], words: str
) -> None:
    assert (await case.post(f"{HERE}/commands/{verb}", OFFICER, body, etag='"6"')).status_code == 202
    (fact,) = await case.facts(words)
    assert (fact.payload["seen"], fact.key) == (6, CASE)
    assert fact.payload["by"] == {"account_id": OFFICER, "role": "claims_officer", "organisation_id": None}
    assert "site_id" not in fact.payload


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("decide-plan", {"plan": 1, "lines": [{"line": "1", "units": "5", "reason_code": "fewer-suffice"}]},
         "officer-decided-plan"),
        ("request-information", {"plan": 1, "question": "What for?"}, "officer-requested-information"),
        ("accept-report", {"report": "initial"}, "officer-accepted-report"),
        ("return-report", {"report": "initial", "fields": [{"field": "sections", "reason_code": "RPT-UNCLEAR"}]},
         "officer-returned-report"),
        ("waive-report", {"report": "initial", "reason_code": "told-otherwise"}, "officer-waived-report"),
    ],
)  # fmt: skip
async def test_an_officer_decides_what_was_seen_of_it(case: World, verb: str, body: dict[str, Any], words: str) -> None:
    await case.hear(treated.due(), treated.asked_for())
    asking = asyncio.create_task(case.post(f"{HERE}/commands/{verb}", OFFICER, body, etag='"1"', wait=5))
    fact = await case.fact(words)
    assert (fact.payload["seen"], fact.payload["by"]["role"]) == (1, "claims_officer")
    flaw = Violation(code="STALE", rule="one acts on what one sees", fix="reload it", field="seen")
    await case.refuse(fact, flaw, service="program")
    answer = await asking
    current = answer.json()["current"]
    assert (answer.status_code, current["revision"]) == (412, 8 if "plan" in body else 2)


@pytest.mark.parametrize(
    ("who", "path", "body", "named"),
    [
        (OFFICER, f"{HERE}/commands/decide-plan", {"plan": 1, "lines": []}, ["decide-plan", "waive-report"]),
        ("a-north", f"/referrals/{NUMBER}/commands/reply", {"plan": 1, "text": "Yes."}, ["amend", "plan"]),
    ],
)
async def test_allowed_actions_are_named_by_the_calls_of_the_side_that_asked(
    case: World, who: str, path: str, body: dict[str, Any], named: list[str]
) -> None:
    asking = asyncio.create_task(case.post(path, who, body, etag='"9"', wait=5))
    fact = await case.fact("-plan.")
    flaw = Violation(code="PLAN-STATE", rule="its state", fix="reload it", field="plan")
    allowed = ("decide", "waive") if who == OFFICER else ("decide", "amend", "submit")
    await case.refuse(fact, flaw, allowed=allowed, service="program")
    answer = await asking
    assert (answer.status_code, answer.json()["allowed"]) == (409, named)


async def test_what_waits_for_a_decision_stands_in_the_queue_until_it_is_taken(case: World) -> None:
    async def waiting() -> list[tuple[str, str, list[str]]]:
        items = (await case.get_json("/officer/queue", OFFICER))["items"]
        return [(one["number"], one["what"], one["allowed"]) for one in items]

    await case.hear(treated.due())
    assert await waiting() == []
    document = "0192c1f0-0000-7000-8000-000000000001"
    await case.hear(treated.sent_in(document), treated.asked_for())
    assert await waiting() == [
        (NUMBER, "report", ["accept-report", "return-report"]),
        (NUMBER, "plan", ["decide-plan", "request-information"]),
    ]
    await case.hear(treated.taken(), treated.questioned(document))
    assert await waiting() == []
    await case.hear(treated.replied(document))
    assert await waiting() == [(NUMBER, "plan", ["decide-plan"])]
    await case.hear(treated.granted())
    assert await waiting() == []


async def test_a_run_above_the_limit_waits_for_those_who_release_it(portal: World) -> None:
    await portal.hear(treated.frozen())
    (item,) = (await portal.get_json("/runs", PAYER))["items"]
    assert (item["run_id"], item["state"], item["cents"], item["allowed"]) == (
        treated.RUN, "frozen", 7_500, ["release"],
    )  # fmt: skip
    path = f"/runs/{treated.RUN}/commands/release"
    asking = asyncio.create_task(portal.post(path, PAYER, wait=5))
    fact = await portal.fact("released-run")
    assert (fact.key, fact.payload["by"]["role"]) == (treated.RUN, "payment_officer")
    released = RunReleased(run_id=treated.RUN, run_on=treated.DAY, cents=7_500, released_by=("a-other", PAYER))
    await portal.hear(released, cause=fact.event_id)
    assert (await asking).json()["result"]["event"] == "run-released"
    page = await portal.get_json(f"/runs/{treated.RUN}", PAYER)
    assert (page["state"], page["released_by"], page["allowed"]) == ("released", ["a-other", PAYER], [])
    assert page["payees"][0]["cents"] == 7_500


async def test_a_run_below_the_limit_asks_nobody(portal: World) -> None:
    await portal.hear(treated.frozen(0))
    assert (await portal.get_json(f"/runs/{treated.RUN}", PAYER))["allowed"] == []
    assert (await portal.post("/runs/none/commands/release", PAYER)).status_code == 404
