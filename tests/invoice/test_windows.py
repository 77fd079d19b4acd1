"""Until when a case may still cost something: what holds its last window open, and which window that is."""

from datetime import date

import pytest

from services.invoice.domain import billing as acts
from services.invoice.domain.steps import WindowsClosed
from shared.domain.decision import Event, Outcome
from shared.events.invoice import CaseBillingFinal, InvoiceRejected
from shared.events.portal import ProviderSubmittedReport
from shared.events.program import ObligationCancelled
from shared.events.referral import HoldCause, ProgramEnded, ReferralDischarged, ReferralWithdrawn
from shared.events.values import Actor
from tests.invoice.life import (
    BILLED_AT,
    BILLED_ON,
    CLOSED,
    DAY,
    Life,
    event_context,
    line,
    only,
    pay,
    reported,
    submitted,
)
from tests.invoice.terms import REFERRAL, START, at, life
from tests.rules.billing import due

ENDED = ProgramEnded(referral_id=REFERRAL, revision=4, last_on=BILLED_ON, exit_reason="goals_met")
DISCHARGED = ReferralDischarged(referral_id=REFERRAL, revision=5, discharged_on=BILLED_ON)
SUBMIT_UNTIL = date(2025, 2, 5)  # ninety days after the last day
SENT = ProviderSubmittedReport(
    by=Actor(account_id="a", role="clinician"), received_at=BILLED_AT, seen=0, idempotency_key="k",
    referral_id=REFERRAL, site_id="s-1", report="initial",
)  # fmt: skip


def closes(case: Life) -> date | None:
    return case.billing.closes_on if case.billing else None


def heard(*events: Event, case: Life | None = None) -> Life:
    case = case or Life(life())
    for event in events:
        case.hear(event, BILLED_AT)
    return case


def withdrawn(cause: HoldCause) -> ReferralWithdrawn:
    return ReferralWithdrawn(referral_id=REFERRAL, revision=6, cause=cause, from_on=BILLED_ON)


def test_an_ended_case_may_be_billed_for_ninety_days_after_its_last_day() -> None:
    case = heard(ENDED)
    assert closes(case) is None, "the discharge is still to come"
    assert closes(heard(DISCHARGED, case=case)) == SUBMIT_UNTIL
    arm = case.timers["final"]
    assert isinstance(arm.event, WindowsClosed)
    assert (arm.key, arm.due_at) == (REFERRAL, at(SUBMIT_UNTIL + DAY, 8))


@pytest.mark.parametrize("cause", ["claim", "officer", "clinic"])
def test_a_withdrawn_case_may_be_billed_for_ninety_days_after_its_withdrawal(cause: HoldCause) -> None:
    assert closes(heard(withdrawn(cause))) == SUBMIT_UNTIL


def test_a_case_that_goes_on_has_no_last_window() -> None:
    assert closes(heard()) is None


def test_a_report_that_a_fee_pays_for_holds_a_case_open_until_it_came_or_fell_away() -> None:
    case = heard(due("initial"), ENDED, DISCHARGED)
    assert closes(case) is None
    over = ObligationCancelled(referral_id=REFERRAL, revision=7, report="initial", kind="initial", cause="withdrawal")
    assert closes(heard(over, case=case)) == SUBMIT_UNTIL


def test_a_report_that_no_fee_pays_for_holds_nothing_open() -> None:
    assert closes(heard(due("follow-up"), ENDED, DISCHARGED)) == SUBMIT_UNTIL


def test_an_action_without_an_answer_holds_a_case_open() -> None:
    case = heard(ENDED, DISCHARGED)
    case.hear(SENT, BILLED_AT, "act")
    assert closes(case) is None
    assert case.timers["final"].due_at is None, "its timer is taken back"
    case.hear(due("follow-up"), BILLED_AT, causation="act")
    assert closes(case) == SUBMIT_UNTIL


def test_an_invoice_that_waits_or_will_be_paid_holds_a_case_open() -> None:
    for case, status in ((Life(life()), "pended"), (reported(), "scheduled")):
        case.bill(submitted(line("O1-DAY", START, 9600) if status == "pended" else line()))
        assert case.invoice().status == status
        assert closes(heard(ENDED, DISCHARGED, case=case)) is None


def test_a_rejected_invoice_may_be_put_right_or_disputed_in_its_own_windows() -> None:
    case = heard(ENDED, DISCHARGED)
    rejected = only(InvoiceRejected, case.bill(submitted(line("NO-SUCH", START, 500))))
    assert (rejected.rectify_until, rejected.dispute_until) == (date(2025, 5, 5), SUBMIT_UNTIL)
    assert closes(case) == rejected.rectify_until == case.invoice().closes_on


def test_of_a_paid_invoice_a_denied_line_may_be_put_right_longer_than_its_remittance_is_disputed() -> None:
    case = reported()
    case.bill(submitted(line(), line("NO-SUCH", START, 500, 2)))
    assert case.invoice().closes_on == date(2025, 5, 5)
    pay(case)
    assert case.invoice().closes_on == date(2025, 5, 5)
    whole = reported()
    whole.bill(submitted())
    pay(whole)
    assert whole.invoice().closes_on == date(2025, 2, 11)


def test_a_case_is_not_final_before_the_day_after_its_last_window_and_once() -> None:
    case = heard(ENDED, DISCHARGED)
    early, late = at(SUBMIT_UNTIL), at(SUBMIT_UNTIL + DAY, 8)
    assert acts.step(case.billing, CLOSED, case.context(early), event_context(early)) == Outcome()
    assert case.billing
    before = case.billing.revision
    final = only(
        CaseBillingFinal, case.note(acts.step(case.billing, CLOSED, case.context(late), event_context(late))).events
    )
    assert (final.paid_cents, final.final_on, final.revision) == (0, SUBMIT_UNTIL + DAY, before + 1)
    assert case.billing.final_on == final.final_on
    assert heard(withdrawn("officer"), case=case).timers["final"].due_at == late, "nothing is awaited any more"
    assert acts.step(case.billing, CLOSED, case.context(late), event_context(late)) == Outcome()


def test_a_case_that_is_open_again_when_its_timer_fires_is_not_final() -> None:
    case = heard(ENDED, DISCHARGED)
    case.hear(SENT, BILLED_AT, "act")
    late = at(SUBMIT_UNTIL + DAY, 8)
    assert acts.step(case.billing, CLOSED, case.context(late), event_context(late)) == Outcome()
