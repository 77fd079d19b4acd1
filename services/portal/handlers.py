"""What the portal reacts to."""

from collections.abc import Sequence
from typing import TypeAlias, get_args

from services.portal.domain.account import HolderFiled, open_account
from services.portal.domain.doors import DoorDue, Doors, close_doors, move_door, open_door, reach
from services.portal.store.accounts import ACCOUNTS, keep_people
from services.portal.store.doors import DOORS, default_calendar, keep_calendars
from services.portal.store.invoices import INVOICES
from services.portal.store.notices import keep_notices
from services.portal.store.operations import keep_answers
from services.portal.store.payments import keep_payees, keep_remittances, keep_runs
from services.portal.store.plans import PLANS
from services.portal.store.referrals import keep_referrals
from services.portal.store.register import KINDS, keep_register
from services.portal.store.reports import ATTENDANCE, REPORTS
from services.portal.store.shown import SHOWN
from shared.calendar import Calendar
from shared.decision import Decision, Event, Occasion
from shared.events import program, referral
from shared.events.answers import SERVICES, ActionApplied, ActionRefused, DeadlineMoved, said_by
from shared.events.invoice import InvoiceReturned, RemittanceIssued, RunFrozen, RunReleased
from shared.events.notification import NoticeActedOn, NoticeQueued, NoticeSeen
from shared.events.person import AccountHolderChanged, WorkerChanged
from shared.events.procurement import CalendarPublished, PayeeRegistered
from shared.handlers import Desk, Handlers, Kept, Touched, no_facts
from shared.postgres import Connection

OTHERS = tuple(service for service in SERVICES if service != "portal")  # it need not read what it says itself
handlers = Handlers()
Opening: TypeAlias = (
    referral.ReferralOffered
    | referral.ReferralAcknowledged
    | program.PlanSubmitted
    | program.PlanInformationRequested
    | program.PlanClockResumed
)
NOUNS = {kind: noun for noun in (PLANS, REPORTS, ATTENDANCE, INVOICES) for kind in noun.events}


async def the_referrals(conn: Connection, kept: Sequence[Kept]) -> None:
    """Referrals, and what belongs to them, in one order."""
    await keep_referrals(conn, kept, NOUNS)


handlers.keep(*SHOWN, *NOUNS, by=the_referrals)
handlers.keep(*KINDS, by=keep_register)
handlers.keep(PayeeRegistered, by=keep_payees)
handlers.keep(RemittanceIssued, by=keep_remittances)
handlers.keep(RunFrozen, RunReleased, by=keep_runs)
handlers.keep(NoticeQueued, NoticeSeen, NoticeActedOn, by=keep_notices)
handlers.keep(WorkerChanged, AccountHolderChanged, by=keep_people)
handlers.keep(CalendarPublished, by=keep_calendars)
handlers.keep(
    *(kind for kind in (*SHOWN, *NOUNS) if not issubclass(kind, DeadlineMoved)),
    InvoiceReturned,
    RunReleased,
    NoticeSeen,
    *(said_by(service, answer) for service in OTHERS for answer in (ActionApplied, ActionRefused)),
    by=keep_answers,
)


def the_doors(event: Event, _: object) -> Touched:
    """Those of the record."""
    return ((DOORS, event.key),)


def opens(event: Opening, desk: Desk[Calendar], occasion: Occasion) -> Decision:
    """The owner's event carries the door's name and instant."""
    doors = desk.find(DOORS, event.key) or Doors(event.key)
    return open_door(doors, event.deadline, owner_of(event), read_at=occasion.read_at, calendar=desk.facts)


def owner_of(event: Event) -> str:
    """The service that announced it."""
    return event.type_name.split(".")[1]


for _opening in get_args(Opening):
    handlers.on(_opening, the_doors, default_calendar)(opens)


def on_deadline_moved(event: DeadlineMoved, desk: Desk[None], _: Occasion) -> Decision:
    doors = desk.find(DOORS, event.key) or Doors(event.key)
    return move_door(doors, event.name, owner_of(event), event.due_at)


for _service in OTHERS:
    handlers.on(said_by(_service, DeadlineMoved), the_doors, no_facts)(on_deadline_moved)


def on_closed(event: Event, desk: Desk[None], _: Occasion) -> Decision:
    """Answered, lapsed or taken back: nothing of it is open any more."""
    return close_doors(desk.find(DOORS, event.key), owner_of(event))


CLOSING: tuple[type[Event], ...] = (
    referral.ReferralAccepted,
    referral.ReferralDeclined,
    referral.ReferralLapsed,
    referral.ReferralOfferWithdrawn,
    referral.ReferralWithdrawn,
)
for _closing in CLOSING:
    handlers.on(_closing, the_doors, no_facts)(on_closed)
Decided: TypeAlias = (
    program.PlanApproved
    | program.PlanDeclined
    | program.PlanDeemedApproved
    | program.PlanDecisionOverdue
    | program.PlanDiscontinued
)


def on_plan_closed(event: Decided, desk: Desk[None], _: Occasion) -> Decision:
    """Nothing of this plan is open any more; another one may be."""
    return close_doors(desk.find(DOORS, event.key), owner_of(event), f"/{event.plan}")


for _decided in get_args(Decided):
    handlers.on(_decided, the_doors, no_facts)(on_plan_closed)


@handlers.on(DoorDue, the_doors, no_facts)
def on_door_due(event: DoorDue, desk: Desk[None], _: Occasion) -> Decision:
    return reach(desk.find(DOORS, event.record_key), event)


def the_account(event: HolderFiled, _: None) -> Touched:
    """The account that is opened."""
    return ((ACCOUNTS, event.account_id),)


@handlers.on(HolderFiled, the_account, no_facts)
def on_holder_filed(event: HolderFiled, desk: Desk[None], occasion: Occasion) -> Decision:
    return open_account(desk.find(ACCOUNTS, event.account_id), event, at=occasion.at)
