"""What is taken back or put right: the invoice as it stands then, what it names, and what is refused."""

from datetime import date

import pytest

from services.invoice.domain import billing as acts
from shared.domain.decision import Decision, Refusal
from shared.events.invoice import (
    InvoiceAdjudicated,
    InvoicePended,
    InvoiceReceived,
    InvoiceRejected,
    InvoiceVoided,
)
from shared.events.portal import ProviderRectifiedInvoice
from tests.invoice.life import (
    ASSESS,
    BILLED_AT,
    DAY,
    Life,
    code_of,
    event_context,
    kinds,
    line,
    only,
    pay,
    rectified,
    reported,
    submitted,
    take_back,
    void,
    voided,
)
from tests.invoice.terms import life


def put_right(case: Life, act: ProviderRectifiedInvoice) -> Decision:
    return acts.act(case.billing, act, case.context(act.received_at), event_context(act.received_at))


@pytest.mark.parametrize("case", [reported(), Life(life())], ids=["scheduled", "pended"])
def test_an_invoice_that_was_taken_back_waits_for_nothing_and_no_run_and_no_window(case: Life) -> None:
    case.bill(submitted())
    said = only(InvoiceVoided, case.note(take_back(case, BILLED_AT + DAY)).events)
    voided = case.invoice()
    assert (voided.status, voided.revision, said.revision) == ("voided", 2, 2)
    assert (voided.slot, voided.until, voided.waits_for, voided.closes_on) == (None, None, (), None)


def test_a_paid_invoice_is_not_taken_back() -> None:
    case = reported()
    case.bill(submitted())
    pay(case)
    refused = take_back(case, BILLED_AT)
    assert code_of(refused) == "RUN-FROZEN"
    assert isinstance(refused, Refusal)
    assert (refused.flaws[0].field, refused.allowed) == ("invoice_id", ("rectify",))


def test_a_rejected_invoice_is_put_right_and_not_taken_back() -> None:
    case = Life(life())
    case.bill(submitted())
    case.wait_ends(f"wait/{case.invoice().id}")
    refused = take_back(case, BILLED_AT + 45 * DAY)
    assert code_of(refused) == "INV-STATE"
    assert isinstance(refused, Refusal)
    assert refused.allowed == ("rectify",)


def test_a_pended_invoice_is_taken_back_and_a_voided_one_is_sent_anew_instead_of_put_right() -> None:
    case = Life(life())
    case.bill(submitted())
    waits = put_right(case, rectified(case.invoice().id, "N-2", BILLED_AT))
    case.note(take_back(case, BILLED_AT))
    gone = put_right(case, rectified(case.invoice().id, "N-2", BILLED_AT))
    for refused, allowed, fix in ((waits, "void", "take it back"), (gone, "submit", "send in a new invoice")):
        assert code_of(refused) == "INV-STATE"
        assert isinstance(refused, Refusal)
        assert (refused.flaws[0].field, refused.flaws[0].fix, refused.allowed) == (
            "rectifies",
            f"{fix} instead",
            (allowed,),
        )


def test_an_invoice_that_puts_another_right_names_it() -> None:
    case = reported()
    case.bill(submitted())
    old = case.invoice().id
    received = only(InvoiceReceived, case.bill(rectified(old, "N-2", BILLED_AT)))
    assert (received.rectifies, received.revision) == (old, 1)
    assert (case.invoice(0).rectifies, case.invoice(1).rectifies) == (None, old)


def test_a_wait_that_is_over_can_be_put_right_even_if_its_timer_is_late() -> None:
    case = Life(life())
    case.bill(submitted())
    said = case.bill(rectified(case.invoice().id, "N-2", BILLED_AT + 45 * DAY))
    assert kinds(said) == [InvoiceAdjudicated, InvoiceRejected, InvoiceReceived, InvoicePended]
    assert only(InvoiceRejected, said).notice_on == date(2024, 12, 10)


def test_of_two_invoices_the_one_that_is_named_is_taken_back() -> None:
    case = reported()
    case.bill(submitted())
    case.bill(submitted(line("O1-EARLY", cents=3000), number="N-2"))
    case.note(void(case, voided(case.invoice(1).id, 1, BILLED_AT)))
    assert [case.invoice(n).status for n in (0, 1)] == ["scheduled", "voided"]


def test_a_billed_service_is_not_billed_again_before_it_was_denied() -> None:
    case = reported()
    case.bill(submitted())
    again = only(InvoiceAdjudicated, case.bill(submitted(number="N-2")))
    assert [reason.code for reason in again.lines[0].reasons] == ["DUP"]
    assert "N-1" in again.lines[0].reasons[0].rule
    case.note(void(case, voided(case.invoice(0).id, 1, BILLED_AT)))
    assert only(InvoiceAdjudicated, case.bill(submitted(number="N-3"))).allowed_cents == ASSESS
