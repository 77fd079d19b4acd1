"""Notices are mailed, seen, settled by events, and escalated when nobody looks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notification.domain.notice import RETRIES, Notice, failed, sent
from services.notification.store.rules import RULES
from shared.domain.decision import Event, Outcome, Refusal
from shared.events import invoice, program, referral
from shared.events.notification import NoticeActedOn, NoticeEscalated, NoticeFailed, NoticeQueued, NoticeSeen
from tests.notification.ledger import NOON, Ledger, event

OFFER = event(referral.ReferralOffered, site_id="s-2")


def queued(rule: str = "plan-to-decide", *, until: datetime = NOON + timedelta(days=10)) -> Notice:
    return Notice("n-1", 1, "a-1", rule, "r-1", "r-1", "1", "", "queued", 0, NOON, until)


def changed(outcome: Outcome) -> Notice:
    (notice,) = outcome.changed
    assert isinstance(notice, Notice)
    return notice


def kinds(*events: Event) -> list[str]:
    return [type(e).__name__ for e in events]


# mail


def test_a_mail_that_left_is_in_the_ledger_with_its_attempts() -> None:
    outcome = sent(queued()._replace(attempts=2))
    assert (changed(outcome).mail, changed(outcome).attempts) == ("sent", 3)
    assert kinds(*outcome.events) == ["NoticeSent"]
    assert sent(changed(outcome)) == sent(None) == Outcome()


def test_a_mail_that_left_while_it_was_given_up_has_left() -> None:
    assert changed(sent(queued()._replace(mail="failed"))).mail == "sent"


def test_a_mail_is_tried_again_after_minutes_hours_and_days() -> None:
    notice, at, waits = queued(), NOON, []
    for _ in RETRIES:
        notice = changed(failed(notice, "server-away", for_good=False, at=at))
        assert notice.next_try_at
        waits.append(notice.next_try_at - at)
        at = notice.next_try_at
    assert tuple(waits) == RETRIES
    last = failed(notice, "server-away", for_good=False, at=at)
    assert (changed(last).mail, kinds(*last.events)) == ("failed", ["NoticeFailed"])


def test_a_mail_that_is_refused_for_good_or_has_no_address_is_not_tried_again() -> None:
    outcome = failed(queued(), "no-address", for_good=True, at=NOON)
    (announced,) = outcome.events
    assert announced == NoticeFailed(
        recipient_id="a-1", notice_id="n-1", channel="email", attempts=1, reason_code="no-address"
    )
    assert failed(changed(outcome), "no-address", for_good=True, at=NOON) == Outcome()


def test_a_mail_is_given_up_when_the_next_try_would_be_of_no_use() -> None:
    notice = queued(until=NOON + RETRIES[0])
    assert changed(failed(notice, "server-away", for_good=False, at=NOON)).mail == "queued"
    late = NOON + timedelta(seconds=1)
    assert changed(failed(notice, "server-away", for_good=False, at=late)).mail == "failed"


# acted on


@pytest.mark.parametrize(
    ("cause", "acts", "leaves"),
    [
        (OFFER, event(referral.ReferralAccepted, site_id="s-2"), event(program.PlanSubmitted)),
        (event(referral.ReferralUnplaced), OFFER, event(referral.ReferralHeld)),
        (event(referral.ReferralHeld, cause="clinic"), event(referral.ReferralResumed, cause="clinic"),
         event(referral.ReferralResumed, cause="claim")),
        (event(program.ReportReturned, report="initial"), event(program.ReportSubmitted, report="initial"),
         event(program.ReportSubmitted, report="progress-1")),
        (event(program.ObligationReminded, report="initial", days_late=5),
         event(program.ObligationWaived, report="initial"), event(program.ObligationWaived, report="rtw-plan")),
        (event(program.PlanSubmitted, plan=2), event(program.PlanDeclined, plan=2),
         event(program.PlanApproved, plan=1)),
        (event(program.PlanInformationRequested, plan=2), event(program.PlanClockResumed, plan=2),
         event(program.PlanClockResumed, plan=1)),
        (event(program.PlanDecisionOverdue, plan=2), event(program.PlanApproved, plan=2),
         event(program.PlanApproved, plan=3)),
        (event(invoice.InvoiceReturned, number="A-1"), event(invoice.InvoiceReceived, number="A-1"),
         event(invoice.InvoiceReceived, number="A-2")),
        (event(invoice.InvoicePended, invoice_id="i-1"), event(invoice.InvoiceAdjudicated, invoice_id="i-1"),
         event(invoice.InvoiceAdjudicated, invoice_id="i-2")),
        (event(invoice.InvoiceRejected, invoice_id="i-1"), event(invoice.InvoiceReceived, rectifies="i-1"),
         event(invoice.InvoiceReceived, rectifies=None)),
        (event(invoice.InvoiceApproved, invoice_id="i-1"), event(invoice.InvoicePaid, invoice_id="i-1"),
         event(invoice.InvoicePaid, invoice_id="i-2")),
        (event(invoice.RunFrozen, run_id="run-1"), event(invoice.RunReleased, run_id="run-1"),
         event(program.PlanSubmitted)),
        (event(referral.AppointmentMissed), event(referral.ProgramStarted), event(referral.ProgramEnded)),
    ],
)  # fmt: skip
def test_a_notice_is_acted_on_by_what_it_asks_for_about_the_same_document(
    cause: Event, acts: Event, leaves: Event
) -> None:
    ledger = Ledger()
    ledger.hear(cause)
    first = dict(ledger.notices)
    ledger.hear(leaves)
    assert not any(ledger.notices[id_].acted_on for id_ in first)
    ledger.hear(acts)
    assert all(ledger.notices[id_].acted_on for id_ in first)
    by = {e.by_event for e in ledger.announced if isinstance(e, NoticeActedOn) and e.notice_id in first}
    assert by == {acts.type_name.split(".")[2]}


def test_a_mail_that_is_not_needed_any_more_does_not_leave() -> None:
    ledger = Ledger()
    ledger.hear(event(program.PlanSubmitted))
    ledger.hear(event(program.PlanApproved))
    (notice,) = ledger.by("plan-to-decide")
    assert (notice.mail, notice.acted_on) == ("failed", True)
    assert [e.reason_code for e in ledger.announced if isinstance(e, NoticeFailed)] == ["acted-on"]


def test_a_notice_mailed_before_it_was_settled_stays_mailed() -> None:
    ledger = Ledger()
    ledger.hear(event(program.PlanSubmitted))
    (notice,) = ledger.by("plan-to-decide")
    ledger.notices[notice.id] = notice._replace(mail="sent")
    ledger.hear(event(program.PlanApproved))
    assert ledger.by("plan-to-decide")[0].mail == "sent"


# seen


def test_a_notice_is_seen_once() -> None:
    ledger = Ledger()
    ledger.hear(OFFER)
    (first, _) = ledger.by("offer-to-clinic")
    outcome = ledger.see(first.id)
    assert isinstance(outcome, Outcome)
    assert outcome.events[0] == NoticeSeen(recipient_id="a-2-clinician", notice_id=first.id)
    assert ledger.see(first.id) == Outcome()


def test_a_notice_that_is_not_there_cannot_be_seen() -> None:
    refusal = Ledger().see("n-9")
    assert isinstance(refusal, Refusal)
    assert refusal.flaws[0].code == "NOT-FOUND"


def test_a_notice_seen_before_its_mail_left_is_not_mailed() -> None:
    ledger = Ledger()
    ledger.hear(event(program.PlanSubmitted))
    (notice,) = ledger.by("plan-to-decide")
    ledger.see(notice.id)
    assert ledger.notices[notice.id].mail == "failed"
    assert [e.reason_code for e in ledger.announced if isinstance(e, NoticeFailed)] == ["seen"]


# escalated


def unseen(*events: Event, **case: Any) -> tuple[Ledger, str]:
    """A ledger whose only clock runs."""
    ledger = Ledger()
    ledger.case = ledger.case._replace(**case)
    for one in events:
        ledger.hear(one)
    (clock,) = ledger.clocks
    return ledger, clock


def test_an_offer_that_nobody_has_seen_for_twelve_hours_goes_to_the_administrator() -> None:
    ledger, clock = unseen(event(referral.ReferralOffered))
    assert ledger.clocks[clock].due_at == NOON + timedelta(hours=12)
    before = len(ledger.announced)
    ledger.wake(clock)
    assert kinds(*ledger.announced[before:]) == ["NoticeEscalated", "NoticeQueued", "NoticeSent"]
    escalated, up = ledger.announced[before : before + 2]
    assert isinstance(escalated, NoticeEscalated)
    assert (escalated.recipient_id, escalated.to_role) == ("a-1-clinician", "administrator")
    assert (escalated.notice_id, escalated.rule) == (clock, "offer-to-clinic")
    assert isinstance(up, NoticeQueued)
    assert (up.recipient_id, up.rule) == ("a-administrator", "unseen-for-administrator")
    assert up.referral_id == OFFER.referral_id


@pytest.mark.parametrize(
    ("cause", "to", "due_at"),
    [
        (program.PlanSubmitted, "a-program", datetime(2024, 11, 7, 7, 59, 59, tzinfo=UTC)),
        (program.ReportReturned, "a-officer-u0101", datetime(2024, 11, 8, 7, 59, 59, tzinfo=UTC)),
        (invoice.InvoiceReturned, "a-administrator", datetime(2024, 11, 14, 7, 59, 59, tzinfo=UTC)),
        (invoice.RunFrozen, "a-operations", NOON + timedelta(hours=12)),
    ],
)
def test_an_escalation_is_due_at_the_end_of_a_business_day_or_after_elapsed_hours(
    cause: type[Event], to: str, due_at: datetime
) -> None:
    ledger, clock = unseen(event(cause))
    assert ledger.clocks[clock].due_at == due_at
    assert [n.recipient_id for n in ledger.wake(clock).changed if isinstance(n, Notice)] == [to]


def test_those_who_were_told_together_have_one_clock_and_are_escalated_together() -> None:
    ledger, clock = unseen(OFFER)
    ledger.wake(clock)
    escalated = [e.recipient_id for e in ledger.announced if isinstance(e, NoticeEscalated)]
    assert escalated == ["a-2-clinician", "a-2-other"]
    assert [n.recipient_id for n in ledger.by("unseen-for-administrator")] == ["s-2"]


def test_what_one_of_those_who_were_told_has_seen_is_seen() -> None:
    ledger, _ = unseen(OFFER)
    ledger.see(ledger.by("offer-to-clinic")[1].id)
    assert not ledger.clocks


def test_a_settled_notice_is_not_escalated() -> None:
    ledger, _ = unseen(OFFER)
    ledger.hear(event(referral.ReferralAcknowledged, site_id="s-2"))
    assert not ledger.clocks


def test_a_clock_that_fires_although_somebody_looked_says_nothing() -> None:
    ledger, clock = unseen(OFFER)
    kept = dict(ledger.clocks)
    ledger.see(clock)
    ledger.clocks = kept
    assert ledger.wake(clock) == Outcome()


def test_an_escalation_that_is_no_longer_useful_is_not_sent() -> None:
    ledger, clock = unseen(OFFER)
    too_late = NOON + timedelta(hours=12) + RULES["unseen-for-administrator"].useful + timedelta(seconds=1)
    assert ledger.wake(clock, read_at=too_late) == Outcome()


def test_an_escalation_is_settled_once_a_recipient_looks() -> None:
    ledger, clock = unseen(event(program.ReportReturned))
    ledger.wake(clock)
    ledger.see(clock)
    assert ledger.by("unseen-for-officer")[0].acted_on
    assert [e.by_event for e in ledger.announced if isinstance(e, NoticeActedOn)] == ["notice-seen"]


def test_an_escalation_is_settled_once_its_notice_is() -> None:
    ledger, clock = unseen(event(program.ReportReturned, report="initial"))
    ledger.wake(clock)
    ledger.hear(event(program.ReportSubmitted, report="initial"))
    assert all(n.acted_on for n in ledger.notices.values())


def test_a_notice_without_an_escalation_has_no_timer() -> None:
    ledger = Ledger()
    ledger.hear(event(program.PlanApproved))
    ledger.hear(event(invoice.InvoicePended))
    assert not ledger.clocks


def test_an_escalation_is_not_escalated_again() -> None:
    ledger, clock = unseen(OFFER)
    ledger.wake(clock)
    assert not ledger.clocks
