"""Notices for an event: one for each recipient of each rule that it concerns, while it is useful."""

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
    """The rules, the referral's case, the register, and the key whose events may settle a notice."""

    rules: Sequence[Rule]
    case: Case
    register: Register
    concerns: str


class Recipient(NamedTuple):
    """An account, site or role that gets a notice, and the site at which the role is held."""

    id: str
    site_id: str | None = None


def notify(event: Event, context: NotificationContext, event_context: EventContext) -> Outcome:
    """Queue a notice for every recipient of every rule, unless it is too late to be useful."""
    changed: list[Notice] = []
    events: list[Event] = []
    timers: list[SetTimer] = []
    for rule in context.rules:
        if not _applies(rule, event, context, event_context):
            continue
        group_id = str(event_context.new_id(len(changed))) if rule.escalation else ""
        for recipient in recipients(rule, event, context):
            notice = _notice(rule, event, context, event_context, len(changed))._replace(
                recipient_id=recipient.id, group_id=group_id
            )
            changed.append(notice)
            events += _announced(notice, rule, event, recipient.site_id)
        if rule.escalation and changed and changed[-1].group_id == group_id:
            due_at = rule.escalation.due_at(event_context.at, context.register.calendar)
            timers.append(SetTimer(group_id, UNSEEN, due_at, NoticeUnseen(told=group_id)))
    return Outcome(tuple(changed), tuple(events), tuple(timers))


def _applies(rule: Rule, event: Event, context: NotificationContext, event_context: EventContext) -> bool:
    """Return whether the rule is for this event, and a notice of it is still useful."""
    if event_context.at + rule.useful < event_context.read_at or not rule.concerns(event):
        return False
    if rule.only_reviewed and isinstance(event, ReportSubmitted):
        return context.register.is_reviewed(context.case.contract_id, event.kind, event_context.at)
    return True


def recipients(rule: Rule, event: Event, context: NotificationContext) -> Sequence[Recipient]:
    """Return the holders of the rule's role: the case's officer, or those at insurer, payee or the case's site."""
    if rule.to == OFFICER:
        officer_id = context.case.officer_id
        return [Recipient(f"a-officer-{officer_id.lower()}" if officer_id else _CLAIMS_DESK)]
    if rule.to not in CLINIC:
        return [Recipient(account) for account in context.register.at_insurer(rule.to)]
    if isinstance(event, RemittanceIssued):
        sites = context.register.sites.get(event.payee_id, ())
    else:
        sites = [site] if (site := getattr(event, "site_id", None) or context.case.site_id) else []
    by_account: dict[str, Recipient] = {}
    for site in sites:
        for account in context.register.at_site(site, rule.to):
            by_account.setdefault(account, Recipient(account, site))
    return list(by_account.values())


def _notice(rule: Rule, event: Event, context: NotificationContext, event_context: EventContext, n: int) -> Notice:
    """Return a new notice without its recipient; its mail is due at once."""
    mails = "email" in rule.channels
    return Notice(
        id=str(event_context.new_id(n)),
        version=0,
        recipient_id="",
        rule=rule.name,
        concerns=context.concerns,
        referral_id=getattr(event, "referral_id", None),
        document=rule.document_of(event),
        group_id="",
        mail="queued" if mails else "none",
        attempts=0,
        next_try_at=event_context.at if mails else None,
        useful_until=event_context.at + rule.useful,
        number=context.case.number,
    )


def _announced(notice: Notice, rule: Rule, event: Event, site_id: str | None) -> tuple[Event, ...]:
    """Return the events of a new notice; in the portal it is delivered at once."""
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
        link=rule.path(notice.number, notice.document),
    )
    if "portal" not in rule.channels:
        return (queued,)
    return queued, NoticeSent(recipient_id=notice.recipient_id, notice_id=notice.id, channel="portal")
