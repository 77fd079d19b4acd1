"""What the portal reacts to."""

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
from services.portal.store.deadlines import DOORS, default_calendar, project_calendars
from services.portal.store.invoices import INVOICES
from services.portal.store.notices import project_notices
from services.portal.store.operations import project_answers
from services.portal.store.payments import project_payees, project_remittances, project_runs
from services.portal.store.plans import PLANS
from services.portal.store.referral_views import SHOWN
from services.portal.store.referrals import project_referral_group
from services.portal.store.register import REPLICA
from services.portal.store.reports import ATTENDANCE, REPORTS
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
Opening: TypeAlias = (
    referral.ReferralOffered
    | referral.ReferralAcknowledged
    | program.PlanSubmitted
    | program.PlanInformationRequested
    | program.PlanClockResumed
)
NOUNS = {kind: projection for projection in (PLANS, REPORTS, ATTENDANCE, INVOICES) for kind in projection.events}


async def project_referrals_in_order(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Referrals, and what belongs to them, in one order."""
    await project_referral_group(conn, received, NOUNS)


handlers.project(*SHOWN, *NOUNS, by=project_referrals_in_order)
handlers.project(*REPLICA.contracts, by=REPLICA.project)
handlers.project(PayeeRegistered, by=project_payees)
handlers.project(RemittanceIssued, by=project_remittances)
handlers.project(RunFrozen, RunReleased, by=project_runs)
handlers.project(NoticeQueued, NoticeSeen, NoticeActedOn, by=project_notices)
handlers.project(WorkerChanged, AccountHolderChanged, by=project_people)
handlers.project(CalendarPublished, by=project_calendars)
handlers.project(
    *(kind for kind in (*SHOWN, *NOUNS) if not issubclass(kind, DeadlineMoved)),
    InvoiceReturned,
    RunReleased,
    NoticeSeen,
    *(contract_of_service(service, answer) for service in OTHERS for answer in (ActionApplied, ActionRefused)),
    by=project_answers,
)


def the_deadlines(event: Event, _: object) -> AggregateKeys:
    """Those of the record."""
    return ((DOORS, event.key),)


def opens(event: Opening, state: BatchState[Calendar], event_context: EventContext) -> Decision:
    """The owner's event carries the door's name and instant."""
    deadlines = state.find(DOORS, event.key) or OpenDeadlines(event.key)
    return open_deadline(
        deadlines, event.deadline, owner_of(event), read_at=event_context.read_at, calendar=state.facts
    )


def owner_of(event: Event) -> str:
    """The service that announced it."""
    return event.type_name.split(".")[1]


for _opening in get_args(Opening):
    handlers.on(_opening, the_deadlines, default_calendar)(opens)


def on_deadline_moved(event: DeadlineMoved, state: BatchState[None], _: EventContext) -> Decision:
    deadlines = state.find(DOORS, event.key) or OpenDeadlines(event.key)
    return move_deadline(deadlines, event.name, owner_of(event), event.due_at)


for _service in OTHERS:
    handlers.on(contract_of_service(_service, DeadlineMoved), the_deadlines, no_facts)(on_deadline_moved)


def on_closed(event: Event, state: BatchState[None], _: EventContext) -> Decision:
    """Answered, lapsed or taken back: nothing of it is open any more."""
    return close_deadlines(state.find(DOORS, event.key), owner_of(event))


CLOSING: tuple[type[Event], ...] = (
    referral.ReferralAccepted,
    referral.ReferralDeclined,
    referral.ReferralLapsed,
    referral.ReferralOfferWithdrawn,
    referral.ReferralWithdrawn,
)
for _closing in CLOSING:
    handlers.on(_closing, the_deadlines, no_facts)(on_closed)
Decided: TypeAlias = (
    program.PlanApproved
    | program.PlanDeclined
    | program.PlanDeemedApproved
    | program.PlanDecisionOverdue
    | program.PlanDiscontinued
)


def on_plan_closed(event: Decided, state: BatchState[None], _: EventContext) -> Decision:
    """Nothing of this plan is open any more; another one may be."""
    return close_deadlines(state.find(DOORS, event.key), owner_of(event), f"/{event.plan}")


for _decided in get_args(Decided):
    handlers.on(_decided, the_deadlines, no_facts)(on_plan_closed)


@handlers.on(DeadlineDue, the_deadlines, no_facts)
def on_door_due(event: DeadlineDue, state: BatchState[None], _: EventContext) -> Decision:
    return expire(state.find(DOORS, event.record_key), event)


def the_account(event: HolderFiled, _: None) -> AggregateKeys:
    """The account that is opened."""
    return ((ACCOUNTS, event.account_id),)


@handlers.on(HolderFiled, the_account, no_facts)
def on_holder_filed(event: HolderFiled, state: BatchState[None], event_context: EventContext) -> Decision:
    return open_account(state.find(ACCOUNTS, event.account_id), event, at=event_context.at)
