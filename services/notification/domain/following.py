"""Following a notice: somebody saw it, what it asked for was done, or nobody looked in time."""

from collections.abc import Mapping, Sequence

from services.notification.domain.notice import Notice, give_up
from services.notification.domain.rule import Rule, event_name
from services.notification.domain.telling import UNSEEN, NotificationContext, notify
from shared.domain.decision import Decision, Event, EventContext, Outcome, SetTimer, refuse
from shared.events.notification import NoticeActedOn, NoticeEscalated, NoticeSeen

_SEEN = event_name(NoticeSeen(recipient_id="", notice_id=""))


def act_on(notices: Sequence[Notice], event: Event, rules: Mapping[str, Rule]) -> Outcome:
    """What a notice asked for was done, whoever saw it; nobody need be told any more that it was not seen."""
    words = event_name(event)
    done = [n for n in notices if not n.acted_on and _is_done_by(n, event, words, rules.get(n.rule))]
    groups = {n.told for n in done if n.told}
    done += [n for n in notices if not n.acted_on and n.document in groups]
    return _close(done, words)


def _is_done_by(notice: Notice, event: Event, words: str, rule: Rule | None) -> bool:
    """Whether such an event acts on such a notice, and this one on its document."""
    if rule is None or words not in rule.acted_on_by:
        return False
    member = rule.acted_on_by[words]
    return not member or str(getattr(event, member, None)) == notice.document


def _close(notices: Sequence[Notice], words: str) -> Outcome:
    """Acted on: no mail leaves and no clock runs any more."""
    changed: list[Notice] = []
    said: list[Event] = []
    for notice in notices:
        closed, given_up = give_up(notice._replace(acted_on=True), "acted-on")
        changed.append(closed)
        said += [NoticeActedOn(recipient_id=notice.recipient_id, notice_id=notice.id, by_event=words), *given_up]
    return Outcome(tuple(changed), tuple(said), _disarmed(notices))


def _disarmed(notices: Sequence[Notice]) -> tuple[SetTimer, ...]:
    return tuple(SetTimer(told, UNSEEN) for told in sorted({n.told for n in notices if n.told}))


def see(notice: Notice | None, others: Sequence[Notice]) -> Decision:
    """The recipient opened it; who was told meanwhile that nobody had is told no longer.

    `others` are the notices about the one that nobody had seen.
    """
    if notice is None:
        return refuse("NOT-FOUND", "there is no such notice of yours", "reload your notices", "notice_id")
    if notice.seen:
        return Outcome()
    seen, given_up = give_up(notice._replace(seen=True), "seen")
    told = [n for n in others if notice.told and n.document == notice.told and not n.acted_on]
    closed = _close(told, _SEEN)
    said = NoticeSeen(recipient_id=notice.recipient_id, notice_id=notice.id)
    return Outcome((seen, *closed.changed), (said, *given_up, *closed.events), (*_disarmed([notice]), *closed.timers))


def escalate(
    group: Sequence[Notice], rule: Rule | None, told: NotificationContext, event_context: EventContext
) -> Outcome:
    """Nobody of those who were told has looked in time: who stands next is told, while that is of use."""
    if rule is None or rule.patience is None or not group or any(n.is_done for n in group):
        return Outcome()
    to = rule.patience.to
    said = tuple(
        NoticeEscalated(recipient_id=n.recipient_id, notice_id=n.id, to_role=to, rule=n.rule, referral_id=n.referral_id)
        for n in sorted(group, key=lambda n: n.id != n.told)
    )
    up = notify(said[0], told._replace(rules=[r for r in told.rules if r.to == to]), event_context)
    return up._replace(events=(*said, *up.events)) if up.changed else Outcome()
