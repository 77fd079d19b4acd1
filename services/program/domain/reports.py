"""Reports: submitted by the clinic, accepted at once or by a reviewer, returned, or waived."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, TypeAlias, cast

from services.program.domain import obligations
from services.program.domain.case import Case, CaseTransition, Obligation, Submission
from services.program.domain.context import CaseContext
from services.program.domain.refusals import missing, not_found, stale, violation
from services.program.domain.reminders import disarm, next_late_step, next_step
from services.program.domain.report_contents import faults
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Decision, Refusal, Violation, refuse
from shared.domain.transition import Transition
from shared.events.portal import (
    OfficerAcceptedReport,
    OfficerReturnedReport,
    OfficerWaivedReport,
    ProviderSubmittedReport,
)
from shared.events.program import ObligationWaived, ReportAccepted, ReportReturned, ReportSubmitted

if TYPE_CHECKING:
    from shared.events.values import Discipline

_WAIVER_REASONS, _RETURN_REASONS = code_list("waiver-reasons"), code_list("return-reasons")
_KINDS = code_list("report-kinds")
FIELDS = ("service_on", "author_discipline", "document_id", "measures", "sections")
_ENDS_ALL = "discharge"
# the predicate of a sentence about a report with this status
_STATUS_SENTENCES = {
    "open": "is not sent in yet",
    "submitted": "is in review",
    "returned": "was sent back to the clinic",
    "accepted": "is accepted",
    "waived": "is not needed any more",
    "cancelled": "is not due any more",
}
Review: TypeAlias = OfficerAcceptedReport | OfficerReturnedReport


def submit(case: Case, action: ProviderSubmittedReport, context: CaseContext) -> Decision:
    """Take a complete report, which counts from its receipt; accept it at once unless the contract has it reviewed."""
    obligation = _owed(case, action)
    if isinstance(obligation, Refusal):
        return obligation
    if flaws := faults(action, case, obligation, context):
        return Refusal(flaws)
    submitted = _submit(Transition.of(case), action, obligation, context)
    if obligation.kind in context.contract.reviewed_reports:
        return submitted.outcome()
    return _accept(submitted, obligation.report, context).outcome()


def _owed(case: Case, action: ProviderSubmittedReport) -> Obligation | Refusal:
    """Return the obligation that the report fulfils, or why there is none."""
    obligation = case.obligation(action.report)
    if obligation is None:
        due = wording.together(_title(o) for o in case.obligations if o.is_due)
        fix = f"send in what is due: {due}" if due else "wait until a report is due"
        return refuse("RPT-NOTREQ", "no such report is due", fix, "report")
    if not obligation.is_due:
        return _wrong_status(obligation, ())
    is_first = not obligation.submissions  # nothing can have changed since the clinic looked
    return obligation if is_first or action.seen >= obligation.revision else stale("report", obligation.revision)


def _title(obligation: Obligation) -> str:
    """Return the kind of a report and its number: progress report 2."""
    number = obligation.report.removeprefix(obligation.kind).strip("-")
    return f"{_KINDS.sentence(obligation.kind)} {number}".strip()


def _submit(
    transition: CaseTransition, action: ProviderSubmittedReport, obligation: Obligation, context: CaseContext
) -> CaseTransition:
    """Note the report; after a return by the insurer's fault the receipt of the returned one counts."""
    if action.service_on is None:
        raise AssertionError("a complete report has a day of service")
    counts_at = obligation.kept_at or action.received_at
    author = cast("Discipline", action.author_discipline)  # one of the program's
    submission = Submission(obligation.submissions + 1, action.service_on, author, counts_at)
    submitted = obligations.with_running_clock(obligation, context)._replace(
        status="submitted",
        submission=submission,
        submissions=submission.report_revision,
        revision=transition.revision,
    )
    case = transition.document
    return (
        transition.to(obligations=case.obligations_with(submitted))
        .announce(
            ReportSubmitted,
            report=obligation.report,
            report_revision=submission.report_revision,
            kind=obligation.kind,
            service_on=submission.service_on,
            author_discipline=author,
            measures=action.measures,
            due_at=submitted.due_at,
            counts_at=counts_at,
            business_days_late=days_late(submitted, submission, context),
            document_id=action.document_id or "",
            document_sha256=action.document_sha256 or "",
        )
        .set(disarm(case, submitted))
    )


def days_late(obligation: Obligation, submission: Submission, context: CaseContext) -> int:
    """Return the business days after the last day, in the contract's calendar; negative when the report was early."""
    day_of = context.calendar.day_of
    return context.calendar.business_days_between(day_of(obligation.due_at), day_of(submission.counts_at))


def _accept(transition: CaseTransition, report: str, context: CaseContext) -> CaseTransition:
    """Note that a submitted report fulfils its obligation; a discharge report ends the others."""
    obligation = transition.document.obligation(report)
    if obligation is None or obligation.submission is None:
        raise AssertionError("only a submitted report is accepted")
    submission = obligation.submission
    accepted = obligation._replace(status="accepted", revision=transition.revision)
    announced = transition.to(obligations=transition.document.obligations_with(accepted)).announce(
        ReportAccepted,
        report=obligation.report,
        report_revision=submission.report_revision,
        kind=obligation.kind,
        service_on=submission.service_on,
        author_discipline=submission.author_discipline,
        counts_at=submission.counts_at,
        due_at=obligation.due_at,
        business_days_late=days_late(obligation, submission, context),
    )
    return _discharged(announced, obligation)


def _discharged(transition: CaseTransition, obligation: Obligation) -> CaseTransition:
    """Cancel the other reports when the discharge report is done with, so that a later one comes too late."""
    return obligations.discharge(transition) if obligation.kind == _ENDS_ALL else transition


def accept(case: Case, action: OfficerAcceptedReport, context: CaseContext) -> Decision:
    """Accept a submitted report after its review."""
    obligation = _in_review(case, action)
    if isinstance(obligation, Refusal):
        return obligation
    return _accept(Transition.of(case), obligation.report, context).outcome()


def send_back(case: Case, action: OfficerReturnedReport, context: CaseContext) -> Decision:
    """Return a report with its wrong fields; its receipt still counts where the fault was the insurer's."""
    obligation = _in_review(case, action)
    if isinstance(obligation, Refusal):
        return obligation
    if flaws := tuple(_return_faults(action, context.today)):
        return Refusal(flaws)
    submission, transition = obligation.submission, Transition.of(case)
    if submission is None:
        raise AssertionError("only a submitted report is returned")
    kept_at = submission.counts_at if action.fault == "insurer" else None
    returned = obligation._replace(status="returned", kept_at=kept_at, revision=transition.revision)
    announced = transition.to(obligations=case.obligations_with(returned)).announce(
        ReportReturned,
        report=obligation.report,
        report_revision=submission.report_revision,
        fields=tuple(_field_fault(f.field, f.reason_code) for f in action.fields),
        fault=action.fault,
    )
    return _clock_restarted(announced, returned, context).outcome()


def _clock_restarted(transition: CaseTransition, obligation: Obligation, context: CaseContext) -> CaseTransition:
    """Let the clock of a returned report run on; in a held case it stops instead."""
    case = transition.document
    if case.holds:
        return obligations.pause(transition, case.holds[0], context, only=[obligation])
    following = next_late_step if obligation.due_at <= context.at else next_step
    return transition.set(following(case, obligation, context))


def _return_faults(action: OfficerReturnedReport, today: date) -> Iterator[Violation]:
    """Yield a violation unless at least one field is named, each a field of reports and with a listed reason."""
    if not action.fields:
        yield missing("fields", "no field is named", "name at least one field that is wrong")
    for n, returned in enumerate(action.fields):
        if returned.field.split(".")[0] not in FIELDS:
            rule = "the report has no such field"
            yield violation("FIELD-UNKNOWN", f"fields.{n}.field", rule, "name one of its fields")
        if not _RETURN_REASONS.allows(returned.reason_code, today, "officer"):
            rule, fix = "no reason from the list is given", "choose what is wrong with the field"
            yield violation("REASON-MISSING", f"fields.{n}.reason_code", rule, fix)


def _field_fault(field: str, reason_code: str) -> Violation:
    """Return a wrong field with its reason in the words of the code list."""
    reason = _RETURN_REASONS.codes[reason_code]
    return violation(reason_code, field, reason.wrong, reason.fix)


def waive(case: Case, action: OfficerWaivedReport, context: CaseContext) -> Decision:
    """End the obligation of a report that is due; its fee is not touched."""
    obligation = case.obligation(action.report)
    if obligation is None:
        return not_found()
    if not obligation.is_due:
        return _wrong_status(obligation, ("accept", "return") if obligation.status == "submitted" else ())
    if action.seen < obligation.revision:
        return stale("report", obligation.revision)
    if not _WAIVER_REASONS.allows(action.reason_code, context.today, "officer"):
        rule, fix = "no reason from the list is given", "choose why the report is not needed"
        return refuse("REASON-MISSING", rule, fix, "reason_code")
    transition = Transition.of(case)
    waived = obligation._replace(status="waived", paused_at=None, revision=transition.revision)
    announced = (
        transition.to(obligations=case.obligations_with(waived))
        .announce(
            ObligationWaived,
            report=obligation.report,
            kind=obligation.kind,
            reason_code=action.reason_code or "",
        )
        .set(disarm(case, waived))
    )
    return _discharged(announced, obligation).outcome()


def _in_review(case: Case, action: Review) -> Obligation | Refusal:
    """Return the obligation of a submitted report that awaits its review, or why it cannot be reviewed."""
    obligation = case.obligation(action.report)
    if obligation is None:
        return not_found()
    if obligation.status != "submitted":
        return _wrong_status(obligation, ("waive",) if obligation.is_due else ())
    return stale("report", obligation.revision) if action.seen < obligation.revision else obligation


def _wrong_status(obligation: Obligation, allowed: tuple[str, ...]) -> Refusal:
    """Return the refusal of an action that the status of the report does not allow."""
    rule = f"the report {_STATUS_SENTENCES[obligation.status]}"
    flaw = violation("RPT-STATE", "report", rule, "open it again and act on what it shows")
    return Refusal((flaw,), allowed or ("none",))
