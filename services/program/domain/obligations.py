"""Reports that are due: scheduled from an anchor, paused and redated by holds, cancelled by what ends them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

from services.program.domain.case import Case, CaseTransition, Obligation
from services.program.domain.context import CaseContext
from services.program.domain.reminders import disarm, next_step
from shared.domain.calendar import Calendar
from shared.events.program import (
    Grant,
    ObligationCancelled,
    ObligationPaused,
    ObligationRedated,
    ObligationScheduled,
    ReportKind,
)

_BY_PROGRAM_END = "program-end"
_BY_WITHDRAWAL = "withdrawal"


def schedule(transition: CaseTransition, anchor: str, anchor_on: date, context: CaseContext) -> CaseTransition:
    """Schedule every report of the catalogue that counts from an anchor and was not scheduled before."""
    case = transition.document
    kinds = [k for k in context.entry.reports if k.anchor == anchor and case.obligation(k.report) is None]
    return _schedule(transition, kinds, anchor_on, context)


def schedule_for_grants(transition: CaseTransition, grants: Sequence[Grant], context: CaseContext) -> CaseTransition:
    """Schedule what the approval of a plan makes due: the report of a visit, and for an extension one more.

    After the program's end this holds only for visits before it, whenever they are approved.
    """
    case = transition.document
    within = [g for g in grants if case.last_on is None or g.from_on <= case.last_on]
    lines = [(grant, context.fee_on(grant.code, grant.from_on)) for grant in within]
    needed = {fee.needs_report for _, fee in lines if fee is not None}
    visits = [k for k in context.entry.reports if k.anchor == "approval" and k.kind in needed and _is_free(case, k)]
    transition = _schedule(transition, [_numbered(case, kind) for kind in visits], context.today, context)
    extended = min((grant.from_on for grant, fee in lines if fee is not None and fee.extension), default=None)
    if extended is None:
        return transition
    more = [k for k in context.entry.reports if k.anchor == "extension" and case.obligation(k.report) is None]
    in_time = [k for k in more[:1] if not _is_cut_off(k, extended, case.last_on, context.calendar)]
    return _schedule(transition, in_time, extended, context)


def _is_cut_off(kind: ReportKind, anchor_on: date, last_on: date | None, calendar: Calendar) -> bool:
    """Return whether the program ended before the report is due, and so ends it."""
    return last_on is not None and kind.ended_by == _BY_PROGRAM_END and _due_on(kind, anchor_on, calendar) > last_on


def _is_free(case: Case, kind: ReportKind) -> bool:
    """Return whether no report of the kind is open."""
    return all(o.is_closed for o in case.obligations if o.kind == kind.kind)


def _numbered(case: Case, kind: ReportKind) -> ReportKind:
    """Return the kind under a name of its own where the case had such a report before: `job-site-visit-2`."""
    before = sum(o.kind == kind.kind for o in case.obligations)
    return kind.model_copy(update={"report": f"{kind.report}-{before + 1}"}) if before else kind


def _schedule(
    transition: CaseTransition, kinds: Iterable[ReportKind], anchor_on: date, context: CaseContext
) -> CaseTransition:
    """Schedule reports; in a held case their clocks stop at once."""
    new = [_obligation(kind, anchor_on, transition.revision, context.calendar) for kind in kinds]
    transition = _with(transition, new)
    for o in new:
        transition = transition.announce(
            ObligationScheduled,
            report=o.report,
            kind=o.kind,
            anchor=o.anchor,
            anchor_on=o.anchor_on,
            days=o.days,
            unit=o.unit,
            due_at=o.due_at,
        ).set(next_step(transition.document, o, context))
    holds = transition.document.holds
    return pause(transition, holds[0], context, only=new) if holds and new else transition


def _with(transition: CaseTransition, changed: Sequence[Obligation]) -> CaseTransition:
    return transition.to(obligations=transition.document.obligations_with(*changed))


def _obligation(kind: ReportKind, anchor_on: date, revision: int, calendar: Calendar) -> Obligation:
    """Return the obligation of a report, due at the end of the day that its count gives in the calendar."""
    due_at = calendar.end_of(_due_on(kind, anchor_on, calendar))
    return Obligation(
        report=kind.report,
        kind=kind.kind,
        anchor=kind.anchor,
        anchor_on=anchor_on,
        days=kind.due,
        unit=kind.unit,
        ended_by=kind.ended_by,
        due_at=due_at,
        revision=revision,
    )


def _due_on(kind: ReportKind, anchor_on: date, calendar: Calendar) -> date:
    """Return the day on which a report is due; program days count as business days, which holds move later."""
    if kind.unit == "weeks":
        return calendar.roll(anchor_on + timedelta(weeks=kind.due))
    return calendar.add_business_days(anchor_on, kind.due)


def pause(
    transition: CaseTransition, cause: str, context: CaseContext, only: Sequence[Obligation] | None = None
) -> CaseTransition:
    """Stop the clocks of reports, of all or `only` of some; a report that is overdue by now stays so."""
    among = transition.document.obligations if only is None else only
    running = [o for o in among if o.is_due and o.paused_at is None and o.due_at > context.at]
    paused = [o._replace(paused_at=context.at) for o in running]
    transition = _with(transition, paused)
    for o in paused:
        transition = transition.announce(ObligationPaused, report=o.report, cause=cause)
        transition = transition.set(disarm(transition.document, o))
    return transition


def resume(transition: CaseTransition, context: CaseContext) -> CaseTransition:
    """Let clocks run again: each report keeps the business days it had left, at least one."""
    paused = [o for o in transition.document.obligations if o.is_due and o.paused_at is not None]
    running = [with_running_clock(o, context) for o in paused]
    transition = _with(transition, running)
    for o in running:
        transition = transition.announce(ObligationRedated, report=o.report, due_at=o.due_at, cause="resumed")
        transition = transition.set(next_step(transition.document, o, context))
    return transition


def with_running_clock(obligation: Obligation, context: CaseContext) -> Obligation:
    """Return the obligation as if its clock ran again from now; one whose clock runs is returned as it is."""
    if obligation.paused_at is None:
        return obligation
    due_at = redated(obligation.due_at, obligation.paused_at, context.at, context.calendar)
    return obligation._replace(due_at=due_at, paused_at=None)


def redated(due_at: datetime, stopped_at: datetime, at: datetime, calendar: Calendar) -> datetime:
    """Return the new end of a clock that stopped: the business days it had left, at least one, counted from `at`."""
    left = max(1, calendar.business_days_between(calendar.day_of(stopped_at), calendar.day_of(due_at)))
    return calendar.end_of(calendar.add_business_days(calendar.day_of(at), left))


def end_program(transition: CaseTransition, last_on: date, context: CaseContext) -> CaseTransition:
    """Cancel the reports that the program's end ends, where they are due after its last day."""
    day_of = context.calendar.day_of

    def is_cut_off(o: Obligation) -> bool:
        return o.ended_by == _BY_PROGRAM_END and day_of(with_running_clock(o, context).due_at) > last_on

    return cancel(transition, "program-end", is_cut_off)


def withdraw(transition: CaseTransition) -> CaseTransition:
    """Cancel every report that is still due, because the referral is withdrawn."""
    return cancel(transition, "withdrawal", lambda _: True)


def discharge(transition: CaseTransition) -> CaseTransition:
    """Cancel every report that is still due but the follow-up on the return to work."""
    return cancel(transition, "discharge", lambda o: o.ended_by != _BY_WITHDRAWAL)


def cancel(transition: CaseTransition, cause: str, is_ended: Callable[[Obligation], bool]) -> CaseTransition:
    """Cancel the reports that are due and that the cause ends."""
    cancelled = [
        o._replace(status="cancelled", paused_at=None, revision=transition.revision)
        for o in transition.document.obligations
        if o.is_due and is_ended(o)
    ]
    transition = _with(transition, cancelled)
    for o in cancelled:
        transition = transition.announce(ObligationCancelled, report=o.report, kind=o.kind, cause=cause)
        transition = transition.set(disarm(transition.document, o))
    return transition
