"""A report counts from its first whole receipt; all faults are named at once; reviewers send back field by field."""

from datetime import date
from typing import Any

import pytest

from services.program.domain import lifecycle
from services.program.domain.case import Case, Obligation
from shared.domain.decision import Decision, Outcome, Refusal
from shared.events.portal import (
    OfficerAcceptedReport,
    OfficerReturnedReport,
    OfficerWaivedReport,
    ProviderSubmittedReport,
    ReturnedField,
)
from shared.events.program import (
    ObligationCancelled,
    ObligationRedated,
    ObligationWaived,
    ReportAccepted,
    ReportReturned,
    ReportSubmitted,
)
from shared.events.referral import ProgramEnded, ReferralDischarged, ReferralHeld, ReferralResumed
from tests.program.context import (
    BC,
    CLINIC,
    ID,
    OFFICER,
    SHA256,
    VISIT_ON,
    Left,
    answer,
    at,
    case_in,
    context,
    left,
    opened,
    started,
)

SENT_ON = date(2024, 11, 8)
REVIEWED: dict[str, Any] = {"reviewed_reports": ("initial",)}
WHOLE: dict[str, Any] = {
    "report": "initial",
    "service_on": VISIT_ON,
    "author_discipline": "physical_therapist",
    "measures": {"lift_kg": 10, "sit_minutes": 30, "disability_percent": 48},
    "sections": ("history", "job-demands", "baseline-function", "barriers", "goal"),
    "document_id": "d-1",
    "document_sha256": SHA256,
}
DISCHARGE: dict[str, Any] = {
    **WHOLE,
    "report": "discharge",
    "measures": {"lift_kg": 20, "disability_percent": 12},
    "sections": ("status", "outcome", "abilities", "limitations"),
}


def due(case: Case, report: str = "initial") -> Obligation:
    obligation = case.obligation(report)
    assert obligation is not None
    return obligation


def sent(case: Case | None, day: date = SENT_ON, terms: dict[str, Any] | None = None, **given: Any) -> Decision:
    members: dict[str, Any] = {"seen": case.revision if case else 0, **WHOLE, **given}
    action = ProviderSubmittedReport.model_validate(
        {"by": CLINIC, "received_at": at(day), "idempotency_key": "k", "referral_id": ID, "site_id": "van-1", **members}
    )
    return answer(case, action, context(day, **(terms or {})))


def accepted_by_officer(case: Case, day: date, seen: int | None = None) -> Decision:
    action = OfficerAcceptedReport(by=OFFICER, received_at=at(day), seen=case.revision if seen is None else seen,
                                idempotency_key="k", referral_id=ID, report="initial")  # fmt: skip
    return answer(case, action, context(day, **REVIEWED))


def returned(case: Case, day: date, fault: str = "clinic", fields: tuple[ReturnedField, ...] | None = None) -> Decision:
    given = (ReturnedField(field="sections.goal", reason_code="RPT-UNCLEAR"),) if fields is None else fields
    action = OfficerReturnedReport.model_validate(
        {"by": OFFICER, "received_at": at(day), "seen": case.revision, "idempotency_key": "k", "referral_id": ID,
         "report": "initial", "fields": given, "fault": fault}
    )  # fmt: skip
    return answer(case, action, context(day, **REVIEWED))


def waived(case: Case, report: str = "initial", reason: str | None = "not-needed") -> Decision:
    action = OfficerWaivedReport(by=OFFICER, received_at=at(SENT_ON), seen=case.revision, idempotency_key="k",
                              referral_id=ID, report=report, reason_code=reason)  # fmt: skip
    return answer(case, action, context(SENT_ON))


def event_of(decision: Decision, kind: type[Any]) -> Any:
    assert isinstance(decision, Outcome), decision
    (result,) = [e for e in decision.events if isinstance(e, kind)]
    return result


def flaws(decision: Decision) -> list[tuple[str, str | None]]:
    assert isinstance(decision, Refusal), decision
    return [(f.code, f.field) for f in decision.flaws]


def discharged(case: Case) -> Left:
    event = ReferralDischarged(referral_id=ID, revision=12, discharged_on=date(2024, 11, 22))
    return left(case, lifecycle.discharge(case, event, context(event.discharged_on)))


def ending(last_on: date) -> Case:
    over = ProgramEnded(referral_id=ID, revision=9, last_on=last_on, exit_reason="goal-achieved")
    return case_in(lifecycle.end(started(), over, context(last_on)))


def test_a_whole_report_counts_from_its_receipt_and_is_accepted_by_itself() -> None:
    decision = sent(started())
    submitted, accepted = event_of(decision, ReportSubmitted), event_of(decision, ReportAccepted)
    assert submitted.counts_at == accepted.counts_at == at(SENT_ON)
    assert submitted.report_revision == 1
    assert accepted.business_days_late == -1
    assert submitted.revision == accepted.revision == 2
    assert due(case_in(decision)).status == "accepted"


def test_a_submitted_report_has_no_reminder() -> None:
    decision = sent(started())
    assert isinstance(decision, Outcome)
    assert [(t.name, t.due_at) for t in decision.timers] == [("report/initial", None)]


@pytest.mark.parametrize(
    ("day", "late"),
    [
        (date(2024, 11, 7), -2),
        (date(2024, 11, 12), 0),
        (date(2024, 11, 13), 1),
        (date(2024, 11, 16), 3),
        (date(2024, 11, 18), 4),
    ],
)
def test_lateness_is_signed_and_counted_in_business_days_of_the_contract(day: date, late: int) -> None:
    assert event_of(sent(started(), day), ReportSubmitted).business_days_late == late


def test_a_report_that_the_contract_has_reviewed_waits_for_the_officer() -> None:
    decision = sent(started(), terms=REVIEWED)
    assert isinstance(decision, Outcome)
    assert [type(e) for e in decision.events] == [ReportSubmitted]
    later = accepted_by_officer(case_in(decision), date(2024, 11, 20))
    accepted = event_of(later, ReportAccepted)
    assert (accepted.counts_at, accepted.business_days_late) == (at(SENT_ON), -1)


def test_every_fault_of_a_report_is_named_at_once() -> None:
    decision = sent(
        started(), service_on=date(2024, 11, 9), author_discipline="physician", document_id=None,
        document_sha256="x", sections=("history",), measures={"lift_kg": 400},
    )  # fmt: skip
    assert flaws(decision) == [
        ("DATE-FUTURE", "service_on"),
        ("DISCIPLINE", "author_discipline"),
        ("FIELD-MISSING", "document_id"),
        ("FIELD-MISSING", "document_sha256"),
        ("RPT-INCOMPLETE", "sections.job-demands"),
        ("RPT-INCOMPLETE", "sections.baseline-function"),
        ("RPT-INCOMPLETE", "sections.barriers"),
        ("RPT-INCOMPLETE", "sections.goal"),
        ("RPT-INCOMPLETE", "measures.lift_kg"),
        ("RPT-INCOMPLETE", "measures.sit_minutes"),
        ("RPT-INCOMPLETE", "measures.disability_percent"),
    ]


def test_an_empty_report_is_told_of_its_day_its_author_and_its_document() -> None:
    bare = sent(started(), service_on=None, author_discipline=None, document_id=None, document_sha256=None)
    assert [field for _, field in flaws(bare)] == [
        "service_on", "author_discipline", "document_id", "document_sha256",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "flaw"),
    [
        ({"service_on": date(2024, 11, 1)}, ("DOS-PROGRAM", "service_on")),
        ({"author_discipline": "kinesiology"}, ("DISCIPLINE", "author_discipline")),
    ],
)
def test_a_report_of_another_day_or_author_is_refused(given: dict[str, Any], flaw: tuple[str, str]) -> None:
    assert flaws(sent(started(), **given)) == [flaw]


def test_a_discharge_report_is_of_the_last_day() -> None:
    case = ending(date(2024, 11, 20))
    wrong = sent(case, date(2024, 11, 22), **{**DISCHARGE, "service_on": date(2024, 11, 19)})
    assert flaws(wrong) == [("RPT-DOS", "service_on")]
    after = sent(case, date(2024, 11, 22), service_on=date(2024, 11, 21))
    assert flaws(after) == [("DOS-PROGRAM", "service_on")]


def test_the_discharge_report_ends_whatever_else_is_owed_so_that_what_comes_later_comes_too_late() -> None:
    decision = sent(ending(date(2024, 11, 20)), date(2024, 11, 22), **{**DISCHARGE, "service_on": date(2024, 11, 20)})
    assert isinstance(decision, Outcome)
    cancelled = [e.report for e in decision.events if isinstance(e, ObligationCancelled)]
    assert cancelled == ["initial", "rtw-plan", "progress-1"]
    case = case_in(decision)
    assert flaws(sent(case, date(2024, 11, 25))) == [("RPT-STATE", "report")]
    assert discharged(case).events == ()


def test_only_what_is_due_is_sent_in() -> None:
    assert flaws(sent(started(), report="discharge")) == [("RPT-NOTREQ", "report")]
    twice = sent(case_in(sent(started())))
    assert flaws(twice) == [("RPT-STATE", "report")]
    assert isinstance(twice, Refusal)
    assert twice.allowed


def test_a_clinic_that_does_not_treat_the_worker_is_told_nothing() -> None:
    assert flaws(sent(None)) == [("NOT-FOUND", "referral_id")]
    assert flaws(sent(started(), site_id="van-2")) == [("NOT-YOURS", "site_id")]
    assert flaws(sent(opened())) == [("RPT-NOTREQ", "report")]


def test_a_submission_by_somebody_who_has_not_seen_the_return_is_stale() -> None:
    case = case_in(returned(case_in(sent(started(), terms=REVIEWED)), date(2024, 11, 11)))
    assert flaws(sent(case, seen=case.revision - 1)) == [("STALE", "seen")]


def test_a_return_by_the_clinics_fault_clears_the_time_of_receipt() -> None:
    first = case_in(sent(started(), terms=REVIEWED))
    back = returned(first, date(2024, 11, 11))
    assert event_of(back, ReportReturned).fields[0].fix
    again = event_of(sent(case_in(back), date(2024, 11, 14), REVIEWED), ReportSubmitted)
    assert (again.report_revision, again.counts_at, again.business_days_late) == (2, at(date(2024, 11, 14)), 2)


def test_a_return_by_the_insurers_fault_keeps_the_first_receipt() -> None:
    back = case_in(returned(case_in(sent(started(), terms=REVIEWED)), date(2024, 11, 11), "insurer"))
    again = case_in(sent(back, date(2024, 11, 14), REVIEWED))
    submission = due(again).submission
    assert submission is not None
    assert submission.counts_at == at(SENT_ON)
    by_clinic = case_in(returned(again, date(2024, 11, 15)))
    assert event_of(sent(by_clinic, date(2024, 11, 18), REVIEWED), ReportSubmitted).counts_at == at(date(2024, 11, 18))


def test_a_report_that_was_sent_back_in_time_is_reminded_of_again() -> None:
    back = returned(case_in(sent(started(), terms=REVIEWED)), date(2024, 11, 11))
    assert isinstance(back, Outcome)
    (timer,) = back.timers
    assert timer.due_at is not None


def test_a_report_returned_after_its_last_day_keeps_its_later_reminders() -> None:
    filed = case_in(sent(started(), terms=REVIEWED))
    late = returned(filed, date(2024, 11, 14))  # due on the 12th; five business days later is the 19th
    assert isinstance(late, Outcome)
    (timer,) = late.timers
    assert timer.due_at is not None
    assert BC.day_of(timer.due_at) == date(2024, 11, 19)
    after_all = returned(filed, date(2024, 11, 20))
    assert isinstance(after_all, Outcome)
    assert [t.due_at for t in after_all.timers] == [None]


def test_a_return_names_known_fields_with_reasons() -> None:
    case = case_in(sent(started(), terms=REVIEWED))
    assert flaws(returned(case, SENT_ON, fields=())) == [("FIELD-MISSING", "fields")]
    odd = (ReturnedField(field="colour", reason_code="ugly"),)
    assert flaws(returned(case, SENT_ON, fields=odd)) == [
        ("FIELD-UNKNOWN", "fields.0.field"),
        ("REASON-MISSING", "fields.0.reason_code"),
    ]


def test_only_a_report_that_was_sent_in_is_accepted_or_sent_back() -> None:
    early = accepted_by_officer(started(), SENT_ON)
    assert flaws(early) == [("RPT-STATE", "report")]
    assert isinstance(early, Refusal)
    assert early.allowed == ("waive",)
    case = case_in(sent(started(), terms=REVIEWED))
    assert flaws(accepted_by_officer(case, SENT_ON, seen=1)) == [("STALE", "seen")]


def test_a_waiver_needs_a_listed_reason_and_a_report_that_is_due() -> None:
    decision = waived(started())
    assert event_of(decision, ObligationWaived).reason_code == "not-needed"
    assert due(case_in(decision)).status == "waived"
    assert flaws(waived(started(), reason=None)) == [("REASON-MISSING", "reason_code")]
    assert flaws(waived(started(), report="progress-9")) == [("NOT-FOUND", "referral_id")]
    assert flaws(waived(case_in(decision))) == [("RPT-STATE", "report")]


def test_a_discharge_report_that_is_waived_ends_the_case_like_one_that_is_accepted() -> None:
    decision = waived(ending(date(2024, 11, 20)), "discharge")
    assert isinstance(decision, Outcome)
    assert [type(e).__name__ for e in decision.events[:2]] == ["ObligationWaived", "ObligationCancelled"]


def hold_from(case: Case, day: date) -> Case:
    event = ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=day)
    return case_in(lifecycle.hold(case, event, context(day)))


def test_reports_stay_open_while_the_referral_is_held_and_the_time_held_is_not_held_against_them() -> None:
    held = hold_from(started(), date(2024, 11, 7))
    submitted = event_of(sent(held, date(2024, 11, 20)), ReportSubmitted)
    assert BC.day_of(submitted.due_at) == date(2024, 11, 22)  # two business days were left on the 7th
    assert submitted.business_days_late == -2


def test_a_report_sent_back_during_a_hold_waits_until_the_hold_is_lifted() -> None:
    held = hold_from(case_in(sent(started(), terms=REVIEWED)), date(2024, 11, 8))
    back = case_in(returned(held, date(2024, 11, 11)))
    lifted = ReferralResumed(referral_id=ID, revision=9, cause="claim", from_on=date(2024, 11, 18))
    moved = left(back, lifecycle.resume(back, lifted, context(date(2024, 11, 18))))
    assert "initial" in {e.report for e in moved.events if isinstance(e, ObligationRedated)}
    assert BC.day_of(due(moved.case).due_at) == date(2024, 11, 19)


def test_a_reminder_or_a_hold_makes_no_submission_stale() -> None:
    held = hold_from(started(), date(2024, 11, 7))
    assert isinstance(sent(held, date(2024, 11, 20), seen=1), Outcome)
