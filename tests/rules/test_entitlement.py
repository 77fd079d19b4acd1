"""A case is folded from its records, one by one, into what an invoice is judged by."""

from datetime import timedelta
from decimal import Decimal

import pytest

from shared.billing.case import GrantUse
from shared.billing.entitlement import EMPTY, Case, RecordIds, dump, fold, load
from shared.domain.decision import Event
from shared.events.answers import ActionRefused, contract_of_service
from shared.events.invoice import InvoiceVoided
from shared.events.portal import (
    DeadlineReached,
    NoticeOpened,
    ProviderRecordedAttendance,
    ProviderVoidedInvoice,
    RoleGranted,
)
from shared.events.program import PlanDeemedApproved, ReportReturned
from shared.events.referral import HoldCause, ReferralDischarged, ReferralWithdrawn
from shared.events.values import Actor
from tests.rules.billing import (
    ID,
    NOON,
    accepted,
    active,
    approved,
    asked,
    bill,
    billed,
    came,
    day,
    due,
    ended,
    grant,
    line,
    opened,
    received,
    started,
    submitted,
    told,
)

CLINIC = Actor(account_id="a-1", role="clinician", organisation_id="o-1")
ACT = {"by": CLINIC, "received_at": NOON, "seen": 1, "idempotency_key": "k-1"}
RECORDED = ProviderRecordedAttendance.model_validate({**ACT, "referral_id": ID, "site_id": "van-1", "days": ()})
VOIDED = ProviderVoidedInvoice.model_validate({**ACT, "referral_id": ID, "site_id": "van-1", "invoice_id": "i-1"})
OPENED = NoticeOpened.model_validate({**ACT, "notice_id": "n-1"})


def test_a_case_knows_its_clinic_payee_contract_and_days() -> None:
    case = active(ended(30))
    assert (case.claim_number, case.site_id, case.payee_id, case.contract_id) == (
        "12345678",
        "van-1",
        "p-1",
        "c-crrtw",
    )
    assert (case.started_on, case.last_on, case.bounded_by) == (day(0), day(30), day(30))


@pytest.mark.parametrize("fact", [RECORDED, VOIDED])
def test_an_action_is_unanswered_until_its_owner_says_something_because_of_it(fact: Event) -> None:
    case = fold(active(), fact, RecordIds("a-1"))
    assert case.unanswered == ("a-1",)
    assert fold(case, came(1), RecordIds("r-9", "a-0")).unanswered == ("a-1",)
    assert fold(case, came(1), RecordIds("r-9", "a-1")).unanswered == ()


def test_a_refusal_is_an_answer_too() -> None:
    case = fold(active(), RECORDED, RecordIds("a-1"))
    refused = contract_of_service("program", ActionRefused)(action_key=ID, action_id="a-1", reasons=())
    assert fold(case, refused, RecordIds("r-9", "a-1")) == active()


@pytest.mark.parametrize(("service", "waits"), [("program", True), ("referral", True), ("procurement", False)])
def test_a_door_that_closed_waits_for_the_service_that_opened_it(service: str, waits: object) -> None:
    reached = DeadlineReached(record_key=ID, service=service, name="plan-decision/1", due_at=NOON)
    assert bool(fold(EMPTY, reached, RecordIds("d-1")).unanswered) is waits


@pytest.mark.parametrize(
    "fact", [OPENED, RoleGranted(account_id="a-1", role="clinician", site_id="van-1", received_at=NOON)]
)
def test_actions_that_other_services_or_none_answer_are_not_waited_for(fact: Event) -> None:
    assert fold(EMPTY, fact, RecordIds("a-1")) == EMPTY


def test_an_action_read_twice_is_waited_for_once() -> None:
    case = fold(fold(EMPTY, RECORDED, RecordIds("a-1")), RECORDED, RecordIds("a-1"))
    assert case.unanswered == ("a-1",)


def test_attendance_replaces_what_was_said_of_a_day() -> None:
    case = active(came(1, 2), came(2, status="missed"))
    assert case.attendance == {day(1): "attended", day(2): "missed"}


def test_a_report_is_as_it_was_last_said_to_be() -> None:
    returned = ReportReturned(
        referral_id=ID, revision=9, report="initial", report_revision=1, fields=(), fault="clinic"
    )
    course = (due("initial"), submitted("initial", 0), returned, submitted("initial", 0), accepted("initial", 0, 2))
    standings = [active(*course[:n]).reports[0].standing for n in range(1, 6)]
    assert standings == ["due", "submitted", "returned", "submitted", "accepted"]
    assert active(*course).reports[0].late == 2
    assert not active(*course).owes_reports({"initial"})
    assert active(*course[:3]).owes_reports({"initial"})
    assert not active(*course[:3]).owes_reports({"progress"})


def test_lines_of_a_plan_are_undecided_until_the_plan_is_decided() -> None:
    waiting = active(asked("CR-EXT", "2", plan=1), asked("CR-SUP-OT", "3", plan=2))
    assert [a.plan for a in waiting.asked] == [1, 2]
    decided = told(approved(grant("g-1", "CR-EXT", "1"), plan=1), case=waiting)
    assert ([a.plan for a in decided.asked], [g.grant for g in decided.grants]) == ([2], ["g-1"])


def test_a_decision_ends_the_grants_of_a_deemed_approval_on_the_day_of_its_notice() -> None:
    deemed = PlanDeemedApproved(
        referral_id=ID, revision=11, plan=1, certificate="c-1", lines=(grant("g-1", "CR-EXT", "2", 5),), from_on=day(5)
    )
    case = active(asked("CR-EXT", "2"), deemed, approved(grant("g-2", "CR-EXT", "1", 9), ended=[("g-1", 8)]))
    assert [(g.grant, g.from_on, g.last_on) for g in case.grants] == [("g-1", day(5), day(8)), ("g-2", day(9), day(60))]


def test_the_end_of_a_plan_makes_no_grant_longer() -> None:
    case = active(approved(grant("g-1", "CR-EXT", "2", 0, 9)), approved(plan=2, ended=[("g-1", 20)]))
    assert case.grants[0].last_on == day(9)


def test_invoices_stand_in_the_order_of_receipt_and_a_void_one_is_gone() -> None:
    first, second = bill(line("CR-DAY", 1, 13800)), bill(line("CR-DAY", 2, 13800), invoice_id="i-2")
    case = told(received(first), received(second), case=active(came(1, 2)))
    assert [i.invoice_id for i in case.invoices] == ["i-1", "i-2"]
    voided = InvoiceVoided(referral_id=ID, revision=3, invoice_id="i-1", number="N-i-1")
    assert [i.invoice_id for i in told(voided, case=case).invoices] == ["i-2"]


def test_an_invoice_keeps_back_what_it_claims_until_it_is_judged_and_then_what_it_was_allowed() -> None:
    sent = bill(line("CR-SUP-OT", 1, 28000, "2"))
    case = told(received(sent), case=active(approved(grant("g-1", "CR-SUP-OT", "1"))))
    assert [held.units for held in case.invoices[0].lines] == [2]
    (held,) = billed(case, sent).invoices[0].lines
    assert held.units == 1
    assert held.drawn == (GrantUse("g-1", Decimal(1)),)


def test_a_rectification_inherits_the_day_of_the_first_rejection() -> None:
    case = billed(active(), bill(line("NO-SUCH", 1, 100)), on=14)
    again = bill(line("NO-SUCH", 1, 100), invoice_id="i-2", rectifies="i-1", received=30)
    case = billed(case, again, on=30)
    assert [i.rejected_on for i in case.invoices] == [day(14), day(14)]


@pytest.mark.parametrize("cause", ["officer", "clinic", "claim"])
def test_a_withdrawn_case_is_over_since_its_last_attended_day_at_the_earliest(cause: HoldCause) -> None:
    withdrawn = ReferralWithdrawn(referral_id=ID, revision=9, cause=cause, from_on=day(3))
    assert active(came(1), came(5, status="missed"), withdrawn).ended_on == day(3)
    assert active(came(1, 5), withdrawn).ended_on == day(5)
    assert active(asked("CR-EXT", "1"), withdrawn).asked == ()


def test_a_case_that_no_clinic_took_has_nothing_to_end() -> None:
    withdrawn = ReferralWithdrawn(referral_id=ID, revision=3, cause="officer", from_on=day(3))
    created, stands, _ = opened()
    assert told(created, stands, withdrawn).ended_on is None


def test_a_discharge_ends_a_case() -> None:
    over = ReferralDischarged(referral_id=ID, revision=22, discharged_on=day(33))
    assert (active(ended(30)).is_over, active(ended(30), over).is_over) == (False, True)
    assert active(ended(30), over).ended_on == day(30)


def test_a_case_is_kept_as_json_and_read_back_the_same() -> None:
    sent = bill(line("CR-DAY", 1, 13800), line("CR-JSV", 2, 16500, "1.25"))
    case = billed(
        active(came(1), due("initial"), asked("CR-EXT", "1"), approved(grant("g-1", "CR-SUP-OT", "2.25"))), sent
    )
    case = fold(case, RECORDED, RecordIds("a-1"))
    assert load(dump(case)) == case
    assert load(dump(EMPTY)) == EMPTY == Case()


def test_records_on_which_no_cent_depends_change_nothing() -> None:
    again = started().model_copy(update={"revision": 99, "program_revision": 4})
    later = accepted("initial", 0, counts_at=NOON + timedelta(days=3))
    assert told(again, case=active()) == active()
    assert active(later) == active(accepted("initial", 0))
