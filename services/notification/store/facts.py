"""The facts that decisions on notices need, loaded once a batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from services.notification.domain.notice import NoticeUnseen
from services.notification.domain.register import Register
from services.notification.domain.rule import event_name
from services.notification.store.notices import NoticesByKey, find_groups, find_open, find_others
from services.notification.store.register import REGISTER
from services.notification.store.rules import RULES
from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.portal import NoticeOpened

# by the name of an event, the rules whose notices it may settle
ACTING = {
    event: frozenset(name for name, rule in RULES.items() if event in rule.acted_on_by)
    for event in chain.from_iterable(rule.acted_on_by for rule in RULES.values())
}
_ESCALATIONS = frozenset(name for name, rule in RULES.items() if rule.is_escalation)


@dataclass(frozen=True, slots=True)
class Facts:
    """The register, and ids of notices: open ones by key, groups by group id, a group's escalations by notice."""

    register: Register
    open: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    by_key: NoticesByKey = field(default_factory=NoticesByKey)


async def load_facts_for_events(conn: Connection, events: Sequence[Event]) -> Facts:
    """Return the facts for events of other services: the open notices that they may settle."""
    acting = [event for event in events if event_name(event) in ACTING]
    rules = _ESCALATIONS.union(*(ACTING[event_name(event)] for event in acting))
    notices = await find_open(conn, {event.key for event in acting}, rules) if acting else {}
    return Facts(await REGISTER.current(conn), open=notices)


async def load_facts_for_unseen(conn: Connection, events: Sequence[NoticeUnseen]) -> Facts:
    """Return the facts for groups of notices that stayed unseen."""
    return Facts(await REGISTER.current(conn), groups=await find_groups(conn, {event.told for event in events}))


async def load_facts_for_opened(conn: Connection, events: Sequence[NoticeOpened]) -> Facts:
    """Return the facts for opened notices: the escalations of their groups."""
    return Facts(await REGISTER.current(conn), others=await find_others(conn, {event.key for event in events}))
