"""The events that the portal takes: what it projects of them, and which deadlines and accounts they open."""

from collections.abc import Sequence
from typing import TypeAlias, get_args

from services.portal.domain.account import HolderFiled, open_account
from services.portal.domain.deadlines import (
    DeadlineDue,
    OpenDeadlines,
    close_deadlines,
    expire,
    move_deadline,
    open_deadline,
)
from services.portal.store.accounts import ACCOUNTS, project_people
from services.portal.store.deadlines import DEADLINES, default_calendar, project_calendars
from services.portal.store.notices import project_notices
from services.portal.store.operations import project_answers
from services.portal.store.payments import project_payees, project_remittances, project_runs
from services.portal.store.projections.invoices import INVOICES
from services.portal.store.projections.plans import PLANS
from services.portal.store.projections.referral_group import project_referral_group
from services.portal.store.projections.reports import ATTENDANCE, REPORTS
from services.portal.store.referral_views import REFERRAL_EVENTS
from services.portal.store.register import REPLICA
from shared.database.postgres import Connection
from shared.domain.calendar import Calendar
from shared.domain.decision import Decision, Event, EventContext
from shared.events import program, referral
from shared.events.answers import SERVICES, ActionApplied, ActionRefused, DeadlineMoved, contract_of_service
from shared.events.invoice import InvoiceReturned, RemittanceIssued, RunFrozen, RunReleased
from shared.events.notification import NoticeActedOn, NoticeQueued, NoticeSeen
from shared.events.person import AccountHolderChanged, WorkerChanged
from shared.events.procurement import CalendarPublished, PayeeRegistered
from shared.messaging.handlers import AggregateKeys, BatchState, Handlers, ReceivedEvent, no_facts

OTHERS = tuple(service for service in SERVICES if service != "portal")  # it need not read what it says itself
handlers = Handlers()
Opened: TypeAlias = (
    referral.ReferralOffered
    | referral.ReferralAcknowledged
    | program.PlanSubmitted
    | program.PlanInformationRequested
    | program.PlanClockResumed
)
DOCUMENT_PROJECTIONS = {
    kind: projection for projection in (PLANS, REPORTS, ATTENDANCE, INVOICES) for kind in projection.events
}


async def project_referrals_in_order(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Projects referrals and what belongs to them in the order in which they were announced."""
    await project_referral_group(conn, received, DOCUMENT_PROJECTIONS)


handlers.project(*REFERRAL_EVENTS, *DOCUMENT_PROJECTIONS, by=project_referrals_in_order)
handlers.project(*REPLICA.contracts, by=REPLICA.project)
handlers.project(PayeeRegistered, by=project_payees)
handlers.project(RemittanceIssued, by=project_remittances)
handlers.project(RunFrozen, RunReleased, by=project_runs)
handlers.project(NoticeQueued, NoticeSeen, NoticeActedOn, by=project_notices)
handlers.project(WorkerChanged, AccountHolderChanged, by=project_people)
handlers.project(CalendarPublished, by=project_calendars)
handlers.project(
    *(kind for kind in (*REFERRAL_EVENTS, *DOCUMENT_PROJECTIONS) if not issubclass(kind, DeadlineMoved)),
    InvoiceReturned,
    RunReleased,
    NoticeSeen,
    *(contract_of_service(service, answer) for service in OTHERS for answer in (ActionApplied, ActionRefused)),
    by=project_answers,
)


def deadlines_of(event: Event, _: object) -> AggregateKeys:
    """Returns the key of the open deadlines of the event's record."""
    return ((DEADLINES, event.key),)


def on_deadline_opened(event: Opened, state: BatchState[Calendar], event_context: EventContext) -> Decision:
    """Opens the deadline that the owner's event names."""
    deadlines = state.find(DEADLINES, event.key) or OpenDeadlines(event.key)
    return open_deadline(
        deadlines, event.deadline, owner_of(event), read_at=event_context.read_at, calendar=state.facts
    )


def owner_of(event: Event) -> str:
    """Returns the service that announced the event."""
    return event.type_name.split(".")[1]


for _opened in get_args(Opened):
    handlers.on(_opened, deadlines_of, default_calendar)(on_deadline_opened)


def on_deadline_moved(event: DeadlineMoved, state: BatchState[None], _: EventContext) -> Decision:
    deadlines = state.find(DEADLINES, event.key) or OpenDeadlines(event.key)
    return move_deadline(deadlines, event.name, owner_of(event), event.due_at)


for _service in OTHERS:
    handlers.on(contract_of_service(_service, DeadlineMoved), deadlines_of, no_facts)(on_deadline_moved)


def on_answered(event: Event, state: BatchState[None], _: EventContext) -> Decision:
    """Closes every deadline of the owner on the record: the offer was answered, has lapsed or was taken back."""
    return close_deadlines(state.find(DEADLINES, event.key), owner_of(event))


ANSWERED: tuple[type[Event], ...] = (
    referral.ReferralAccepted,
    referral.ReferralDeclined,
    referral.ReferralLapsed,
    referral.ReferralOfferWithdrawn,
    referral.ReferralWithdrawn,
)
for _answered in ANSWERED:
    handlers.on(_answered, deadlines_of, no_facts)(on_answered)
PlanDecided: TypeAlias = (
    program.PlanApproved
    | program.PlanDeclined
    | program.PlanDeemedApproved
    | program.PlanDecisionOverdue
    | program.PlanDiscontinued
)


def on_plan_closed(event: PlanDecided, state: BatchState[None], _: EventContext) -> Decision:
    """Closes the deadlines of the plan; those of another plan stay open."""
    return close_deadlines(state.find(DEADLINES, event.key), owner_of(event), f"/{event.plan}")


for _plan_decided in get_args(PlanDecided):
    handlers.on(_plan_decided, deadlines_of, no_facts)(on_plan_closed)


@handlers.on(DeadlineDue, deadlines_of, no_facts)
def on_deadline_due(event: DeadlineDue, state: BatchState[None], _: EventContext) -> Decision:
    return expire(state.find(DEADLINES, event.record_key), event)


def account_of(event: HolderFiled, _: None) -> AggregateKeys:
    """Returns the key of the account that is opened."""
    return ((ACCOUNTS, event.account_id),)


@handlers.on(HolderFiled, account_of, no_facts)
def on_holder_filed(event: HolderFiled, state: BatchState[None], event_context: EventContext) -> Decision:
    return open_account(state.find(ACCOUNTS, event.account_id), event, at=event_context.at)
