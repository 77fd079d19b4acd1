"""Treatment: it starts, ends, is reported on, and becomes history."""

from datetime import date

from services.referral.domain.acting import at_clinic, out_of_place, wrong
from services.referral.domain.opening import release, reservation_id
from services.referral.domain.placement import PlacementContext
from services.referral.domain.referral import Active, Closed, Discharged, Referral, Scheduled, Withdrawn
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Event, Outcome, Refusal, Violation
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import ProviderEndedProgram, ProviderStartedReferral
from shared.events.program import ObligationWaived, ReportAccepted
from shared.events.referral import ProgramEnded, ProgramStarted, ReferralClosed, ReferralDischarged

_REASONS = code_list("exit-reasons")
_DISCHARGE = "discharge"  # the kind of the report that ends a case


def start(referral: Referral | None, act: ProviderStartedReferral, context: PlacementContext) -> Decision:
    """The initial visit took place; the opening it was booked into is free again."""
    found = at_clinic(referral, act, (Scheduled,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    if not isinstance(referral.state, Scheduled) or referral.program is None:
        raise AssertionError("what is scheduled has a program")
    today = context.register.calendar(offer.calendar_id).day_of(context.at)
    if flaws := _outside(act.initial_visit_on, "initial_visit_on", referral.state.accepted_on, today):
        return Refusal(flaws)
    started = referral._replace(revision=referral.revision + 1, state=Active(offer, act.initial_visit_on))
    said = ProgramStarted(
        referral_id=started.id,
        revision=started.revision,
        site_id=offer.site_id,
        contract_id=offer.contract_id,
        payee_id=offer.payee_id,
        program=referral.program,
        program_revision=referral.program_revision,
        initial_visit_on=act.initial_visit_on,
    )
    return Outcome(
        (started, release(offer.opening, started.id, context.reservations.get(reservation_id(offer.opening)))), (said,)
    )


def end(referral: Referral | None, act: ProviderEndedProgram, context: PlacementContext) -> Decision:
    """Treatment is over since a day; the discharge report becomes due, and until it is in the referral is active."""
    found = at_clinic(referral, act, (Active,))
    if isinstance(found, Refusal):
        return found
    referral, offer = found
    state = referral.state
    if not isinstance(state, Active):
        return out_of_place(referral, ("hold",))
    if state.last_on:
        rule = f"treatment ended already, on {wording.day(state.last_on)}"
        return wrong("REF-STATE", rule, "nothing is left to do here; send in the discharge report", ("hold",))
    today = context.register.calendar(offer.calendar_id).day_of(context.at)
    if flaws := (*_outside(act.last_on, "last_on", state.initial_visit_on, today), *_unexplained(act, today)):
        return Refusal(flaws)
    over = referral._replace(revision=referral.revision + 1, state=state._replace(last_on=act.last_on))
    said = ProgramEnded(
        referral_id=over.id, revision=over.revision, last_on=act.last_on, exit_reason=act.exit_reason or ""
    )
    settled, done = discharged(over, context)
    return Outcome((settled,), (said, *done))


def report(referral: Referral | None, said: ReportAccepted | ObligationWaived, context: PlacementContext) -> Outcome:
    """The discharge report is in, or done without: the referral is discharged, once it is not held."""
    state = referral.state if referral else None
    if referral is None or said.kind != _DISCHARGE or not isinstance(state, Active) or state.is_reported:
        return Outcome()
    reported = referral._replace(state=state._replace(is_reported=True))
    settled, done = discharged(reported._replace(revision=referral.revision + 1), context)
    return Outcome((settled,), done) if done else Outcome((reported,))


def discharged(referral: Referral, context: PlacementContext) -> tuple[Referral, tuple[Event, ...]]:
    """What is over and reported on, and does not stand still, is discharged; its revision is raised already."""
    state = referral.state
    if referral.holds or not isinstance(state, Active) or not (state.last_on and state.is_reported):
        return referral, ()
    said = ReferralDischarged(referral_id=referral.id, revision=referral.revision, discharged_on=context.today)
    return referral._replace(state=Discharged(state.offer)), (said,)


def close(referral: Referral | None, final: CaseBillingFinal) -> Outcome:
    """Nothing of it can be billed any more: what was discharged or withdrawn is history."""
    if referral is None or not isinstance(referral.state, Discharged | Withdrawn):
        return Outcome()
    closed = referral._replace(revision=referral.revision + 1, state=Closed(referral.offer))
    said = ReferralClosed(referral_id=closed.id, revision=closed.revision, closed_on=final.final_on)
    return Outcome((closed,), (said,))


def _outside(day: date, field: str, first: date, last: date) -> tuple[Violation, ...]:
    """A day of treatment that cannot be."""
    if day > last:
        rule, fix = "this day has not come yet", f"give a day up to {wording.day(last)}"
        return (Violation(code="DATE-FUTURE", rule=rule, fix=fix, field=field),)
    if day < first:
        rule, fix = f"this day is before {wording.day(first)}", f"give a day from {wording.day(first)} on"
        return (Violation(code="DATE-EARLY", rule=rule, fix=fix, field=field),)
    return ()


def _unexplained(act: ProviderEndedProgram, today: date) -> tuple[Violation, ...]:
    """An end without its reason."""
    if _REASONS.allows(act.exit_reason, today, "clinic"):
        return ()
    rule, fix = "no reason from the list is given", "choose why treatment ends"
    return (Violation(code="REASON-MISSING", rule=rule, fix=fix, field="exit_reason"),)
