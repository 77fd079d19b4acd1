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
from services.program.domain.case import Case, Ground, Moved, settled
from services.program.domain.steps import ReportStepDue
from services.program.store.cases import CASES
from services.program.store.facts import Facts, about_cases
from services.program.store.register import CONTENTS, KINDS, keep_register
from shared import filing
from shared.decision import Decision, Event, Occasion, Outcome
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
from shared.handlers import Desk, Handlers, Touched

handlers = Handlers(owner="program")
filing.listen(handlers, (ProgramPublished, ReferralTermsPublished))
handlers.keep(*KINDS, by=keep_register)


def of_case(event: Event, _: Facts) -> Touched:
    """The case alone."""
    return ((CASES, event.key),)


def case_of(event: Event, desk: Desk[Facts], occasion: Occasion) -> tuple[Case | None, Ground | None]:
    """The case, where a clinic took the referral, and what stands behind it."""
    case = desk.find(CASES, event.key)
    return case, desk.facts.ground(case, occasion.at) if case else None


@handlers.on(ReferralAccepted, of_case, about_cases)
def on_referral_accepted(event: ReferralAccepted, desk: Desk[Facts], _: Occasion) -> Decision:
    return life.open_case(desk.find(CASES, event.key), event)


@handlers.on(ProgramStarted, of_case, about_cases)
def on_program_started(event: ProgramStarted, desk: Desk[Facts], occasion: Occasion) -> Decision:
    case, ground = case_of(event, desk, occasion)
    return life.start(case, event, ground) if case and ground else Outcome()


@handlers.on(ReferralHeld, of_case, about_cases)
def on_referral_held(event: ReferralHeld, desk: Desk[Facts], occasion: Occasion) -> Decision:
    case, ground = case_of(event, desk, occasion)
    if case is None or ground is None:
        return Outcome()
    held = life.hold(case, event, ground)
    return settled(case, held.then(plan_clock.hold(held.case, ground)))


@handlers.on(ReferralResumed, of_case, about_cases)
def on_referral_resumed(event: ReferralResumed, desk: Desk[Facts], occasion: Occasion) -> Decision:
    case, ground = case_of(event, desk, occasion)
    if case is None or ground is None:
        return Outcome()
    resumed = life.resume(case, event, ground)
    plans = plan_clock.resume(resumed.case, ground) if not resumed.case.holds else Moved(resumed.case)
    return settled(case, resumed.then(plans))


@handlers.on(ReferralWithdrawn, of_case, about_cases)
def on_referral_withdrawn(event: ReferralWithdrawn, desk: Desk[Facts], occasion: Occasion) -> Decision:
    case, ground = case_of(event, desk, occasion)
    if case is None or ground is None:
        return Outcome()
    withdrawn = life.withdraw(case, event, ground)
    return settled(case, withdrawn.then(plan_ending.discontinue(withdrawn.case, "withdrawal", ground.today)))


@handlers.on(ProgramEnded, of_case, about_cases)
def on_program_ended(event: ProgramEnded, desk: Desk[Facts], occasion: Occasion) -> Decision:
    case, ground = case_of(event, desk, occasion)
    return settled(case, life.end(case, event, ground)) if case and ground else Outcome()


@handlers.on(ReferralDischarged, of_case, about_cases)
def on_referral_discharged(event: ReferralDischarged, desk: Desk[Facts], _: Occasion) -> Decision:
    case = desk.find(CASES, event.key)
    return settled(case, life.discharge(case)) if case else Outcome()


@handlers.on(CaseBillingFinal, of_case, about_cases)
def on_case_billing_final(event: CaseBillingFinal, desk: Desk[Facts], _: Occasion) -> Decision:
    case = desk.find(CASES, event.key)
    return life.close_billing(case, event) if case else Outcome()


@handlers.on(ReportStepDue, of_case, about_cases)
def on_report_step_due(event: ReportStepDue, desk: Desk[Facts], occasion: Occasion) -> Decision:
    case, ground = case_of(event, desk, occasion)
    return ladder.step(case, event, ground) if ground else Outcome()


@handlers.on(ProviderSubmittedReport, of_case, about_cases)
def on_provider_submitted_report(event: ProviderSubmittedReport, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return reports.submit(*case_of(event, desk, occasion), event, CONTENTS)


@handlers.on(OfficerAcceptedReport, of_case, about_cases)
def on_officer_accepted_report(event: OfficerAcceptedReport, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return reports.accept(*case_of(event, desk, occasion), event)


@handlers.on(OfficerReturnedReport, of_case, about_cases)
def on_officer_returned_report(event: OfficerReturnedReport, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return reports.send_back(*case_of(event, desk, occasion), event)


@handlers.on(OfficerWaivedReport, of_case, about_cases)
def on_officer_waived_report(event: OfficerWaivedReport, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return reports.waive(*case_of(event, desk, occasion), event)


@handlers.on(ProviderRecordedAttendance, of_case, about_cases)
def on_provider_recorded_attendance(
    event: ProviderRecordedAttendance, desk: Desk[Facts], occasion: Occasion
) -> Decision:
    return attendance.record(*case_of(event, desk, occasion), event)


@handlers.on(ProviderSubmittedPlan, of_case, about_cases)
def on_provider_submitted_plan(event: ProviderSubmittedPlan, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return plan_asking.submit(*case_of(event, desk, occasion), event)


@handlers.on(ProviderSubmittedPlanAmendment, of_case, about_cases)
def on_provider_submitted_plan_amendment(
    event: ProviderSubmittedPlanAmendment, desk: Desk[Facts], occasion: Occasion
) -> Decision:
    return plan_asking.amend(*case_of(event, desk, occasion), event)


@handlers.on(OfficerRequestedInformation, of_case, about_cases)
def on_officer_requested_information(
    event: OfficerRequestedInformation, desk: Desk[Facts], occasion: Occasion
) -> Decision:
    return plan_asking.request_information(*case_of(event, desk, occasion), event)


@handlers.on(ProviderRepliedPlan, of_case, about_cases)
def on_provider_replied_plan(event: ProviderRepliedPlan, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return plan_asking.reply(*case_of(event, desk, occasion), event)


@handlers.on(OfficerDecidedPlan, of_case, about_cases)
def on_officer_decided_plan(event: OfficerDecidedPlan, desk: Desk[Facts], occasion: Occasion) -> Decision:
    return plan_deciding.decide(*case_of(event, desk, occasion), event, occasion.new_id)


@handlers.on(DeadlineReached, of_case, about_cases)
def on_deadline_reached(event: DeadlineReached, desk: Desk[Facts], occasion: Occasion) -> Decision:
    if event.service != "program":
        return Outcome()
    return plan_ending.close_door(*case_of(event, desk, occasion), event, occasion.new_id)
