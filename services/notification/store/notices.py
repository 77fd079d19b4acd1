"""The ledger of notices."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice

from services.notification.domain.notice import Notice
from shared.database.json_aggregate import AggregateTable, ColumnAggregate
from shared.database.postgres import Connection
from shared.messaging.handlers import AggregateStore

_TABLE = AggregateTable(
    "notices",
    "notice_id",
    {
        "recipient_id": "text",
        "rule": "text",
        "concerns": "text",
        "referral_id": "text",
        "document": "text",
        "told": "text",
        "mail": "text",
        "attempts": "int",
        "next_try_at": "timestamptz",
        "useful_until": "timestamptz",
        "seen": "boolean",
        "acted_on": "boolean",
        "number": "text",
    },
)
OPEN = """
SELECT concerns, notice_id FROM notices
WHERE concerns = ANY($1) AND rule = ANY($2) AND NOT acted_on
"""
GROUP = """
SELECT told, notice_id, concerns FROM notices
WHERE told = ANY($1)
"""
OTHERS = """
SELECT one.notice_id, other.notice_id FROM notices AS one
JOIN notices AS other ON other.document = one.told AND NOT other.acted_on
WHERE one.notice_id = ANY($1) AND one.told <> '' AND other.document <> ''
"""
DUE = """
SELECT notice_id AS id, version, recipient_id, rule, concerns, referral_id, document, told, mail, attempts, next_try_at,
       useful_until, seen, acted_on, number
FROM notices
WHERE mail = 'queued' AND next_try_at <= $1
ORDER BY next_try_at
LIMIT 100
"""
HOW_MANY = """
SELECT count(*) FROM notices
WHERE mail = 'queued' AND next_try_at <= $1
"""


_STORED = ColumnAggregate(Notice, _TABLE)
NOTICES = AggregateStore(Notice, _STORED.load, _STORED.save)


async def find_open(conn: Connection, keys: Collection[str], rules: Collection[str]) -> dict[str, list[str]]:
    """Notices by these rules that concern these keys and that nothing has acted on."""
    found: dict[str, list[str]] = {}
    for key, notice_id in await conn.fetch(OPEN, sorted(keys), sorted(rules)):
        found.setdefault(key, []).append(notice_id)
    return found


async def find_groups(conn: Connection, told: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Those who were told together: notice, and the key it concerns."""
    found: dict[str, list[tuple[str, str]]] = {}
    for first, notice_id, concerns in await conn.fetch(GROUP, sorted(told)):
        found.setdefault(first, []).append((notice_id, concerns))
    return found


async def find_others(conn: Connection, ids: Collection[str]) -> dict[str, list[str]]:
    """By notice, those that tell that nobody has seen it."""
    found: dict[str, list[str]] = {}
    for notice_id, other in await conn.fetch(OTHERS, sorted(ids)):
        found.setdefault(notice_id, []).append(other)
    return found


async def list_due(conn: Connection, now: datetime) -> list[Notice]:
    """Mails whose time has come."""
    return [Notice(**row) for row in await conn.fetch(DUE, now)]


async def count_due(conn: Connection, now: datetime) -> int:
    """How many of them."""
    found: int = await conn.fetchval(HOW_MANY, now)
    return found


class ByKey:
    """Notices that the batch holds, by the key they concern: those loaded, and those queued since."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._ids: dict[str, list[str]] = {}
        self._read = self._seen = 0

    def of(self, key: str, held: Mapping[str, Notice | None], takebacks: Sequence[str]) -> list[Notice]:
        """As earlier decisions of the batch left them."""
        if len(takebacks) != self._seen:
            self._ids, self._read, self._seen = {}, 0, len(takebacks)
        for notice in islice(held.values(), self._read, None):
            if notice:
                self._ids.setdefault(notice.concerns, []).append(notice.id)
        self._read = len(held)
        return [n for id_ in self._ids.get(key, ()) if (n := held[id_])]
