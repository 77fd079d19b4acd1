"""What a clinic bills, what becomes of each line, and what its payees are paid."""

import asyncio
from typing import Any

import pytest

from shared.domain.decision import Violation
from shared.events.invoice import InvoiceReturned, InvoiceVoided
from tests.portal import story, treated
from tests.portal.story import CASE, NUMBER
from tests.portal.world import World

BILLER = "a-north-biller"
HERE = f"/referrals/{NUMBER}"
BILL: dict[str, Any] = {
    "number": "24-1",
    "invoiced_on": "2024-11-19",
    "lines": [{"line": "1", "code": "OR-DAY", "service_on": "2024-11-12", "units": "1.5", "cents": 10_000}],
    "cents": 10_000,
}


@pytest.fixture
async def case(portal: World) -> World:
    """A worker who is treated in the north."""
    await portal.hear(*treated.ACTIVE, treated.payee())
    return portal


async def test_an_invoice_names_the_payee_of_the_contract(case: World) -> None:
    asking = asyncio.create_task(case.post(f"{HERE}/commands/invoice", BILLER, BILL, wait=5))
    fact = await case.fact("submitted-invoice")
    assert (fact.payload["payee_id"], fact.payload["seen"], fact.key) == ("p-1", 0, CASE)
    assert (fact.payload["lines"][0]["units"], fact.payload["cents"]) == ("1.5", 10_000)
    await case.hear(treated.billed(), treated.pended(), cause=fact.event_id)
    answer = await asking
    assert (answer.status_code, answer.json()["result"]["event"]) == (200, "invoice-received")


async def test_an_invoice_that_is_returned_tells_every_field(case: World) -> None:
    asking = asyncio.create_task(case.post(f"{HERE}/commands/invoice", BILLER, BILL, wait=5))
    fact = await case.fact("submitted-invoice")
    flaws = tuple(
        Violation(code=code, rule="a rule", fix="a fix", field=field)
        for code, field in (("INV-TOTAL", "cents"), ("FEE-UNITS", "lines.0.units"))
    )
    back = InvoiceReturned(referral_id=CASE, invoice_id=treated.INVOICE, number="24-1", fields=flaws)
    await case.hear(back, cause=fact.event_id)
    answer = await asking
    assert answer.status_code == 422
    assert [(e["pointer"], e["rule"]) for e in answer.json()["errors"]] == [
        ("/cents", "INV-TOTAL"),
        ("/lines/0/units", "FEE-UNITS"),
    ]
    assert (await case.get_json(f"{HERE}/invoices", BILLER))["items"] == []


async def test_an_invoice_is_shown_line_by_line_from_receipt_to_payment(case: World) -> None:
    async def page() -> Any:
        return await case.get_json(f"{HERE}/invoices/{treated.INVOICE}", BILLER)

    await case.hear(treated.billed(), treated.pended())
    waiting = await page()
    assert (waiting["state"], waiting["waits_for"], waiting["allowed"]) == ("pended", ["report"], ["void"])
    await case.hear(*treated.decided())
    decided = await page()
    assert (decided["state"], decided["waits_for"], decided["run_id"], decided["revision"]) == (
        "scheduled", [], treated.RUN, 2,
    )  # fmt: skip
    (line,) = decided["lines"]
    assert line["claimed_cents"] == line["allowed_cents"] + sum(reason["cents"] for reason in line["reasons"])
    await case.hear(treated.paid())
    paid = await page()
    assert (paid["state"], paid["paid_cents"], paid["remittance_id"], paid["allowed"]) == (
        "paid", 7_500, treated.REMITTANCE, [],
    )  # fmt: skip
    assert (paid["claimed_cents"], paid["allowed_cents"]) == (10_000, 7_500)


async def test_an_invoice_is_taken_back_as_it_was_seen(case: World) -> None:
    await case.hear(treated.billed(), *treated.decided())
    page = await case.client.get(f"/api/v1{HERE}/invoices/{treated.INVOICE}", headers=case.auth(BILLER))
    assert page.headers["etag"] == '"2"'
    body = {"invoice_id": treated.INVOICE}
    asking = asyncio.create_task(case.post(f"{HERE}/commands/void", BILLER, body, etag=page.headers["etag"], wait=5))
    fact = await case.fact("voided-invoice")
    assert (fact.payload["invoice_id"], fact.payload["seen"]) == (treated.INVOICE, 2)
    said = InvoiceVoided(referral_id=CASE, revision=3, invoice_id=treated.INVOICE, number="24-1")
    await case.hear(said, cause=fact.event_id)
    assert (await asking).json()["result"] == {"event": "invoice-voided", "revision": 3}


async def test_a_frozen_invoice_says_what_is_possible_instead(case: World) -> None:
    await case.hear(treated.billed(), *treated.decided())
    body = {"invoice_id": treated.INVOICE}
    asking = asyncio.create_task(case.post(f"{HERE}/commands/void", BILLER, body, etag='"2"', wait=5))
    flaw = Violation(code="RUN-FROZEN", rule="before the cut-off", fix="put it right", field="invoice_id")
    await case.refuse(await case.fact("voided-invoice"), flaw, allowed=("rectify",), service="invoice")
    answer = await asking
    assert (answer.status_code, answer.json()["state"], answer.json()["allowed"]) == (409, "scheduled", ["rectify"])


async def test_a_rectification_names_the_invoice_it_puts_right(case: World) -> None:
    body = {**BILL, "number": "24-2", "rectifies": treated.INVOICE}
    assert (await case.post(f"{HERE}/commands/rectify", BILLER, body)).status_code == 202
    (fact,) = await case.facts("rectified-invoice")
    assert (fact.payload["rectifies"], fact.payload["payee_id"]) == (treated.INVOICE, "p-1")


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"cents": 99.5, "number": "Ida Secret"}, {"/cents", "/number"}),
        ({"lines": [{"line": "1", "units": "NaN", "cents": "100"}]},
         {"/lines/0/code", "/lines/0/service_on", "/lines/0/units", "/lines/0/cents"}),
        ({"payee_id": "p-2"}, {None}),
    ],
)  # fmt: skip
async def test_every_field_is_named_and_none_is_echoed(
    case: World, change: dict[str, Any], pointers: set[str | None]
) -> None:
    answer = await case.post(f"{HERE}/commands/invoice", BILLER, BILL | change)
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.json()["errors"]} == pointers
    assert "Secret" not in answer.text


async def test_payments_are_those_of_the_organisations_payees(case: World) -> None:
    await case.hear(treated.remitted(), treated.payee("p-2", "o-south"), treated.remitted("p-2", "r-2"))
    (item,) = (await case.get_json("/payments", BILLER))["items"]
    assert (item["remittance_id"], item["cents"], item["dispute_until"]) == (treated.REMITTANCE, 7_500, "2025-02-25")
    page = await case.get_json(f"/remittances/{treated.REMITTANCE}", BILLER)
    assert page["lines"][0]["allowed_cents"] == 7_500
    theirs = await case.client.get("/api/v1/remittances/r-2", headers=case.auth(BILLER))
    assert theirs.status_code == 404
    assert [one["remittance_id"] for one in (await case.get_json("/payments", "a-south-biller"))["items"]] == ["r-2"]


async def test_a_long_list_is_read_page_by_page_without_loss(case: World) -> None:
    for n in range(5):
        await case.hear(treated.remitted("p-1", f"r-{n}"))
    found, path = [], "/api/v1/payments?limit=2"
    while path:
        answer = await case.client.get(path, headers=case.auth(BILLER))
        found += [item["remittance_id"] for item in answer.json()["items"]]
        path = answer.headers.get("link", "")[1:].partition(">")[0]
    assert found == [f"r-{n}" for n in range(5)]


async def test_a_clinic_that_lost_the_offer_sees_nothing_that_came_after(portal: World) -> None:
    await portal.hear(story.created(), story.offered(2, "s-south-1", organisation="o-south"))
    await portal.hear(story.lapsed(3, "s-south-1"), story.offered(4, rank=2), story.acknowledged(5), story.accepted(6))
    await portal.hear(treated.billed(), treated.due())
    for path in ("invoices", f"invoices/{treated.INVOICE}", "reports", "reports/initial", "plans", "attendance"):
        answer = await portal.client.get(f"/api/v1{HERE}/{path}", headers=portal.auth("a-south"))
        assert answer.status_code == 404
    assert len((await portal.get_json(f"{HERE}/invoices", BILLER))["items"]) == 1
