"""What notification reacts to."""

from typing import Any

from services.notification.domain import Case, MailFailed, MailSent, Notice, Told, act_on, failed, see, sent, tell
from services.notification.store.notices import NOTICES, RULES
from services.notification.store.recipients import (
    About,
    about_referrals,
    keep_cases,
    keep_people,
    keep_roles,
    keep_sites,
)
from shared.decision import Decision, Event, Occasion, Outcome
from shared.events import referral
from shared.events.person import AccountHolderChanged
from shared.events.portal import NoticeOpened, RoleGranted, RoleRevoked
from shared.events.procurement import SiteOpened
from shared.handlers import Desk, Handlers, Touched, no_facts

handlers = Handlers()
handlers.keep(RoleGranted, RoleRevoked, by=keep_roles)
handlers.keep(SiteOpened, by=keep_sites)
handlers.keep(AccountHolderChanged, by=keep_people)
handlers.keep(referral.ReferralCreated, referral.OfficerAssigned, referral.ReferralOffered, by=keep_cases)

TOLD: tuple[type[Any], ...] = (
    referral.ReferralOffered,
    referral.ReferralAcknowledged,
    referral.ReferralAccepted,
    referral.ReferralDeclined,
    referral.ReferralLapsed,
    referral.ReferralOfferWithdrawn,
    referral.ReferralUnplaced,
    referral.ReferralHeld,
    referral.ReferralResumed,
    referral.ReferralWithdrawn,
    referral.WorkerFarAway,
)


def the_open(event: Event, facts: About) -> Touched:
    """Notices about the referral that nothing has acted on."""
    return ((NOTICES, notice_id) for notice_id in facts.open.get(event.key, ()))


def the_notice(event: Event, _: None) -> Touched:
    """The one."""
    return ((NOTICES, event.key),)


def on_told(event: Event, desk: Desk[About], occasion: Occasion) -> Decision:
    """What asked for this is done with; whoever must know of it is told."""
    facts = desk.facts
    about = [n for n in desk.held(NOTICES).values() if n and n.referral_id == event.key]
    done = act_on(about, event, RULES)
    case = facts.cases.get(event.key, Case())
    case = case._replace(site_id=getattr(event, "site_id", None) or case.site_id)
    rules = [rule for rule in RULES.values() if rule.on == event.type_name]
    told = tell(event, Told(rules, case, facts.accounts), occasion)
    return Outcome(done.changed + told.changed, done.events + told.events)


for _kind in TOLD:
    handlers.on(_kind, the_open, about_referrals)(on_told)


@handlers.on(NoticeOpened, the_notice, no_facts)
def on_notice_opened(event: NoticeOpened, desk: Desk[None], _: Occasion) -> Decision:
    return see(desk.find(NOTICES, event.notice_id))


@handlers.on(MailSent, the_notice, no_facts)
def on_mail_sent(event: MailSent, desk: Desk[None], _: Occasion) -> Decision:
    return sent(desk.find(NOTICES, event.notice_id))


@handlers.on(MailFailed, the_notice, no_facts)
def on_mail_failed(event: MailFailed, desk: Desk[None], occasion: Occasion) -> Decision:
    notice: Notice | None = desk.find(NOTICES, event.notice_id)
    return failed(notice, event.reason_code, for_good=event.for_good, at=occasion.at)
