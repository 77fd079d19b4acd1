"""The events that program reacts to, and the decision that each of them leads to."""

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, TypeAlias

from services.program.domain import (
    attendance,
    lifecycle,
    plan_decisions,
    plan_ending,
    plan_requests,
    reminders,
    reports,
)
from services.program.domain.case import Case
from services.program.domain.context import CaseContext
from services.program.domain.refusals import not_found
from services.program.domain.register import Facts
from services.program.domain.steps import ReportStepDue
from services.program.store.cases import CASES
from services.program.store.facts import load_facts_for_cases
from services.program.store.register import REPLICA
from shared.domain.decision import Decision, Event, EventContext, Outcome, not_yours
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import (
    Action,
    ClinicAction,
    DeadlineReached,
    OfficerAcceptedReport,
    OfficerAction,
    OfficerDecidedPlan,
    OfficerRequestedInformation,
    OfficerReturnedReport,
    OfficerWaivedReport,
    ProviderRecordedAttendance,
    ProviderRepliedPlan,
    ProviderSubmittedPlan,
    ProviderSubmittedPlanAmendment,
    ProviderSubmittedReport,
)
from shared.events.program import ProgramPublished, ReferralTermsPublished
from shared.events.referral import (
    ProgramEnded,
    ProgramStarted,
    ReferralAccepted,
    ReferralDischarged,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
)
from shared.messaging.handlers import AggregateKeys, BatchState, Handlers
from shared.registers import published_documents

CaseDecision: TypeAlias = Callable[[Case, Any, CaseContext], Decision]

CLINIC_ACTIONS: Mapping[type[ClinicAction], CaseDecision] = {
    ProviderRecordedAttendance: attendance.record,
    ProviderSubmittedReport: reports.submit,
    ProviderSubmittedPlan: plan_requests.submit,
    ProviderSubmittedPlanAmendment: plan_requests.amend,
    ProviderRepliedPlan: plan_requests.reply,
}
OFFICER_ACTIONS: Mapping[type[OfficerAction], CaseDecision] = {
    OfficerAcceptedReport: reports.accept,
    OfficerReturnedReport: reports.send_back,
    OfficerWaivedReport: reports.waive,
    OfficerRequestedInformation: plan_requests.request_information,
    OfficerDecidedPlan: plan_decisions.decide,
}
CASE_EVENTS: Mapping[type[Event], CaseDecision] = {
    ProgramStarted: lifecycle.start,
    ReferralHeld: lifecycle.hold,
    ReferralResumed: lifecycle.resume,
    ReferralWithdrawn: lifecycle.withdraw,
    ProgramEnded: lifecycle.end,
    ReferralDischarged: lifecycle.discharge,
    CaseBillingFinal: lifecycle.close_billing,
    DeadlineReached: plan_ending.expire,
    ReportStepDue: reminders.remind,
}
DECISIONS: Mapping[type[Event], CaseDecision] = dict(
    chain(CLINIC_ACTIONS.items(), OFFICER_ACTIONS.items(), CASE_EVENTS.items())
)

handlers = Handlers(owner="program")
published_documents.listen(handlers, (ProgramPublished, ReferralTermsPublished))
handlers.project(*REPLICA.contracts, by=REPLICA.project)


def case_of(event: Event, _: Facts) -> AggregateKeys:
    """Name the case of an event, which is all that its decision reads and changes."""
    return ((CASES, event.key),)


@handlers.on(ReferralAccepted, case_of, load_facts_for_cases)
def on_referral_accepted(event: ReferralAccepted, state: BatchState[Facts], _: EventContext) -> Decision:
    return lifecycle.open_case(state.find(CASES, event.key), event)


def on_case_event(event: Event, state: BatchState[Facts], event_context: EventContext) -> Decision:
    """Decide on the case of an event; refuse an action where there is none, or where another clinic has it."""
    case = state.find(CASES, event.key)
    if case is None:
        return not_found() if isinstance(event, Action) else Outcome()
    if isinstance(event, ClinicAction) and event.site_id != case.site_id:
        return not_yours("site_id")
    context = state.facts.context(case, event_context.at, event_context.new_id)
    return DECISIONS[type(event)](case, event, context)


for _event_type in DECISIONS:
    handlers.on(_event_type, case_of, load_facts_for_cases)(on_case_event)
