"""Reports that are due: scheduled from an anchor, paused and redated by holds, cancelled by what ends them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

from services.program.domain.case import Case, CaseContext, Obligation, Transition
from services.program.domain.ladder import arm, disarm
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


def schedule(case: Case, anchor: str, anchor_on: date, context: CaseContext) -> Transition:
    """Every report of the catalogue that hangs on an anchor and was not scheduled before."""
    kinds = [k for k in context.entry.reports if k.anchor == anchor and case.obligation(k.report) is None]
    return _schedule(case, kinds, anchor_on, context)


def schedule_for_grants(case: Case, grants: Sequence[Grant], context: CaseContext) -> Transition:
    """What a plan's approval makes due: the report of a visit, and for an extension one more.

    After the program's end only what was done before it: the report of a visit tells of it, whenever it is approved.
    The revision of the case is raised already, by the approval.
    """
    within = [g for g in grants if case.last_on is None or g.from_on <= case.last_on]
    lines = [(grant, context.fee_on(grant.code, grant.from_on)) for grant in within]
    needed = {fee.needs_report for _, fee in lines if fee is not None}
    visits = [k for k in context.entry.reports if k.anchor == "approval" and k.kind in needed and _is_free(case, k)]
    moved = _schedule(case, [_named_anew(case, kind) for kind in visits], context.today, context)
    extended = min((grant.from_on for grant, fee in lines if fee is not None and fee.extension), default=None)
    if extended is None:
        return moved
    more = [k for k in context.entry.reports if k.anchor == "extension" and case.obligation(k.report) is None]
    in_time = [k for k in more[:1] if not _ended_by(k, extended, case.last_on, context.calendar)]
    return moved.then(_schedule(moved.case, in_time, extended, context))


def _ended_by(kind: ReportKind, anchor_on: date, last_on: date | None, calendar: Calendar) -> bool:
    """Whether a report falls away with the program's end, which came before it is due."""
    return last_on is not None and kind.ended_by == _BY_PROGRAM_END and _due_on(kind, anchor_on, calendar) > last_on


def _is_free(case: Case, kind: ReportKind) -> bool:
    """Whether no report of the kind is under way."""
    return all(o.is_over for o in case.obligations if o.kind == kind.kind)


def _named_anew(case: Case, kind: ReportKind) -> ReportKind:
    """The report of a second visit has a name of its own."""
    before = sum(o.kind == kind.kind for o in case.obligations)
    return kind.model_copy(update={"report": f"{kind.report}-{before + 1}"}) if before else kind


def _schedule(case: Case, kinds: Iterable[ReportKind], anchor_on: date, context: CaseContext) -> Transition:
    """Due at the end of the day that the count gives in the contract's calendar."""
    news = [_obligation(case, kind, anchor_on, context.calendar) for kind in kinds]
    moved = Transition(
        case.owing(*news),
        tuple(_scheduled(case, o) for o in news),
        tuple(arm(case, o, context) for o in news),
    )
    return moved.then(pause(moved.case, case.holds[0], context, only=news)) if case.holds and news else moved


def _obligation(case: Case, kind: ReportKind, anchor_on: date, calendar: Calendar) -> Obligation:
    """A report and the day it is due on."""
    due_at = calendar.end_of(_due_on(kind, anchor_on, calendar))
    return Obligation(
        kind.report,
        kind.kind,
        kind.anchor,
        anchor_on,
        kind.due,
        kind.unit,
        kind.ended_by,
        due_at,
        case.revision,
    )


def _due_on(kind: ReportKind, anchor_on: date, calendar: Calendar) -> date:
    """Program days are business days; holds move them when they come."""
    if kind.unit == "weeks":
        return calendar.roll(anchor_on + timedelta(weeks=kind.due))
    return calendar.add_business_days(anchor_on, kind.due)


def _scheduled(case: Case, o: Obligation) -> ObligationScheduled:
    return ObligationScheduled(
        referral_id=case.id,
        revision=case.revision,
        report=o.report,
        kind=o.kind,
        anchor=o.anchor,
        anchor_on=o.anchor_on,
        days=o.days,
        unit=o.unit,
        due_at=o.due_at,
    )


def pause(case: Case, cause: str, context: CaseContext, only: Sequence[Obligation] | None = None) -> Transition:
    """The clocks of reports stand still; one that is overdue by now stays so."""
    among = case.obligations if only is None else only
    running = [o for o in among if o.is_due and o.paused_at is None and o.due_at > context.at]
    paused = [o._replace(paused_at=context.at) for o in running]
    said = tuple(
        ObligationPaused(referral_id=case.id, revision=case.revision, report=o.report, cause=cause) for o in paused
    )
    return Transition(case.owing(*paused), said, tuple(disarm(case, o) for o in paused))


def run_again(case: Case, context: CaseContext) -> Transition:
    """Clocks run again: each report has the business days left that it had, at least one."""
    paused = [o for o in case.obligations if o.is_due and o.paused_at is not None]
    running = [running_on(o, context) for o in paused]
    said = tuple(
        ObligationRedated(
            referral_id=case.id, revision=case.revision, report=o.report, due_at=o.due_at, cause="resumed"
        )
        for o in running
    )
    return Transition(case.owing(*running), said, tuple(arm(case, o, context) for o in running))


def running_on(obligation: Obligation, context: CaseContext) -> Obligation:
    """The report as if its clock ran on from now; one whose clock runs is as it was."""
    if obligation.paused_at is None:
        return obligation
    due_at = redated(obligation.due_at, obligation.paused_at, context.at, context.calendar)
    return obligation._replace(due_at=due_at, paused_at=None)


def redated(due_at: datetime, stopped_at: datetime, at: datetime, calendar: Calendar) -> datetime:
    """A business-day clock that stood still keeps the days left, at least one."""
    left = max(1, calendar.business_days_between(calendar.day_of(stopped_at), calendar.day_of(due_at)))
    return calendar.end_of(calendar.add_business_days(calendar.day_of(at), left))


def end_program(case: Case, last_on: date, context: CaseContext) -> Transition:
    """What the program's end ends, if it is due later than the last day."""
    calendar = context.calendar
    return cancel(
        case,
        "program-end",
        lambda o: o.ended_by == _BY_PROGRAM_END and calendar.day_of(running_on(o, context).due_at) > last_on,
    )


def withdraw(case: Case) -> Transition:
    """A withdrawal ends every report that is still owed."""
    return cancel(case, "withdrawal", lambda _: True)


def discharge(case: Case) -> Transition:
    """A discharge ends every report that is still owed, but what follows on the return to work."""
    return cancel(case, "discharge", lambda o: o.ended_by != _BY_WITHDRAWAL)


def cancel(case: Case, cause: str, ends: Callable[[Obligation], bool]) -> Transition:
    """Reports that are owed and not due any more."""
    over = [
        o._replace(standing="cancelled", paused_at=None, revision=case.revision)
        for o in case.obligations
        if o.is_due and ends(o)
    ]
    said = tuple(
        ObligationCancelled(referral_id=case.id, revision=case.revision, report=o.report, kind=o.kind, cause=cause)
        for o in over
    )
    return Transition(case.owing(*over), said, tuple(disarm(case, o) for o in over))
