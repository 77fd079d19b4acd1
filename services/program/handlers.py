"""What program reacts to."""

from services.program.domain import (
    attendance,
    ladder,
    life,
    plan_asking,
    plan_clock,
    plan_deciding,
    plan_ending,
    reports,
)
from services.program.domain.case import Case, CaseContext, Transition, settled
from services.program.domain.steps import ReportStepDue
from services.program.store.cases import CASES
from services.program.store.facts import Facts, load_facts_for_cases
from services.program.store.register import CONTENTS, REPLICA
from shared.domain.decision import Decision, Event, EventContext, Outcome
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import (
    DeadlineReached,
    OfficerAcceptedReport,
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

handlers = Handlers(owner="program")
published_documents.listen(handlers, (ProgramPublished, ReferralTermsPublished))
handlers.project(*REPLICA.contracts, by=REPLICA.project)


def of_case(event: Event, _: Facts) -> AggregateKeys:
    """The case alone."""
    return ((CASES, event.key),)


def case_of(
    event: Event, state: BatchState[Facts], event_context: EventContext
) -> tuple[Case | None, CaseContext | None]:
    """The case, where a clinic took the referral, and what stands behind it."""
    case = state.find(CASES, event.key)
    return case, state.facts.context(case, event_context.at) if case else None


@handlers.on(ReferralAccepted, of_case, load_facts_for_cases)
def on_referral_accepted(event: ReferralAccepted, state: BatchState[Facts], _: EventContext) -> Decision:
    return life.open_case(state.find(CASES, event.key), event)


@handlers.on(ProgramStarted, of_case, load_facts_for_cases)
def on_program_started(event: ProgramStarted, state: BatchState[Facts], event_context: EventContext) -> Decision:
    case, context = case_of(event, state, event_context)
    return life.start(case, event, context) if case and context else Outcome()


@handlers.on(ReferralHeld, of_case, load_facts_for_cases)
def on_referral_held(event: ReferralHeld, state: BatchState[Facts], event_context: EventContext) -> Decision:
    case, context = case_of(event, state, event_context)
    if case is None or context is None:
        return Outcome()
    held = life.hold(case, event, context)
    return settled(case, held.then(plan_clock.hold(held.case, context)))


@handlers.on(ReferralResumed, of_case, load_facts_for_cases)
def on_referral_resumed(event: ReferralResumed, state: BatchState[Facts], event_context: EventContext) -> Decision:
    case, context = case_of(event, state, event_context)
    if case is None or context is None:
        return Outcome()
    resumed = life.resume(case, event, context)
    plans = plan_clock.resume(resumed.case, context) if not resumed.case.holds else Transition(resumed.case)
    return settled(case, resumed.then(plans))


@handlers.on(ReferralWithdrawn, of_case, load_facts_for_cases)
def on_referral_withdrawn(event: ReferralWithdrawn, state: BatchState[Facts], event_context: EventContext) -> Decision:
    case, context = case_of(event, state, event_context)
    if case is None or context is None:
        return Outcome()
    withdrawn = life.withdraw(case, event, context)
    return settled(case, withdrawn.then(plan_ending.discontinue(withdrawn.case, "withdrawal", context.today)))


@handlers.on(ProgramEnded, of_case, load_facts_for_cases)
def on_program_ended(event: ProgramEnded, state: BatchState[Facts], event_context: EventContext) -> Decision:
    case, context = case_of(event, state, event_context)
    return settled(case, life.end(case, event, context)) if case and context else Outcome()


@handlers.on(ReferralDischarged, of_case, load_facts_for_cases)
def on_referral_discharged(event: ReferralDischarged, state: BatchState[Facts], _: EventContext) -> Decision:
    case = state.find(CASES, event.key)
    return settled(case, life.discharge(case)) if case else Outcome()


@handlers.on(CaseBillingFinal, of_case, load_facts_for_cases)
def on_case_billing_final(event: CaseBillingFinal, state: BatchState[Facts], _: EventContext) -> Decision:
    case = state.find(CASES, event.key)
    return life.close_billing(case, event) if case else Outcome()


@handlers.on(ReportStepDue, of_case, load_facts_for_cases)
def on_report_step_due(event: ReportStepDue, state: BatchState[Facts], event_context: EventContext) -> Decision:
    case, context = case_of(event, state, event_context)
    return ladder.step(case, event, context) if context else Outcome()


@handlers.on(ProviderSubmittedReport, of_case, load_facts_for_cases)
def on_provider_submitted_report(
    event: ProviderSubmittedReport, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return reports.submit(*case_of(event, state, event_context), event, CONTENTS)


@handlers.on(OfficerAcceptedReport, of_case, load_facts_for_cases)
def on_officer_accepted_report(
    event: OfficerAcceptedReport, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return reports.accept(*case_of(event, state, event_context), event)


@handlers.on(OfficerReturnedReport, of_case, load_facts_for_cases)
def on_officer_returned_report(
    event: OfficerReturnedReport, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return reports.send_back(*case_of(event, state, event_context), event)


@handlers.on(OfficerWaivedReport, of_case, load_facts_for_cases)
def on_officer_waived_report(
    event: OfficerWaivedReport, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return reports.waive(*case_of(event, state, event_context), event)


@handlers.on(ProviderRecordedAttendance, of_case, load_facts_for_cases)
def on_provider_recorded_attendance(
    event: ProviderRecordedAttendance, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return attendance.record(*case_of(event, state, event_context), event)


@handlers.on(ProviderSubmittedPlan, of_case, load_facts_for_cases)
def on_provider_submitted_plan(
    event: ProviderSubmittedPlan, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return plan_asking.submit(*case_of(event, state, event_context), event)


@handlers.on(ProviderSubmittedPlanAmendment, of_case, load_facts_for_cases)
def on_provider_submitted_plan_amendment(
    event: ProviderSubmittedPlanAmendment, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return plan_asking.amend(*case_of(event, state, event_context), event)


@handlers.on(OfficerRequestedInformation, of_case, load_facts_for_cases)
def on_officer_requested_information(
    event: OfficerRequestedInformation, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return plan_asking.request_information(*case_of(event, state, event_context), event)


@handlers.on(ProviderRepliedPlan, of_case, load_facts_for_cases)
def on_provider_replied_plan(
    event: ProviderRepliedPlan, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return plan_asking.reply(*case_of(event, state, event_context), event)


@handlers.on(OfficerDecidedPlan, of_case, load_facts_for_cases)
def on_officer_decided_plan(
    event: OfficerDecidedPlan, state: BatchState[Facts], event_context: EventContext
) -> Decision:
    return plan_deciding.decide(*case_of(event, state, event_context), event, event_context.new_id)


@handlers.on(DeadlineReached, of_case, load_facts_for_cases)
def on_deadline_reached(event: DeadlineReached, state: BatchState[Facts], event_context: EventContext) -> Decision:
    if event.service != "program":
        return Outcome()
    return plan_ending.expire(*case_of(event, state, event_context), event, event_context.new_id)
