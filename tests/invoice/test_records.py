"""What invoice hears of a case: its owners' words, what people do on it, and every answer to that."""

import pytest

from services.invoice.domain.records import RECORDS, concerns_case
from shared.domain.decision import Event
from shared.events import program, referral
from shared.events.answers import ActionApplied, ActionRefused, DeadlineMoved, contract_of_service
from shared.events.portal import (
    DeadlineReached,
    NoticeOpened,
    ProviderBookedAppointment,
    ProviderSubmittedInvoice,
    ProviderSubmittedReport,
)
from tests.invoice.life import BILLED_AT
from tests.invoice.terms import REFERRAL, START, standing

HEARD: tuple[type[Event], ...] = (
    referral.ReferralAccepted,
    referral.AppointmentBooked,
    referral.ClaimStandingChanged,
    program.ReportAccepted,
    program.ObligationReminded,
    ProviderSubmittedReport,
    ProviderBookedAppointment,
    DeadlineReached,
    *(
        contract_of_service(by, kind)
        for by in ("referral", "program")
        for kind in (ActionApplied, ActionRefused, DeadlineMoved)
    ),
)


@pytest.mark.parametrize("kind", HEARD, ids=lambda kind: kind.type_name)
def test_records_that_answer_or_must_be_answered_are_read(kind: type[Event]) -> None:
    assert kind in RECORDS


@pytest.mark.parametrize(
    "kind",
    [ProviderSubmittedInvoice, NoticeOpened, program.ProgramPublished, contract_of_service("portal", ActionRefused)],
)
def test_records_of_no_case_or_answered_by_invoice_itself_are_not_read(kind: type[Event]) -> None:
    assert kind not in RECORDS


@pytest.mark.parametrize(
    ("service", "concerns"), [("program", True), ("referral", True), ("procurement", False), ("invoice", False)]
)
def test_a_door_concerns_a_case_where_its_owner_treats_cases(service: str, concerns: object) -> None:
    reached = DeadlineReached(record_key=REFERRAL, service=service, name="plan-decision/1", due_at=BILLED_AT)
    assert concerns_case(reached) is concerns


def test_a_standing_of_a_claim_alone_concerns_no_case() -> None:
    of_case = standing((START, "accepted"))
    assert concerns_case(of_case)
    assert not concerns_case(of_case.model_copy(update={"referral_id": None}))
