"""What decisions look at besides what they change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from services.notification.domain.notice import NoticeUnseen
from services.notification.domain.register import Register
from services.notification.domain.rule import event_name
from services.notification.store.notices import ByKey, find_groups, find_open, find_others
from services.notification.store.register import REGISTER
from services.notification.store.rules import RULES
from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.portal import NoticeOpened

# by the words of an event, the rules on whose notices it may act
ACTING = {
    words: frozenset(name for name, rule in RULES.items() if words in rule.acted_on_by)
    for words in chain.from_iterable(rule.acted_on_by for rule in RULES.values())
}
_ESCALATIONS = frozenset(name for name, rule in RULES.items() if rule.is_escalation)


@dataclass(frozen=True, slots=True)
class Facts:
    """The register, open notices that a batch's events may act on, and those who were told together or of that."""

    register: Register
    open: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    by_key: ByKey = field(default_factory=ByKey)


async def load_facts_for_events(conn: Connection, events: Sequence[Event]) -> Facts:
    """Of what others say: which notices it may act on."""
    acting = [event for event in events if event_name(event) in ACTING]
    rules = _ESCALATIONS.union(*(ACTING[event_name(event)] for event in acting))
    found = await find_open(conn, {event.key for event in acting}, rules) if acting else {}
    return Facts(await REGISTER.current(conn), open=found)


async def load_facts_for_unseen(conn: Connection, events: Sequence[NoticeUnseen]) -> Facts:
    """Of what nobody has seen: who was told."""
    return Facts(await REGISTER.current(conn), groups=await find_groups(conn, {event.told for event in events}))


async def load_facts_for_opened(conn: Connection, events: Sequence[NoticeOpened]) -> Facts:
    """Of what was opened: who was told that nobody had, and who holds which role."""
    return Facts(await REGISTER.current(conn), others=await find_others(conn, {event.key for event in events}))
