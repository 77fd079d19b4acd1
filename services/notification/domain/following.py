"""Decisions on a notice: a recipient sees it, an event settles it, or its time to be seen runs out."""

from collections.abc import Mapping, Sequence

from services.notification.domain.notice import Notice, give_up
from services.notification.domain.notifying import UNSEEN, NotificationContext, notify
from services.notification.domain.rule import Rule, event_name
from shared.domain.decision import Decision, Event, EventContext, Outcome, SetTimer, refuse
from shared.events.notification import NoticeActedOn, NoticeEscalated, NoticeSeen

_SEEN = event_name(NoticeSeen(recipient_id="", notice_id=""))


def act_on(notices: Sequence[Notice], event: Event, rules: Mapping[str, Rule]) -> Outcome:
    """Settle the open notices that an event settles, and the escalations of their groups."""
    name = event_name(event)
    settled = [n for n in notices if not n.acted_on and _is_settled_by(n, event, name, rules.get(n.rule))]
    groups = {n.group_id for n in settled if n.group_id}
    settled += [n for n in notices if not n.acted_on and n.document in groups]
    return _close(settled, name)


def _is_settled_by(notice: Notice, event: Event, name: str, rule: Rule | None) -> bool:
    """Return whether the rule of a notice names the event, and the event is about the same document."""
    if rule is None or name not in rule.acted_on_by:
        return False
    member = rule.acted_on_by[name]
    return not member or str(getattr(event, member, None)) == notice.document


def _close(notices: Sequence[Notice], name: str) -> Outcome:
    """Mark notices as settled; their queued mails are given up and their timers disarmed."""
    changed: list[Notice] = []
    events: list[Event] = []
    for notice in notices:
        closed, given_up = give_up(notice._replace(acted_on=True), "acted-on")
        changed.append(closed)
        events += [NoticeActedOn(recipient_id=notice.recipient_id, notice_id=notice.id, by_event=name), *given_up]
    return Outcome(tuple(changed), tuple(events), _disarmed(notices))


def _disarmed(notices: Sequence[Notice]) -> tuple[SetTimer, ...]:
    return tuple(SetTimer(group_id, UNSEEN) for group_id in sorted({n.group_id for n in notices if n.group_id}))


def see(notice: Notice | None, others: Sequence[Notice]) -> Decision:
    """Mark a notice as seen, and settle the escalations of its group; `others` are those that may be such."""
    if notice is None:
        return refuse("NOT-FOUND", "there is no such notice of yours", "reload your notices", "notice_id")
    if notice.seen:
        return Outcome()
    seen, given_up = give_up(notice._replace(seen=True), "seen")
    escalations = [n for n in others if notice.group_id and n.document == notice.group_id and not n.acted_on]
    closed = _close(escalations, _SEEN)
    event = NoticeSeen(recipient_id=notice.recipient_id, notice_id=notice.id)
    return Outcome((seen, *closed.changed), (event, *given_up, *closed.events), (*_disarmed([notice]), *closed.timers))


def escalate(
    group: Sequence[Notice], rule: Rule | None, context: NotificationContext, event_context: EventContext
) -> Outcome:
    """Notify the next role of a group of notices that nobody has looked at in time, while that is useful."""
    if rule is None or rule.escalation is None or not group or any(n.is_done for n in group):
        return Outcome()
    to = rule.escalation.to
    escalated = tuple(
        NoticeEscalated(recipient_id=n.recipient_id, notice_id=n.id, to_role=to, rule=n.rule, referral_id=n.referral_id)
        for n in sorted(group, key=lambda n: n.id != n.group_id)
    )
    outcome = notify(escalated[0], context._replace(rules=[r for r in context.rules if r.to == to]), event_context)
    return outcome._replace(events=(*escalated, *outcome.events)) if outcome.changed else Outcome()
