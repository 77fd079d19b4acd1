"""Telling: every recipient of every rule that an event concerns, while it is of use."""

from collections.abc import Sequence
from typing import NamedTuple

from services.notification.domain.case import Case
from services.notification.domain.notice import Notice, NoticeUnseen
from services.notification.domain.register import OFFICER, Register
from services.notification.domain.rule import Rule
from shared.domain.decision import Event, EventContext, Outcome, SetTimer
from shared.events.invoice import RemittanceIssued
from shared.events.notification import NoticeQueued, NoticeSent
from shared.events.program import ReportSubmitted

UNSEEN = "unseen"
CLINIC = ("clinician", "biller", "administrator")  # roles held at a site; all others are the insurer's
_CLAIMS_DESK = "claims_officer"


class NotificationContext(NamedTuple):
    """What an event is told by: rules, who has to do with its referral, the register, and what may act on it."""

    rules: Sequence[Rule]
    case: Case
    register: Register
    concerns: str


class Recipient(NamedTuple):
    """Who is told, and at which site they hold the role."""

    id: str
    site_id: str | None = None


def notify(event: Event, told: NotificationContext, event_context: EventContext) -> Outcome:
    """Every recipient of every rule is told, unless it is too late to be of use."""
    changed: list[Notice] = []
    said: list[Event] = []
    armed: list[SetTimer] = []
    for rule in told.rules:
        if not _is_told(rule, event, told, event_context):
            continue
        first = str(event_context.new_id(len(changed))) if rule.patience else ""
        for recipient in recipients(rule, event, told):
            notice = _notice(rule, event, told, event_context, len(changed))._replace(
                recipient_id=recipient.id, told=first
            )
            changed.append(notice)
            said += _said(notice, rule, event, recipient.site_id)
        if rule.patience and changed and changed[-1].told == first:
            due_at = rule.patience.ends(event_context.at, told.register.calendar)
            armed.append(SetTimer(first, UNSEEN, due_at, NoticeUnseen(told=first)))
    return Outcome(tuple(changed), tuple(said), tuple(armed))


def _is_told(rule: Rule, event: Event, told: NotificationContext, event_context: EventContext) -> bool:
    """Whether the event is within the rule, and news of it still of use."""
    if event_context.at + rule.useful < event_context.read_at or not rule.concerns(event):
        return False
    if rule.only_reviewed and isinstance(event, ReportSubmitted):
        return told.register.is_reviewed(told.case.contract_id, event.kind, event_context.at)
    return True


def recipients(rule: Rule, event: Event, told: NotificationContext) -> Sequence[Recipient]:
    """Whoever holds the rule's role: at the payee's sites, at the referral's, at the insurer, or its officer."""
    if rule.to == OFFICER:
        officer_id = told.case.officer_id
        return [Recipient(f"a-officer-{officer_id.lower()}" if officer_id else _CLAIMS_DESK)]
    if rule.to not in CLINIC:
        return [Recipient(account) for account in told.register.at_insurer(rule.to)]
    if isinstance(event, RemittanceIssued):
        sites = told.register.sites.get(event.payee_id, ())
    else:
        sites = [site] if (site := getattr(event, "site_id", None) or told.case.site_id) else []
    found: dict[str, Recipient] = {}
    for site in sites:
        for account in told.register.at_site(site, rule.to):
            found.setdefault(account, Recipient(account, site))
    return list(found.values())


def _notice(rule: Rule, event: Event, told: NotificationContext, event_context: EventContext, n: int) -> Notice:
    """As it is queued; its mail is due at once."""
    mails = "email" in rule.channels
    return Notice(
        str(event_context.new_id(n)),
        0,
        "",
        rule.name,
        told.concerns,
        getattr(event, "referral_id", None),
        rule.names(event),
        "",
        "queued" if mails else "none",
        0,
        event_context.at if mails else None,
        event_context.at + rule.useful,
        number=told.case.number,
    )


def _said(notice: Notice, rule: Rule, event: Event, site_id: str | None) -> tuple[Event, ...]:
    """Queued; in the portal it is there at once."""
    queued = NoticeQueued(
        recipient_id=notice.recipient_id,
        notice_id=notice.id,
        rule=rule.name,
        about=event.type_name,
        referral_id=notice.referral_id,
        site_id=site_id,
        channels=rule.channels,
        useful_until=notice.useful_until,
        number=notice.number or None,
        subject=rule.subject.format(number=notice.number),
        link=rule.place(notice.number, notice.document),
    )
    if "portal" not in rule.channels:
        return (queued,)
    return queued, NoticeSent(recipient_id=notice.recipient_id, notice_id=notice.id, channel="portal")
