"""The faults of a report: its required parts by day, its author, and its state."""

from datetime import timedelta
from typing import Any

import pytest

from services.program.domain.context import RequiredPart
from shared.domain.decision import Decision, Outcome, Refusal
from shared.events.portal import OfficerAcceptedReport, OfficerWaivedReport, ProviderSubmittedReport
from shared.events.program import ReportSubmitted
from tests.program.context import CLINIC, ID, OFFICER, SHA256, VISIT_ON, answer, at, case_in, context, opened, started

SENT_ON = VISIT_ON + timedelta(days=1)
SINCE, UNTIL = VISIT_ON, VISIT_ON
SECTION = RequiredPart("initial", SINCE, UNTIL, "section", "history")
MEASURE = RequiredPart("initial", SINCE, UNTIL, "measure", "lift_kg", 5, 10)
REVIEWED: dict[str, Any] = {"reviewed_reports": ("initial",)}


def sent(*needed: RequiredPart, **given: Any) -> Decision:
    terms = given.pop("terms", {})
    members = {"report": "initial", "service_on": VISIT_ON, "author_discipline": "kinesiologist", "document_id": "d-1",
            "document_sha256": SHA256, "seen": 0, **given}  # fmt: skip
    by = {"by": CLINIC, "received_at": at(SENT_ON), "idempotency_key": "k", "referral_id": ID, "site_id": "van-1"}
    action = ProviderSubmittedReport.model_validate({**by, **members})
    return answer(started(), action, context(SENT_ON, **terms)._replace(contents=needed))


def flaws(decision: Decision) -> list[tuple[str, str | None]]:
    assert isinstance(decision, Refusal), decision
    return [(f.code, f.field) for f in decision.flaws]


def accept(decision: Decision, report: str = "initial", seen: int = 99) -> Decision:
    action = OfficerAcceptedReport(by=OFFICER, received_at=at(SENT_ON), seen=seen, idempotency_key="k", referral_id=ID,
                                report=report)  # fmt: skip
    return answer(case_in(decision), action, context(SENT_ON, **REVIEWED))


def waive(decision: Decision, seen: int = 99) -> Decision:
    action = OfficerWaivedReport(by=OFFICER, received_at=at(SENT_ON), seen=seen, idempotency_key="k", referral_id=ID,
                              report="initial", reason_code="not-needed")  # fmt: skip
    return answer(case_in(decision), action, context(SENT_ON))


def test_a_part_is_required_from_its_first_to_its_last_day() -> None:
    assert flaws(sent(SECTION)) == [("RPT-INCOMPLETE", "sections.history")]
    day = timedelta(days=1)
    others = (SECTION._replace(last=VISIT_ON - day), SECTION._replace(first=SENT_ON, last=SENT_ON))
    assert isinstance(sent(*others), Outcome)
    assert flaws(sent(*others, service_on=SENT_ON)) == [("RPT-INCOMPLETE", "sections.history")]
    assert isinstance(sent(SECTION._replace(kind="progress")), Outcome)


def test_a_report_without_its_day_is_asked_for_what_is_needed_today() -> None:
    asked = flaws(sent(SECTION._replace(first=SENT_ON, last=SENT_ON), service_on=None))
    assert asked == [("FIELD-MISSING", "service_on"), ("RPT-INCOMPLETE", "sections.history")]


@pytest.mark.parametrize("kilograms", [5, 10])
def test_a_measure_may_lie_on_its_bounds(kilograms: int) -> None:
    assert isinstance(sent(MEASURE, measures={"lift_kg": kilograms}), Outcome)


@pytest.mark.parametrize("measures", [{}, {"lift_kg": 4}, {"lift_kg": 11}])
def test_a_measure_is_given_and_lies_within_its_bounds(measures: dict[str, int]) -> None:
    assert flaws(sent(MEASURE, measures=measures)) == [("RPT-INCOMPLETE", "measures.lift_kg")]


def test_a_report_may_be_of_the_day_on_which_it_is_sent_in() -> None:
    assert isinstance(sent(service_on=SENT_ON), Outcome)


def test_the_author_is_of_a_discipline_of_the_program_that_the_contract_names_where_it_names_any() -> None:
    assert isinstance(sent(author_discipline="occupational_therapist"), Outcome)
    assert flaws(sent(author_discipline="psychologist")) == [("DISCIPLINE", "author_discipline")]
    assert isinstance(sent(author_discipline="psychologist", terms={"disciplines": ()}), Outcome)
    assert flaws(sent(author_discipline=None)) == [("FIELD-MISSING", "author_discipline")]


def test_the_refusal_of_a_report_that_is_not_due_names_those_that_are() -> None:
    asked = sent(report="discharge")
    assert isinstance(asked, Refusal)
    assert asked.flaws[0].fix == (
        "send in what is due: initial report, return-to-work plan, progress report 1, progress report 2"
        " and progress report 3"
    )
    action = ProviderSubmittedReport(by=CLINIC, received_at=at(SENT_ON), seen=0, idempotency_key="k", referral_id=ID,
                                  site_id="van-1", report="initial")  # fmt: skip
    before = answer(opened(), action, context(SENT_ON))
    assert isinstance(before, Refusal)
    assert before.flaws[0].fix == "wait until a report is due"


def test_the_first_submission_of_a_report_is_never_stale() -> None:
    assert isinstance(sent(seen=0), Outcome)


def test_a_report_that_waits_for_its_review_is_accepted_or_sent_back_and_not_waived() -> None:
    filed = sent(terms=REVIEWED)
    asked = waive(filed)
    assert isinstance(asked, Refusal)
    assert (flaws(asked), asked.allowed) == ([("RPT-STATE", "report")], ("accept", "return"))
    taken = accept(filed)
    again = [accept(taken), waive(taken)]
    assert [(flaws(d), d.allowed) for d in again if isinstance(d, Refusal)] == [
        ([("RPT-STATE", "report")], ("none",))
    ] * 2


def test_a_report_that_is_not_there_is_not_reviewed() -> None:
    assert flaws(accept(sent(terms=REVIEWED), "progress-9")) == [("NOT-FOUND", "referral_id")]
    action = OfficerAcceptedReport(by=OFFICER, received_at=at(SENT_ON), seen=0, idempotency_key="k", referral_id=ID,
                                report="initial")  # fmt: skip
    assert flaws(answer(None, action, context(SENT_ON))) == [("NOT-FOUND", "referral_id")]


def test_a_waiver_of_a_report_that_has_changed_is_stale() -> None:
    action = OfficerWaivedReport(by=OFFICER, received_at=at(SENT_ON), seen=0, idempotency_key="k", referral_id=ID,
                              report="initial", reason_code="not-needed")  # fmt: skip
    assert flaws(answer(started(), action, context(SENT_ON))) == [("STALE", "seen")]
    assert flaws(answer(None, action, context(SENT_ON))) == [("NOT-FOUND", "referral_id")]


def test_each_document_of_a_report_remembers_the_revision_of_its_newest_event() -> None:
    filed = sent(terms=REVIEWED)
    assert isinstance(filed, Outcome)
    (event,) = (e for e in filed.events if isinstance(e, ReportSubmitted))
    taken = case_in(accept(filed)).obligation("initial")
    assert taken is not None
    assert taken.revision == event.revision + 1
