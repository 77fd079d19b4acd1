"""The entitlement of a case: its records on all topics, folded into what adjudication asks."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol, TypeAlias

from pydantic import TypeAdapter

from shared.billing.case import (
    EMPTY,
    Case,
    Granted,
    GrantUse,
    HeldLine,
    Report,
    ReportStanding,
    RequestedLine,
    SentInvoice,
    Stretch,
)
from shared.domain.decision import Event
from shared.events.invoice import (
    InvoiceAdjudicated,
    InvoicePended,
    InvoiceReceived,
    InvoiceRejected,
    InvoiceVoided,
    JudgedLine,
)
from shared.events.program import (
    AttendanceRecorded,
    Ended,
    Grant,
    ObligationCancelled,
    ObligationScheduled,
    ObligationWaived,
    PlanApproved,
    PlanDeclined,
    PlanDeemedApproved,
    PlanDiscontinued,
    PlanSubmitted,
    ReportAccepted,
    ReportReturned,
    ReportSubmitted,
)
from shared.events.referral import (
    ClaimStandingChanged,
    ProgramEnded,
    ProgramStarted,
    ReferralAccepted,
    ReferralCreated,
    ReferralDischarged,
    ReferralWithdrawn,
)

__all__ = ["EMPTY", "Case", "MessageMetadata", "RecordIds", "dump", "fold", "held_line", "load"]

ANSWERING = frozenset({"referral", "program", "invoice"})
_PORTAL = "rehab-portal"


class MessageMetadata(Protocol):
    """The metadata of a record: its own id, and the id of what it answers; every EventContext has them."""

    @property
    def event_id(self) -> str:
        """The id of the record itself."""

    @property
    def causation_id(self) -> str:
        """The id of the record that this one answers; empty where it answers none."""


class RecordIds(NamedTuple):
    """The ids of a record's envelope, for callers that take no decision."""

    event_id: str
    causation_id: str = ""


def fold(case: Case, event: Event, metadata: MessageMetadata) -> Case:
    """Return the case after one more record of its key, in the order in which they stand or were read."""
    change = _CHANGES.get(type(event))
    return _answer(change(case, event) if change else case, event, metadata)


def dump(case: Case) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a case as JSON takes it."""
    return _AS_JSON.dump_python(case, mode="json")


def load(received: Any) -> Case:  # noqa: ANN401 - whatever JSON holds
    """Return a case from what `dump` made of it."""
    return _AS_JSON.validate_python(received)


_AS_JSON = TypeAdapter(Case)


def _answer(case: Case, event: Event, metadata: MessageMetadata) -> Case:
    """Note an action as unanswered until its owner announces something because of it."""
    if event.topic == _PORTAL:
        waits = event.owner in ANSWERING and metadata.event_id not in case.unanswered
        return case._replace(unanswered=(*case.unanswered, metadata.event_id)) if waits else case
    if metadata.causation_id not in case.unanswered:
        return case
    return case._replace(unanswered=tuple(id_ for id_ in case.unanswered if id_ != metadata.causation_id))


def _created(case: Case, event: ReferralCreated) -> Case:
    return case._replace(claim_number=event.claim_number, injured_on=event.injured_on)


def _stands(case: Case, event: ClaimStandingChanged) -> Case:
    return case._replace(claim=tuple(Stretch(i.from_on, i.standing) for i in event.intervals))


def _accepted(case: Case, event: ReferralAccepted) -> Case:
    return case._replace(
        contract_id=event.contract_id, site_id=event.site_id, payee_id=event.payee_id, accepted_on=event.accepted_on
    )


def _started(case: Case, event: ProgramStarted) -> Case:
    return case._replace(started_on=event.initial_visit_on)


def _ended(case: Case, event: ProgramEnded) -> Case:
    return case._replace(last_on=event.last_on)


def _withdrawn(case: Case, event: ReferralWithdrawn) -> Case:
    return case._replace(withdrawn_on=event.from_on, withdrawn_by=event.cause, asked=())


def _discharged(case: Case, event: ReferralDischarged) -> Case:
    return case._replace(discharged_on=event.discharged_on)


def _attended(case: Case, event: AttendanceRecorded) -> Case:
    return case._replace(attendance={**case.attendance, **{day.on: day.status for day in event.days}})


def _due(case: Case, event: ObligationScheduled) -> Case:
    return _with_report(case, Report(event.report, event.kind))


def _over(standing: ReportStanding) -> "Change":
    """Return the change by a report that is not needed any more; what is known of it stays."""

    def change(case: Case, event: ObligationWaived | ObligationCancelled) -> Case:
        return _with_report(case, _report(case, event.report, event.kind)._replace(standing=standing))

    return change


def _came(standing: ReportStanding) -> "Change":
    """Return the change by a report that came, or was accepted as it came."""

    def change(case: Case, event: ReportSubmitted | ReportAccepted) -> Case:
        report = Report(
            event.report, event.kind, standing, event.service_on, event.author_discipline, event.business_days_late
        )
        return _with_report(case, report)

    return change


def _returned(case: Case, event: ReportReturned) -> Case:
    return _with_report(case, _report(case, event.report, event.report)._replace(standing="returned"))


def _report(case: Case, report: str, kind: str) -> Report:
    """Return a report as known so far."""
    return next((r for r in case.reports if r.report == report), Report(report, kind))


def _with_report(case: Case, report: Report) -> Case:
    """Replace a report; the one that changed last stands last."""
    return case._replace(reports=(*(r for r in case.reports if r.report != report.report), report))


def _asked(case: Case, event: PlanSubmitted) -> Case:
    asked = tuple(RequestedLine(event.plan, p.line, p.code, p.units, p.from_on, p.to_on) for p in event.lines)
    return case._replace(asked=(*_undecided(case, event.plan), *asked))


def _granted(case: Case, event: PlanApproved | PlanDeemedApproved) -> Case:
    return _decided(case, event.plan, event.ended, event.lines)


def _stopped(case: Case, event: PlanDeclined | PlanDiscontinued) -> Case:
    return _decided(case, event.plan, event.ended)


def _undecided(case: Case, decided: int) -> tuple[RequestedLine, ...]:
    """Return the lines that other plans ask for."""
    return tuple(a for a in case.asked if a.plan != decided)


def _decided(case: Case, plan: int, ended: Iterable[Ended], lines: Iterable[Grant] = ()) -> Case:
    """Decide a plan: some grants end, others begin."""
    news = {g.grant: Granted(g.grant, g.code, g.units, g.from_on, g.to_on) for g in lines}
    last = {e.grant: e.last_on for e in ended}
    received = (
        g._replace(last_on=min(g.last_on, last.get(g.grant, date.max))) for g in case.grants if g.grant not in news
    )
    return case._replace(grants=(*received, *news.values()), asked=_undecided(case, plan))


def _received(case: Case, event: InvoiceReceived) -> Case:
    lines = tuple(HeldLine(c.line, c.code, c.service_on, c.units) for c in event.lines)
    first = next((i.rejected_on for i in case.invoices if i.invoice_id == event.rectifies), None)
    sent = SentInvoice(event.invoice_id, event.number, lines, rectifies=event.rectifies, rejected_on=first)
    return case._replace(invoices=(*(i for i in case.invoices if i.invoice_id != event.invoice_id), sent))


def _pended(case: Case, event: InvoicePended) -> Case:
    return _with_lines(case, event.invoice_id, event.lines, is_judged=False)


def _adjudicated(case: Case, event: InvoiceAdjudicated) -> Case:
    denied = event.judged_on if any(line.status == "denied" for line in event.lines) else None
    return _with_lines(_first_rejected(case, event.invoice_id, denied), event.invoice_id, event.lines, is_judged=True)


def _rejected(case: Case, event: InvoiceRejected) -> Case:
    return _first_rejected(case, event.invoice_id, event.notice_on)


def _first_rejected(case: Case, invoice_id: str, on: date | None) -> Case:
    """Note the first rejection of an invoice; that of the invoice which it puts right counts too."""
    return case._replace(
        invoices=tuple(
            i._replace(rejected_on=i.rejected_on or on) if i.invoice_id == invoice_id else i for i in case.invoices
        )
    )


def _with_lines(case: Case, invoice_id: str, lines: Iterable[JudgedLine], *, is_judged: bool) -> Case:
    """Replace the lines of an invoice by the judged ones; one that waits for answers keeps back what it claims."""
    held = tuple(held_line(line) for line in lines)
    return case._replace(
        invoices=tuple(
            i._replace(lines=held or i.lines, is_judged=is_judged) if i.invoice_id == invoice_id else i
            for i in case.invoices
        )
    )


def held_line(line: JudgedLine) -> HeldLine:
    """Return the units that a line holds as it was judged last."""
    drawn = tuple(GrantUse(d.grant, d.units) for d in line.drawn)
    return HeldLine(line.line, line.code, line.service_on, line.units, line.status == "denied", drawn)


def _voided(case: Case, event: InvoiceVoided) -> Case:
    return case._replace(invoices=tuple(i for i in case.invoices if i.invoice_id != event.invoice_id))


Change: TypeAlias = Callable[[Case, Any], Case]
_CHANGES: Mapping[type[Event], Change] = {
    ReferralCreated: _created,
    ClaimStandingChanged: _stands,
    ReferralAccepted: _accepted,
    ProgramStarted: _started,
    ProgramEnded: _ended,
    ReferralWithdrawn: _withdrawn,
    ReferralDischarged: _discharged,
    AttendanceRecorded: _attended,
    ObligationScheduled: _due,
    ObligationWaived: _over("waived"),
    ObligationCancelled: _over("cancelled"),
    ReportSubmitted: _came("submitted"),
    ReportReturned: _returned,
    ReportAccepted: _came("accepted"),
    PlanSubmitted: _asked,
    PlanApproved: _granted,
    PlanDeemedApproved: _granted,
    PlanDeclined: _stopped,
    PlanDiscontinued: _stopped,
    InvoiceReceived: _received,
    InvoicePended: _pended,
    InvoiceAdjudicated: _adjudicated,
    InvoiceRejected: _rejected,
    InvoiceVoided: _voided,
}
