"""Each rule notifies its recipients, while the notice is useful."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notification.domain.case import Case, follow
from services.notification.domain.register import Register
from services.notification.store.rules import RULES
from shared.domain.decision import Event
from shared.events import invoice, program, referral
from shared.events.notification import NoticeQueued, NoticeSent
from shared.events.values import Officer
from tests.notification.ledger import CASE, NOON, REFERRAL, REGISTER, Ledger, event

IN_FORCE = datetime(2024, 11, 12, 20, tzinfo=UTC)  # the second revision of the contract holds


def notified(*events: Event, ledger: Ledger | None = None) -> list[tuple[str, str]]:
    """Rule and recipient of each notice."""
    ledger = ledger or Ledger()
    for one in events:
        ledger.hear(one)
    return [(n.rule, n.recipient_id) for n in ledger.notices.values()]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (referral.ReferralHeld, [("held-for-clinic", "a-1-clinician")]),
        (referral.ReferralResumed, [("resumed-for-clinic", "a-1-clinician")]),
        (referral.ReferralWithdrawn, [("withdrawn-for-clinic", "a-1-clinician")]),
        (referral.ReferralDischarged, [("discharged-for-clinic", "a-1-clinician")]),
        (program.ReportReturned, [("report-returned", "a-1-clinician")]),
        (program.PlanInformationRequested, [("information-asked", "a-1-clinician")]),
        (program.PlanApproved, [("plan-approved", "a-1-clinician")]),
        (program.PlanDeclined, [("plan-declined", "a-1-clinician")]),
        (
            program.PlanDeemedApproved,
            [("plan-deemed", "a-1-clinician"), ("plan-deemed-for-officer", "a-officer-u0101")],
        ),
        (program.PlanSubmitted, [("plan-to-decide", "a-officer-u0101")]),
        (program.PlanDecisionOverdue, [("plan-overdue", "a-officer-u0101")]),
        (referral.ReferralUnplaced, [("unplaced-for-officer", "a-officer-u0101")]),
        (referral.WorkerFarAway, [("far-away-for-officer", "a-officer-u0101")]),
        (invoice.InvoiceReturned, [("invoice-returned", "a-1-biller")]),
        (invoice.InvoicePended, [("invoice-pended", "a-1-biller")]),
        (invoice.InvoiceApproved, [("invoice-approved", "a-1-biller")]),
        (invoice.InvoicePartiallyApproved, [("invoice-partly-approved", "a-1-biller")]),
        (invoice.InvoiceRejected, [("invoice-rejected", "a-1-biller")]),
    ],
)
def test_clinicians_billers_and_the_officer_are_told_what_concerns_them(
    kind: type[Event], expected: list[tuple[str, str]]
) -> None:
    assert notified(event(kind)) == expected


def test_an_offer_is_told_to_everybody_who_answers_at_the_site() -> None:
    announced = notified(event(referral.ReferralOffered, site_id="s-2"))
    assert announced == [("offer-to-clinic", "a-2-clinician"), ("offer-to-clinic", "a-2-other")]


def test_a_site_without_an_account_is_told_itself() -> None:
    assert notified(event(referral.ReferralOffered, site_id="s-9")) == [("offer-to-clinic", "s-9")]


def test_a_desk_of_the_insurer_without_an_account_is_told_itself() -> None:
    ledger = Ledger(case=CASE._replace(officer_id=""), register=Register())
    assert notified(event(referral.ReferralUnplaced), event(invoice.RunFrozen), ledger=ledger) == [
        ("unplaced-for-officer", "claims_officer"),
        ("run-to-release", "payment_officer"),
    ]


def test_a_remittance_goes_once_to_each_biller_of_the_payees_sites() -> None:
    ledger = Ledger(case=Case("p-1"))
    announced = ledger.hear(event(invoice.RemittanceIssued, payee_id="p-1")).events
    queued = [(e.recipient_id, e.site_id, e.referral_id) for e in announced if isinstance(e, NoticeQueued)]
    assert queued == [("a-1-biller", "s-1", None), ("a-2-biller", "s-2", None), ("s-3", "s-3", None)]


def test_a_payee_without_sites_has_nobody_to_tell() -> None:
    assert notified(event(invoice.RemittanceIssued, payee_id="p-9")) == []


def test_every_payment_officer_is_told_of_a_run_that_waits_for_them() -> None:
    assert notified(event(invoice.RunFrozen, approvals_needed=2)) == [
        ("run-to-release", "a-payment"),
        ("run-to-release", "a-payment-too"),
    ]


def test_a_run_that_releases_itself_makes_no_notice() -> None:
    assert notified(event(invoice.RunFrozen, approvals_needed=0)) == []


@pytest.mark.parametrize(
    ("days_late", "rule", "recipient"),
    [
        (-3, "report-due", "a-1-clinician"),
        (0, "report-due", "a-1-clinician"),
        (1, "report-late", "a-officer-u0101"),
        (4, "report-late", "a-officer-u0101"),
        (5, "report-very-late", "a-program"),
    ],
)
def test_a_reminder_climbs_from_the_clinic_to_the_officer_to_the_program_officer(
    days_late: int, rule: str, recipient: str
) -> None:
    assert notified(event(program.ObligationReminded, days_late=days_late)) == [(rule, recipient)]


@pytest.mark.parametrize(("times", "notices"), [(1, 0), (2, 1), (3, 1)])
def test_the_officer_is_told_of_a_missed_visit_from_the_second_time_on(times: int, notices: int) -> None:
    assert len(notified(event(referral.AppointmentMissed, times=times))) == notices


@pytest.mark.parametrize(("cause", "rules"), [("clinic", 2), ("officer", 1), ("claim", 1)])
def test_the_officer_is_told_of_a_hold_that_the_clinic_alone_can_lift(cause: str, rules: int) -> None:
    announced = notified(event(referral.ReferralHeld, cause=cause))
    assert announced == [("held-for-clinic", "a-1-clinician"), ("held-for-officer", "a-officer-u0101")][:rules]


def test_the_officer_is_told_of_a_report_that_the_contract_lets_be_reviewed() -> None:
    ledger = Ledger()
    ledger.hear(event(program.ReportSubmitted, report="initial-2", kind="initial"), at=IN_FORCE)
    assert [n.rule for n in ledger.notices.values()] == ["report-to-review"]


def test_a_report_is_not_to_review_under_an_earlier_version_of_the_contract() -> None:
    assert notified(event(program.ReportSubmitted, report="initial", kind="initial")) == []


def test_a_report_is_to_review_only_where_a_known_contract_names_its_kind() -> None:
    ledger = Ledger()
    ledger.hear(event(program.ReportSubmitted, report="progress-1", kind="progress"), at=IN_FORCE)
    assert not REGISTER.is_reviewed("c-9", "initial", IN_FORCE)
    assert not ledger.notices


def test_a_site_that_does_not_take_the_referral_hears_no_more_of_it() -> None:
    for kind in (referral.ReferralDeclined, referral.ReferralLapsed, referral.ReferralOfferWithdrawn):
        ledger = Ledger()
        ledger.hear(event(kind))
        before = len(ledger.notices)
        ledger.hear(event(referral.ReferralWithdrawn))
        assert len(ledger.notices) == before


def test_a_case_knows_its_number_officer_site_and_contract() -> None:
    case = Case(REFERRAL)
    for one in (
        event(referral.ReferralCreated, number="R-24-1"),
        event(referral.OfficerAssigned, officer=Officer(kind="officer", id="U7")),
        event(referral.ReferralOffered, site_id="s-2", number="R-24-1"),
        event(referral.ReferralAccepted, site_id="s-2", contract_id="c-2"),
        event(referral.ReferralHeld),
    ):
        case = follow(case, one)
    assert case == Case(REFERRAL, 0, "R-24-1", "U7", "s-2", "c-2")


def test_a_notice_is_queued_with_what_it_is_about_and_is_in_the_portal_at_once() -> None:
    ledger = Ledger()
    queued, sent = ledger.hear(event(program.PlanSubmitted)).events
    (notice,) = ledger.notices.values()
    assert queued == NoticeQueued(
        recipient_id="a-officer-u0101", notice_id=notice.id, rule="plan-to-decide",
        about="rehab.program.plan-submitted.v1", referral_id=REFERRAL, channels=("portal", "email"),
        useful_until=NOON + timedelta(hours=240), number=CASE.number, subject=RULES["plan-to-decide"].subject.format(
            number=CASE.number
        ), link=RULES["plan-to-decide"].path(CASE.number, "1"),
    )  # fmt: skip
    assert sent == NoticeSent(recipient_id="a-officer-u0101", notice_id=notice.id, channel="portal")
    assert (notice.mail, notice.next_try_at, notice.number) == ("queued", NOON, CASE.number)


def test_a_rule_without_mail_notifies_in_the_portal_alone() -> None:
    ledger = Ledger()
    ledger.hear(event(invoice.InvoicePended))
    (notice,) = ledger.notices.values()
    assert (notice.mail, notice.next_try_at) == ("none", None)


def test_a_rebuilt_service_tells_no_history_and_sets_no_clock() -> None:
    useful = RULES["plan-to-decide"].useful
    ledger = Ledger()
    late = ledger.hear(event(program.PlanSubmitted), read_at=NOON + useful + timedelta(seconds=1))
    assert (late.changed, late.events, late.timers) == ((), (), ())
    ledger.hear(event(program.PlanSubmitted), read_at=NOON + useful)
    assert len(ledger.notices) == 1


def test_the_same_record_makes_the_same_notices_again() -> None:
    first, again = Ledger(), Ledger()
    assert first.hear(event(program.PlanDeemedApproved)) == again.hear(event(program.PlanDeemedApproved))
