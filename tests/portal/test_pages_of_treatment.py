"""Pages of plans, reports, invoices, payments, officers and workers, without scripts."""

import asyncio

import pytest

from services.portal.api import deadline
from tests.portal import story, treated
from tests.portal.story import NUMBER
from tests.portal.visitor import Visitor, visiting
from tests.portal.world import World

REFERRAL = f"/referrals/{NUMBER}"
CLINICIAN = (REFERRAL, f"{REFERRAL}/plan", f"{REFERRAL}/plan/edit", f"{REFERRAL}/reports", "/inbox")
REPORT = tuple(f"{REFERRAL}/reports/initial{place}" for place in ("", "/check", "/about", "/history", "/measures"))
BILLER = ("/inbox", "/invoices", "/invoices/new", "/payments", REFERRAL)
OFFICER = ("/inbox", "/officer", f"/officer{REFERRAL}", f"/officer{REFERRAL}/withdraw")
WORKER = ("/my", "/my/timeline")


@pytest.mark.parametrize("told", range(6, len(treated.TREATED) + 1))
async def test_every_page_can_be_read_whatever_has_happened(portal: World, told: int) -> None:
    await portal.hear(story.CALENDAR, *treated.TREATED[:told])
    names = {row["kind"] + row["name"] for row in await portal.pool.fetch("SELECT kind, name FROM papers")}
    async with visiting(portal, "a-north") as visitor:
        await see(visitor, *CLINICIAN, *(REPORT if "reportinitial" in names else ()))
    async with visiting(portal, "a-north-biller") as visitor:
        await see(
            visitor, *BILLER, *((f"/invoices/{treated.INVOICE}",) if f"invoice{treated.INVOICE}" in names else ())
        )
    async with visiting(portal, "a-officer") as visitor:
        await see(visitor, *OFFICER, *((f"/officer{REFERRAL}/plans/1",) if "plan1" in names else ()))
        await see(visitor, *((f"/officer{REFERRAL}/reports/initial",) if "reportinitial" in names else ()))
    async with visiting(portal, "a-worker") as visitor:
        await see(visitor, *WORKER)


async def test_every_page_is_answered_when_many_read_it_at_once(portal: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "SECONDS", 90.0)  # pages that wait for each other's sessions never end by themselves
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    for account, places in (("a-north", CLINICIAN), ("a-north-biller", BILLER)):
        async with visiting(portal, account) as visitor:
            answers = await asyncio.gather(*(visitor.client.get(place) for place in places for _ in range(40)))
            assert {answer.status_code for answer in answers} == {200}


async def see(visitor: Visitor, *places: str) -> None:
    for place in places:
        assert "What happens next" in await visitor.open(place) or "<h1" in visitor.page.text


async def test_a_paid_remittance_is_read_line_by_line_and_taken_along_on_paper(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.TREATED)
    async with visiting(portal, "a-north-biller") as visitor:
        assert treated.REMITTANCE in await visitor.open("/payments")
        await visitor.open(f"/remittances/{treated.REMITTANCE}")
        await visitor.open(f"/remittances/{treated.REMITTANCE}/pdf")
        assert visitor.page.content.startswith(b"%PDF-")


async def test_a_remittance_links_the_invoices_that_its_reader_may_open_and_no_others(portal: World) -> None:
    shared = treated.remitted(remittance_id="r-9")
    (line,) = shared.lines
    elsewhere = line.model_copy(update={"invoice_id": "i-of-another-site", "number": "24-7"})
    await portal.hear(story.CALENDAR, *treated.TREATED, shared.model_copy(update={"lines": (line, elsewhere)}))
    async with visiting(portal, "a-north-biller") as visitor:
        page = await visitor.open("/remittances/r-9")
        assert f'href="/invoices/{treated.INVOICE}">24-1</a>' in page
        assert "24-7" in page
        assert "i-of-another-site" not in page


async def test_a_report_is_written_section_by_section_and_sent_as_one(portal: World) -> None:
    await ready_for_report(portal)
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{REFERRAL}/reports/initial/about")
        await visitor.press(action="/about", service_on="2024-11-12", author_discipline="physical_therapist")
        for section in ("history", "job-demands", "baseline-function", "barriers", "goal"):
            await visitor.open(f"{REFERRAL}/reports/initial/{section}")
            await visitor.press(action=section, **{f"sections__{section}": f"About {section}."})
        await visitor.open(f"{REFERRAL}/reports/initial/measures")
        lift = {"measures__lift_kg": "10", "measures__sit_minutes": "45", "measures__disability_percent": "40"}
        await visitor.press(action="/measures", **lift)
        assert "About history." in await visitor.open(f"{REFERRAL}/reports/initial/check")
        pressed = asyncio.create_task(visitor.press(action="/check"))
        fact = await portal.fact("provider-submitted-report")
        assert fact.payload["sections"] == ["history", "job-demands", "baseline-function", "barriers", "goal"]
        assert fact.payload["measures"] == {"lift_kg": 10, "sit_minutes": 45, "disability_percent": 40}
        await portal.hear(treated.sent_in(fact.payload["document_id"]), cause=fact.event_id)
        answer = await pressed
        text = await visitor.open(answer.headers["location"])
        assert "The report was received" in text
        assert "About history." in text
        assert await portal.pool.fetchval("SELECT count(*) FROM drafts WHERE sealed IS NOT NULL") == 0


async def test_two_people_in_one_draft_are_told_and_neither_writes_over_the_other(portal: World) -> None:
    await ready_for_report(portal)
    place = f"{REFERRAL}/reports/initial/history"
    async with visiting(portal, "a-north") as first, visiting(portal, "a-north-admin") as second:
        await first.open(place)
        await second.open(place)
        await first.press(action="/history", sections__history="What the first one wrote.")
        answer = await second.press(action="/history", sections__history="What the second one wrote.")
        assert answer.status_code == 409
        assert "Somebody else changed this draft" in answer.text
        assert "What the second one wrote." in answer.text
        assert "What the first one wrote." in await first.open(place)


async def test_a_draft_is_there_after_signing_in_again(portal: World) -> None:
    await ready_for_report(portal)
    place = f"{REFERRAL}/reports/initial/history"
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(place)
        said = visitor.typed(action="/history", sections__history="Half a sentence")
        saved = await visitor.client.post(place, data=said, headers={"HX-Request": "true"})
        assert "Saved" in saved.text
    async with visiting(portal, "a-north") as visitor:
        assert "Half a sentence" in await visitor.open(place)


async def test_a_draft_lies_sealed(portal: World) -> None:
    await ready_for_report(portal)
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{REFERRAL}/reports/initial/history")
        await visitor.press(action="/history", sections__history="A secret of the worker.")
    assert b"secret" not in await portal.pool.fetchval("SELECT sealed FROM drafts")


async def test_an_officer_decides_a_plan_line_by_line(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.asked_for())
    async with visiting(portal, "a-officer") as visitor:
        assert "Decide plan 1" in await visitor.open("/officer")
        await visitor.open(f"/officer{REFERRAL}/plans/1")
        pressed = asyncio.create_task(
            visitor.press("decide", lines__0__units="10", lines__0__reason_code="fewer-suffice")
        )
        fact = await portal.fact("officer-decided-plan")
        assert fact.payload["lines"] == [{"line": "1", "units": "10", "reason_code": "fewer-suffice"}]
        await portal.apply(fact, "program")
        assert (await pressed).status_code == 303


async def test_billable_services_become_an_invoice_that_is_sent_after_a_last_look(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    async with visiting(portal, "a-north-biller") as visitor:
        await visitor.open("/invoices/new")
        answer = await visitor.client.post("/invoices/new", data={"number": NUMBER})
        place = answer.headers["location"]
        await visitor.open(place)
        line = {"lines__0__code": "OR-DAY", "lines__0__service_on": "2024-11-12", "lines__0__units": "1"}
        answer = await visitor.press(
            "check", **line, lines__0__dollars="100.00", number="24-7", invoiced_on="2024-11-20"
        )
        await visitor.open(answer.headers["location"])
        assert "$100.00" in visitor.page.text
        pressed = asyncio.create_task(visitor.press(action="/check"))
        fact = await portal.fact("provider-submitted-invoice")
        assert (fact.payload["number"], fact.payload["cents"]) == ("24-7", 10_000)
        await portal.apply(fact, "invoice")
        assert (await pressed).status_code == 303


async def ready_for_report(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.due())


async def test_a_press_that_overtakes_the_page_s_own_saving_is_not_told_of_itself(portal: World) -> None:
    await ready_for_report(portal)
    place = f"{REFERRAL}/reports/initial/history"
    async with visiting(portal, "a-north") as visitor, visiting(portal, "a-north") as other:
        await other.open(place)
        await visitor.open(place)
        said = visitor.typed(action="/history", sections__history="Half")
        await visitor.client.post(place, data=said, headers={"HX-Request": "true"})
        assert (await visitor.press(action="/history", sections__history="Half a sentence")).status_code == 303
        assert "Half a sentence" in await visitor.open(place)
        told = await other.press(action="/history", sections__history="Another tab")
        assert told.status_code == 409
        assert "You changed this draft in another window" in told.text


async def test_what_was_typed_before_a_press_and_arrives_after_it_is_written_over_nothing(portal: World) -> None:
    await ready_for_report(portal)
    first, second = (f"{REFERRAL}/reports/initial/{section}" for section in ("history", "job-demands"))
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(first)
        late = visitor.typed(action="/history", sections__history="Half")
        assert (await visitor.press(action="/history", sections__history="Half a sentence")).status_code == 303
        await visitor.open(second)
        await visitor.client.post(first, data=late, headers={"HX-Request": "true"})
        assert (await visitor.press(action="/job-demands", **{"sections__job-demands": "Lifts"})).status_code == 303
        assert "Half a sentence" in await visitor.open(first)


async def test_typing_from_before_a_draft_was_thrown_away_does_not_begin_it_anew(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    place = f"{REFERRAL}/plan/edit"
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(place)
        late = visitor.typed("discard", lines__0__units="3")
        await visitor.press("discard")
        await visitor.client.post(place, data=late, headers={"HX-Request": "true"})
        assert 'value="3"' not in await visitor.open(place)
        assert (await visitor.press("save", lines__0__units="5")).status_code == 303
        assert 'value="5"' in await visitor.open(place)


async def test_the_same_form_of_a_draft_sent_twice_is_one_saving(portal: World) -> None:
    await ready_for_report(portal)
    place = f"{REFERRAL}/reports/initial/history"
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(place)
        said = visitor.typed(action="/history", sections__history="A sentence")
        for _ in range(2):
            assert (await visitor.client.post(place, data=said)).status_code == 303
    assert await portal.pool.fetchval("SELECT version FROM drafts") == 1


async def test_a_refused_invoice_is_put_right_in_a_draft_unless_one_is_begun(portal: World) -> None:
    adjudicated, *others = treated.decided()
    denied = adjudicated.model_copy(update={"lines": (treated.judged("denied", 0),)})
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.billed(), denied, *others)
    place = f"/invoices/{treated.INVOICE}"
    async with visiting(portal, "a-north-biller") as visitor:
        answer = await visitor.client.post(place, data={"how": "rectify"})
        assert 'value="24-1-R"' in await visitor.open(answer.headers["location"])
        await visitor.press("save", number="24-9")
        again = await visitor.client.post(place, data={"how": "rectify"})
        assert again.status_code == 409
        assert "An invoice of this referral is being written" in again.text
        assert 'value="24-9"' in await visitor.open(answer.headers["location"])


@pytest.mark.parametrize(("account", "place"), [("a-north", f"{REFERRAL}/hold"), ("a-officer", f"/officer{REFERRAL}")])
async def test_a_day_to_look_again_is_taken_with_any_blanks_around_it(portal: World, account: str, place: str) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    async with visiting(portal, account) as visitor:
        await visitor.open(place)
        pressed = asyncio.create_task(
            visitor.press("hold", reason_code="medical", review_on=" \u00a020 November 2024\u200b")
        )
        fact = await portal.fact("held-referral")
        assert fact.payload["review_on"] == "2024-11-20"
        await portal.apply(fact, "referral")
        assert (await pressed).status_code == 303


async def test_a_first_visit_typed_with_a_dot_is_at_that_minute(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.TREATED[:4])
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{REFERRAL}/appointments")
        refused = await visitor.press("book", on="12/11/2024", at="09:30Z", confirmed_with_worker="yes")
        assert refused.status_code == 422
        assert "Write the month as a word" in refused.text
        assert "Leave the zone out" in refused.text
        pressed = asyncio.create_task(visitor.press("book", on="Nov 12, 2024", at="09.30", confirmed_with_worker="yes"))
        fact = await portal.fact("booked-appointment")
        assert fact.payload["starts_at"] == "2024-11-12T09:30:00-08:00"
        await portal.apply(fact, "referral")
        assert (await pressed).status_code == 303


async def test_a_draft_can_be_opened_and_checked_whatever_was_typed_into_it(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    odd = {
        "lines__0__code": "OR-DAY", "lines__0__service_on": "12/11/2024", "lines__0__units": "9" * 28,
        "lines__0__dollars": "96,00", "lines__²__code": "OR-DAY", "invoiced_on": "12/11/2024", "number": " 24-7\u00a0",
    }  # fmt: skip
    async with visiting(portal, "a-north-biller") as visitor:
        place = (await visitor.client.post("/invoices/new", data={"number": NUMBER})).headers["location"]
        await visitor.open(place)
        assert (await visitor.press("check", **odd)).status_code == 303
        assert "9,600" not in await visitor.open(f"{place}/check")
        refused = await visitor.press(action="/check")
        assert refused.status_code == 422
        assert "Give it as 96.00." in refused.text
        await visitor.open(place)
        code = {"lines__0__code": "OR-DAY"}
        await visitor.press("check", **code, lines__0__dollars="$ 1,096.00", lines__0__units="2")
        assert "$1,096.00" in await visitor.open(f"{place}/check")
        assert "Write the month as a word" in (await visitor.press(action="/check")).text
        await visitor.open(place)
        await visitor.press("check", **code, lines__0__service_on="12 Nov 2024", invoiced_on="20 Nov 2024")
        assert "Tue 12 Nov 2024" in await visitor.open(f"{place}/check")
        pressed = asyncio.create_task(visitor.press(action="/check"))
        fact = await portal.fact("provider-submitted-invoice")
        assert (fact.payload["number"], fact.payload["cents"]) == ("24-7", 109_600)
        await portal.apply(fact, "invoice")
        assert (await pressed).status_code == 303


async def test_a_plan_can_be_opened_whatever_was_typed_into_it(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{REFERRAL}/plan/edit")
        odd = {"lines__0__code": "OR-DAY", "lines__0__units": "9" * 28, "lines__²__units": "1", "rows": "²"}
        assert (await visitor.press("save", **odd)).status_code == 303
        assert "9" * 28 in await visitor.open(f"{REFERRAL}/plan/edit")
        refused = await visitor.press("send")
        assert refused.status_code == 422
        assert "This number is at most 9999." in refused.text


async def test_a_measure_that_is_no_number_is_not_done_and_is_refused_beside_itself(portal: World) -> None:
    await ready_for_report(portal)
    async with visiting(portal, "a-north") as visitor:
        await visitor.open(f"{REFERRAL}/reports/initial/measures")
        await visitor.press(
            action="/measures", measures__lift_kg="ten", measures__sit_minutes="45", measures__disability_percent="40"
        )
        assert "In work" in await visitor.open(f"{REFERRAL}/reports/initial")
        await visitor.open(f"{REFERRAL}/reports/initial/check")
        refused = await visitor.press(action="/check")
        assert refused.status_code == 422
        assert 'href="#measures.lift_kg"' in refused.text
        assert "This is a whole number." in refused.text


async def test_the_api_reads_a_day_and_units_with_the_sentences_of_the_pages(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE)
    line = {"line": "1", "code": "OR-DAY", "units": "1,5", "from_on": "12/11/2024", "to_on": "2200-12-32"}
    answer = await portal.post(f"/referrals/{NUMBER}/commands/plan", "a-north", {"lines": [line]})
    assert answer.status_code == 422
    said = {error["pointer"]: (error["reason"], error["fix"]["text"]) for error in answer.json()["errors"]}
    assert said["/lines/0/units"] == ("this is a number", "write it as 1.5")
    assert "write the month as a word" in said["/lines/0/from_on"][1]
    assert said["/lines/0/to_on"][0] == "there is no such day"
