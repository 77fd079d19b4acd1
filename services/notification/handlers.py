"""What notification reacts to."""

from services.notification.domain.case import Case, follow
from services.notification.domain.following import act_on, escalate, see
from services.notification.domain.notice import MailFailed, MailSent, NoticeUnseen, failed, sent
from services.notification.domain.rule import words_of
from services.notification.domain.telling import Told, tell
from services.notification.store.cases import CASES
from services.notification.store.facts import ACTING, About, about_events, about_opened, about_unseen
from services.notification.store.notices import NOTICES
from services.notification.store.register import keep_people, keep_roles, keep_sites, keep_terms
from services.notification.store.rules import RULES
from shared.decision import Decision, Event, Occasion, Outcome, not_yours
from shared.events import catalogue, referral
from shared.events.person import AccountHolderChanged
from shared.events.portal import NoticeOpened, RoleGranted, RoleRevoked
from shared.events.procurement import CalendarPublished, ContractActivated, SiteOpened
from shared.handlers import Desk, Handlers, Touched, no_facts

handlers = Handlers(owner="notification")
handlers.keep(RoleGranted, RoleRevoked, by=keep_roles)
handlers.keep(SiteOpened, by=keep_sites)
handlers.keep(ContractActivated, CalendarPublished, by=keep_terms)
handlers.keep(AccountHolderChanged, by=keep_people)

FOLLOWED: tuple[type[Event], ...] = (
    referral.ReferralCreated,
    referral.OfficerAssigned,
    referral.ReferralOffered,
    referral.ReferralOfferWithdrawn,
    referral.ReferralAccepted,
    referral.ReferralDeclined,
    referral.ReferralLapsed,
    referral.ProgramStarted,
)
ESCALATIONS = tuple(rule for rule in RULES.values() if rule.is_escalation)
_BY_EVENT = {on: [r for r in RULES.values() if r.on == on] for on in {r.on for r in RULES.values()}}


def listened() -> tuple[type[Event], ...]:
    """Whatever a rule names, as cause or as what acts on it, and what says who has to do with a referral."""
    named = [
        event
        for event in catalogue.every().values()
        if event.topic != "rehab-notification" and (event.type_name in _BY_EVENT or words_of(event) in ACTING)
    ]
    return tuple(dict.fromkeys((*FOLLOWED, *named)))


def the_case(event: Event, facts: About) -> Touched:
    """Who has to do with it, and the notices that it may act on."""
    yield CASES, event.key
    yield from ((NOTICES, notice_id) for notice_id in facts.open.get(event.key, ()))


def the_group(event: NoticeUnseen, facts: About) -> Touched:
    """Those who were told together, and who has to do with what they were told of."""
    for notice_id, concerns in facts.groups.get(event.told, ()):
        yield NOTICES, notice_id
        yield CASES, concerns


def the_opened(event: NoticeOpened, facts: About) -> Touched:
    """The one, and those that tell that nobody has seen it."""
    yield NOTICES, event.notice_id
    yield from ((NOTICES, notice_id) for notice_id in facts.others.get(event.notice_id, ()))


def the_notice(event: Event, _: None) -> Touched:
    """The one."""
    return ((NOTICES, event.key),)


def on_told(event: Event, desk: Desk[About], occasion: Occasion) -> Decision:
    """What asked for this is done with; whoever must know of it is told."""
    facts, before = desk.facts, desk.find(CASES, event.key) or Case(event.key)
    case = follow(before, event)
    done = Outcome()
    if words_of(event) in ACTING:
        done = act_on(facts.by_key.of(event.key, desk.held(NOTICES), desk.takebacks), event, RULES)
    rules = _BY_EVENT.get(event.type_name, ())
    told = tell(event, Told(rules, case, facts.register, event.key), occasion)
    changed = (case,) if case != before else ()
    return Outcome((*changed, *done.changed, *told.changed), done.events + told.events, done.timers + told.timers)


for _kind in listened():
    handlers.on(_kind, the_case, about_events)(on_told)


@handlers.on(NoticeUnseen, the_group, about_unseen)
def on_notice_unseen(event: NoticeUnseen, desk: Desk[About], occasion: Occasion) -> Decision:
    group = desk.among(NOTICES, [notice_id for notice_id, _ in desk.facts.groups.get(event.told, ())])
    if not group:
        return Outcome()
    concerns = group[0].concerns
    told = Told(ESCALATIONS, desk.find(CASES, concerns) or Case(concerns), desk.facts.register, concerns)
    return escalate(group, RULES.get(group[0].rule), told, occasion)


@handlers.on(NoticeOpened, the_opened, about_opened)
def on_notice_opened(event: NoticeOpened, desk: Desk[About], _: Occasion) -> Decision:
    notice = desk.find(NOTICES, event.notice_id)
    if notice and not desk.facts.register.is_recipient(notice.recipient_id, event.by):
        return not_yours("notice_id")
    return see(notice, desk.among(NOTICES, desk.facts.others.get(event.notice_id, ())))


@handlers.on(MailSent, the_notice, no_facts)
def on_mail_sent(event: MailSent, desk: Desk[None], _: Occasion) -> Decision:
    return sent(desk.find(NOTICES, event.notice_id))


@handlers.on(MailFailed, the_notice, no_facts)
def on_mail_failed(event: MailFailed, desk: Desk[None], occasion: Occasion) -> Decision:
    notice = desk.find(NOTICES, event.notice_id)
    return failed(notice, event.reason_code, for_good=event.for_good, at=occasion.at)
