"""An invoice from its receipt to its payment: returned, pended, judged again, scheduled, voided, paid."""

from datetime import date

import pytest

from services.invoice.domain import billing as acts
from services.invoice.domain.number import Number, use
from services.invoice.domain.steps import CutOffReached, WindowsClosed
from shared.domain.decision import Outcome, Refusal
from shared.events.answers import ActionRefused, contract_of_service
from shared.events.invoice import (
    CaseBillingFinal,
    InvoiceAdjudicated,
    InvoiceApproved,
    InvoicePaid,
    InvoicePended,
    InvoiceReceived,
    InvoiceRejected,
    InvoiceReturned,
    InvoiceVoided,
    PaymentScheduled,
)
from shared.events.portal import ProviderSubmittedInvoice, ProviderSubmittedReport
from shared.events.referral import ProgramEnded, ReferralDischarged
from shared.events.values import Actor
from tests.invoice.life import (
    ASSESS,
    BILLED_AT,
    BILLED_ON,
    CLOSED,
    DAY,
    Life,
    code_of,
    context,
    event_context,
    initial_report,
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
from tests.invoice.terms import REFERRAL, START, at, life, standing

PAID = [InvoiceReceived, InvoiceAdjudicated, InvoiceApproved, PaymentScheduled]


def test_an_invoice_of_which_nothing_is_wrong_is_judged_at_once_and_paid_by_the_next_run() -> None:
    case = reported()
    events = case.bill(submitted())
    assert kinds(events) == PAID
    assert {event.revision for event in events if isinstance(event, InvoiceAdjudicated | PaymentScheduled)} == {1}
    due = only(PaymentScheduled, events)
    assert (due.cents, due.run_id, due.payee_id) == (ASSESS, "run-2024-11-13", "p-1")
    assert case.invoice().status == "scheduled"


def test_the_first_invoice_of_a_run_awaits_its_cut_off_and_later_ones_do_not() -> None:
    case = reported()
    case.bill(submitted())
    due = case.timers.pop("cut-off")
    assert due.key == "run-2024-11-13"
    assert isinstance(due.event, CutOffReached)
    case.hear(standing((date(2024, 8, 1), "disallowed")), BILLED_AT + DAY)
    case.hear(standing((date(2024, 8, 1), "accepted")), BILLED_AT + DAY)
    assert "cut-off" not in case.timers


@pytest.mark.parametrize(
    ("act", "code", "field"),
    [
        (submitted(site="s-9"), "NOT-YOURS", "site_id"),
        (rectified("i-unknown", "N-2", BILLED_AT), "NOT-FOUND", "rectifies"),
    ],
)
def test_an_invoice_of_another_site_or_of_no_case_is_refused_as_not_found(
    act: ProviderSubmittedInvoice, code: str, field: str
) -> None:
    refused = acts.act(reported().billing, act, context(BILLED_AT), event_context(BILLED_AT))
    assert isinstance(refused, Refusal)
    assert [(flaw.code, flaw.field) for flaw in refused.flaws] == [(code, field)]


def test_another_payee_than_the_referrals_is_returned_and_nothing_is_told_of_its_numbers() -> None:
    case = reported()
    returned = only(InvoiceReturned, case.bill(submitted(payee="p-9"), use("p-9", "N-1", "i-9")))
    assert [(flaw.code, flaw.field) for flaw in returned.fields] == [("PAYEE", "payee_id")]


@pytest.mark.parametrize("number", ["", "  ", "N\x00", "N" * 65])
def test_a_number_that_nobody_can_read_out_is_returned(number: str) -> None:
    case = reported()
    returned = only(InvoiceReturned, case.bill(submitted(number=number)))
    assert [(flaw.code, flaw.field) for flaw in returned.fields] == [("FIELD-MISSING", "number")]


def test_a_referral_that_is_not_there_cannot_be_billed() -> None:
    assert code_of(acts.act(None, submitted(), context(BILLED_AT), event_context(BILLED_AT))) == "NOT-FOUND"


def test_of_an_invoice_that_is_not_whole_nothing_is_kept() -> None:
    case = reported()
    before = case.billing
    returned = only(InvoiceReturned, case.bill(submitted(cents=1)))
    assert "cents" in {flaw.field for flaw in returned.fields}
    assert case.billing == before
    assert kinds(case.bill(submitted())) == PAID


def test_a_number_that_the_payee_has_used_is_returned() -> None:
    case = reported()
    returned = only(InvoiceReturned, case.bill(submitted(), use("p-1", "N-1", "i-1")))
    assert [(flaw.code, flaw.field) for flaw in returned.fields] == [("DUP", "number")]


def test_a_number_is_taken_by_the_invoice_that_is_kept() -> None:
    case = reported()
    outcome = acts.act(case.billing, submitted(), case.context(BILLED_AT), event_context(BILLED_AT))
    assert isinstance(outcome, Outcome)
    (number,) = (n for n in outcome.changed if isinstance(n, Number))
    assert (number.payee_id, number.number) == ("p-1", "N-1")


def test_an_invoice_whose_report_is_not_there_waits_and_releases_itself() -> None:
    case = Life(life())
    pended = only(InvoicePended, case.bill(submitted()))
    assert pended.until
    accepted = case.hear(initial_report(), at(date(2024, 11, 8))).events
    assert kinds(accepted) == [InvoiceAdjudicated, InvoiceApproved, PaymentScheduled]
    assert case.invoice().revision == 2
    assert case.timers[f"wait/{case.invoice().id}"].due_at is None


def test_a_wait_that_ends_is_a_denial() -> None:
    case = Life(life())
    until = only(InvoicePended, case.bill(submitted())).until
    assert until == date(2024, 12, 9), "30 days later is a Saturday"
    due = case.timers[f"wait/{case.invoice().id}"].due_at
    assert due == at(date(2024, 12, 10), 8)
    rejected = only(InvoiceRejected, case.wait_ends(f"wait/{case.invoice().id}"))
    assert rejected.rectify_until >= START + 180 * DAY
    assert rejected.dispute_until >= rejected.notice_on + 90 * DAY


def test_a_record_after_the_end_of_a_wait_is_too_late_even_if_the_timer_is_late() -> None:
    case = Life(life())
    case.bill(submitted())
    late = case.hear(initial_report(), BILLED_AT + 40 * DAY).events
    assert kinds(late) == [InvoiceAdjudicated, InvoiceRejected]


REPORT = ProviderSubmittedReport(
    by=Actor(account_id="a", role="clinician"), received_at=BILLED_AT, seen=0, idempotency_key="k",
    referral_id=REFERRAL, site_id="s-1", report="initial",
)  # fmt: skip
SENT = "01930d2c-7f00-7000-8000-0000000000a1"
Refused = contract_of_service("program", ActionRefused)


def test_an_invoice_is_not_judged_before_what_stood_before_it_is_answered() -> None:
    case = Life(life())
    case.hear(REPORT, BILLED_AT, SENT)
    pended = only(InvoicePended, case.bill(submitted()))
    assert (pended.waits_for, pended.until) == (("answer",), None)
    answered = case.hear(initial_report(), BILLED_AT + 60 * DAY, causation=SENT).events
    assert kinds(answered) == [InvoiceAdjudicated, InvoiceApproved, PaymentScheduled]


def test_an_answer_may_be_a_refusal() -> None:
    case = reported()
    case.hear(REPORT, BILLED_AT, SENT)
    case.bill(submitted())
    refused = Refused(action_key=REFERRAL, action_id=SENT, reasons=())
    assert kinds(case.hear(refused, BILLED_AT + DAY, causation=SENT).events)[0] is InvoiceAdjudicated


def test_an_action_after_an_invoice_does_not_hold_the_invoice() -> None:
    case = reported()
    case.bill(submitted())
    case.hear(REPORT, BILLED_AT, SENT)
    assert case.invoice().status == "scheduled"


def test_a_claim_decision_reaches_what_no_run_has_fixed() -> None:
    case = reported()
    case.bill(submitted())
    denied = case.hear(standing((date(2024, 8, 1), "disallowed")), BILLED_AT + DAY).events
    assert kinds(denied) == [InvoiceAdjudicated, InvoiceRejected]
    assert case.invoice().slot is None


def test_a_claim_decision_does_not_reach_what_a_cut_off_has_fixed() -> None:
    case = reported()
    case.bill(submitted())
    slot = case.invoice().slot
    assert slot
    assert case.hear(standing((date(2024, 8, 1), "disallowed")), slot.cut_off_at).events == ()
    case.runs[slot.run_id] = case.runs[slot.run_id]._replace(status="frozen")
    assert case.hear(standing((date(2024, 8, 2), "disallowed")), BILLED_AT).events == ()
    assert case.invoice().status == "scheduled"


def test_an_invoice_judged_after_a_run_was_frozen_is_paid_by_the_next_whenever_it_came() -> None:
    case = reported()
    slot = only(PaymentScheduled, case.bill(submitted()))
    other = reported()
    other.runs[slot.run_id] = case.runs[slot.run_id]._replace(status="frozen")
    assert only(PaymentScheduled, other.bill(submitted())).run_on == slot.run_on + 7 * DAY


def test_an_invoice_is_taken_back_before_its_cut_off() -> None:
    case = reported()
    case.bill(submitted())
    outcome = case.note(take_back(case, BILLED_AT + DAY))
    assert kinds(outcome.events) == [InvoiceVoided]
    again = case.bill(submitted(number="N-2", when=BILLED_AT + DAY))
    assert kinds(again) == PAID


def test_units_of_a_voided_invoice_are_free_for_the_next() -> None:
    case = Life(life())
    case.bill(submitted())
    case.note(take_back(case, BILLED_AT + DAY))
    assert case.timers[f"wait/{case.invoice().id}"].due_at is None
    case.bill(submitted(number="N-2", when=BILLED_AT + DAY))
    assert InvoiceApproved in kinds(case.hear(initial_report(), BILLED_AT + 2 * DAY).events)


def test_after_the_cut_off_nothing_is_taken_back() -> None:
    case = reported()
    case.bill(submitted())
    slot = case.invoice().slot
    assert slot
    refused = take_back(case, slot.cut_off_at)
    assert code_of(refused) == "RUN-FROZEN"
    case.runs[slot.run_id] = case.runs[slot.run_id]._replace(status="frozen")
    assert code_of(take_back(case, BILLED_AT)) == "RUN-FROZEN"


def test_a_void_names_the_invoice_as_it_is_and_whose_it_is() -> None:
    case = reported()
    case.bill(submitted())
    invoice = case.invoice()
    assert code_of(void(case, voided(invoice.id, 0, BILLED_AT))) == "STALE"
    assert code_of(void(case, voided(invoice.id, 1, BILLED_AT, "s-9"))) == "NOT-YOURS"
    assert code_of(void(case, voided("i-9", 1, BILLED_AT))) == "NOT-FOUND"
    case.note(take_back(case, BILLED_AT))
    assert code_of(take_back(case, BILLED_AT)) == "INV-STATE"


def test_an_invoice_is_paid_with_a_remittance_once() -> None:
    case = reported()
    case.bill(submitted())
    said = only(InvoicePaid, pay(case))
    assert (said.cents, said.remittance_id, said.revision) == (ASSESS, "m-1", 2)
    assert (case.invoice().status, case.invoice().remittance_id) == ("paid", "m-1")
    assert case.billing
    assert case.billing.paid_cents == ASSESS
    assert not pay(case)


def test_an_invoice_is_put_right_by_one_with_a_number_of_its_own_once_it_was_judged() -> None:
    case = Life(life())
    case.bill(submitted())
    early = rectified(case.invoice().id, "N-2", BILLED_AT)
    assert code_of(acts.act(case.billing, early, case.context(BILLED_AT), event_context(BILLED_AT))) == "INV-STATE"
    case.wait_ends(f"wait/{case.invoice().id}")
    later = BILLED_AT + 45 * DAY
    case.hear(initial_report(), later)
    assert kinds(case.bill(rectified(case.invoice().id, "N-2", later))) == PAID


def ended() -> Life:
    case = reported()
    case.bill(submitted())
    case.hear(ProgramEnded(referral_id=REFERRAL, revision=4, last_on=BILLED_ON, exit_reason="goals_met"), BILLED_AT)
    case.hear(ReferralDischarged(referral_id=REFERRAL, revision=5, discharged_on=BILLED_ON), BILLED_AT)
    return case


def test_a_case_is_final_when_its_last_window_has_closed() -> None:
    case = ended()
    assert "final" not in case.timers
    pay(case)
    due = case.timers["final"]
    assert isinstance(due.event, WindowsClosed)
    assert due.due_at
    assert due.due_at == at(date(2025, 2, 12), 8), "the day after the dispute window of its remittance"
    outcome = case.note(acts.step(case.billing, CLOSED, case.context(due.due_at), event_context(due.due_at)))
    final = only(CaseBillingFinal, outcome.events)
    assert final.paid_cents == ASSESS
    assert case.note(acts.step(case.billing, CLOSED, case.context(due.due_at), event_context(due.due_at))) == Outcome()


def test_a_case_that_is_billed_again_is_not_final_yet() -> None:
    case = ended()
    pay(case)
    case.bill(submitted(line("O1-DAY", BILLED_ON, 9600), number="N-3", when=BILLED_AT + 8 * DAY))
    due = case.timers["final"]
    assert case.invoice(1).is_open == (due.due_at is None)
