"""Reports: sent in by the clinic, accepted by themselves or by a reviewer, sent back, or done without."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, cast

from services.program.domain import obligations
from services.program.domain.case import (
    Case,
    CaseContext,
    Filing,
    Obligation,
    Transition,
    at_clinic,
    not_there,
    settled,
    stale,
)
from services.program.domain.contents import Required, faults
from services.program.domain.ladder import arm, arm_late, disarm
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Refusal, Violation, refuse
from shared.events.portal import (
    OfficerAcceptedReport,
    OfficerReturnedReport,
    OfficerWaivedReport,
    ProviderSubmittedReport,
)
from shared.events.program import ObligationWaived, ReportAccepted, ReportReturned, ReportSubmitted

if TYPE_CHECKING:
    from shared.events.values import Discipline

_WAIVERS, _RETURNS = code_list("waiver-reasons"), code_list("return-reasons")
_KINDS = code_list("report-kinds")
FIELDS = ("service_on", "author_discipline", "document_id", "measures", "sections")
_ENDS_ALL = "discharge"
# what a report with a standing is, after its name
_STANDS = {
    "open": "is not sent in yet",
    "submitted": "is in review",
    "returned": "was sent back to the clinic",
    "accepted": "is accepted",
    "waived": "is not needed any more",
    "cancelled": "is not due any more",
}
Reviewed = OfficerAcceptedReport | OfficerReturnedReport


def submit(
    case: Case | None, context: CaseContext | None, act: ProviderSubmittedReport, contents: Sequence[Required]
) -> Decision:
    """A report that is whole counts from its receipt; it is accepted at once unless the contract has it reviewed."""
    mine = at_clinic(case, act)
    if isinstance(mine, Refusal) or context is None:
        return mine if isinstance(mine, Refusal) else not_there()
    due = _owed(mine, act)
    if isinstance(due, Refusal):
        return due
    if flaws := faults(act, mine, due, context, contents):
        return Refusal(flaws)
    moved = _file(mine.next, act, due, context)
    if due.kind not in context.contract.reviewed_reports:
        moved = moved.then(_accept(moved.case, due.report, context))
    return settled(mine, moved)


def _owed(case: Case, act: ProviderSubmittedReport) -> Obligation | Refusal:
    """The report that is due by this name; or why none is."""
    due = case.obligation(act.report)
    if due is None:
        known = wording.together(_title(o) for o in case.obligations if o.is_due)
        fix = f"send in what is due: {known}" if known else "wait until a report is due"
        return refuse("RPT-NOTREQ", "no such report is due", fix, "report")
    if not due.is_due:
        return _wrong(due, ())
    is_first = not due.filings  # there was nothing to see yet
    return due if is_first or act.seen >= due.revision else stale("report", due.revision)


def _title(due: Obligation) -> str:
    """The kind of a report and its number: progress report 2."""
    number = due.report.removeprefix(due.kind).strip("-")
    return f"{_KINDS.sentence(due.kind)} {number}".strip()


def _file(case: Case, act: ProviderSubmittedReport, due: Obligation, context: CaseContext) -> Transition:
    """Received whole; where the insurer sent an earlier one back, that one's time counts."""
    if act.service_on is None:
        raise AssertionError("a whole report has a day of service")
    counts_at = due.kept_at or act.received_at
    author = cast("Discipline", act.author_discipline)  # one of the program's
    filing = Filing(due.filings + 1, act.service_on, author, counts_at)
    filed = obligations.running_on(due, context)._replace(
        standing="submitted", filing=filing, filings=filing.report_revision, revision=case.revision
    )
    said = ReportSubmitted(
        referral_id=case.id,
        revision=case.revision,
        report=due.report,
        report_revision=filing.report_revision,
        kind=due.kind,
        service_on=filing.service_on,
        author_discipline=author,
        measures=act.measures,
        due_at=filed.due_at,
        counts_at=counts_at,
        business_days_late=days_late(filed, filing, context),
        document_id=act.document_id or "",
        document_sha256=act.document_sha256 or "",
    )
    return Transition(case.owing(filed), (said,), (disarm(case, filed),))


def days_late(due: Obligation, filing: Filing, context: CaseContext) -> int:
    """Business days after the last day, in the contract's calendar; negative when early."""
    day_of = context.calendar.day_of
    return context.calendar.business_days_between(day_of(due.due_at), day_of(filing.counts_at))


def _accept(case: Case, report: str, context: CaseContext) -> Transition:
    """The report fulfils what was due; the discharge report ends what else is owed."""
    due = case.obligation(report)
    if due is None or due.filing is None:
        raise AssertionError("only what was sent in is accepted")
    filing = due.filing
    accepted = due._replace(standing="accepted", revision=case.revision)
    said = ReportAccepted(
        referral_id=case.id,
        revision=case.revision,
        report=due.report,
        report_revision=filing.report_revision,
        kind=due.kind,
        service_on=filing.service_on,
        author_discipline=filing.author_discipline,
        counts_at=filing.counts_at,
        due_at=due.due_at,
        business_days_late=days_late(due, filing, context),
    )
    return _over(Transition(case.owing(accepted), (said,)), due)


def _over(moved: Transition, due: Obligation) -> Transition:
    """The referral is discharged by its discharge report; whatever comes in later comes too late."""
    return moved.then(obligations.discharge(moved.case)) if due.kind == _ENDS_ALL else moved


def accept(case: Case | None, context: CaseContext | None, act: OfficerAcceptedReport) -> Decision:
    """A reviewer takes the report as it is."""
    due = _reviewed(case, act)
    if isinstance(due, Refusal) or case is None or context is None:
        return due if isinstance(due, Refusal) else not_there()
    return settled(case, _accept(case.next, due.report, context))


def send_back(case: Case | None, context: CaseContext | None, act: OfficerReturnedReport) -> Decision:
    """A reviewer names every field; by the clinic's fault its receipt counts no more, by the insurer's it does."""
    due = _reviewed(case, act)
    if isinstance(due, Refusal) or case is None or context is None:
        return due if isinstance(due, Refusal) else not_there()
    if flaws := tuple(_unfounded(act, context.today)):
        return Refusal(flaws)
    raised, filing = case.next, due.filing
    if filing is None:
        raise AssertionError("only what was sent in is sent back")
    kept_at = filing.counts_at if act.fault == "insurer" else None
    owed = due._replace(standing="returned", kept_at=kept_at, revision=raised.revision)
    said = ReportReturned(
        referral_id=case.id,
        revision=raised.revision,
        report=due.report,
        report_revision=filing.report_revision,
        fields=tuple(_told(f.field, f.reason_code) for f in act.fields),
        fault=act.fault,
    )
    return settled(case, _owed_again(Transition(raised.owing(owed), (said,)), owed, context))


def _owed_again(moved: Transition, owed: Obligation, context: CaseContext) -> Transition:
    """Its clock runs on; it stands still where the referral does."""
    case = moved.case
    if case.holds:
        return moved.then(obligations.pause(case, case.holds[0], context, only=[owed]))
    following = arm_late if owed.due_at <= context.at else arm
    return moved.then(Transition(case, timers=(following(case, owed, context),)))


def _unfounded(act: OfficerReturnedReport, today: date) -> Iterator[Violation]:
    """A return names at least one field, each with a reason."""
    if not act.fields:
        yield _flaw("FIELD-MISSING", "fields", "no field is named", "name at least one field that is wrong")
    for n, told in enumerate(act.fields):
        if told.field.split(".")[0] not in FIELDS:
            yield _flaw("FIELD-UNKNOWN", f"fields.{n}.field", "the report has no such field", "name one of its fields")
        if not _RETURNS.allows(told.reason_code, today, "officer"):
            rule, fix = "no reason from the list is given", "choose what is wrong with the field"
            yield _flaw("REASON-MISSING", f"fields.{n}.reason_code", rule, fix)


def _told(field: str, reason_code: str) -> Violation:
    """A field with its reason as the clinic reads it."""
    reason = _RETURNS.codes[reason_code]
    return _flaw(reason_code, field, reason.wrong, reason.fix)


def waive(case: Case | None, context: CaseContext | None, act: OfficerWaivedReport) -> Decision:
    """An officer does without a report that is owed; its fee is not touched."""
    due = case.obligation(act.report) if case else None
    if case is None or context is None or due is None:
        return not_there()
    if not due.is_due:
        return _wrong(due, ("accept", "return") if due.standing == "submitted" else ())
    if act.seen < due.revision:
        return stale("report", due.revision)
    if not _WAIVERS.allows(act.reason_code, context.today, "officer"):
        rule, fix = "no reason from the list is given", "choose why the report is not needed"
        return refuse("REASON-MISSING", rule, fix, "reason_code")
    raised = case.next
    waived = due._replace(standing="waived", paused_at=None, revision=raised.revision)
    said = ObligationWaived(
        referral_id=case.id,
        revision=raised.revision,
        report=due.report,
        kind=due.kind,
        reason_code=act.reason_code or "",
    )
    return settled(case, _over(Transition(raised.owing(waived), (said,), (disarm(raised, waived),)), due))


def _reviewed(case: Case | None, act: Reviewed) -> Obligation | Refusal:
    """A report that was sent in and waits for its review."""
    due = case.obligation(act.report) if case else None
    if due is None:
        return not_there()
    if due.standing != "submitted":
        return _wrong(due, ("waive",) if due.is_due else ())
    return stale("report", due.revision) if act.seen < due.revision else due


def _wrong(due: Obligation, allowed: tuple[str, ...]) -> Refusal:
    """What became of the report does not allow it."""
    flaw = _flaw("RPT-STATE", "report", f"the report {_STANDS[due.standing]}", "open it again and act on what it shows")
    return Refusal((flaw,), allowed or ("none",))


def _flaw(code: str, field: str, rule: str, fix: str) -> Violation:
    return Violation(code=code, rule=rule, fix=fix, field=field)
