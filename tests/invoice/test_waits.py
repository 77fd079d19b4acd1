"""An invoice that waits: what is said of it and when, from which day its wait counts, and that it releases itself."""

from datetime import date

from services.invoice.domain import billing as acts
from services.invoice.domain.judging import BillingContext
from services.invoice.domain.running import Run
from services.invoice.domain.steps import WaitEnded
from shared.billing.fees import Terms
from shared.domain.calendar import UNPUBLISHED
from shared.domain.decision import Decision
from shared.events.answers import ActionRefused, contract_of_service
from shared.events.invoice import (
    InvoiceAdjudicated,
    InvoiceApproved,
    InvoicePartiallyApproved,
    InvoicePended,
    InvoiceRejected,
    PaymentScheduled,
)
from shared.events.portal import ProviderSubmittedReport
from shared.events.published import Published
from shared.events.values import Actor
from tests.invoice.life import (
    ASSESS,
    BILLED_AT,
    BILLED_ON,
    DAY,
    Life,
    event_context,
    initial_report,
    kinds,
    line,
    only,
    reported,
    submitted,
    void,
    voided,
)
from tests.invoice.terms import CALENDAR, CONTRACT, REFERRAL, START, TERMS, at, life, standing
from tests.rules.billing import accepted, approved, asked, came, due, grant

SENT = "01930d2c-7f00-7000-8000-0000000000a1"
REPORT = ProviderSubmittedReport(
    by=Actor(account_id="a", role="clinician"), received_at=BILLED_AT, seen=0, idempotency_key="k",
    referral_id=REFERRAL, site_id="s-1", report="initial",
)  # fmt: skip
REFUSED = contract_of_service("program", ActionRefused)(action_key=REFERRAL, action_id=SENT, reasons=())
NOT_LOADED = Terms.of(Published([CONTRACT, CALENDAR]))


def test_a_record_that_changes_nothing_for_a_pended_invoice_announces_nothing() -> None:
    case = Life(life())
    case.bill(submitted())
    heard = case.hear(came(1), BILLED_AT + DAY)
    assert (heard.events, heard.timers) == ((), ())
    assert case.invoice().revision == 1


def test_a_new_standing_that_changes_no_line_leaves_an_invoice_scheduled_as_it_is() -> None:
    case = reported()
    case.bill(submitted())
    said = case.hear(standing((date(2024, 8, 1), "accepted"), (date(2025, 3, 1), "closed")), BILLED_AT + DAY)
    assert said.events == ()
    assert case.invoice().revision == 1


def test_only_a_standing_reaches_what_is_scheduled() -> None:
    case = reported()
    case.bill(submitted())
    again = initial_report().model_copy(update={"business_days_late": 20})
    assert case.hear(again, BILLED_AT + DAY).events == ()


def test_an_invoice_of_which_a_part_is_denied_is_paid_in_part() -> None:
    case = reported()
    said = case.bill(submitted(line(), line("NO-SUCH", BILLED_ON, 500, 2)))
    part = only(InvoicePartiallyApproved, said)
    assert (part.cents, part.claimed_cents) == (ASSESS, ASSESS + 500)
    assert only(PaymentScheduled, said).cents == ASSESS
    judged = only(InvoiceAdjudicated, said)
    assert (judged.claimed_cents, judged.allowed_cents, judged.judged_on) == (ASSESS + 500, ASSESS, BILLED_ON)


def test_a_wait_counts_from_the_day_on_which_the_last_earlier_action_was_answered() -> None:
    case = Life(life())
    case.hear(REPORT, BILLED_AT, SENT)
    case.bill(submitted())
    pended = only(InvoicePended, case.hear(REFUSED, BILLED_AT + 60 * DAY, causation=SENT).events)
    assert (pended.waits_for, pended.until) == (("report",), date(2025, 2, 5))  # 30 days from 6 January
    assert case.invoice().heard_on == BILLED_ON + 60 * DAY
    assert PaymentScheduled in kinds(case.hear(initial_report(), BILLED_AT + 70 * DAY).events)


def test_while_an_earlier_action_has_no_answer_no_wait_ends() -> None:
    case = Life(life())
    case.hear(REPORT, BILLED_AT, SENT)
    case.bill(submitted())
    assert not [name for name in case.timers if name.startswith("wait/")]
    assert case.hear(came(1), BILLED_AT + 200 * DAY).events == ()
    assert case.invoice().status == "pended"


def test_a_wait_that_is_over_frees_what_it_kept_back_on_its_own_day_even_if_its_timer_is_late() -> None:
    case = Life(life())
    for event in (
        due("job-site-visit", "v-1"), accepted("job-site-visit", 2, report="v-2"), asked("O1-JSV", "1", plan=2),
        approved(grant("g-1", "O1-JSV", "1")),
    ):  # fmt: skip
        case.hear(event, at(START + 2 * DAY))
    case.bill(submitted(line("O1-JSV", START + DAY, 13500)))
    later = BILLED_AT + 20 * DAY
    second = case.bill(submitted(line("O1-JSV", START + 2 * DAY, 13500), number="N-2", when=later))
    assert only(InvoicePended, second).waits_for == ("approval",)
    said = case.hear(standing((date(2024, 8, 1), "disallowed")), later + 20 * DAY).events
    assert kinds(said) == [InvoiceAdjudicated, InvoiceRejected, InvoiceAdjudicated, InvoiceApproved, PaymentScheduled]
    assert only(PaymentScheduled, said).run_on == date(2024, 12, 11), "the first run after the end of the first wait"


def test_an_invoice_that_waits_for_terms_is_judged_again_every_day_until_they_are_known() -> None:
    case = reported()
    poor = BillingContext(NOT_LOADED, {}, BILLED_AT)
    pended = case.note(acts.act(case.billing, submitted(), poor, event_context(BILLED_AT)))
    assert only(InvoicePended, pended.events).waits_for == ("terms",)
    name = f"wait/{case.invoice().id}"
    for n in (1, 2):
        wake = case.timers[name]
        assert isinstance(wake.event, WaitEnded)
        assert wake.due_at == at(BILLED_ON + n * DAY, 8)
        again = case.note(
            acts.step(case.billing, wake.event, poor._replace(at=wake.due_at), event_context(wake.due_at))
        )
        assert (again.changed, again.events) == ((), ())
    assert kinds(case.wait_ends(name)) == [InvoiceAdjudicated, InvoiceApproved, PaymentScheduled]


def test_without_any_calendar_the_day_is_that_of_the_insurers_zone() -> None:
    assert BillingContext(Terms(), {}, at(START, 3)).today == START - DAY
    assert BillingContext(Terms(), {}, at(START, 3)).calendar is UNPUBLISHED
    assert BillingContext(TERMS, {}, at(START, 3)).today == START - DAY


def test_a_record_at_the_first_instant_after_a_wait_is_too_late() -> None:
    case = Life(life())
    case.bill(submitted())
    end = case.timers[f"wait/{case.invoice().id}"].due_at
    assert end
    assert kinds(case.hear(initial_report(), end).events) == [InvoiceAdjudicated, InvoiceRejected]


def test_a_claim_that_becomes_undecided_takes_an_invoice_out_of_its_run_until_it_is_decided() -> None:
    case = reported()
    first = only(PaymentScheduled, case.bill(submitted()))
    undecided = case.hear(standing((date(2024, 8, 1), "pended")), BILLED_AT + DAY).events
    assert (only(InvoicePended, undecided).waits_for, only(InvoicePended, undecided).revision) == (("claim",), 2)
    waits = case.invoice()
    assert (waits.status, waits.slot, waits.closes_on, waits.revision) == ("pended", None, None, 2)
    assert [x.status for x in waits.judged] == ["waiting"]
    decided = case.hear(standing((date(2024, 8, 1), "accepted")), BILLED_AT + 8 * DAY).events
    assert only(PaymentScheduled, decided).run_on == first.run_on + 7 * DAY
    scheduled = case.invoice()
    assert (scheduled.status, scheduled.waits_for, scheduled.until, scheduled.revision) == ("scheduled", (), None, 3)


def test_a_rejected_or_voided_invoice_is_not_judged_again_when_the_claim_is_decided() -> None:
    case = Life(life())
    case.bill(submitted())
    case.wait_ends(f"wait/{case.invoice().id}")
    case.bill(submitted(number="N-2", when=BILLED_AT + 40 * DAY))
    case.note(void(case, voided(case.invoice(1).id, 1, BILLED_AT + 40 * DAY)))
    case.hear(initial_report(), BILLED_AT + 40 * DAY)
    decided = case.hear(standing((date(2024, 8, 2), "accepted")), BILLED_AT + 41 * DAY)
    assert decided.events == ()
    assert [case.invoice(n).status for n in (0, 1)] == ["rejected", "voided"]


def test_an_answered_action_is_not_waited_for_again() -> None:
    case = Life(life())
    case.hear(REPORT, BILLED_AT, SENT)
    case.bill(submitted())
    assert case.invoice().after == (SENT,)
    case.hear(REFUSED, BILLED_AT + DAY, causation=SENT)
    assert case.invoice().after == ()


def test_two_invoices_that_are_released_together_open_their_run_once() -> None:
    case = Life(life())
    case.bill(submitted())
    case.bill(submitted(line("O1-EARLY", cents=3000), number="N-2"))
    assert case.billing
    before = case.billing.revision
    released = case.hear(initial_report(), BILLED_AT + DAY)
    assert [arm.name for arm in released.timers].count("cut-off") == 1
    assert len([run for run in released.changed if isinstance(run, Run)]) == 1
    assert case.billing.revision == before + 1
    other = reported()
    other.runs = case.runs
    assert not [arm for arm in other.note(hear_bill(other)).timers if arm.name == "cut-off"]


def hear_bill(case: Life) -> Decision:
    act = submitted(number="N-3")
    return acts.act(case.billing, act, case.context(BILLED_AT), event_context(BILLED_AT))
