"""What decisions look at besides what they change."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.notification.domain.notice import NoticeUnseen
from services.notification.domain.register import Register
from services.notification.domain.rule import words_of
from services.notification.store.notices import ByKey, find_groups, find_open, find_others
from services.notification.store.register import REGISTER
from services.notification.store.rules import RULES
from shared.decision import Event
from shared.events.portal import NoticeOpened
from shared.postgres import Connection

_ESCALATIONS = frozenset(name for name, rule in RULES.items() if rule.is_escalation)


@dataclass(frozen=True, slots=True)
class About:
    """Facts of a type of event: the register, open notices that it may act on, and those who were told together."""

    register: Register
    acts: bool = False
    open: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    by_key: ByKey = field(default_factory=ByKey)


async def about_events(conn: Connection, events: Sequence[Event]) -> About:
    """Of what others say: which notices it may act on."""
    words = words_of(events[0])
    acting = {name for name, rule in RULES.items() if words in rule.acted_on_by}
    register = await REGISTER.current(conn)
    if not acting:
        return About(register)
    found = await find_open(conn, {event.key for event in events}, acting | _ESCALATIONS)
    return About(register, acts=True, open=found)


async def about_unseen(conn: Connection, events: Sequence[NoticeUnseen]) -> About:
    """Of what nobody has seen: who was told."""
    return About(await REGISTER.current(conn), groups=await find_groups(conn, {event.told for event in events}))


async def about_opened(conn: Connection, events: Sequence[NoticeOpened]) -> dict[str, list[str]]:
    """Of what was opened: who was told that nobody had."""
    return await find_others(conn, {event.key for event in events})
