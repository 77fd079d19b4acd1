"""The events that notification reacts to, and the decision that each of them leads to."""

from services.notification.domain.case import Case, follow
from services.notification.domain.following import act_on, escalate, see
from services.notification.domain.notice import MailFailed, MailSent, NoticeUnseen, failed, sent
from services.notification.domain.notifying import NotificationContext, notify
from services.notification.domain.rule import event_name
from services.notification.store.cases import CASES
from services.notification.store.facts import (
    ACTING,
    Facts,
    load_facts_for_events,
    load_facts_for_opened,
    load_facts_for_unseen,
)
from services.notification.store.notices import NOTICES
from services.notification.store.register import REPLICA, project_people, project_roles, project_sites
from services.notification.store.rules import RULES
from shared.domain.decision import Decision, Event, EventContext, Outcome, not_yours
from shared.events import catalogue, referral
from shared.events.person import AccountHolderChanged
from shared.events.portal import NoticeOpened, RoleGranted, RoleRevoked
from shared.events.procurement import SiteOpened
from shared.messaging.handlers import AggregateKeys, BatchState, Handlers, no_facts

handlers = Handlers(owner="notification")
handlers.project(RoleGranted, RoleRevoked, by=project_roles)
handlers.project(SiteOpened, by=project_sites)
handlers.project(*REPLICA.contracts, by=REPLICA.project)
handlers.project(AccountHolderChanged, by=project_people)

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
    """Return the events that a rule names, as its cause or as settling its notices, and those that a case follows."""
    named = [
        event
        for event in catalogue.every().values()
        if event.topic != "rehab-notification" and (event.type_name in _BY_EVENT or event_name(event) in ACTING)
    ]
    return tuple(dict.fromkeys((*FOLLOWED, *named)))


def case_and_notices(event: Event, facts: Facts) -> AggregateKeys:
    """Name the case of an event and the notices that it may settle."""
    yield CASES, event.key
    yield from ((NOTICES, notice_id) for notice_id in facts.open.get(event.key, ()))


def group_and_cases(event: NoticeUnseen, facts: Facts) -> AggregateKeys:
    """Name the notices of a group and their cases."""
    for notice_id, concerns in facts.groups.get(event.told, ()):
        yield NOTICES, notice_id
        yield CASES, concerns


def opened_and_escalations(event: NoticeOpened, facts: Facts) -> AggregateKeys:
    """Name the opened notice and the escalations of its group."""
    yield NOTICES, event.notice_id
    yield from ((NOTICES, notice_id) for notice_id in facts.others.get(event.notice_id, ()))


def notice_of(event: Event, _: None) -> AggregateKeys:
    """Name the notice of an event."""
    return ((NOTICES, event.key),)


def on_event_with_rules(event: Event, state: BatchState[Facts], event_context: EventContext) -> Decision:
    """Settle the notices that the event settles, and queue those that rules have for it."""
    facts, before = state.facts, state.find(CASES, event.key) or Case(event.key)
    case = follow(before, event)
    settled = Outcome()
    if event_name(event) in ACTING:
        settled = act_on(facts.by_key.of(event.key, state.held(NOTICES), state.takebacks), event, RULES)
    rules = _BY_EVENT.get(event.type_name, ())
    queued = notify(event, NotificationContext(rules, case, facts.register, event.key), event_context)
    changed = (case,) if case != before else ()
    return Outcome(
        (*changed, *settled.changed, *queued.changed), settled.events + queued.events, settled.timers + queued.timers
    )


for _event_type in listened():
    handlers.on(_event_type, case_and_notices, load_facts_for_events)(on_event_with_rules)


@handlers.on(NoticeUnseen, group_and_cases, load_facts_for_unseen)
def on_notice_unseen(event: NoticeUnseen, state: BatchState[Facts], event_context: EventContext) -> Decision:
    group = state.among(NOTICES, [notice_id for notice_id, _ in state.facts.groups.get(event.told, ())])
    if not group:
        return Outcome()
    concerns = group[0].concerns
    context = NotificationContext(
        ESCALATIONS, state.find(CASES, concerns) or Case(concerns), state.facts.register, concerns
    )
    return escalate(group, RULES.get(group[0].rule), context, event_context)


@handlers.on(NoticeOpened, opened_and_escalations, load_facts_for_opened)
def on_notice_opened(event: NoticeOpened, state: BatchState[Facts], _: EventContext) -> Decision:
    notice = state.find(NOTICES, event.notice_id)
    if notice and not state.facts.register.is_recipient(notice.recipient_id, event.by):
        return not_yours("notice_id")
    return see(notice, state.among(NOTICES, state.facts.others.get(event.notice_id, ())))


@handlers.on(MailSent, notice_of, no_facts)
def on_mail_sent(event: MailSent, state: BatchState[None], _: EventContext) -> Decision:
    return sent(state.find(NOTICES, event.notice_id))


@handlers.on(MailFailed, notice_of, no_facts)
def on_mail_failed(event: MailFailed, state: BatchState[None], event_context: EventContext) -> Decision:
    notice = state.find(NOTICES, event.notice_id)
    return failed(notice, event.reason_code, for_good=event.for_good, at=event_context.at)
